"""Pouring from a cup that is taken from the side."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from codeact_envs.bullet import BodySpec, BulletWorld, Placement, TabletopApi
from codeact_envs.bullet.errors import InCollision, NotGraspable, RobotRefused

CUP = (0.056, 0.056, 0.085)
SPECS = (
    BodySpec("cup", "cup", CUP, 0.1, "red"),
    BodySpec("wide", "cup", (0.075, 0.075, 0.09), 0.1, "green"),
    BodySpec("bowl", "bowl", (0.16, 0.16, 0.05), 0.4, "blue"),
    BodySpec("block", "box", (0.04, 0.04, 0.04), 0.05, "yellow"),
    *(BodySpec(f"ball{index}", "ball", (0.02, 0.02, 0.02), 0.005, "orange") for index in range(2)),
)


@pytest.fixture(scope="module")
def world() -> Iterator[BulletWorld]:
    with BulletWorld(SPECS) as made:
        yield made


def test_what_is_in_a_cup_falls_into_a_bowl_and_the_cup_stands_again(world: BulletWorld) -> None:
    world.reset(
        [
            Placement("cup", "cup", (0.5, -0.15, CUP[2] / 2.0)),
            Placement("bowl", "bowl", (0.5, 0.15, 0.025)),
            Placement("ball0", "ball 1", (0.49, -0.15, 0.02)),
            Placement("ball1", "ball 2", (0.51, -0.15, 0.02)),
        ]
    )
    world.settle(0.3)
    assert TabletopApi(world).pour("cup", "bowl") is True
    room, cup = world.room("bowl"), world.pose("cup")
    assert all(room.contains(world.pose(f"ball {number}").position) for number in (1, 2))
    assert cup.position == pytest.approx((0.5, -0.15, CUP[2] / 2.0), abs=0.03)
    assert world.held() is None
    assert world.violations == ()


@pytest.mark.parametrize(
    ("name", "target", "error", "message"),
    [
        ("block", "bowl", NotGraspable, "nothing to pour from"),
        ("bowl", "cup", NotGraspable, "nothing to pour from"),
        ("wide", "bowl", NotGraspable, "from the side the hand takes at most 0.06"),
        ("cup", "cup", InCollision, "into itself"),
    ],
)
def test_refusals_move_nothing(
    world: BulletWorld, name: str, target: str, error: type[RobotRefused], message: str
) -> None:
    world.reset(
        [
            Placement("cup", "cup", (0.5, -0.15, CUP[2] / 2.0)),
            Placement("wide", "wide", (0.5, 0.0, 0.045)),
            Placement("bowl", "bowl", (0.5, 0.2, 0.025)),
            Placement("block", "block", (0.4, -0.3, 0.02)),
        ]
    )
    before = world.state_hash()
    with pytest.raises(error, match=message):
        TabletopApi(world).pour(name, target)
    assert world.state_hash() == before
