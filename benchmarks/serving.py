"""How fast replies come when several clients ask at once: `codeact serve`, and what else there is on the same machine.

python benchmarks/serving.py                  # 1, 4 and 16 clients, replies of 48 tokens, best of 3
python benchmarks/serving.py --clients 1 16 --reply 24 --repeat 1
python benchmarks/serving.py --check          # fails unless 16 clients get 3 times what one after the other gets

All use the embedded model in the same number format on as many threads, and take turns. Each client asks a question of
its own that was not asked before, at temperature 0, all at the same moment. Tokens a second are of all clients
together, from the first question to the last token; the first token's time is the mean over the clients.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import httpx

from codeact.models import Message, ensure_embedded_model
from codeact.models.device import choose_device, choose_weight_type, limit_threads

ENOUGH = 3.0
# Begins with a number that no question had before, so that nothing of it but the system message was read already.
QUESTION = "{}: tell me a long story about a robot that stacks cubes on a table, and what it learns on the way."


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
        from transformers.generation.streamers import BaseStreamer

        class Clock(BaseStreamer):  # told the prompt first, then each token
            def __init__(self) -> None:
                self.times: list[float] = []

            def put(self, value: Any) -> None:
                self.times.append(time.perf_counter())

            def end(self) -> None: ...

        model = self._model
        questions = [Message("user", QUESTION.format(number)) for number in range(first, first + clients)]
        prompts = [model._prompt.encode([question]) for question in questions]
        begun = time.perf_counter()
        firsts, tokens = [], 0
        for prompt in prompts:
            given = torch.tensor([prompt], device=model.device)
            clock = Clock()
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
                raise SystemExit(f"{self._url} answered {response.status_code}: {(await response.aread())[:300]!r}")
            async for line in response.aiter_lines():
                if not line.startswith("data: {"):
                    continue
                choices = json.loads(line[6:]).get("choices") or [{}]
                if (choices[0].get("delta") or {}).get("content"):
                    tokens += 1  # both servers send a piece for each token
                    first = first or time.perf_counter() - begun
        return first, tokens


@contextlib.contextmanager
def server(command: list[str], model: str) -> Iterator[OverHttp]:
    """Start a server with `--port`, wait until it is healthy, and end it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([*command, "--port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    url = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + 300
        while time.monotonic() < until and process.poll() is None:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{url}/health", trust_env=False).status_code == 200:
                    break
            time.sleep(0.2)
        else:
            process.kill()
            said = (process.stderr.read() if process.stderr else b"").decode(errors="replace")
            raise SystemExit(f"{' '.join(command)} did not start: {said[-1000:]}")
        yield OverHttp(url, model)
    finally:
        process.terminate()
        try:
            process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--reply", type=int, default=48, help="tokens to write")
    parser.add_argument("--repeat", type=int, default=3, help="the best of this many is printed")
    parser.add_argument("--check", action="store_true", help=f"fail unless ours is {ENOUGH:g} times plain generate")
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
    bin_folder = Path(sys.executable).parent
    ours = [str(bin_folder / "codeact"), "serve", str(folder), "--name", "embedded"]
    theirs = [str(bin_folder / "transformers"), "serve", str(folder), "--device", device, "--dtype", dtype]
    best: dict[tuple[str, int], Timing] = {}
    with (
        server(ours, "embedded") as codeact,
        server(theirs, str(folder)) as plain_server,
        server([*theirs, "--continuous-batching"], str(folder)) as batching_server,
    ):
        contenders: dict[str, Any] = {
            "codeact serve": codeact,
            "plain generate": PlainGenerate(folder, device, dtype),
            "transformers serve": plain_server,
            "transformers serve, batching": batching_server,
        }
        for name, contender in contenders.items():
            contender.round(0, 1, 4)  # what is loaded at the first question
            print(f"  {name} is ready", file=sys.stderr, flush=True)
        asked = 1  # the same ones of everybody
        for _ in range(given.repeat):
            for clients in given.clients:
                for name, contender in contenders.items():
                    timing = contender.round(asked, clients, given.reply)
                    print(f"  {name}, {clients} clients: {timing.rate:.1f} tokens/s", file=sys.stderr, flush=True)
                    before = best.get((name, clients), timing)
                    best[name, clients] = Timing(max(timing.rate, before.rate), min(timing.first, before.first))
                asked += clients
    print(f"{'':<30} clients   tokens/s   first token s   of plain generate")
    for name in contenders:
        for clients in given.clients:
            timing = best[name, clients]
            ratio = timing.rate / best["plain generate", clients].rate
            print(f"{name:<30} {clients:>7} {timing.rate:>10.1f} {timing.first:>15.2f} {ratio:>19.2f}")
    if given.check:
        ratio = best["codeact serve", 16].rate / best["plain generate", 16].rate
        if ratio < ENOUGH:
            raise SystemExit(f"16 clients get {ratio:.2f} times what one after the other gets; {ENOUGH:g} are wanted")


if __name__ == "__main__":
    main()
