"""The rows of `sandbox.py`: what is measured, how, and the target of each."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sandbox_peers import (
    ARRAY_LENGTH,
    SAME_PROCESS,
    Ipykernel,
    Missing,
    Monty,
    Ours,
    Peer,
    Plain,
    Restricted,
    Smolagents,
    Spawned,
    add,
    private_bytes,
    zygotes,
)

LOOP = "s = 0\nfor i in range(1_000_000):\n    s += i*i"  # --quick takes fewer rounds
POINT = "class Point:\n    x = 0.0\n    y = 0.0\np = Point()\n"
ATTRIBUTES = POINT + "for i in range(20_000):\n    p.x = p.x + 1.0\n    p.y = p.y + p.x"
ITEMS = (
    "x = [0] * 64\nd = {'a': 0, 'b': 1}\n"
    "for i in range(20_000):\n    x[i % 64] = x[(i + 1) % 64] + d['b']\n    d['a'] = d['a'] + x[i % 64]"
)
IN_PLACE = POINT + "x = [0] * 64\nfor i in range(20_000):\n    x[i % 64] += 1\n    p.x += 1.0"
NUMPY = "import numpy as np\na = np.zeros(1000)\nm = float(np.dot(a, a) + np.sin(a).sum())"

IN_A_ROW = 10
"""Fresh sessions without a pause between them, so that a worker that was kept ready counts once in ten."""

PACE_S = 0.0885
"""The loop below in plain `exec` on the machine where the targets were set: between 84 and 93 ms."""

Measured = dict[str, "list[float] | str"]


@dataclass
class Amount:
    """How often to repeat. `budget_s`: a peer that took this many seconds in a row is let off after three repeats, and
    one that took them for its warm-up alone after one."""

    repeats: int
    budget_s: float
    calls: int
    sessions: int
    heavy_sessions: int
    rounds: str = "0_000)"


FULL = Amount(repeats=15, budget_s=2.0, calls=10_000, sessions=200, heavy_sessions=5)
QUICK = Amount(repeats=2, budget_s=1.0, calls=100, sessions=5, heavy_sessions=1, rounds="_000)")


def pace() -> float:
    """How many times as long this machine takes now for plain Python as that on which the targets were set."""
    took = []
    for _ in range(3):
        began = time.perf_counter()
        exec(LOOP, {})
        took.append(time.perf_counter() - began)
    return sorted(took)[1] / PACE_S


def take_turns(cases: dict[str, Callable[[], float]], amount: Amount, found: Measured, factor: int = 1) -> None:
    """One warm-up each, then repeats in turns; each case gives its figure. `factor`: times as many repeats."""
    taken = dict.fromkeys(cases, 0.0)
    samples: dict[str, list[float]] = {}
    slow = set()
    for name, case in list(cases.items()):
        began = time.perf_counter()
        try:
            case()
            samples[name] = []
        except Missing as reason:
            found[name] = str(reason)
        if time.perf_counter() - began > amount.budget_s:
            slow.add(name)
    for _ in range(amount.repeats * factor):
        for name in samples:
            if taken[name] > amount.budget_s and len(samples[name]) >= (1 if name in slow else 3):
                continue
            began = time.perf_counter()
            samples[name].append(cases[name]())
            taken[name] += time.perf_counter() - began
    found.update(samples)


def timed(work: Callable[[], Any], per: int = 1) -> Callable[[], float]:
    """Seconds that the work took, divided by `per`."""

    def case() -> float:
        began = time.perf_counter()
        work()
        return (time.perf_counter() - began) / per

    return case


def in_sessions(
    peers: list[type[Peer]],
    tools: dict[str, Callable[..., Any]],
    work: Callable[[Peer], Callable[[], float]],
    amount: Amount,
    found: Measured,
    factor: int = 1,
) -> Measured:
    """Run a case in one open session of each peer."""
    open_peers: list[Peer] = []
    cases = {}
    try:
        for kind in peers:
            try:
                open_peers.append(kind(tools))
                cases[kind.name] = work(open_peers[-1])
            except Missing as reason:
                found[kind.name] = str(reason)
        take_turns(cases, amount, found, factor)
    finally:
        for peer in open_peers:
            peer.close()
    return found


# ---- the rows ---------------------------------------------------------------------------------------------------


def fresh(peers: list[type[Peer]], amount: Amount) -> Measured:
    found: Measured = {kind.name: SAME_PROCESS for kind in peers if not kind.isolated}
    first = {Ours: "1+1", Monty: "1+1"}

    def once(kind: type[Peer]) -> Callable[[], float]:
        some = IN_A_ROW if kind in first else 1

        def work() -> None:
            for _ in range(some):
                peer = kind()
                peer.run(first.get(kind, "x = 1+1"))
                peer.close()

        return timed(work, some)

    cases = {kind.name: once(kind) for kind in peers if kind.isolated}
    if Smolagents in peers:
        code = (
            "from smolagents.local_python_executor import LocalPythonExecutor as L\n"
            "executor = L([])\nexecutor.send_tools({})\nexecutor('1+1')"
        )
        cases[Smolagents.name] = timed(lambda: subprocess.run([sys.executable, "-c", code], check=True))
    take_turns(cases, amount, found)
    return found


def fresh_from_pool(peers: list[type[Peer]], amount: Amount) -> Measured:
    found: Measured = {kind.name: "has no pool" for kind in peers}

    def ours() -> None:
        for _ in range(IN_A_ROW):
            peer = Ours()
            peer.run("1+1")
            peer.close()

    cases = {Ours.name: timed(ours, IN_A_ROW)}
    if Monty in peers:
        from pydantic_monty import Monty as Pool

        with Pool(min_processes=1, max_processes=2) as pool:

            def theirs() -> None:
                for _ in range(IN_A_ROW):
                    with pool.checkout() as session:
                        session.feed_run("1+1")

            cases[Monty.name] = timed(theirs, IN_A_ROW)
            take_turns(cases, amount, found)
        return found
    take_turns(cases, amount, found)
    return found


def after_a_pause(peers: list[type[Peer]], amount: Amount) -> Measured:
    found: Measured = {kind.name: "nothing is kept ready" for kind in peers}

    def case() -> float:
        time.sleep(0.1)
        began = time.perf_counter()
        peer = Ours()
        peer.run("1+1")
        peer.close()
        return time.perf_counter() - began

    take_turns({Ours.name: case}, amount, found)
    return found


def new_host(peers: list[type[Peer]], amount: Amount) -> Measured:
    found: Measured = {kind.name: SAME_PROCESS for kind in peers if kind is Restricted}
    programs = {
        Ours: "from codeact.sandbox import Sandbox\nwith Sandbox() as s: s.run('1+1')",
        Plain: "exec('1+1')",
        Smolagents: "from smolagents.local_python_executor import LocalPythonExecutor as L\nL([])('1+1')",
        Monty: "from pydantic_monty import Monty\nwith Monty() as m:\n  with m.checkout() as s: s.feed_run('1+1')",
        Ipykernel: "from jupyter_client.manager import start_new_kernel\nm, c = start_new_kernel()\n"
        "c.execute_interactive('1+1', output_hook=lambda m: None)\nc.stop_channels()\nm.shutdown_kernel(now=True)",
        Spawned: "import subprocess, sys\nsubprocess.run([sys.executable, '-I', '-c', '1+1'], check=True)",
    }

    def once(code: str) -> Callable[[], float]:
        return timed(lambda: subprocess.run([sys.executable, "-c", code], check=True, stderr=subprocess.DEVNULL))

    take_turns({kind.name: once(programs[kind]) for kind in peers if kind in programs}, amount, found)
    return found


def warm(peers: list[type[Peer]], amount: Amount) -> Measured:
    def work(peer: Peer) -> Callable[[], float]:
        some = 10 if isinstance(peer, Ipykernel) else 200

        def runs() -> None:
            for _ in range(some):
                peer.run("x = 1")

        return timed(runs, some)

    return in_sessions(peers, {}, work, amount, {})


def after_a_rest(peers: list[type[Peer]], amount: Amount) -> Measured:
    def work(peer: Peer) -> Callable[[], float]:
        def case() -> float:
            time.sleep(0.005)
            began = time.perf_counter()
            peer.run("x = 1")
            return time.perf_counter() - began

        return case

    return in_sessions(peers, {}, work, amount, {}, factor=10)


def program(code: str) -> Callable[[list[type[Peer]], Amount], Measured]:
    def row(peers: list[type[Peer]], amount: Amount) -> Measured:
        some = code.replace("0_000)", amount.rounds)
        return in_sessions(peers, {}, lambda peer: timed(lambda: peer.run(some)), amount, {})

    return row


def tool_call(peers: list[type[Peer]], amount: Amount) -> Measured:
    def work(peer: Peer) -> Callable[[], float]:
        calls = min(amount.calls, 1_000) if isinstance(peer, Ipykernel) else amount.calls
        code = f"for i in range({calls}):\n    t = add(i, 1)"
        return timed(lambda: peer.run(code), calls)

    return in_sessions(peers, {"add": add}, work, amount, {})


def _arrays() -> tuple[dict[str, Callable[..., Any]], dict[str, Callable[..., Any]]]:
    array = np.random.default_rng(0).random(ARRAY_LENGTH)
    data = array.tobytes()

    def frame() -> np.ndarray:
        """An array."""
        return array

    def take(a: np.ndarray) -> int:
        """Take an array."""
        return len(a)

    def frame_bytes() -> bytes:
        return data

    def take_bytes(a: bytes) -> int:
        return len(a)

    return {"frame": frame, "take": take}, {"frame": frame_bytes, "take": take_bytes}


class _MontyWithBytes(Monty):
    """Has no numpy, so the same number of bytes crosses."""

    def start(self) -> None:
        self.tools = _arrays()[1]
        super().start()


def _crossing(work: Callable[[Peer], Callable[[], float]]) -> Callable[[list[type[Peer]], Amount], Measured]:
    def row(peers: list[type[Peer]], amount: Amount) -> Measured:
        found: Measured = {kind.name: SAME_PROCESS for kind in peers if not kind.isolated}
        kinds = [_MontyWithBytes if kind is Monty else kind for kind in peers if kind.isolated]
        return in_sessions(kinds, _arrays()[0], work, amount, found)

    return row


@_crossing
def array_in(peer: Peer) -> Callable[[], float]:
    return timed(lambda: peer.run("for i in range(20):\n    a = frame()"), 20)


@_crossing
def array_out(peer: Peer) -> Callable[[], float]:
    peer.run("a = frame()")
    return timed(lambda: peer.run("for i in range(20):\n    n = take(a)"), 20)


@_crossing
def array_value(peer: Peer) -> Callable[[], float]:
    peer.run("a = frame()")

    def values() -> None:
        for _ in range(20):
            peer.value("a")

    return timed(values, 20)


def memory(peers: list[type[Peer]], amount: Amount) -> Measured:
    found: Measured = {kind.name: SAME_PROCESS for kind in peers if not kind.isolated}
    found[Monty.name] = "has no numpy"

    def once(kind: type[Peer]) -> Callable[[], float]:
        def case() -> float:
            peer = kind()
            try:
                peer.run(NUMPY)
                return float(private_bytes(peer.pid()))
            finally:
                peer.close()

        return case

    kinds = [kind for kind in peers if kind.isolated and kind is not Monty]
    take_turns({kind.name: once(kind) for kind in kinds}, Amount(min(9, amount.repeats), 10.0, 0, 0, 0), found)
    return found


def many_sessions(peers: list[type[Peer]], amount: Amount) -> Measured:
    found: Measured = {kind.name: SAME_PROCESS for kind in (Plain, Restricted) if kind in peers}
    for kind in peers:
        if kind in (Plain, Restricted):
            continue
        if kind is Monty:
            found[kind.name] = [_many_monty(amount.sessions)]
            continue
        count = amount.heavy_sessions if kind in (Ipykernel, Spawned) else amount.sessions
        before, alive = private_bytes() + sum(map(private_bytes, zygotes())), []
        try:
            for _ in range(count):
                alive.append(kind())
                alive[-1].run("x = 1")
            processes = sum(private_bytes(peer.pid()) for peer in alive) if kind.isolated else 0
            after = private_bytes() + sum(map(private_bytes, zygotes()))
            found[kind.name] = [(processes + max(0, after - before)) / count]
        finally:
            for peer in alive:
                peer.close()
    return found


def _many_monty(count: int) -> float:
    """Its sessions share one pool."""
    from pydantic_monty import Monty as Pool

    before, alive = private_bytes(), []
    with Pool(max_processes=count) as pool:
        try:
            for _ in range(count):
                checkout = pool.checkout()
                alive.append((checkout, checkout.__enter__()))
                alive[-1][1].feed_run("x = 1")
            pids = {int(s.worker_pid() if callable(s.worker_pid) else s.worker_pid) for _, s in alive}
            return (sum(map(private_bytes, pids)) + max(0, private_bytes() - before)) / count
        finally:
            for checkout, _ in alive:
                checkout.__exit__(None, None, None)


def branch(peers: list[type[Peer]], amount: Amount) -> Measured:
    found: Measured = {kind.name: "has no branch" for kind in peers}
    peer = Ours()
    try:
        peer.run("x = 41")

        def case() -> float:
            began = time.perf_counter()
            other = peer.branch()
            value = other.run("x + 1")
            took = time.perf_counter() - began
            other.close()
            assert value == 42
            return took

        take_turns({Ours.name: case}, amount, found)
    finally:
        peer.close()
    return found


@dataclass(frozen=True)
class Row:
    """A line of the table. `target`: the most it may be, in the row's unit, or in times `exec` where `relative`."""

    key: str
    title: str
    unit: str
    measure: Callable[[list[type[Peer]], Amount], Measured]
    meaning: str
    target: float | None = None
    relative: bool = False


