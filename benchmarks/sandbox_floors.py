"""What this machine takes for the bare steps below the sandbox's rows: nothing that makes them can be faster.

Each is the least that two processes need, without a wall, frames, checks or clocks.
"""

from __future__ import annotations

import itertools
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sandbox_peers import ARRAY_LENGTH
from sandbox_rows import IN_A_ROW, Amount, take_turns

_ARRAYS = 20  # in one run of the rows with arrays

_ROUND_TRIP = """
import mmap, os, signal, time
shared = mmap.mmap(-1, 8192)
words = memoryview(shared).cast("I")
child = os.fork()
if child == 0:
    for number in range(1, 501):
        while words[0] != number:
            pass
        words[1024] = number
    os._exit(0)
best = 60.0
for first in range(1, 501, 100):
    began = time.perf_counter()
    for number in range(first, first + 100):
        words[0] = number
        while words[1024] != number:
            if time.perf_counter() - began > 20.0:
                os.kill(child, signal.SIGKILL)
                raise TimeoutError("the other process does not answer")
    best = min(best, (time.perf_counter() - began) / 100)
print(best)
"""

# As many pages as a zygote and a new worker have written to: `Anonymous` and `Private_Dirty` of /proc/PID/smaps.
ZYGOTE_PAGES, WORKER_PAGES = 6_700, 700
_FORK = f"""
import mmap, os, random, time
memory = mmap.mmap(-1, {ZYGOTE_PAGES} * 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
for page in range({ZYGOTE_PAGES}):
    memory[page * 4096] = 1
places = [page * 4096 for page in sorted(random.Random(0).sample(range({ZYGOTE_PAGES}), {WORKER_PAGES}))]
began = time.perf_counter()
for _ in range({IN_A_ROW}):
    child = os.fork()
    if child == 0:
        for place in places:
            memory[place] = 2
        os._exit(0)
    os.waitpid(child, 0)
print((time.perf_counter() - began) / {IN_A_ROW})
"""


@dataclass(frozen=True)
class Floor:
    """A bare step. `rows` names the rows that it lies below; `measure` gives seconds."""

    title: str
    rows: str
    unit: str
    measure: Callable[[], float]
    meaning: str


def _elsewhere(code: str) -> Callable[[], float]:
    """Code that prints its seconds, in a Python process of its own: a fork would slow down the memory of this one."""

    def measure() -> float:
        command = [sys.executable, "-I", "-S", "-c", code]
        return float(subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout)

    return measure


def _copies(places: int) -> Callable[[], float]:
    """Copies of an array into memory that is used again and again, to so many places in turns."""
    array = np.random.default_rng(0).random(ARRAY_LENGTH)
    rooms = [np.zeros_like(array) for _ in range(places)]

    def measure() -> float:
        began = time.perf_counter()
        for room in itertools.islice(itertools.cycle(rooms), _ARRAYS):
            np.copyto(room, array)
        return (time.perf_counter() - began) / _ARRAYS

    return measure


def floors() -> list[Floor]:
    return [
        Floor(
            "a round trip between two processes",
            "a call to a host tool, `x = 1` in a warm session",
            "us",
            _elsewhere(_ROUND_TRIP),
            "Each looks at a word of shared memory, in a loop of Python, until the other has written it. The best "
            "hundred of five hundred: those in which both processes had a core.",
        ),
        Floor(
            "a copy of 0.9 MB, to where the last one went",
            "a 0.9 MB array in",
            "us",
            _copies(1),
            "`numpy.copyto` from and into memory of one process.",
        ),
        Floor(
            "a copy of 0.9 MB, to 20 places in turns",
            "a 0.9 MB array out",
            "us",
            _copies(_ARRAYS),
            "As above. The record of a run keeps the arrays of all its calls, so each has a place of its own.",
        ),
        Floor(
            "a fork, the pages that it writes to, and its end",
            "fresh isolated session to first result, branch",
            "ms",
            _elsewhere(_FORK),
            f"`os.fork` of a bare Python process that has written to {ZYGOTE_PAGES:,} pages, as many as the zygote; "
            f"the child writes to {WORKER_PAGES} of them, as many as a worker until its first result, and ends. "
            "Ten one after the other.",
        ),
    ]


def measure(amount: Amount) -> list[tuple[Floor, list[float]]]:
    """Seconds that each took, taking turns."""
    every = floors()
    found: dict[str, list[float] | str] = {}
    take_turns({floor.title: floor.measure for floor in every}, amount, found)
    return [(floor, samples) for floor in every if isinstance(samples := found[floor.title], list)]
