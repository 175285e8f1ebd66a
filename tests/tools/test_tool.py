"""Declaring tools: what may be one, and what it knows of itself."""

from __future__ import annotations

import asyncio
import collections.abc
import functools
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, Flag
from pathlib import Path
from typing import Any, NamedTuple, TypedDict

import pytest

import codeact
from codeact.errors import ProgramEnd, ToolError
from codeact.tools import Tool, finish_tool, tool


def test_a_decorated_function_stays_callable() -> None:
    @tool(effect="read")
    def double(x: float) -> float:
        """Twice x."""
        return 2 * x

    assert double(4) == 8
    assert isinstance(double, Tool)
    assert (double.name, double.doc, double.effect, double.is_async) == ("double", "Twice x.", "read", False)


def test_a_function_that_says_nothing_is_taken_to_change_something() -> None:
    @tool
    def f() -> None: ...

    assert f.effect == "write"


def test_name_stop_and_timeout_can_be_given() -> None:
    def halt() -> None: ...

    @tool(effect="physical", name="go", stop=halt, timeout_s=3)
    def f() -> None: ...

    assert (f.name, f.stop, f.timeout_s) == ("go", halt, 3)


def test_methods_bound_methods_partials_and_callable_objects_are_tools() -> None:
    class Counter:
        def __init__(self) -> None:
            self.count = 0

        @tool
        def add(self, n: int = 1) -> int:
            """Add n."""
            self.count += n
            return self.count

        def __call__(self, n: int) -> int:
            return self.count + n

        def plain(self, n: int) -> int:
            return n

    counter = Counter()
    assert counter.add(2) == 2
    assert list(counter.add.signature.parameters) == ["n"]
    assert counter.add.invoke(counter.add.bind([], {"n": 3})) == 5
    assert Counter.add.name == "add"
    assert Tool(counter, name="peek").invoke({"n": 1}) == 6
    assert Tool(counter.plain).bind([7]) == {"n": 7}
    assert Tool(functools.partial(counter.plain, 7), name="seven").invoke({}) == 7


def test_an_async_function_is_a_tool_whose_invoke_returns_an_awaitable() -> None:
    @tool
    async def later(x: int) -> int:
        await asyncio.sleep(0)
        return x + 1

    assert later.is_async

    async def run() -> int:
        return await later.invoke(later.bind([1]))  # type: ignore[no-any-return]

    assert asyncio.run(run()) == 2


class Shape(TypedDict):
    sides: int


class Pair(NamedTuple):
    a: int


class Bits(Flag):
    A = 1


class Odd(Enum):
    LOCK = threading.Lock()


@dataclass
class Holder:
    connection: socket.socket


@pytest.mark.parametrize(
    ("annotation", "message"),
    [
        (socket.socket, r"argument 'value' is annotated `socket.socket`, which cannot cross"),
        (list[dict[str, threading.Thread]], "threading.Thread"),
        (Callable[[], int], "which cannot cross"),
        (Shape, "A dataclass with the same fields can cross"),
        (Pair, "A dataclass with the same fields can cross"),
        (Bits, "flags cannot cross, enums can"),
        (Odd, "Odd.LOCK has a value of type lock"),
        (Holder, "field 'connection' of Holder is annotated `socket.socket`"),
    ],
)
def test_types_that_cannot_cross_are_refused_when_the_tool_is_declared(annotation: Any, message: str) -> None:
    def f(value: Any) -> None: ...

    f.__annotations__["value"] = annotation
    with pytest.raises(ToolError, match=message):
        tool(f)


def test_what_a_tool_returns_must_cross_too() -> None:
    def words() -> collections.abc.Iterable[str]: ...

    with pytest.raises(ToolError, match=r"its return value is annotated .* Return a list instead"):
        tool(words)

    def lines() -> Iterator[str]:
        yield ""

    with pytest.raises(ToolError, match="generator; return a list instead"):
        tool(lines)


@pytest.mark.parametrize("name", ["", "a b", "class", "_hidden", "__class__", "a.b", "x\n", "ﬁnd", "1st"])
def test_a_name_is_a_plain_python_name(name: str) -> None:
    def f() -> None: ...

    with pytest.raises(ToolError, match="cannot be the name of a tool"):
        Tool(f, name=name)


def test_other_things_are_no_tools() -> None:
    for thing, message in ((3, "a tool is a function"), (int, "a tool is a function"), (lambda: 1, "<lambda>")):
        with pytest.raises(ToolError, match=message):
            Tool(thing)  # type: ignore[arg-type]
    with pytest.raises(ToolError, match="needs a name"):
        Tool(functools.partial(print))
    with pytest.raises(ToolError, match="an effect is one of read, write, physical"):
        Tool(test_other_things_are_no_tools, effect="harmless")  # type: ignore[arg-type]
    with pytest.raises(ToolError, match="put @staticmethod above @tool"):
        tool(staticmethod(lambda: 1))  # type: ignore[arg-type]


def test_an_annotation_may_name_what_is_defined_further_down() -> None:
    @tool
    def f(later: Later) -> None: ...

    assert f.bind([{"x": 1}]) == {"later": Later(1)}


@dataclass
class Later:
    x: int


def test_an_annotation_that_names_nothing_is_an_error_at_first_use() -> None:
    @tool
    def f(x: Nowhere) -> None: ...  # type: ignore[name-defined]  # noqa: F821

    with pytest.raises(ToolError, match="an annotation names 'Nowhere', which is not defined"):
        f.bind([1])


def test_types_made_inside_a_function_are_found() -> None:
    @dataclass
    class Inner:
        x: int

    class Api:
        @tool
        def take(self, inner: Inner) -> None: ...

    assert Api().take.bind([{"x": 1}]) == {"inner": Inner(1)}


def test_finish_ends_the_program_with_an_answer() -> None:
    finish = finish_tool()
    assert (finish.name, finish.effect) == ("finish", "read")
    with pytest.raises(ProgramEnd) as end:
        finish.invoke(finish.bind([42]))
    assert end.value.answer == 42
    assert finish.bind() == {"answer": None}


TYPED = """
from codeact import Toolbox, tool

@tool(effect="read")
def double(x: float) -> float:
    return 2 * x

@tool
def name() -> str:
    return ""

class Arm:
    @tool(effect="physical")
    def move(self, x: float) -> bool:
        return True

reveal_type(double(1.0))
reveal_type(name())
reveal_type(Arm().move(0.1))
reveal_type(double.effect)
double("x")
Arm().move()
Toolbox([double, Arm().move, len])
"""


# Reading the types of pydantic and numpy as well would take a minute.
ONLY_OURS = ("--follow-imports=silent", "--no-site-packages", "--ignore-missing-imports")


def test_a_type_checker_still_knows_a_decorated_function(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    (tmp_path / "typed.py").write_text(TYPED)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-incremental", *ONLY_OURS, "typed.py"],
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": str(Path(codeact.__file__).parents[1])},
        capture_output=True,
        text=True,
        timeout=280,
    )
    lines = [line.removeprefix("typed.py:") for line in done.stdout.splitlines() if line.startswith("typed.py")]
    assert [line.split(": ", 2)[2].split(" [")[0].strip() for line in lines] == [
        'Revealed type is "float"',
        'Revealed type is "str"',
        'Revealed type is "bool"',
        "Revealed type is \"Literal['read'] | Literal['write'] | Literal['physical']\"",
        'Argument 1 to "__call__" of "Tool" has incompatible type "str"; expected "float"',
        'Missing positional argument "x" in call to "__call__" of "Tool"',
    ]
