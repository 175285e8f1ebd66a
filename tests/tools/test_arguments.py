"""Arguments of a tool call: lossless conversions only, and errors that say which argument and what would be right."""

from __future__ import annotations

import enum
import math
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydantic import Field

from codeact.errors import ArgumentError, ToolError
from codeact.tools import Tool, tool
from codeact.values import Image


class Color(enum.Enum):
    RED = "red"
    GREEN = "green"


@dataclass(frozen=True)
class Pose:
    position: tuple[float, float, float]
    yaw: Annotated[float, Field(ge=-math.pi, le=math.pi)] = 0.0
    color: Color | None = None


@dataclass
class Tree:
    name: str
    branches: list[Tree] = field(default_factory=list)


@tool(effect="physical")
def move(x: float, y: float, speed: Annotated[float, Field(le=0.5)] = 0.1) -> bool:
    """Move."""
    return True


def one(annotation: Any, value: Any) -> Any:
    """What a tool with one argument of this type gets when it is called with this value."""

    def probe(value: Any) -> None: ...

    probe.__annotations__["value"] = annotation
    return Tool(probe).bind([value])["value"]


def complaint(annotation: Any, value: Any) -> str:
    with pytest.raises(ArgumentError) as caught:
        one(annotation, value)
    return str(caught.value).removeprefix("probe() argument ")


def test_a_wrong_value_is_answered_with_what_would_be_right() -> None:
    with pytest.raises(ArgumentError) as caught:
        move.bind([0.1, 0.2], {"speed": "fast"})
    assert str(caught.value) == "move() argument 'speed': expected a number of at most 0.5, got 'fast' (str)"


