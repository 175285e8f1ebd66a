"""The parts of the work area: what they are called, where they are, and that an arm reaches them."""

from __future__ import annotations

import math

import pytest

from codeact.errors import Refused
from codeact.sandbox import Sandbox
from codeact.tools import Toolbox
from codeact_envs.bullet.errors import NotUnderstood
from codeact_envs.bullet.geometry.work_area import AREAS, CORNERS, SIDES, holds
from codeact_envs.bullet.tools.skills.areas import Areas


def test_left_is_where_y_grows_and_the_front_is_near_the_robot() -> None:
    assert AREAS["front left corner"].center == (0.36, 0.36)
    assert AREAS["back right corner"].center == (0.60, -0.36)
    assert AREAS["left side"].center[1] > 0.0 > AREAS["right side"].center[1]
    assert AREAS["front side"].center[0] < AREAS["back side"].center[0]


def test_each_corner_lies_in_the_two_sides_that_it_is_named_after_and_not_in_the_middle() -> None:
    for name in CORNERS:
        within = {side for side in SIDES if holds(AREAS[side], *AREAS[name].center)}
        assert within == {f"{word} side" for word in name.split()[:2]}
        assert not holds(AREAS["middle"], *AREAS[name].center)
        assert holds(AREAS["work area"], *AREAS[name].center)


def test_a_program_finds_them() -> None:
    with Sandbox(Toolbox.of(Areas(), allow=["areas", "area"], errors=[NotUnderstood])) as sandbox:
        result = sandbox.run("[area(name).center for name in areas() if name.endswith('corner')]")
        assert result.value == [AREAS[name].center for name in CORNERS]


def test_another_name_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(Refused, match="'top left corner'; there are front left corner, "):
        Areas().area("top left corner")
    assert Areas().area("Left  Side") == AREAS["left side"]


_HALF = math.sqrt(0.5)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("left of", (0.0, 1.0)),
        ("to the Right of", (0.0, -1.0)),
        ("behind", (1.0, 0.0)),
        ("in back of", (1.0, 0.0)),
        ("beyond", (1.0, 0.0)),
        ("on the far side of", (1.0, 0.0)),
        ("away from the robot", (1.0, 0.0)),
        ("in front of", (-1.0, 0.0)),
        ("on the robot's side of", (-1.0, 0.0)),
        ("toward the robot", (-1.0, 0.0)),
        ("towards the robot's side", (-1.0, 0.0)),
        ("to the robot's left", (0.0, 1.0)),
        ("on the robot's right side", (0.0, -1.0)),
        ("farther from the robot than", (1.0, 0.0)),
        ("front left", (-_HALF, _HALF)),
        ("behind and to the right of", (_HALF, -_HALF)),
        ("horizontally, from left to right", (0.0, -1.0)),
        ("vertically, from front to back", (1.0, 0.0)),
        ("diagonally, from the front left to the back right", (_HALF, -_HALF)),
        ("from the front left corner to the front right corner", (0.0, -1.0)),
        ("from the back towards the left", (-_HALF, _HALF)),
        ("from the left toward the robot", (-_HALF, -_HALF)),
        ("from the robot to the far side", (1.0, 0.0)),
    ],
)
def test_a_direction_in_words_is_a_unit_vector(words: str, expected: tuple[float, float]) -> None:
    assert Areas().direction_vector(words) == pytest.approx(expected)


@pytest.mark.parametrize(
    "words",
    [
        "",
        "up",
        "left and right",
        "from the left to the left",
        "of",
        "north",
        "from the left",
        "away from the left side",
        "further to the left",
        "near the left side",
        "right behind",
        "in front of the robot",
        "not from left to right",
        "behind, from left to right",
        "from left to right, from front to back",
        "from " * 100_000,
    ],
    ids=lambda words: words[:40],
)
def test_words_that_give_no_direction_are_refused(words: str) -> None:
    with pytest.raises(NotUnderstood, match="say it as in 'left of', 'behind'"):
        Areas().direction_vector(words)
