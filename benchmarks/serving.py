"""How fast replies come when several clients ask at once: `codeact serve`, and what else there is on the same machine.

python benchmarks/serving.py                  # 1, 4 and 16 clients, replies of 48 tokens, best of 3
python benchmarks/serving.py --clients 1 16 --reply 24 --repeat 1
python benchmarks/serving.py --check          # fails unless 16 clients get 3 times what one after the other gets
python benchmarks/serving.py --contenders "codeact serve" "plain generate" --json serving.json

All use the embedded model in the same number format on as many threads, and take turns; on a GPU, whose memory a paged
cache fills, each is alone there while it is measured. A server that is not installed or does not start is left out.
Each client asks a question of its own that was not asked before, at temperature 0, all at the same moment. Tokens a
second are of all clients together, from the first question to the last token; the first token's time is the mean over
the clients.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import httpx
from token_times import token_times

from codeact.models import Message, ensure_embedded_model
from codeact.models.device import choose_device, choose_weight_type, limit_threads

ENOUGH = 3.0
PLAIN = "plain generate"
ENOUGH_OF_PLAIN = 16
"""Clients; with more, one after the other takes longer and is as fast."""
# Begins with a number that no question had before, so that nothing of it but the system message was read already.
QUESTION = "{}: tell me a long story about a robot that stacks cubes on a table, and what it learns on the way."


class Failed(Exception):
    """A server did not start, or answered with an error."""


@dataclass(frozen=True)
class Timing:
    """Of one round: tokens a second of all clients together, and the mean seconds to their first token."""

    rate: float
    first: float


class PlainGenerate:
    """transformers' own `generate`, one question after the other."""

    def __init__(self, folder: Path, device: str, dtype: str) -> None:
        from codeact.models import TransformersModel

        self._model = TransformersModel(folder, device, dtype)

    def round(self, first: int, clients: int, reply: int) -> Timing:
        import torch

        model = self._model
        questions = [Message("user", QUESTION.format(number)) for number in range(first, first + clients)]
        prompts = [model._prompt.encode([question]) for question in questions]
        begun = time.perf_counter()
        firsts, tokens = [], 0
        for prompt in prompts:
            given = torch.tensor([prompt], device=model.device)
            clock = token_times()
            with torch.inference_mode():
                model.network.generate(
                    given,
                    attention_mask=torch.ones_like(given),
                    do_sample=False,
                    max_new_tokens=reply,
                    streamer=clock,
                    pad_token_id=0,
                )
            firsts.append(clock.times[1] - begun)
            tokens += len(clock.times) - 1
        return Timing(tokens / (time.perf_counter() - begun), fmean(firsts))


class OverHttp:
    """A server that speaks the OpenAI API, in a process of its own."""

    def __init__(self, url: str, model: str) -> None:
        self._url = url
        self._model = model

    def round(self, first: int, clients: int, reply: int) -> Timing:
        return asyncio.run(self._round(range(first, first + clients), reply))

    async def _round(self, numbers: range, reply: int) -> Timing:
        limits = httpx.Limits(max_connections=len(numbers))
        async with httpx.AsyncClient(timeout=600.0, trust_env=False, limits=limits) as client:
            begun = time.perf_counter()
            told = await asyncio.gather(*(self._ask(client, number, reply, begun) for number in numbers))
            seconds = time.perf_counter() - begun
        return Timing(sum(tokens for _, tokens in told) / seconds, fmean(first for first, _ in told))

    async def _ask(self, client: httpx.AsyncClient, number: int, reply: int, begun: float) -> tuple[float, int]:
        body = {
            "model": self._model,
            "messages": [{"role": "user", "content": QUESTION.format(number)}],
            "max_tokens": reply,
            "temperature": 0.0,
            "stream": True,
        }
        first, tokens = 0.0, 0
        async with client.stream("POST", f"{self._url}/v1/chat/completions", json=body) as response:
            if response.status_code != 200:
                raise Failed(f"{self._url} answered {response.status_code}: {(await response.aread())[:300]!r}")
            async for line in response.aiter_lines():
                if not line.startswith("data: {"):
                    continue
                choices = json.loads(line[6:]).get("choices") or [{}]
                if (choices[0].get("delta") or {}).get("content"):
                    tokens += 1  # both servers send a piece for each token
                    first = first or time.perf_counter() - begun
        if not tokens:
            raise Failed(f"{self._url} wrote nothing")
        return first, tokens


Contender = Callable[[], contextlib.AbstractContextManager[Any]]


