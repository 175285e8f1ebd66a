# ruff: noqa: E501  (programs as tables: a line is a program)
"""What is near to harm and natural, frames that cost the host dearly, and what the kernel tells. Escapes: tests/escapes."""

from __future__ import annotations

import dataclasses
import json
import os
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from codeact.errors import SandboxError, UnsupportedValue
from codeact.sandbox import Limits, Sandbox, spawner
from codeact.sandbox.text import clean
from codeact.tools import Toolbox, tool
from codeact.values import MAX_CONTAINERS, check_wire, pack, to_json, unpack

LIMITS = Limits(wall_s=6.0, cpu_s=6.0, memory_mb=512)


@tool(effect="read")
def count(things: list) -> int:  # type: ignore[type-arg]
    """How many things."""
    return len(things)


@pytest.fixture(scope="module")
def filtered() -> Iterator[Sandbox]:
    """The filter with as little of the wall as possible: what holds here is the language's doing."""
    with Sandbox(Toolbox([count]), limits=LIMITS, without=("landlock", "seccomp", "uid", "rlimits")) as made:
        yield made


@pytest.fixture(scope="module")
def behind_wall() -> Iterator[Sandbox]:
    with Sandbox(Toolbox([count]), limits=LIMITS, without=("filter",)) as made:
        yield made


# ---- what is near to a way round the filter ----------------------------------------------------------------------------

NATURAL = {
    "a deep copy of built-in functions": (
        "import copy\ncopy.deepcopy([print, getattr, eval, vars]) == [print, getattr, eval, vars]",
        True,
    ),
    "an abstract class in a pattern": (
        "from abc import ABC, ABCMeta, abstractmethod\nfrom dataclasses import dataclass\nclass Shape(ABC):\n    @abstractmethod\n    def area(self): ...\n"
        "@dataclass\nclass Square(Shape):\n    side: float\n    def area(self):\n        return self.side ** 2\n"
        "found = []\nfor shape in (Square(2), Square(3)):\n    match shape:\n        case Square(2):\n            found.append('small')\n"
        "        case Square(side=s):\n            found.append(s)\nfound",
        ["small", 3],
    ),
    "an abstract class without attributes": (
        "from abc import ABCMeta\nclass A(metaclass=ABCMeta):\n    pass\nclass B(A):\n    pass\nmatch B():\n    case A():\n        x = 1\nx",
        1,
    ),
    "a field called format": (
        "from dataclasses import asdict, dataclass\n@dataclass\nclass Photo:\n    format: str\np = Photo('png')\np.format += '8'\nmatch p:\n    case Photo(format=f):\n        pass\n"
        "match p:\n    case Photo(g):\n        pass\n[f, g, asdict(p)]",
        ["png8", "png8", {"format": "png8"}],
    ),
    "an enum in a pattern": (
        "from enum import Enum\nclass E(Enum):\n    a = 1\nmatch E.a:\n    case E(value=v):\n        pass\nv",
        1,
    ),
    "a copy": "import copy\na = [[1]]\nb = copy.deepcopy(a)\nb[0].append(copy.copy(2))\n[a, b]",
    "a generic class": (
        "from typing import Generic, TypeVar\nT = TypeVar('T')\nclass Box(Generic[T]):\n    size = 3\n    def __init__(self, x):\n        self.x = x\n[Box[int](5).x, Box[int].size, list[int]([1])]",
        [5, 3, [1]],
    ),
    "slots": "class A:\n    __slots__ = ['x', 'y']\na = A()\na.x = 1\na.x += 1\na.x",
}


@pytest.mark.parametrize("name", NATURAL)
def test_what_is_near_to_it_still_runs(filtered: Sandbox, name: str) -> None:
    entry = NATURAL[name]
    code, expected = entry if isinstance(entry, tuple) else (entry, None)
    execution = filtered.run(code)
    assert execution.ok, execution.error
    assert expected is None or execution.value == expected


def test_an_error_that_ends_while_it_is_told(filtered: Sandbox) -> None:
    code = "kept = 1\nclass E(Exception):\n    def __str__(self):\n        raise SystemExit(3)\nraise E()"
    execution = filtered.run(code)
    assert execution.error is not None
    assert execution.error.type == "E"
    assert not execution.restarted
    assert filtered.run("kept").value == 1


# ---- frames that cost the host dearly ---------------------------------------------------------------------------------


