"""Motions around obstacles touch nothing, are the same every time, and planning them leaves the world as it was."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from codeact_envs.bullet import BodySpec, BulletWorld, Placement
from codeact_envs.bullet.errors import InCollision, OutOfReach
from codeact_envs.bullet.free_motion import FreeMotion

WALL = BodySpec("wall", "box", (0.3, 0.04, 0.4), 2.0)
CUBE = BodySpec("cube", "box", (0.04, 0.04, 0.04))
LAYOUT = (Placement("wall", "wall", (0.5, 0.0, 0.2)), Placement("cube", "cube", (0.75, -0.5, 0.02)))
OTHER = np.array([-0.6, 0.1, 0.0, -2.3, 0.0, 2.4, 0.785])
LOW = np.array([0.6, 0.1, 0.0, -2.3, 0.0, 2.4, 0.785])  # beyond the wall, seen from `OTHER`


@pytest.fixture(scope="module")
def wall_world() -> Iterator[BulletWorld]:
    with BulletWorld([WALL, CUBE]) as world:
        yield world


@pytest.fixture
def free_motion(wall_world: BulletWorld) -> FreeMotion:
    wall_world.reset(LAYOUT)
    wall_world.arm.commanded = OTHER.copy()
    bullet, client, arm = wall_world.simulation.bullet, wall_world.simulation.client, wall_world.arm
    for joint, value in zip(arm.joints, OTHER, strict=True):
        bullet.resetJointState(arm.body, joint, value, physicsClientId=client)
    arm.hold()
    return FreeMotion(wall_world)


def test_it_goes_around_a_wall_without_touching_it(wall_world: BulletWorld, free_motion: FreeMotion) -> None:
    before = wall_world.pose("wall").position
    free_motion.look()
    assert free_motion.model.line_hit(OTHER, LOW) is not None, "the straight way is barred"
    result = free_motion.to_joints(LOW)
    assert result.reached
    assert result.contacts == ()
    assert result.position_error < 1e-3
    assert wall_world.pose("wall").position == pytest.approx(before, abs=1e-4)
    assert wall_world.violations == ()


def test_planning_changes_nothing_in_the_world(wall_world: BulletWorld, free_motion: FreeMotion) -> None:
    start = wall_world.save_state()

    def future(plan: bool) -> str:
        wall_world.restore_state(start)
        if plan:
            free_motion.look()
            assert free_motion.planner.plan(wall_world.arm.commanded, [LOW]) is not None
        wall_world.settle(0.3)
        return wall_world.state_hash()

    assert future(False) == future(True) == future(False)


def test_the_same_question_has_the_same_answer_whatever_was_asked_before(free_motion: FreeMotion) -> None:
    free_motion.look()
    first = free_motion.planner.plan(OTHER, [LOW])
    free_motion.planner.plan(LOW, [OTHER])
    again = free_motion.planner.plan(OTHER, [LOW])
    assert first is not None
    assert again is not None
    assert len(first) > 2
    assert np.array(first).tobytes() == np.array(again).tobytes()


def test_a_goal_inside_something_is_refused_by_name(free_motion: FreeMotion) -> None:
    pose = np.diag([1.0, -1.0, -1.0, 1.0])
    pose[:3, 3] = [0.5, 0.0, 0.3]
    with pytest.raises(InCollision, match="'wall'"):
        free_motion.to_pose(pose)
    folded = np.array([0.0, -1.7, 0.0, -3.05, 0.0, 0.0, 0.0])
    with pytest.raises(InCollision, match=r"itself|wall|table"):
        free_motion.to_joints(folded)
    with pytest.raises(OutOfReach, match="joint limits"):
        free_motion.to_joints(np.full(7, 9.0))


def test_a_hand_from_the_side_reaches_its_pose(free_motion: FreeMotion) -> None:
    # The tool's z axis looks along the world's x: a grasp from the side.
    pose = np.array([[0.0, 0.0, 1.0, 0.55], [0.0, 1.0, 0.0, 0.3], [-1.0, 0.0, 0.0, 0.25], [0.0, 0.0, 0.0, 1.0]])
    result = free_motion.to_pose(pose)
    assert result.reached
    assert result.position_error < 1e-3
    assert result.angle_error < 1e-2