@contextlib.contextmanager
def server(command: list[str], model: str) -> Iterator[OverHttp]:
    """Start a server with `--port`, wait until it is healthy, and end it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    said = tempfile.TemporaryFile()  # noqa: SIM115  a pipe that nobody reads would fill, and stop the server
    process = subprocess.Popen([*command, "--port", str(port)], stdout=subprocess.DEVNULL, stderr=said)
    url = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + 300
        while time.monotonic() < until and process.poll() is None:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{url}/health", trust_env=False).status_code == 200:
                    break
            time.sleep(0.2)
        else:
            said.seek(0)
            raise Failed(f"{' '.join(command)} did not start: {said.read().decode(errors='replace')[-1000:]}")
        yield OverHttp(url, model)
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        said.close()


def _contenders(folder: Path, device: str, dtype: str) -> dict[str, Contender]:
    """How to start each of them."""
    ours = [sys.executable, "-m", "codeact.cli", "serve", str(folder), "--name", "embedded"]
    beside = Path(sys.executable).with_name("transformers")
    program = str(beside) if beside.exists() else shutil.which("transformers") or "transformers"
    theirs = [program, "serve", str(folder), "--device", device, "--dtype", dtype]
    contenders: dict[str, Contender] = {"codeact serve": lambda: server(ours, "embedded")}
    if device != "cpu":  # the other engine, which a processor has by itself
        contenders["codeact serve, rows"] = lambda: server([*ours, "--engine", "rows"], "embedded")
    contenders[PLAIN] = lambda: contextlib.nullcontext(PlainGenerate(folder, device, dtype))
    contenders["transformers serve"] = lambda: server(theirs, str(folder))
    contenders["transformers serve, batching"] = lambda: server([*theirs, "--continuous-batching"], str(folder))
    return contenders


@contextlib.contextmanager
def _left_out(name: str) -> Iterator[None]:
    """Go on without one that cannot be started or that fails."""
    try:
        yield
    except (OSError, Failed, httpx.HTTPError) as error:
        print(f"  {name} is left out: {type(error).__name__}: {error}", file=sys.stderr, flush=True)


def _measure(started: dict[str, Any], given: argparse.Namespace, best: dict[tuple[str, int], Timing]) -> None:
    """Let them take turns; note the best of each. One that fails is left out from then on."""
    contenders: dict[str, Any] = {}
    for name, contender in started.items():
        with _left_out(name):
            contender.round(0, 1, 4)  # what is loaded at the first question
            contenders[name] = contender
            print(f"  {name} is ready", file=sys.stderr, flush=True)
    asked = 1  # the same ones of everybody
    for _ in range(given.repeat):
        for clients in given.clients:
            for name in list(contenders):
                if name == PLAIN and clients > ENOUGH_OF_PLAIN:
                    continue
                contender = contenders.pop(name)
                with _left_out(name):
                    timing = contender.round(asked, clients, given.reply)
                    print(f"  {name}, {clients} clients: {timing.rate:.1f} tokens/s", file=sys.stderr, flush=True)
                    before = best.get((name, clients), timing)
                    best[name, clients] = Timing(max(timing.rate, before.rate), min(timing.first, before.first))
                    contenders[name] = contender
            asked += clients


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--reply", type=int, default=48, help="tokens to write")
    parser.add_argument("--repeat", type=int, default=3, help="the best of this many is printed")
    parser.add_argument("--check", action="store_true", help=f"fail unless ours is {ENOUGH:g} times plain generate")
    parser.add_argument("--contenders", nargs="+", help="names as in the table; all by default")
    parser.add_argument("--json", type=Path, help="also write the figures there")
    given = parser.parse_args()
    if given.check and 16 not in given.clients:
        parser.error("--check needs 16 clients")

    folder = ensure_embedded_model()
    device = choose_device()
    dtype = choose_weight_type(device)
    limit_threads()
    import torch

    threads = torch.get_num_threads()
    os.environ["OMP_NUM_THREADS"] = str(threads)  # the servers', too
    print(
        f"device {device}, weights {dtype}, {threads} threads, replies of {given.reply} tokens, best of {given.repeat}"
    )
    contenders = _contenders(folder, device, dtype)
    if unknown := set(given.contenders or ()) - set(contenders):
        parser.error(f"unknown {', '.join(sorted(unknown))}; there are {', '.join(contenders)}")
    chosen = {name: contenders[name] for name in given.contenders or contenders}
    best: dict[tuple[str, int], Timing] = {}
    if device == "cpu":
        with contextlib.ExitStack() as stack:
            ready = {}
            for name, contender in chosen.items():
                with _left_out(name):
                    ready[name] = stack.enter_context(contender())
            _measure(ready, given, best)
    else:
        for name, contender in chosen.items():
            with _left_out(name), contender() as alone:
                _measure({name: alone}, given, best)
    print(f"{'':<30} clients   tokens/s   first token s   of plain generate")
    for (name, clients), timing in sorted(best.items(), key=lambda each: (list(chosen).index(each[0][0]), each[0][1])):
        plain = [best[each].rate for each in sorted(best) if each[0] == PLAIN and each[1] <= clients]
        ratio = f"{timing.rate / plain[-1]:.2f}" if plain else "-"
        print(f"{name:<30} {clients:>7} {timing.rate:>10.1f} {timing.first:>15.2f} {ratio:>19}")
    if given.json:
        rows = [{"contender": name, "clients": clients, **asdict(timing)} for (name, clients), timing in best.items()]
        given.json.write_text(json.dumps({"device": device, "dtype": dtype, "rows": rows}, indent=1))
    if given.check:
        if missing := [name for name in ("codeact serve", PLAIN) if (name, 16) not in best]:
            raise SystemExit(f"nothing to check: {' and '.join(missing)} was left out")
        ratio = best["codeact serve", 16].rate / best[PLAIN, 16].rate
        if ratio < ENOUGH:
            raise SystemExit(f"16 clients get {ratio:.2f} times what one after the other gets; {ENOUGH:g} are wanted")


if __name__ == "__main__":
    main()