@pytest.mark.parametrize(
    ("args", "kwargs", "message"),
    [
        ([], {}, "move() is missing arguments 'x' (a number) and 'y' (a number)"),
        ([1], {}, "move() is missing argument 'y' (a number)"),
        ([1, 2], {"sped": 1}, "move() has no argument 'sped'; did you mean 'speed'?"),
        ([1, 2], {"q": 1}, "move() has no argument 'q'; its arguments are x, y and speed"),
        ([1, 2], {"x": 1}, "move() got argument 'x' twice: by position and by name"),
        ([1, 2, 0.1, 4], {}, "move() takes at most 3 arguments by position, got 4; its arguments are x, y and speed"),
        ([1, 2, 0.6], {}, "move() argument 'speed': expected a number of at most 0.5, got 0.6 (float)"),
        (
            ["a", None],
            {},
            "move() argument 'x': expected a number, got 'a' (str); argument 'y': expected a number, got None",
        ),
    ],
)
def test_each_way_to_call_wrongly_is_named(args: list[Any], kwargs: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        move.bind(args, kwargs)
    assert str(caught.value) == message


def test_bound_arguments_come_in_order_with_defaults_and_exact_types() -> None:
    bound = move.bind([], {"y": 2, "x": 1})
    assert list(bound.items()) == [("x", 1.0), ("y", 2.0), ("speed", 0.1)]
    assert type(bound["x"]) is float
    assert move.invoke(bound) is True


@pytest.mark.parametrize(
    ("annotation", "value", "expected"),
    [
        (float, 3, 3.0),
        (float, np.float32(0.5), 0.5),
        (float, np.int64(2), 2.0),
        (int, np.int64(2), 2),
        (bool, np.bool_(True), True),
        (int, 10**100, 10**100),
        (list[float], (1, 2), [1.0, 2.0]),
        (list[float], np.array([1.0, 2.0]), [1.0, 2.0]),
        (tuple[float, float], [1, 2], (1.0, 2.0)),
        (tuple[int, ...], [1, 2, 3], (1, 2, 3)),
        (set[str], ["a", "b"], {"a", "b"}),
        (dict[str, float], {"a": 1}, {"a": 1.0}),
        (float | None, None, None),
        (int | str, "3", "3"),
        (Literal["a", "b"], "b", "b"),
        (Color, "red", Color.RED),
        (Color, Color.GREEN, Color.GREEN),
        (bytes, b"x", b"x"),
        (Any, [1, "a"], [1, "a"]),
        (Pose, {"position": [1, 2, 3], "color": "red"}, Pose((1.0, 2.0, 3.0), 0.0, Color.RED)),
        (list[Pose], [Pose((1, 2, 3))], [Pose((1.0, 2.0, 3.0))]),
        (Tree, {"name": "a", "branches": [{"name": "b"}]}, Tree("a", [Tree("b")])),
        (Annotated[float, Field(allow_inf_nan=True)], math.inf, math.inf),
        (Annotated[list[float], Field(min_length=2)], [1, 2], [1.0, 2.0]),
    ],
)
def test_lossless_conversions_happen(annotation: Any, value: Any, expected: Any) -> None:
    got = one(annotation, value)
    assert got == expected
    assert type(got) is type(expected)


@pytest.mark.parametrize(
    ("annotation", "value", "message"),
    [
        (int, "3", "'value': expected a whole number, got '3' (str)"),
        (int, True, "'value': expected a whole number, got True"),
        (int, 1.5, "'value': expected a whole number, got 1.5 (float)"),
        (float, False, "'value': expected a number, got False"),
        (float, math.nan, "'value': expected a finite number, got nan (float)"),
        (float, math.inf, "'value': expected a finite number, got inf (float)"),
        (str, 3, "'value': expected a string, got 3 (int)"),
        (bool, 1, "'value': expected True or False, got 1 (int)"),
        (list[float], {1.0}, "'value': expected a list[float], got {1.0} (set)"),
        (list[float], "12", "'value': expected a list[float], got '12' (str)"),
        (list[float], [1, "b"], "'value[1]': expected a number, got 'b' (str)"),
        (tuple[float, float], [1], "'value': expected a tuple[float, float], got [1] (list)"),
        (set[str], ["a", "a"], "'value': expected a set, got a list with repeated items"),
        (dict[str, float], {1: 2.0}, "'key of value': expected a string, got 1 (int)"),
        (dict[str, float], {"a": "b"}, "\"value['a']\": expected a number, got 'b' (str)"),
        (Literal["a", "b"], "c", "'value': expected one of 'a', 'b', got 'c' (str)"),
        (Literal[1, 2], True, "'value': expected one of 1, 2, got True"),
        (Literal[True], 1, "'value': expected True, got 1 (int)"),
        (Color, "blue", "'value': expected one of Color.RED, Color.GREEN, got 'blue' (str)"),
        (int | None, "x", "'value': expected a whole number or None, got 'x' (str)"),
        (int | str, 1.5, "'value': expected a whole number or a string, got 1.5 (float)"),
        (Pose, 3, "'value': expected a Pose, got 3 (int); write Pose(position, yaw=..., color=...)"),
        (Pose, {"position": (0, 0, 0), "yaw": 4}, f"'value.yaw': expected a number from {-math.pi} to {math.pi}, "),
        (Pose, {}, "'value': field 'position' of Pose is missing"),
        (Pose, {"position": (0, 0, 0), "yew": 1}, "'value': Pose has no field 'yew'; did you mean 'yaw'?"),
        (Annotated[str, Field(min_length=1)], "", "'value': expected a string of at least 1 characters, got '' (str)"),
        (np.ndarray, "x", "'value': expected a numpy array, got 'x' (str)"),
        (NDArray[np.int64], np.array([0.5]), "'value': expected a numpy array of int64, got one of float64"),
        (Image, [[1]], "'value': expected an Image, got [[1]] (list)"),
    ],
)
def test_everything_else_is_refused(annotation: Any, value: Any, message: str) -> None:
    assert complaint(annotation, value).startswith(message)


def test_a_dataclass_that_a_program_filled_wrongly_is_checked_field_by_field() -> None:
    """In Python nothing stops `Pose("here")`; at the boundary something does."""
    assert complaint(Pose, Pose("here")) == (  # type: ignore[arg-type]
        "'value.position': expected a tuple[float, float, float], got 'here' (str)"
    )


def test_what_a_dataclass_says_of_itself_reaches_the_program() -> None:
    @dataclass
    class Range:
        low: float
        high: float

        def __post_init__(self) -> None:
            if self.low > self.high:
                raise ValueError("low must not be above high")

    assert complaint(Range, {"low": 2, "high": 1}) == "'value': low must not be above high"


def test_arrays_cross_as_they_are_and_lists_of_numbers_become_arrays() -> None:
    array = np.zeros((2, 3), dtype=np.float32)
    assert one(np.ndarray, array) is array
    assert one(NDArray[np.float64], [[1, 2]]).dtype == np.float64
    assert one(NDArray[np.float64], array).dtype == np.float64


def test_every_kind_of_parameter() -> None:
    @tool
    def mixed(a: int, /, b: int, *rest: float, c: str, d: str = "d", **extra: int) -> tuple[Any, ...]:
        return a, b, rest, c, d, extra

    bound = mixed.bind([1, 2, 3, 4], {"c": "c", "e": 5})
    assert bound == {"a": 1, "b": 2, "rest": (3.0, 4.0), "c": "c", "d": "d", "extra": {"e": 5}}
    assert mixed.invoke(bound) == (1, 2, (3.0, 4.0), "c", "d", {"e": 5})
    with pytest.raises(ArgumentError, match=r"missing argument 'c' \(a string\)"):
        mixed.bind([1, 2])
    with pytest.raises(ArgumentError, match=r"argument 'rest\[1\]': expected a number, got 'x'"):
        mixed.bind([1, 2, 3, "x"], {"c": "c"})
    with pytest.raises(ArgumentError, match=r"expected a whole number, got 'x'"):
        mixed.bind([1, 2], {"c": "c", "e": "x"})


def test_positional_only_arguments_cannot_be_named() -> None:
    @tool
    def f(a: int, /) -> None: ...

    with pytest.raises(ArgumentError, match=r"f\(\) takes argument 'a' by position only"):
        f.bind([], {"a": 1})


def test_messages_stay_short_and_printable() -> None:
    flood = "\x1b[2J" + "x" * 100_000
    texts = [
        complaint(int, flood),
        complaint(str, 10**5000),
        complaint(Pose, {flood: 1}),
        complaint(dict[str, int], {flood: "a"}),
    ]
    with pytest.raises(ArgumentError) as caught:
        move.bind([], {flood: 1})
    for text in (*texts, str(caught.value)):
        assert len(text) < 250
        assert text.isprintable()


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda v: st.lists(v, max_size=3))
)
def test_any_value_is_either_taken_or_refused_with_a_message(value: Any) -> None:
    for annotation in (float, Pose, list[int], Color | None, dict[str, float], np.ndarray):
        with suppress(ArgumentError):  # any other exception fails the test
            one_of[annotation].bind([value])


def _probe(annotation: Any) -> Tool:
    def probe(value: Any) -> None: ...

    probe.__annotations__["value"] = annotation
    return Tool(probe)


one_of = {kind: _probe(kind) for kind in (float, Pose, list[int], Color | None, dict[str, float], np.ndarray)}


def test_constraints_are_refused_at_declaration_where_types_cannot_cross() -> None:
    import socket

    with pytest.raises(ToolError, match=r"argument 'value' is annotated `socket.socket`, which cannot cross"):
        one(socket.socket, None)
