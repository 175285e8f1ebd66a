"""The tool along a given way, and what ends it when something holds against the fingers."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from codeact_envs.bullet import BodySpec, BulletWorld, Placement
from codeact_envs.bullet.bodies.shapes import SHAPES
from codeact_envs.bullet.errors import OutOfReach

Array = NDArray[np.float64]
CABINET = Placement("drawer", "drawer", (0.62, 0.0, SHAPES["drawer"].size[2] / 2.0))


@pytest.fixture(scope="module")
def shared() -> Iterator[BulletWorld]:
    with BulletWorld([BodySpec("drawer", "drawer", SHAPES["drawer"].size)]) as world:
        yield world


@pytest.fixture
def kitchen(shared: BulletWorld) -> BulletWorld:
    shared.reset([CABINET])
    return shared


def arc(pose: Array, center: tuple[float, float], angle: float, count: int = 12) -> list[Array]:
    """Poses on the way of a hand that is turned about an upright axis through `center`."""
    poses = []
    for index in range(1, count + 1):
        c, s = math.cos(angle * index / count), math.sin(angle * index / count)
        turn = np.array([[c, -s, 0.0, 0.0], [s, c, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]])
        away = np.eye(4)
        away[:2, 3] = center
        poses.append(away @ turn @ np.linalg.inv(away) @ pose)
    return poses


def grip_handle(world: BulletWorld) -> None:
    x, y, z = world.handle("drawer").pose.position
    controller, yaw = world.controller, math.pi / 2.0
    controller.open(0.03)
    pose = np.array([[0.0, 1.0, 0.0, x], [1.0, 0.0, 0.0, y], [0.0, 0.0, -1.0, z + 0.1], [0.0, 0.0, 0.0, 1.0]])
    q = controller.kinematics.inverse(pose, controller.kinematics.seeds(x, y, yaw))
    assert q is not None
    controller.move_joints(q)
    controller.move_line((x, y, z))
    controller.squeeze()
    assert world.held() == "drawer"


def along(world: BulletWorld, dx: float) -> list[Array]:
    poses = []
    for index in range(1, 9):
        pose = world.controller.tool()
        pose[0, 3] += dx * index / 8.0
        poses.append(pose)
    return poses


def test_the_hand_goes_round_an_arc_and_turns_with_it(kitchen: BulletWorld) -> None:
    kitchen.reset(())
    controller = kitchen.controller
    rows: list[list[float]] = []
    kitchen.arm.recorder = lambda more: rows.extend(row[:7] for row in more)
    begin = controller.tool()
    center, radius = (float(begin[0, 3]) + 0.0, float(begin[1, 3]) + 0.2), 0.2
    poses = arc(begin, center, 0.8)
    result = controller.move_through(poses, 0.8 * radius, speed=0.1)
    kitchen.arm.recorder = None
    assert result.reached
    assert result.duration >= 0.8 * radius / 0.1
    assert controller.tool() == pytest.approx(poses[-1], abs=1e-4)
    for row in rows:
        x, y, z = controller.kinematics.forward(np.array(row))[:3, 3]
        assert math.hypot(x - center[0], y - center[1]) == pytest.approx(radius, abs=2e-4)
        assert z == pytest.approx(begin[2, 3], abs=2e-4)


def test_a_way_out_of_reach_is_refused_and_nothing_moves(kitchen: BulletWorld) -> None:
    before, pose = kitchen.state_hash(), kitchen.controller.tool()
    with pytest.raises(OutOfReach, match="cannot follow this way"):
        kitchen.controller.move_through(arc(pose, (0.0, 3.0), 1.0), 3.0)
    assert kitchen.state_hash() == before


def test_a_drawer_that_comes_easily_comes(kitchen: BulletWorld) -> None:
    grip_handle(kitchen)
    assert kitchen.controller.move_through(along(kitchen, -0.12), 0.12, speed=0.1, force=40.0).reached
    assert kitchen.joint("drawer").position == pytest.approx(0.12, abs=0.002)


@pytest.mark.parametrize("limit", [40.0, 80.0])
def test_a_drawer_at_its_end_is_not_pulled_harder_than_allowed(kitchen: BulletWorld, limit: float) -> None:
    grip_handle(kitchen)
    result = kitchen.controller.move_through(along(kitchen, -0.17), 0.17, speed=0.05, force=limit)
    assert not result.reached
    assert f"more than {limit:g} N" in result.reason
    assert kitchen.joint("drawer").fraction > 0.8
    assert kitchen.violations == ()
    kitchen.controller.open(0.035)
    x, y, z = kitchen.controller.tool()[:3, 3]
    assert kitchen.controller.move_line((x, y, z + 0.1)).reached
