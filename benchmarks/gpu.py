"""How fast a local model is on a GPU: what is chosen by itself, kinds of attention, a compiled step, many rows at once.

python benchmarks/gpu.py                          # the embedded model; rows of 1, 8, 32 and 128 replies at once
python benchmarks/gpu.py --model FOLDER --rows 1 16 --reply 256 --json gpu.json

Each row is held against transformers' own `generate` on the same prompts in the same run, taken in turns; the best of
all turns counts. Tokens a second are tokens written by the time for reading and writing together. Compiling is in a
process of its own, which is given up after `--compile-seconds`. It runs on a CPU as well, to see that it runs.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

WORDS = "The red cube lies 0.42 m ahead and 0.10 m to the left of the green bowl. "
ASK = " Tell a long story about it."


class Prompts:
    """Prompts of one length that nobody has read before: each begins with another number, of as many digits."""

    def __init__(self, model: Any, tokens: int) -> None:
        each = model.count_tokens(WORDS)
        self._text = WORDS * max(1, tokens // each) + ASK
        self._number = 100_000

    def next(self, count: int) -> list[list[Any]]:
        from codeact.models import Message

        first = self._number
        self._number += count
        return [[Message("user", f"Story {number}. {self._text}")] for number in range(first, first + count)]


def plain(model: Any, talks: list[list[Any]], reply: int, **options: Any) -> int:
    """transformers' own `generate`, all rows in one call. Returns the number of tokens written."""
    import torch

    ids = [model.prepare(talk, _options(reply))[0] for talk in talks]
    given = torch.tensor(ids, device=model.device)
    with torch.inference_mode():
        out = model.network.generate(
            given,
            attention_mask=torch.ones_like(given),
            do_sample=False,
            min_new_tokens=reply,
            max_new_tokens=reply,
            pad_token_id=0,
            **options,
        )
    return int(out.shape[1] - given.shape[1]) * len(talks)


