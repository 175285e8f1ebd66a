"""Stubs: real Python that a model reads, a type checker accepts, and no docstring breaks out of."""

from __future__ import annotations

import ast
import functools
import subprocess
import sys
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from codeact.errors import Refused
from codeact.tools import Tool, Toolbox, finish_tool, tool
from codeact.values import Image


class Grip(Enum):
    """How to hold."""

    SOFT = "soft"
    HARD = "hard"


class Level(IntEnum):
    LOW = 1


@dataclass(frozen=True)
class Pose:
    """A pose in the world frame."""

    position: tuple[float, float, float]
    yaw: Annotated[float, Field(description="about the z axis, in radians")] = 0.0
    marks: list[str] = field(default_factory=list)
    size: list[float] = field(default_factory=lambda: [1.0, 2.0])
    level: Level = field(default=Level.LOW, kw_only=True)


class OutOfReach(Refused):
    """The target cannot be reached."""


class Arm:
    """The left arm."""

    @tool(effect="physical")
    def move(self, to: Pose, /, speed: Annotated[float, Field(gt=0, le=0.5)] = 0.1, *, grip: Grip = Grip.SOFT) -> bool:
        """Move the gripper to a pose.

        Returns False when the path is blocked.
        """
        return True

    @tool
    def speak(self, *words: str, volume: Literal["low", "high"] = "low", **options: float) -> None: ...


@tool(effect="read")
def look(region: tuple[int, int, int, int] | None = None, mask: np.ndarray | None = None) -> Image:
    """Take a picture."""
    raise NotImplementedError


@tool
async def wait(seconds: float = 1e-3, name: str = 'it\'s "x"\n') -> dict[str, set[int]]:
    """Wait."""
    return {}


@tool
def untyped(a, b=None, *, c=...):  # type: ignore[no-untyped-def]
    return a


BOX = Toolbox(
    [look, wait, untyped, Toolbox.of(Arm(), name="arm", allow=["move", "speak"]), finish_tool()], errors=[OutOfReach]
)

EXPECTED = '''\
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from typing import Any, Literal, NoReturn
import numpy as np

class Image:
    """A picture. `array` has shape (height, width, channels) and type uint8."""
    width: int
    height: int
    array: np.ndarray

class Level(IntEnum):
    LOW = 1

@dataclass(frozen=True)
class Pose:
    """A pose in the world frame.

    yaw: about the z axis, in radians
    """
    position: tuple[float, float, float]
    yaw: float = 0.0
    marks: list[str] = field(default_factory=list)
    size: list[float] = field(default_factory=lambda: [1.0, 2.0])
    level: Level = field(default=Level.LOW, kw_only=True)

class Grip(Enum):
    """How to hold."""
    SOFT = 'soft'
    HARD = 'hard'

class ToolError(Exception):
    """A tool is declared wrongly, or a call of a tool failed."""

class Refused(ToolError):
    """A tool call was refused, by an approval policy or by a controller's own limits. The message is the reason."""

class OutOfReach(Refused):
    """The target cannot be reached."""

def look(region: tuple[int, int, int, int] | None = None, mask: np.ndarray | None = None) -> Image:
    """Take a picture."""

def wait(seconds: float = 0.001, name: str = 'it\\'s "x"\\n') -> dict[str, set[int]]:
    """Wait."""

def untyped(a, b=None, *, c=...): ...

def finish(answer: Any = None) -> NoReturn:
    """End the task. Call it once, when the task is done or cannot be done; `answer` is what the user gets to read."""

class arm:
    """The left arm."""

    @staticmethod
    def move(to: Pose, /, speed: float = 0.1, *, grip: Grip = Grip.SOFT) -> bool:
        """Move the gripper to a pose.

        Returns False when the path is blocked.

        speed: a number above 0 and at most 0.5
        """

    @staticmethod
    def speak(*words: str, volume: Literal['low', 'high'] = 'low', **options: float) -> None: ...
'''


def test_what_a_model_reads() -> None:
    assert BOX.stubs() == EXPECTED