ROWS = [
    Row(
        "fresh",
        "fresh isolated session to first result",
        "ms",
        fresh,
        "Open a session in a process of its own, run `1+1`, close it; ten in a row without a pause. The host "
        "has imported everything before; our zygote is running. smolagents runs in the host's process and isolates "
        "nothing, so it is given a new process, whose imports count. Monty starts and ends a pool each time.",
        3.0,
    ),
    Row(
        "pool",
        "the same, from a pool that is running",
        "ms",
        fresh_from_pool,
        "As above, but Monty's pool stays and only a session is checked out and given back: its warm path, as a "
        "running zygote is ours. A session of ours still gets a process of its own, which ends with it; Monty's pool "
        "gives out a worker that had been started before.",
    ),
    Row(
        "pause",
        "the same, 0.1 s after the one before",
        "ms",
        after_a_pause,
        "As above, but the host does nothing for 0.1 s before each session, so that the worker that is kept for the "
        "next one is ready.",
    ),
    Row(
        "new_host",
        "a new host process, all imports, first result, end",
        "ms",
        new_host,
        "`python -c` with the few lines that open a session and run `1+1`: what a command line tool pays. Ours starts "
        "a zygote, which imports numpy and rehearses.",
    ),
    Row(
        "warm",
        "`x = 1` in a warm session",
        "ms",
        warm,
        "One `run` of a session that is open, 200 of them one after the other (ipykernel: 10). Monty and ours cross to "
        "another process and back, ipykernel by five messages over two sockets; the others call a function.",
        0.06,
    ),
    Row(
        "rest",
        "the same, 5 ms after the one before",
        "ms",
        after_a_rest,
        "As above, but nobody does anything for 5 ms before each run, so that both ends are asleep: what a model's "
        "program meets, which comes seconds after the last.",
    ),
    Row(
        "loop",
        "a million `s += i*i`",
        "ms",
        program(LOOP),
        "A whole run of the loop at the top level of the program.",
        1.15,
        True,
    ),
    Row(
        "attributes",
        "attribute-heavy loop",
        "ms",
        program(ATTRIBUTES),
        "20,000 rounds of three reads and two writes of attributes of an object of a class of the program.",
        4.0,
        True,
    ),
    Row(
        "items",
        "item-heavy loop",
        "ms",
        program(ITEMS),
        "20,000 rounds of four reads and two writes of items of a list and a dictionary.",
        4.0,
        True,
    ),
    Row(
        "in_place",
        "`x[i] += 1` and `p.x += 1`",
        "ms",
        program(IN_PLACE),
        "20,000 rounds of each.",
        4.0,
        True,
    ),
    Row(
        "tool",
        "a call to a host tool",
        "us",
        tool_call,
        "`t = add(i, 1)` 10,000 times in one run (ipykernel: 1,000 times), per call, the loop and the run included. "
        "Our host validates each call against the function's signature; no other does. exec, RestrictedPython and "
        "smolagents call a Python function of their own process. ipykernel has no tools: the call is an `input()`.",
        20.0,
    ),
    Row(
        "array_in",
        "a 0.9 MB array in",
        "us",
        array_in,
        "112,500 float64 that a tool returns, 20 times in one run, per crossing, the call included. Monty has no "
        "numpy: as many bytes cross. ipykernel and the spawned CPython pickle; ipykernel as base64 through `input()`.",
        100.0,
    ),
    Row(
        "array_out",
        "a 0.9 MB array out, as an argument",
        "us",
        array_out,
        "The same array as the argument of a tool, 20 times in one run, per crossing, the call included.",
        100.0,
    ),
    Row(
        "array_value",
        "a 0.9 MB array out, as a run's value",
        "us",
        array_value,
        "A whole run that gives the array as its value, 20 of them one after the other, so the cost of `x = 1` in a "
        "warm session is in it, and that of numpy's own `repr` of the array. ipykernel: a user expression with base64 "
        "of a pickle.",
        100.0,
    ),
    Row(
        "memory",
        "private memory of a session with numpy",
        "MB",
        memory,
        "`Private_Clean` + `Private_Dirty` in `/proc/PID/smaps_rollup` of the process that ran a program that imports "
        "numpy and computes a little. What the zygote and other workers share does not count.",
        4.0,
    ),
    Row(
        "branch",
        "branch of a session to its first result",
        "ms",
        branch,
        "`branch()` and a run in the branch that reads a variable of the parent. None of the others can do it.",
        5.0,
    ),
    Row(
        "many",
        "memory for each of 200 live sessions",
        "MB",
        many_sessions,
        "200 sessions that have each run `x = 1`: private memory of their processes and what host and zygote grew by, "
        "divided by 200. Measured once. ipykernel and spawned CPython: 5 of them. smolagents: no process, only what "
        "the host grew by.",
    ),
]