def colliding(many: int) -> bytes:
    """A map of msgpack whose keys are pairs that share one hash, as Python makes it of tuples."""
    mask, first, second, third = (1 << 64) - 1, 11400714785074694791, 14029467366897019727, 2870177450012600261
    target, inverse, keys = 12345678901234567, pow(second, -1, 1 << 64), bytearray()
    made = number = 0
    while made < many:
        number += 1
        lane = (third + number * second) & mask
        lane = (((lane << 31) | (lane >> 33)) * first) & mask
        other = ((target - lane) * inverse) & mask
        other -= (1 << 64) if other >> 63 else 0
        if 1 < abs(other) < 2**61 - 1:
            keys += b"\x92\xd3" + struct.pack(">q", number) + b"\xd3" + struct.pack(">q", other) + b"\xc0"
            made += 1
    return b"\xdf" + struct.pack(">I", many) + bytes(keys)


def test_keys_of_one_hash_are_refused_before_they_are_decoded(behind_wall: Sandbox) -> None:
    """They would hold the host, and all of its threads, for minutes: each is compared with all before it."""
    sample = msgspec.msgpack.decode(colliding(300))
    assert len({hash(key) for key in sample}) == 1, "the sample shows what it should"
    body = colliding(40_000)
    code = """
import _socket, struct
def keys(many):
    mask, first, second, third = (1 << 64) - 1, 11400714785074694791, 14029467366897019727, 2870177450012600261
    target, inverse, keys = 12345678901234567, pow(second, -1, 1 << 64), bytearray()
    made = number = 0
    while made < many:
        number += 1
        lane = (third + number * second) & mask
        lane = (((lane << 31) | (lane >> 33)) * first) & mask
        other = ((target - lane) * inverse) & mask
        other -= (1 << 64) if other >> 63 else 0
        if 1 < abs(other) < 2**61 - 1:
            keys += b"\\x92\\xd3" + struct.pack(">q", number) + b"\\xd3" + struct.pack(">q", other) + b"\\xc0"
            made += 1
    return b"\\xdf" + struct.pack(">I", many) + bytes(keys)
body = b"\\x94\\x0c\\xa5count\\x91" + keys(40_000) + b"\\x80"
line = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM, 0, 3)
line.sendall(struct.pack("<I", len(body)) + body)
"""
    with pytest.raises(UnsupportedValue):
        check_wire(body)
    started = time.monotonic()
    execution = behind_wall.run(code)
    assert time.monotonic() - started < 20
    assert execution.error is not None
    assert execution.error.type == "ProtocolError"
    assert behind_wall.run("count([1, 2])").value == 2


def test_elements_of_one_hash_are_refused() -> None:
    numbers = [index * (2**61 - 1) for index in range(1, 5_000)]
    packed = [pack(number) for number in numbers]
    started = time.monotonic()
    for wire in ({2: packed}, {10: packed}, {11: [part for item in packed for part in (item, None)]}):
        with pytest.raises(UnsupportedValue, match="hash"):
            unpack(wire)
    assert time.monotonic() - started < 10
    assert unpack(pack(set(numbers[:40]))) == set(numbers[:40])


@pytest.mark.parametrize(
    "data",
    [
        b"\xdd" + struct.pack(">I", 4_000_000) + b"\x90" * 4_000_000,
        b"\xdd" + struct.pack(">I", 4_000_000) + b"\x00" * 4_000_000,
        b"\x91" * 1_000_000,
        b"\x81\x01" * 1_000_000,
        b"\xdd\xff\xff\xff\xff" + b"\x00" * 100_000,
        b"\x92" + b"\xc5\xff\xff" + b"x" * 65_535 + b"\xdd" + struct.pack(">I", 3_000_000),
    ],
    ids=["lists", "numbers", "nested lists", "nested maps", "a length", "behind a blob"],
)
def test_more_parts_than_may_cross_are_not_decoded(data: bytes) -> None:
    started = time.monotonic()
    with pytest.raises(UnsupportedValue):
        check_wire(data)
    assert time.monotonic() - started < 15


def test_a_program_hears_how_many_parts_may_cross(filtered: Sandbox) -> None:
    execution = filtered.run(f"count([[]] * {MAX_CONTAINERS + 1})")
    assert execution.error is not None
    assert "numpy array" in execution.error.message
    assert not execution.restarted
    execution = filtered.run("[[]] * 400_000")
    assert execution.ok
    assert execution.value is None
    assert filtered.run("count([[]] * 100_000)").value == 100_000