def ours(model: Any, talks: list[list[Any]], reply: int) -> int:
    """All rows at the same moment, a thread each. Returns the number of tokens written."""
    done: list[int] = []

    def ask(talk: list[Any]) -> None:
        done.append(model.generate(talk, _options(reply)).completion_tokens)

    threads = [threading.Thread(target=ask, args=(talk,)) for talk in talks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(done) != len(talks):
        raise SystemExit(f"only {len(done)} of {len(talks)} replies came; what failed stands above")
    return sum(done)


def _options(reply: int) -> Any:
    from codeact.models import GenerationOptions

    return GenerationOptions(max_tokens=reply)


def rate(write: Callable[[], int]) -> float:
    """Tokens a second of one turn."""
    begun = time.perf_counter()
    return write() / (time.perf_counter() - begun)


def best_of(repeat: int, contenders: dict[str, Callable[[], int]]) -> dict[str, float]:
    """Tokens a second of each, the best of `repeat` turns after one that does not count."""
    best: dict[str, float] = dict.fromkeys(contenders, 0.0)
    for turn in range(repeat + 1):
        for name, write in contenders.items():
            seen = rate(write)
            best[name] = max(best[name], seen) if turn else 0.0
    return best


def measure(given: argparse.Namespace) -> dict[str, Any]:
    """All but the compiled row."""
    import torch

    from codeact.models import BatchingModel, TransformersModel

    begun = time.perf_counter()
    model = TransformersModel(_folder(given))
    card = torch.cuda.get_device_name() if model.device.startswith("cuda") else "no GPU"
    chosen = {"device": model.device, "dtype": model.dtype, "card": card, "torch": torch.__version__}
    print(f"chosen: {model.device}, {model.dtype} ({card}), loaded in {time.perf_counter() - begun:.1f} s", flush=True)
    prompts = Prompts(model, given.prompt)
    read = len(model.prepare(prompts.next(1)[0], _options(1))[0])
    print(f"prompts of {read} tokens, replies of {given.reply}, best of {given.repeat} turns", flush=True)
    found: dict[str, Any] = {"chosen": chosen, "prompt": read, "reply": given.reply, "repeat": given.repeat}

    attention = {}
    for kind in ("eager", "sdpa"):
        model.network.set_attn_implementation(kind)
        attention[kind] = best_of(
            given.repeat,
            {
                "reading": lambda: read * len([ours(model, prompts.next(1), 1)]),
                "ours": lambda: ours(model, prompts.next(1), given.reply),
                "plain generate": lambda: plain(model, prompts.next(1), given.reply),
            },
        )
        seen = attention[kind]
        print(
            f"{kind:<8} reads {seen['reading']:>9.0f} tokens/s; writes: ours {seen['ours']:>7.1f}, "
            f"plain {seen['plain generate']:>7.1f}, ratio {seen['ours'] / seen['plain generate']:.2f}",
            flush=True,
        )
    found["attention"] = attention

    found["rows"] = {}
    print("rows     ours tokens/s   plain generate   ratio", flush=True)
    for rows in given.rows:
        batching = BatchingModel(model, rows)
        seen = best_of(
            given.repeat,
            {
                "ours": lambda batching=batching, rows=rows: ours(batching, prompts.next(rows), given.reply),  # type: ignore[misc]
                "plain generate": lambda rows=rows: plain(model, prompts.next(rows), given.reply),  # type: ignore[misc]
            },
        )
        found["rows"][rows] = seen
        ratio = seen["ours"] / seen["plain generate"]
        print(f"{rows:<8} {seen['ours']:>13.1f} {seen['plain generate']:>16.1f} {ratio:>7.2f}", flush=True)
    return found


def measure_compiled(given: argparse.Namespace) -> None:
    """One row by a static cache, which transformers compiles on a GPU. Prints JSON: seconds to begin, tokens/s."""
    from codeact.models import TransformersModel

    model = TransformersModel(_folder(given))
    prompts = Prompts(model, given.prompt)
    begun = time.perf_counter()
    plain(model, prompts.next(1), given.reply, cache_implementation="static")
    first = time.perf_counter() - begun
    contenders: dict[str, Callable[[], int]] = {
        "static": lambda: plain(model, prompts.next(1), given.reply, cache_implementation="static"),
        "dynamic": lambda: plain(model, prompts.next(1), given.reply),
    }
    print(json.dumps({"first_s": first, **best_of(given.repeat, contenders)}), flush=True)


def compiled(given: argparse.Namespace) -> dict[str, Any]:
    """`measure_compiled` in a process of its own."""
    command = [sys.executable, __file__, "--compiled", "--prompt", str(given.prompt), "--reply", str(given.reply)]
    command += ["--repeat", str(given.repeat), *(["--model", given.model] if given.model else [])]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=given.compile_seconds)
    except subprocess.TimeoutExpired:
        print(f"compiled: given up after {given.compile_seconds:g} s")
        return {"given_up_after_s": given.compile_seconds}
    if done.returncode != 0:
        print(f"compiled: failed: {done.stderr.strip()[-600:]}")
        return {"failed": done.stderr[-2000:]}
    seen: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(
        f"compiled with a static cache: {seen['static']:.1f} tokens/s after {seen['first_s']:.1f} s for the first; "
        f"not compiled {seen['dynamic']:.1f}, ratio {seen['static'] / seen['dynamic']:.2f}"
    )
    return seen


def _folder(given: argparse.Namespace) -> Any:
    from codeact.models import ensure_embedded_model

    return given.model or ensure_embedded_model()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="a folder; the embedded model by default")
    parser.add_argument("--prompt", type=int, default=512, help="tokens to read, about")
    parser.add_argument("--reply", type=int, default=128, help="tokens to write")
    parser.add_argument("--rows", type=int, nargs="+", default=[1, 8, 32, 128])
    parser.add_argument("--repeat", type=int, default=2, help="turns; the best one is printed")
    parser.add_argument("--compile-seconds", type=float, default=60.0, help="0: leave compiling out")
    parser.add_argument("--json", type=Path, help="also write all figures there")
    parser.add_argument("--compiled", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.compiled:
        measure_compiled(given)
        return
    found = measure(given)
    if given.json:
        given.json.write_text(json.dumps(found, indent=1))  # before what may take long
    if given.compile_seconds:
        found["compiled"] = compiled(given)
        if given.json:
            given.json.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
