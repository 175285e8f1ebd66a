"""Tipping a body over, shoving a puck, and putting something down at an angle."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest

from codeact_envs.bullet import BodySpec, BulletWorld, Placement
from codeact_envs.bullet.errors import NotGraspable, OutOfReach, TooFast
from codeact_envs.bullet.geometry.rotations import rotation_matrix
from codeact_envs.bullet.tools.tabletop import TabletopApi

BODIES = [
    BodySpec("block", "capped_block", (0.05, 0.05, 0.05), 0.08),
    BodySpec("bar", "box", (0.08, 0.03, 0.03), 0.05),
    BodySpec("tile", "box", (0.06, 0.06, 0.015), 0.05),
    BodySpec("puck", "puck", (0.07, 0.07, 0.03), 0.08),
]


@pytest.fixture(scope="module")
def world() -> Iterator[BulletWorld]:
    with BulletWorld(BODIES) as world:
        yield world


@pytest.fixture
def api(world: BulletWorld) -> TabletopApi:
    world.reset(
        [
            Placement("block", "block", (0.5, 0.1, 0.025), 0.3),
            Placement("bar", "bar", (0.5, -0.1, 0.015), 0.2),
            Placement("tile", "tile", (0.5, -0.3, 0.0075)),
            Placement("puck", "puck", (0.45, 0.3, 0.015)),
        ]
    )
    return TabletopApi(world)


def test_tip_lays_what_was_on_top_to_that_side(world: BulletWorld, api: TabletopApi) -> None:
    way = 0.3 - math.pi / 2.0
    assert api.tip("block", math.cos(way), math.sin(way)) is True
    rotation = rotation_matrix(world.pose("block").quaternion)
    up = [row[2] for row in rotation]
    assert up == pytest.approx([math.cos(way), math.sin(way), 0.0], abs=0.1)
    assert api.held() is None
    assert world.violations == ()


def test_tip_refuses_what_is_too_flat_before_anything_moves(world: BulletWorld, api: TabletopApi) -> None:
    before = world.state_hash()
    with pytest.raises(NotGraspable, match="too flat"):
        api.tip("tile", 0.0, 1.0)
    with pytest.raises(OutOfReach, match="direction"):
        api.tip("block", 0.0, 0.0)
    assert world.state_hash() == before


def test_shove_lets_a_puck_slide_on_as_far_as_friction_lets_it(world: BulletWorld, api: TabletopApi) -> None:
    speed = 0.15
    assert api.shove("puck", 0.15, 0.0, speed) is True
    x, y, _ = world.pose("puck").position
    assert x == pytest.approx(0.6 + speed**2 / (2.0 * 9.81 * 0.01), abs=0.05)
    assert y == pytest.approx(0.3, abs=0.03)
    assert world.violations == ()


def test_shove_refuses_a_speed_that_the_arm_has_not_on_that_line(world: BulletWorld, api: TabletopApi) -> None:
    before = world.state_hash()
    with pytest.raises(TooFast, match="along this line"):
        api.shove("puck", 0.2, 0.0, 0.5)
    assert world.state_hash() == before


@pytest.mark.parametrize("yaw", [0.0, 0.6, 1.4])
def test_place_at_turns_the_body_as_asked(world: BulletWorld, api: TabletopApi, yaw: float) -> None:
    assert api.pick("bar")
    assert api.place_at(0.45, -0.05, yaw=yaw)
    rotation = rotation_matrix(world.pose("bar").quaternion)
    found = math.atan2(rotation[1][0], rotation[0][0])
    assert math.remainder(found - yaw, math.pi) == pytest.approx(0.0, abs=0.05)