def test_what_may_cross_passes_the_look() -> None:
    plenty: list[Any] = [
        [float(number) for number in range(50_000)],
        list(range(-40, 90_000)),
        [1, 2.5, None, "text", b"bytes", True, -7, 2**40, -(2**40), 2**70] * 5_000,
        [(1.0, 2.0)] * 20_000,
        [{"a": 1, "b": "x" * 300, "c": [1, 2.0]}] * 10_000,
        {number: str(number) for number in range(20_000)},
        {str(number): {number} for number in range(20_000)},
        {"blob": b"x" * 1_000_000, "text": "x" * 1_000_000, "many": ["x" * 40] * 3_000},
        np.arange(100_000.0),
    ]
    for value in plenty:
        data = msgspec.msgpack.encode(pack(value))
        assert len(data) > 32 * 1024
        check_wire(data)
        for cut in (len(data) // 2, len(data) - 1):
            check_wire(data[:cut])  # what ends too early is the decoder's to refuse
        back = unpack(msgspec.msgpack.decode(data))
        assert np.array_equal(back, value) if isinstance(value, np.ndarray) else back == value


def test_empty_texts_make_no_room() -> None:
    """numpy gives an empty text the room of one character: a shape alone would take gigabytes."""
    for dtype in ("<U0", "|S0"):
        with pytest.raises(UnsupportedValue):
            unpack({6: [dtype, [10**9], b""]})
        assert unpack({6: [dtype, [3], b""]}).tolist() == unpack(pack(np.zeros(3, dtype))).tolist()


def test_a_huge_number_can_be_kept() -> None:
    """Python writes no number of more than 4300 digits; what a program gives back is written to traces."""
    for number in (10**5_000, -(10**5_000)):
        assert "bits" in json.dumps(to_json([number]))
    assert json.loads(json.dumps(to_json(10**4_000))) == 10**4_000


# ---- programs that would not be stopped --------------------------------------------------------------------------------

LINE = "import _socket, struct, time\nline = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM, 0, 3)\nend = time.monotonic() + 6\n"
UNSTOPPABLE = {
    "empty output without end": "d = (struct.pack('<I', 3) + b'\\x92\\x0b\\xa0') * 5000\nwhile time.monotonic() < end:\n    line.sendall(d)",
    "calls without end": (
        "d = (struct.pack('<I', 9) + b'\\x94\\x0c\\xa3big\\x91\\x01\\x80') * 500\nwhile time.monotonic() < end:\n    line.sendall(d)\n"
        "    try:\n        line.recv(1 << 20, 0x40)\n    except BlockingIOError:\n        pass"
    ),
    "an answer that is not taken": (
        "line.sendall(struct.pack('<I', 13) + b'\\x94\\x0c\\xa3big\\x91\\xce' + struct.pack('>I', 4_000_000) + b'\\x80')\n"
        "while time.monotonic() < end:\n    pass"
    ),
}


@tool(effect="read")
def big(size: int) -> bytes:
    """So many bytes."""
    return b"x" * size


@dataclasses.dataclass
class Share:
    """A part of a whole."""

    parts: int

    def __post_init__(self) -> None:
        self.size = 1 / self.parts


@tool(effect="read")
def take(share: Share) -> float:
    """Its size."""
    return share.size


@pytest.mark.parametrize("name", UNSTOPPABLE)
def test_the_clock_holds_for_a_worker_that_never_stops_sending_or_never_listens(name: str) -> None:
    with Sandbox(Toolbox([big]), limits=Limits(wall_s=0.5, cpu_s=0.5, calls=10**9), without=("filter",)) as sandbox:
        sandbox.run("1")
        started = time.monotonic()
        execution = sandbox.run(LINE + UNSTOPPABLE[name])
        assert time.monotonic() - started < 15
        assert execution.error is not None
        assert execution.error.type == "TimeLimit"
        assert sandbox.run("len(big(3))").value == 3


def test_a_worker_that_does_not_take_the_next_program() -> None:
    done = "line.sendall(struct.pack('<I', 7) + b'\\x96\\x0d\\x01\\x01\\xa0\\xc0\\xc2')\nwhile True:\n    pass"
    with Sandbox(limits=Limits(wall_s=0.5, cpu_s=0.5, code_chars=10**6), without=("filter",)) as sandbox:
        assert sandbox.run(LINE + done).ok
        started = time.monotonic()
        late = sandbox.run("#" * 900_000)
        assert time.monotonic() - started < 15
        assert late.error is not None
        assert late.restarted
        assert sandbox.run("1 + 1").value == 2


def test_text_is_cleaned_in_time_that_grows_with_its_length() -> None:
    """Starts of escape sequences without an end: each used to look through all that follows."""
    for start in ("\x9d", "\x90", "\x1b]", "\x9b", "\x1b[0;", "\x1b]\x9d"):
        started = time.monotonic()
        assert "\x1b" not in clean(start * 200_000)
        assert time.monotonic() - started < 15, repr(start)
    assert clean("a\x9d0;owned\x07b\x1b]8;;x\x1b\\c\x90q\x9cd") == "abcd"
    assert clean("a\x9d0;\x9d1;owned\x07b") == "a0;b"


def test_a_class_of_the_host_that_raises_when_it_is_made() -> None:
    for without in ((), ("filter",)):
        with Sandbox(Toolbox([take]), without=without) as sandbox:
            execution = sandbox.run("x = 1\nShare(0)")
            assert execution.ok
            assert execution.value is None
            assert sandbox.run("x").value == 1


def test_a_forged_name_of_a_tool_is_harmless_to_show(behind_wall: Sandbox) -> None:
    code = (
        LINE
        + "line.sendall(struct.pack('<I', 12) + b'\\x94\\x0c\\xa7\\x1b]0;x\\x07z\\x90\\x80')\nlen(line.recv(1000)) > 0\nline.detach()"
    )
    execution = behind_wall.run(code)
    assert [call.tool for call in execution.calls] == [repr("\x1b]0;x\x07z")]
    assert behind_wall.run("count([1])").value == 1


# ---- what the kernel tells, and the moment of a branch -----------------------------------------------------------------


def test_other_processes_are_not_seen(behind_wall: Sandbox) -> None:
    code = f"""
import posix, resource, time
told = []
for pid in ({os.getpid()}, posix.getppid(), 1):
    for ask in (
        lambda: time.clock_gettime((~pid << 3) | 2),
        lambda: time.clock_getres((~pid << 3) | 2),
        lambda: posix.sched_getaffinity(pid),
        lambda: resource.prlimit(pid, resource.RLIMIT_NPROC),
    ):
        try:
            told.append(ask())
        except OSError as problem:
            if problem.errno != 1:
                told.append(problem.errno)
told
"""
    assert behind_wall.run(code).value == []
    own = "import posix, resource, time\ntime.sleep(0.001)\n[time.process_time() > 0, time.monotonic() > 0, len(posix.sched_getaffinity(0)) > 0, resource.getrlimit(resource.RLIMIT_NPROC)[0] >= 0]"
    assert behind_wall.run(own).value == [True] * 4


def processes_below(pid: int) -> set[int]:
    found: set[int] = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if int(parent) == pid and state != "Z":
            child = int(stat.parent.name)
            found |= {child} | processes_below(child)
    return found


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a spare user for the worker")
def test_the_moment_of_a_branch_gives_few_forks() -> None:
    """A program that goes on after its forged end forks as soon as a branch lets it."""
    code = """
import _socket, posix, struct, time
line = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM, 0, 3)
line.sendall(struct.pack("<I", 7) + b"\\x96\\x0d\\x02\\x01\\xa0\\xc0\\xc2")
end, made = time.monotonic() + 1.5, 0
while time.monotonic() < end and made < 40:
    try:
        if posix.fork() == 0:
            made = 40
        made += 1
    except OSError:
        pass
while time.monotonic() < end:
    time.sleep(0.01)
posix._exit(0)
"""
    with Sandbox(without=("filter",)) as sandbox:
        sandbox.run("1")
        zygote = spawner.spawner()._process.pid
        others = processes_below(zygote)
        assert sandbox.run(code).ok
        most, done = 0, threading.Event()

        def watch() -> None:
            nonlocal most
            while not done.is_set():
                most = max(most, len(processes_below(zygote) - others))
                time.sleep(0.02)

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            with pytest.raises(SandboxError):
                sandbox.branch().close()
        finally:
            done.set()
            watcher.join()
        assert most < 12
        assert sandbox.run("1 + 1").value == 2
        with sandbox.branch() as other:
            assert other.run("2 + 2").value == 4
