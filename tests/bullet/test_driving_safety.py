"""A base drives nowhere where it, or the arm on it, would run into something."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest

from codeact_envs.bullet import BodySpec, BulletWorld, Placement
from codeact_envs.bullet.errors import InCollision, KeepOut, TooFast
from codeact_envs.bullet.robots.description import Volume

SPECS = (
    BodySpec("post", "box", (0.1, 0.1, 1.1), 5.0, "gray"),
    BodySpec("crate", "box", (0.5, 0.5, 0.5), 8.0, "orange"),
)
POST = Placement("post", "post", (0.78, 0.0, 0.55))  # behind the front bumper's reach, in front of the hand
BESIDE = Placement("crate", "crate", (-1.676, 0.566, 0.25), 0.615)
DRAWN_IN = [0.0, -1.7, 0.0, -2.6, 0.0, 1.9, 0.785]


@pytest.fixture(scope="module")
def fetcher() -> Iterator[BulletWorld]:
    with BulletWorld(SPECS, robot="husky_panda") as world:
        yield world


def test_an_arm_that_reaches_beyond_its_base_is_looked_after(fetcher: BulletWorld) -> None:
    fetcher.reset([POST])
    base, before = fetcher.base_controller, fetcher.state_hash()
    assert base is not None
    for drive in (lambda: base.drive_to(0.1, 0.0, 0.0), lambda: base.drive_straight(0.1)):
        with pytest.raises(InCollision, match=r"its arm would hit 'post' at .*draw the arm in first"):
            drive()
    assert fetcher.state_hash() == before
    assert fetcher.controller.move_joints(np.array(DRAWN_IN)).reached
    assert base.drive_straight(0.1).reached
    assert fetcher.violations == ()


def test_an_arm_that_is_carried_keeps_out_of_what_the_base_passes_below() -> None:
    lamp = Volume("the lamp", (1.1, -0.3, 0.75), (1.4, 0.3, 1.0))
    with BulletWorld([], robot="husky_panda", keep_out=[lamp]) as world:
        base, before = world.base_controller, world.state_hash()
        assert base is not None
        with pytest.raises(KeepOut, match=r"its arm would come into the lamp"):
            base.drive_to(0.45, 0.0)
        assert world.state_hash() == before


@pytest.mark.usefixtures("unchecked_base")
def test_an_arm_that_runs_into_something_ends_the_drive(fetcher: BulletWorld) -> None:
    fetcher.reset([POST])
    assert fetcher.base_controller is not None
    result = fetcher.base_controller.drive_straight(0.2)
    assert not result.reached
    assert "the arm ran into 'post'" in fetcher.violations


@pytest.fixture
def unchecked_base(fetcher: BulletWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(fetcher.base_controller), "_require_clear", lambda self, legs, pushing=False: None)


def test_a_base_whose_wheels_slipped_off_its_way_looks_again() -> None:
    with BulletWorld(SPECS, robot="husky") as world:
        world.reset([BESIDE])
        base = world.base_controller
        assert base is not None
        base.drive_to(-1.9861, -0.2348)
        assert world.violations == ()
        assert world.pose("crate").position[:2] == pytest.approx(BESIDE.position[:2], abs=0.001)


def test_a_speed_limit_holds_for_the_arm_on_a_driving_base() -> None:
    with BulletWorld([], robot="husky_panda", speed_limit=0.25) as world:
        base, arm, bullet = world.base_controller, world.arm, world.simulation.bullet
        assert base is not None
        links, speeds = sorted(link for link in arm.links if link >= 0), [0.0]

        def look() -> None:
            states = bullet.getLinkStates(
                arm.body, links, computeLinkVelocity=1, physicsClientId=world.simulation.client
            )
            speeds.append(max(math.hypot(*state[6]) for state in states))

        with pytest.raises(TooFast, match=r"at most 0\.1875 m/s"):
            base.drive_to(1.0, 0.0, speed=0.3)
        world.simulation.capture_every(4, look)
        assert base.drive_to(0.2, 0.1).reached
        assert 0.12 < max(speeds) < 0.25
        assert world.violations == ()
