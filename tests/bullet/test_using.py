"""Leading what is held: along the table, against other things, and into them."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest

from codeact_envs.bullet import BodySpec, BulletWorld, Placement, TabletopApi
from codeact_envs.bullet.bodies.shapes import SHAPES
from codeact_envs.bullet.errors import InCollision, KeepOut, NothingHeld, OutOfReach, RobotRefused, TooFast, TooStrong

SPECS = (
    BodySpec("sponge", "sponge", SHAPES["sponge"].size, 0.03, "red"),
    BodySpec("hook", "hook", SHAPES["hook"].size, 0.12, "green"),
    BodySpec("can", "cylinder", (0.05, 0.05, 0.05), 0.08, "blue"),
    BodySpec("stick", "box", (0.03, 0.03, 0.12), 0.05, "yellow"),
    BodySpec("tower", "box", (0.08, 0.08, 0.25), 1.0, "gray"),
)


@pytest.fixture(scope="module")
def shared() -> Iterator[BulletWorld]:
    with BulletWorld(SPECS) as world:
        yield world


@pytest.fixture
def table(shared: BulletWorld) -> BulletWorld:
    shared.reset([Placement("sponge", "sponge", (0.45, 0.1, 0.015))])
    return shared


def test_a_sponge_slides_along_the_table(table: BulletWorld) -> None:
    api = TabletopApi(table)
    assert api.pick("sponge")
    assert api.move_held(0.45, 0.1, 0.001)
    assert api.move_held(0.5, -0.1, 0.001, yaw=0.5) is True
    x, y, _ = table.pose("sponge").position
    assert math.hypot(x - 0.5, y + 0.1) < 0.01
    assert table.held() == "sponge"
    assert table.violations == ()


def test_a_hook_draws_what_it_touches(shared: BulletWorld) -> None:
    shared.reset(
        [Placement("hook", "hook", (0.48, -0.2, 0.011)), Placement("can", "can", (0.8, 0.0, 0.025))],
    )
    api = TabletopApi(shared)
    assert api.pick("hook")
    centre = (0.8 - 0.1, 0.01)  # its end behind the can, its bar beside it
    assert api.move_held(*centre, 0.12, 0.0)
    assert api.move_held(*centre, 0.003, 0.0)
    assert api.move_held(centre[0] - 0.2, centre[1], 0.003, 0.0)
    assert shared.pose("can").position[0] < 0.7
    assert shared.violations == ()


def test_it_stops_where_something_holds_against_it(shared: BulletWorld) -> None:
    shared.reset([Placement("stick", "stick", (0.45, 0.1, 0.06)), Placement("tower", "tower", (0.6, -0.2, 0.125))])
    api = TabletopApi(shared)
    assert api.pick("stick")
    assert api.move_held(0.6, -0.2, 0.3)
    assert api.move_held(0.6, -0.2, 0.22, speed=0.03, force=15.0) is False
    assert shared.held() == "stick"
    assert shared.pose("tower").position[2] > 0.12
    assert shared.violations == ()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"z": -0.01}, KeepOut, "at least 0, not -0.01"),
        ({"z": math.nan}, KeepOut, "at least 0"),
        ({"x": math.inf}, KeepOut, "finite"),
        ({"x": 0.9}, OutOfReach, "outside the workspace"),
        ({"speed": 2.0}, TooFast, "0.5"),
        ({"force": 100.0}, TooStrong, "at most 40 N"),
        ({"force": 0.0}, TooStrong, "above 0"),
    ],
)
def test_refusals_move_nothing(
    table: BulletWorld, arguments: dict[str, float], error: type[RobotRefused], message: str
) -> None:
    api = TabletopApi(table)
    assert api.pick("sponge")
    before = table.state_hash()
    with pytest.raises(error, match=message):
        api.move_held(**{"x": 0.45, "y": 0.1, "z": 0.05, **arguments})
    assert table.state_hash() == before


def test_the_hand_itself_touches_nothing(shared: BulletWorld) -> None:
    shared.reset([Placement("sponge", "sponge", (0.45, 0.1, 0.015)), Placement("tower", "tower", (0.45, -0.15, 0.125))])
    api = TabletopApi(shared)
    with pytest.raises(NothingHeld, match="pick a tool first"):
        api.move_held(0.45, -0.1, 0.05)
    assert api.pick("sponge")
    before = shared.state_hash()
    with pytest.raises(InCollision, match="the hand would hit 'tower'"):
        api.move_held(0.45, -0.15, 0.05)
    assert shared.state_hash() == before
