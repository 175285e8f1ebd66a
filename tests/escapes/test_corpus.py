"""Every hostile program, in three set-ups: nothing of the host's is read, written, sent, started, signalled or told.

First each program is shown to do harm as plain Python, where it can: a program that does nothing proves nothing.
"""

from __future__ import annotations

import ast
import dataclasses
import enum
import os
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from canaries import Canaries, internals
from corpus import Program, programs

from codeact.errors import ProgramEnd
from codeact.sandbox import Execution, Limits, Sandbox
from codeact.tools import Toolbox, tool

LIMITS = Limits(wall_s=0.35, cpu_s=0.35, memory_mb=128, output_chars=20_000, calls=50)
PROGRAMS = programs()
OF_THE_KERNEL = ("system_calls", "protocol", "denial_behind_wall")
"""Kinds whose programs speak to the kernel: that they tell of success is a failure behind the wall alone, too."""

NOT_CLAIMED = ("denial", "denial_behind_wall")
"""Kinds against which the language by itself claims nothing."""


@dataclasses.dataclass
class Point:
    """A place, in metres."""

    x: float
    y: float


class Colour(enum.Enum):
    """A colour."""

    RED = 1


@tool(effect="read")
def double(number: int) -> int:
    """Twice a number."""
    return 2 * number


@tool(effect="read")
def weigh(mass: float) -> float:
    """The weight of a mass in kilograms, in newtons."""
    return 9.81 * mass


@tool(effect="read")
def echo(value: Any) -> Any:
    """The same again."""
    return value


@tool(effect="read")
def total(numbers: list[float]) -> float:
    """The sum."""
    return sum(numbers)


@tool(effect="read")
def where(point: Point, colour: Colour = Colour.RED) -> float:
    """How far from the origin, in metres."""
    return abs(point.x) + abs(point.y)


@tool(effect="read")
def fail() -> int:
    """Always fails."""
    raise OSError(2, "no such file", "/secret/path/of/the/host")


@tool(effect="read")
def stop() -> None:
    """End the program."""
    raise ProgramEnd("stopped")


@tool(effect="read")
def move(x: float) -> float:
    """Move, in metres."""
    return x


TOOLS = [double, weigh, echo, total, where, fail, stop, Toolbox([move], name="arm")]
SETUPS: dict[str, tuple[str, ...]] = {
    "filter and wall": (),
    "wall only": ("filter",),
    "filter only": ("uid", "rlimits", "landlock", "seccomp"),
}


@pytest.fixture(scope="session")
def canaries() -> Iterator[Canaries]:
    made = Canaries()
    os.environ["CANARY_OF_THE_HOST"] = made.secret
    yield made
    left = made.fired("")
    made.close()
    del os.environ["CANARY_OF_THE_HOST"]
    assert left == [], "something was done after its program had ended"


@pytest.fixture(scope="session")
def sandboxes() -> Iterator[dict[str, Sandbox]]:
    made = {name: Sandbox(Toolbox(TOOLS), limits=LIMITS, without=without) for name, without in SETUPS.items()}
    yield made
    for sandbox in made.values():
        sandbox.close()


CASES = [
    pytest.param(setup, program, id=f"{setup}: {program}")
    for setup in SETUPS
    for program in PROGRAMS
    if not (setup == "filter only" and program.kind in NOT_CLAIMED)
]


@pytest.mark.parametrize(("setup", "program"), CASES)
def test_it_does_no_harm(setup: str, program: Program, sandboxes: dict[str, Sandbox], canaries: Canaries) -> None:
    sandbox = sandboxes[setup]
    started = time.monotonic()
    execution = sandbox.run(canaries.name(program.code))
    assert time.monotonic() - started < 10, "control did not come back in time"
    try:
        assert canaries.fired(told(execution)) == []
        if setup != "wall only" or program.kind in OF_THE_KERNEL:
            assert internals(execution.stdout + execution.shown) == []
        if setup != "wall only" and execution.error is not None:
            assert "site-packages" not in execution.error.text
            assert "codeact/" not in execution.error.text
        assert not set(told(execution)) & set("\x1b\x07\x9b\u202e")
        goes_on(sandbox)
    finally:
        sandbox.reset()


