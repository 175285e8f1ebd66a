"""Replays of episodes with tools that reach outside: they answer as recorded, or are called again."""

from __future__ import annotations

import enum
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import gymnasium
import numpy as np
import pytest

from codeact import Toolbox, events
from codeact.agent import ProgramAgent
from codeact.episode import play, replay
from codeact.episode.declared_again import DeclaredAgain
from codeact.episode.stand_ins import restored
from codeact.errors import ToolError, TraceError
from codeact.values import to_json

CALLED: list[str] = []


class Kind(enum.Enum):
    BOLT = "bolt"
    GEAR = 2


@dataclass(frozen=True)
class Part:
    """A part."""

    name: str
    kind: Kind = Kind.BOLT
    bins: list[int] = field(default_factory=list)
    near: tuple[float, float] | None = None


class Sold(ToolError):
    """It is sold."""


def part(name: str, *, how: Literal["fast", "slow"] = "fast") -> Part:
    """A part by its name."""
    CALLED.append(name)
    if name == "moon":
        raise Sold("the moon is sold")
    return Part(name, Kind.GEAR, [1, 2], (0.5, 0.25))


def count(parts: list[Part]) -> int:
    CALLED.append("count")
    return len(parts)


def heights(rows: int) -> np.ndarray:
    CALLED.append("heights")
    return np.ones((rows, rows))


def shop() -> Toolbox:
    inner = Toolbox([heights], name="land")
    return Toolbox([part, count, inner], name="shop", errors=[Sold])


PROGRAM = """
found = shop.part("gear")
print(found.kind is Kind.GEAR, found.bins, found.near, shop.count([found, Part("bolt")]))
try:
    shop.part("moon", how="slow")
except Sold as error:
    print(error)
try:
    shop.part(3)
except ArgumentError:
    print("no name")
print(shop.land.heights(2).sum())
"""


@pytest.fixture
def record(tmp_path: Path) -> Callable[..., Path]:
    def play_it(*programs: str, approve: Any = None) -> Path:
        env: Any = gymnasium.make("CodeAct/Reach-v0", extra_tools=shop())
        episode = play(ProgramAgent(list(programs), approve=approve), env, seed=2, out=tmp_path)
        env.close()
        CALLED.clear()
        assert episode.directory is not None
        return episode.directory

    return play_it


def test_tools_from_outside_answer_as_recorded_and_are_not_called(record: Callable[..., Path]) -> None:
    told: list[events.Event] = []
    result = replay(record(PROGRAM, "print(shop.count([]))"), on_event=told.append)
    assert result.equal, result.difference
    assert not CALLED
    printed = "".join(event.text for event in told if isinstance(event, events.Printed))
    assert printed == "True [1, 2] (0.5, 0.25) 2\nthe moon is sold\nno name\n4.0\n0\n"
    assert "tools from outside were not called: 5 of their calls were answered as recorded" in result.notes


def test_they_are_called_again_where_that_is_asked_for(record: Callable[..., Path]) -> None:
    run = record("print(shop.count([]))")
    assert replay(run, tools=shop()).equal
    assert CALLED == ["count"]


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ("shop.count([Part('x')])", "in turn 1, shop.count(parts=["),
        ("pass", "in turn 1, shop.count() was called, and now is not"),
    ],
)
def test_another_call_is_a_difference(record: Callable[..., Path], now: str, said: str) -> None:
    run = record("shop.count([])")
    trace = run / "trace.jsonl"
    trace.write_text(trace.read_text().replace(json.dumps("shop.count([])"), json.dumps(now)))
    result = replay(run)
    assert not result.equal
    assert str(result.difference).startswith(said)


def test_a_call_that_was_refused_is_refused_again(record: Callable[..., Path]) -> None:
    told: list[events.Event] = []
    program = "try:\n    shop.part('gear')\nexcept Refused as error:\n    print(error)"
    result = replay(record(program, approve=lambda call: "not now"), on_event=told.append)
    assert result.equal
    assert [event.text for event in told if isinstance(event, events.Printed)] == ["not now\n"]


def test_what_a_trace_does_not_hold_whole_is_said(record: Callable[..., Path]) -> None:
    result = replay(record("shop.land.heights(30)"))
    assert str(result.difference) == (
        "in turn 1, what shop.land.heights() returned is not whole in the trace (ndarray)"
    )


def test_stubs_of_a_trace_are_read_and_never_run(tmp_path: Path) -> None:
    left = tmp_path / "left"
    hostile = (
        f"open({str(left)!r}, 'w')\n"
        f"def f(a: open({str(left)!r}, 'w') = open({str(left)!r}, 'w')) -> __import__('os').system('x'): ...\n"
        f"@dataclass(open({str(left)!r}, 'w'))\nclass T:\n    x: int = open({str(left)!r}, 'w')\n"
        f"class g:\n    open({str(left)!r}, 'w')\n"
    )
    declared = DeclaredAgain(hostile)
    assert str(declared.signatures["f"]) == "(a: Any = None) -> Any"
    assert not left.exists()
    with pytest.raises(TraceError, match="stubs that are no Python"):
        DeclaredAgain("def f(:")


def test_values_are_made_again() -> None:
    declared = DeclaredAgain(shop().stubs(whole=True))
    again = declared.types["Part"]
    values: list[Any] = [
        1, 1.5, "a", None, True, float("inf"), 2j, b"\x00\xff", (1, (2,)), {1, 2}, frozenset({"a"}), {"a": [1]},
        {1: "a", (2, 3): b"b"}, np.float32(0.5), 10**50,
    ]  # fmt: skip
    for value in values:
        assert restored(to_json(value), {}) == value
        assert type(restored(to_json(value), {})) is type(value)
    part = restored(to_json(Part("x", near=(1.0, 2.0))), declared.types)
    assert (type(part), part.kind.value, part.near) == (again, "bolt", (1.0, 2.0))
    assert again("y").bins == []
