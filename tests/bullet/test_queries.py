"""Descriptions in words, and what they choose."""

from __future__ import annotations

import pytest

from codeact_envs.bullet.errors import Ambiguous, NotUnderstood, UnknownObject
from codeact_envs.bullet.geometry.poses import Pose
from codeact_envs.bullet.perception.queries import find_all, find_one
from codeact_envs.bullet.perception.seen import Seen


def thing(name: str, shape: str, x: float, y: float, z: float, edge: float = 0.04) -> Seen:
    color = name.split()[0]
    return Seen(name, shape, color, (edge, edge, 0.04), Pose((x, y, z), (0.0, 0.0, 0.0, 1.0)))


# Seen from the robot: red, bowl and blue from left to right; green far away, on yellow.
TABLE = (
    thing("red block", "box", 0.45, 0.20, 0.02),
    thing("blue block", "box", 0.45, -0.25, 0.02),
    thing("white bowl", "bowl", 0.45, 0.00, 0.02, 0.14),
    thing("yellow block", "box", 0.62, 0.05, 0.02, 0.06),
    thing("green block", "box", 0.62, 0.05, 0.06),
    thing("black block", "box", 0.45, 0.00, 0.03, 0.03),
)


def test_a_description_has_an_end() -> None:
    with pytest.raises(NotUnderstood, match="at most 500 characters, not 90,005"):
        find_one("block" + " left of the block" * 5000, TABLE)
    with pytest.raises((Ambiguous, UnknownObject)):
        find_one("block" + " left of the block" * 27, TABLE)


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("the bowl", "white bowl"),
        ("red cube", "red block"),
        ("the block left of the bowl and in front of the yellow block", "red block"),
        ("the block left of the bowl and front of the yellow block", "red block"),
        ("the block to the right of the bowl", "blue block"),
        ("the block in the bowl", "black block"),
        ("the block on the yellow block", "green block"),
        ("the block under the green block", "yellow block"),
        ("the leftmost block", "red block"),
        ("the second block from the left", "yellow block"),
        ("second rightmost block", "black block"),
        ("the largest block", "yellow block"),
        ("the block nearest to the blue block", "black block"),
        ("the nearest block to the blue block", "black block"),
        ("the block nearest the blue block", "black block"),
        ("the block that is nearest the blue block", "black block"),
        ("the block right of the red block and nearest the bowl", "black block"),
        ("the second block nearest the blue block", "yellow block"),
        ("the block right of the block nearest the bowl", "blue block"),
        ("the block nearest to the robot", "black block"),
        ("the second closest block to the robot", "red block"),
        ("the block farthest from the bowl", "blue block"),
        ("the block between the red block and the blue block", "black block"),
        ("the block behind the bowl and on the table", "yellow block"),
    ],
)
def test_one_thing_is_found(query: str, name: str) -> None:
    assert find_one(query, TABLE).name == name


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("all the blocks behind the bowl", ["yellow block", "green block"]),
        ("the two blocks nearest to the bowl", ["black block", "yellow block"]),
        ("purple things", []),
    ],
)
def test_several_are_found(query: str, names: list[str]) -> None:
    assert [each.name for each in find_all(query, TABLE)] == names


@pytest.mark.parametrize(
    ("query", "error", "message"),
    [
        ("the block", Ambiguous, "fits 5 objects: red block, blue block, "),
        ("purple block", UnknownObject, "understood as <purple, block>; there are red block"),
        ("the block left of the block", Ambiguous, "'the block', understood"),
        ("the shiny block", NotUnderstood, "'shiny' is not understood, after <the>; known are colours"),
        ("the block left of", NotUnderstood, "something is missing"),
        ("", NotUnderstood, "describes nothing"),
        ("the second block", NotUnderstood, "in which order"),
        ("second block from the middle", NotUnderstood, "Sides are left"),
    ],
)
def test_what_is_not_clear_is_refused(query: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        find_one(query, TABLE)