def told(execution: Execution) -> str:
    """All that comes from a program."""
    error = execution.error.text + execution.error.message if execution.error is not None else ""
    calls = "".join(f"{call.tool}{call.error}" for call in execution.calls)
    return f"{execution.stdout}{execution.shown}{execution.value!r:.100000}{error}{calls}"


def goes_on(sandbox: Sandbox) -> None:
    """The session answers, or says that it was restarted and answers then.

    On Python 3.12 and later variables may fill the memory so that no program can be compiled: then it says so, and
    answers when it was reset. On a busy machine the short limit of time may run out, but not again and again.
    """
    after = sandbox.run("6 * 7")
    if sys.version_info >= (3, 12) and after.error is not None and after.error.type == "MemoryError":
        sandbox.reset()
        after = sandbox.run("6 * 7")
    for _ in range(20):
        if after.ok or not (after.restarted or after.error is None or after.error.type == "TimeLimit"):
            break
        after = sandbox.run("6 * 7")
    assert after.ok, after.error
    assert after.value == 42


@pytest.mark.parametrize("program", [program for program in PROGRAMS if not program.silent], ids=str)
def test_it_does_harm_as_plain_python(program: Program, canaries: Canaries) -> None:
    assert canaries.plainly(program.code) != [], canaries.said


def test_the_corpus_is_large_and_each_program_is_one() -> None:
    assert len(PROGRAMS) >= 240
    assert len({str(program) for program in PROGRAMS}) == len(PROGRAMS)
    texts = [program.code for program in PROGRAMS]
    assert len(set(texts)) == len(texts)
    for program in PROGRAMS:
        # The parser is attacked by some, and the type statement is newer than some Pythons.
        if "\0" not in program.code and program.kind != "denial" and "\ntype " not in "\n" + program.code:
            try:
                ast.parse(program.code.replace("@TCP@", "1").replace("@UDP@", "1").replace("@PID@", "1"))
            except SyntaxError as problem:
                raise AssertionError(f"{program}: {problem}") from None


HARM = {
    "reads a file": "print(open('@FILE@').read())",
    "writes a file": "open('@MARK@', 'w').close()",
    "changes a mode": "import os\nos.chmod('@FILE@', 0o600)",
    "connects by TCP": "import socket\nsocket.create_connection(('127.0.0.1', @TCP@))",
    "sends a packet": (
        "import socket\nsocket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', @UDP@))"
    ),
    "connects to a path": "import socket\nsocket.socket(socket.AF_UNIX).connect('@UNIX@')",
    "connects to an abstract name": "import socket\nsocket.socket(socket.AF_UNIX).connect('\\0@ABSTRACT@')",
    "starts a process": "import os\nos.system('echo x > @MARK@')",
    "sends a signal": "import os\nos.kill(@PID@, 10)",
    "reads an environment": "print(open('/proc/@PID@/environ').read())",
}


@pytest.mark.parametrize("name", HARM)
def test_the_canaries_sing_where_nothing_holds(name: str, canaries: Canaries) -> None:
    """The test itself can fail: with all layers down each of these is seen."""
    if os.geteuid() != 0 and name == "reads an environment":
        pytest.skip("only root may read it")
    with Sandbox(limits=LIMITS, without=("filter", "uid", "rlimits", "landlock", "seccomp")) as open_wide:
        execution = open_wide.run(canaries.name(HARM[name]))
        end = time.monotonic() + 5
        while not (fired := canaries.fired(told(execution))) and time.monotonic() < end:
            time.sleep(0.02)
    assert fired != []
    assert internals("told of <frame object> and OWNED") != []