def test_stubs_are_python_and_a_type_checker_accepts_them(tmp_path: Path) -> None:
    (tmp_path / "robot.pyi").write_text(BOX.stubs())
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-error-summary", "--no-incremental", "robot.pyi"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.stdout == ""


def test_a_single_tool_renders_itself() -> None:
    assert look.stub().startswith("def look(region: tuple[int, int, int, int] | None = None")
    ast.parse(look.stub())


def test_an_empty_toolbox_renders_as_nothing() -> None:
    assert Toolbox().stubs().strip() == ""


def _documented(text: str) -> Tool:
    def f() -> None: ...

    f.__doc__ = text
    return Tool(f)


def _read_back(source: str) -> str:
    """Parse a stub that must hold one function with at most a docstring, and return the docstring."""
    (function,) = ast.parse(source).body
    assert isinstance(function, ast.FunctionDef)
    (statement,) = function.body
    assert isinstance(statement, ast.Expr)
    assert isinstance(statement.value, ast.Constant)
    return ast.get_docstring(function) or ""


@pytest.mark.parametrize(
    "text",
    [
        '"""\nimport os\n"""',
        'ends with a quote"',
        'ends with two""',
        "ends with a backslash\\",
        'backslash and quotes \\"""',
        "\\N{BULLET} \\x41 \\u0041 \\",
        "carriage\rreturn and form\x0cfeed and \x00 and \x1b[2J",
        "line\u2028separator, \u202eright to left, \ud800 surrogate",
        '"""',
        "\\",
    ],
)
@pytest.mark.parametrize("grouped", [False, True])
def test_a_hostile_docstring_stays_a_docstring(text: str, grouped: bool) -> None:
    box = Toolbox([_documented(text)], name="group" if grouped else "")
    source = box.stubs()
    source.encode()  # no unpaired surrogate is left
    if grouped:
        (group,) = ast.parse(source).body
        assert isinstance(group, ast.ClassDef)
        source = ast.unparse(group.body)
    assert all(character.isprintable() for character in _read_back(source) if character != "\n")


@given(st.text(st.characters(codec=None) | st.sampled_from("\"'\\\n\r\x00#")))
def test_any_docstring_stays_a_docstring(text: str) -> None:
    source = Toolbox([_documented(text)]).stubs()
    _read_back(source)
    source.encode()


@given(st.text(st.sampled_from("ab\"'\\\n ")))
def test_a_docstring_of_ordinary_characters_reads_back_as_it_was(text: str) -> None:
    import inspect

    expected = "\n".join(line.rstrip() for line in inspect.cleandoc(text).strip().split("\n"))
    assert _read_back(Toolbox([_documented(text)]).stubs()) == inspect.cleandoc(expected)


@dataclass
class Tree:
    branches: list[Tree] = field(default_factory=list)


class Sly:
    def __repr__(self) -> str:
        return "1\nimport os"


@pytest.mark.parametrize(
    ("value", "source"),
    [
        ('"""\n', repr('"""\n')),
        (float("inf"), 'float("inf")'),
        ((1,), "(1,)"),
        (Grip.HARD, "Grip.HARD"),
        (Tree([Tree()]), "Tree(branches=[Tree(branches=[])])"),
        ({"a": [1.5, None]}, "{'a': [1.5, None]}"),
        (Sly(), "..."),
        ("x" * 500, "..."),
        (np.zeros(3), "..."),
        (set(), "set()"),
        (set("dbca"), "{'a', 'b', 'c', 'd'}"),
        (frozenset("ba"), "frozenset(['a', 'b'])"),
    ],
)
def test_defaults_are_source_or_left_open(value: Any, source: str) -> None:
    def f(x: Any = value) -> None: ...

    assert Tool(f, scope={"value": value}).stub() == f"def f(x: Any = {source}) -> None: ..."


def test_a_dataclass_that_contains_itself() -> None:
    def f(tree: Tree) -> NoReturn: ...

    assert "branches: list[Tree] = field(default_factory=list)" in Toolbox([f]).stubs()


def test_partials_lose_the_arguments_that_are_given() -> None:
    def f(a: int, b: int) -> None: ...

    assert Tool(functools.partial(f, 1), name="g").stub() == "def g(b: int) -> None: ..."
