"""Motions around obstacles touch nothing, are the same every time, and planning them leaves the world as it was."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from codeact_envs.bullet import BodySpec, BulletWorld, Placement, TabletopApi
from codeact_envs.bullet.errors import InCollision, KeepOut, OutOfReach
from codeact_envs.bullet.handling.free_motion import FreeMotion
from codeact_envs.bullet.robots.description import Volume

WALL = BodySpec("wall", "box", (0.3, 0.04, 0.4), 2.0)
CUBE = BodySpec("cube", "box", (0.04, 0.04, 0.04))
LAYOUT = (Placement("wall", "wall", (0.5, 0.0, 0.2)), Placement("cube", "cube", (0.75, -0.5, 0.02)))
OTHER = np.array([-0.6, 0.1, 0.0, -2.3, 0.0, 2.4, 0.785])
LOW = np.array([0.6, 0.1, 0.0, -2.3, 0.0, 2.4, 0.785])  # beyond the wall, seen from `OTHER`


@pytest.fixture(scope="module")
def wall_world() -> Iterator[BulletWorld]:
    with BulletWorld([WALL, CUBE]) as world:
        yield world


def stand(world: BulletWorld, q: np.ndarray, name: str | None = None) -> None:
    """Put an arm at joint positions, without moving there."""
    bullet, client, arm = world.simulation.bullet, world.simulation.client, world.arms[world.arm_name(name)]
    arm.commanded = q.copy()
    for joint, value in zip(arm.joints, q, strict=True):
        bullet.resetJointState(arm.body, joint, value, physicsClientId=client)
    arm.hold()


@pytest.fixture
def free_motion(wall_world: BulletWorld) -> FreeMotion:
    wall_world.reset(LAYOUT)
    stand(wall_world, OTHER)
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


def test_neither_arm_nor_tool_goes_through_what_is_kept_out() -> None:
    glass = Volume("the glass", (0.3, -0.01, 0.0), (0.9, 0.01, 0.3))
    with BulletWorld([], keep_out=[glass]) as world:
        world.reset([])
        stand(world, OTHER)
        free_motion = FreeMotion(world)
        free_motion.look()
        hit = free_motion.model.line_hit(OTHER, LOW)
        assert hit is not None, "the straight way is barred"
        assert hit.volume == glass
        # The controller looks at every link 20 times a second, and stops and counts what comes into the volume.
        assert free_motion.to_joints(LOW).reached
        assert world.violations == ()
        with pytest.raises(KeepOut, match="the glass"):
            free_motion.to_joints(LOW * [0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0])


def test_the_tool_stays_inside_the_workspace_on_the_whole_way() -> None:
    with BulletWorld([]) as world:
        world.reset([])
        kinematics, controller = world.controller.kinematics, world.controller
        ends = []
        for y in (-0.45, 0.45):
            pose = np.diag([1.0, -1.0, -1.0, 1.0])
            pose[:3, 3] = [0.64, y, 0.15]
            q = kinematics.inverse(pose, kinematics.seeds(0.64, y, 0.0))
            assert q is not None
            ends.append(q)
        middle = kinematics.forward((ends[0] + ends[1]) / 2.0)[:3, 3]
        with pytest.raises(OutOfReach, match="workspace"):
            controller.require_allowed(*middle)
        stand(world, ends[0])
        rows: list[list[float]] = []
        world.arm.recorder = rows.extend
        assert FreeMotion(world).to_joints(ends[1]).reached
        assert len(rows) > 200
        for row in rows[::4]:
            x, y, z = kinematics.forward(np.array(row[:7]))[:3, 3]
            controller.require_allowed(x - 0.001, y, z)


def test_it_goes_around_another_arm() -> None:
    across = np.array([0.6, 0.2, 0.0, -1.9, 0.0, 2.5, 0.785])  # the right arm reaches over to the left
    start, goal = OTHER.copy(), LOW.copy()
    start[0], goal[0] = 0.5, -1.1
    with BulletWorld([], robot="two_pandas") as world:
        world.reset([])
        stand(world, across, "right")
        stand(world, start, "left")
        free_motion = FreeMotion(world, "left")
        free_motion.look()
        assert free_motion.model.free(start)
        assert free_motion.model.free(goal)
        hit = free_motion.model.line_hit(start, goal)
        assert hit is not None
        assert hit.body == world.arms["right"].body
        assert free_motion.to_joints(goal).reached
        assert world.violations == ()
        assert world.arms["right"].positions() == pytest.approx(across, abs=5e-3)


def test_what_is_carried_is_kept_off_as_well() -> None:
    low_wall = BodySpec("wall", "box", (0.3, 0.04, 0.16), 2.0)
    rod = BodySpec("rod", "box", (0.03, 0.03, 0.2), 0.05)
    with BulletWorld([low_wall, rod]) as world:
        world.reset([Placement("wall", "wall", (0.5, 0.0, 0.08)), Placement("rod", "rod", (0.5, -0.25, 0.1))])
        assert TabletopApi(world).pick("rod")
        free_motion, start = FreeMotion(world), world.arm.commanded.copy()
        goal = start.copy()
        goal[0] += 2.0 * abs(start[0])
        free_motion.model.update()
        assert free_motion.model.line_hit(start, goal) is not None, "the rod would be in the hand's way"
        free_motion.model.update([world.body("rod")])
        assert free_motion.model.line_hit(start, goal) is None, "the empty hand passes over the wall"
        free_motion.look()
        hit = free_motion.model.line_hit(start, goal)
        assert hit is not None
        assert (hit.link, hit.body) == (None, world.body("wall")), "the rod does not"
        before = world.pose("wall").position
        assert free_motion.to_joints(goal).reached
        assert world.held() == "rod"
        assert world.pose("wall").position == pytest.approx(before, abs=1e-4)
        assert world.violations == ()
