"""The low tier of an arm's tools: joints, poses, lines and grip forces, and what they refuse."""

from __future__ import annotations

import math
import re
import threading
from itertools import pairwise

import numpy as np
import pytest

from codeact_envs.bullet import BodySpec, BulletWorld, Placement
from codeact_envs.bullet.errors import InCollision, KeepOut, OutOfReach, Stopped, TooFast, TooStrong
from codeact_envs.bullet.geometry.rotations import matrix_of, pose_of, quaternion_of, turn_between
from codeact_envs.bullet.motion.kinematics import turned
from codeact_envs.bullet.results import MotionResult
from codeact_envs.bullet.tools.low_tier import ArmApi

OUTWARDS = (math.cos(math.pi / 8), 0.0, math.sin(math.pi / 8), 0.0)  # the hand, leaning by 45 degrees
ROLLED = (math.sin(5 * math.pi / 8), 0.0, 0.0, math.cos(5 * math.pi / 8))  # about x: its broad side comes down


@pytest.fixture
def arm(world: BulletWorld) -> ArmApi:
    return ArmApi(world)


def test_rotations_go_both_ways() -> None:
    random = np.random.default_rng(0)
    for _ in range(200):
        rotation = turned(random.normal(size=3) * 2.0)
        pose = np.eye(4)
        pose[:3, :3], pose[:3, 3] = rotation, random.normal(size=3)
        assert matrix_of(pose_of(pose)) == pytest.approx(pose, abs=1e-12)
        turn = random.normal(size=3)
        turn *= min(1.0, 3.0 / float(np.linalg.norm(turn)))
        assert turn_between(rotation, turned(turn) @ rotation) == pytest.approx(turn, abs=1e-9)
    assert quaternion_of(np.eye(3)) == (0.0, 0.0, 0.0, 1.0)
    assert quaternion_of(np.diag([1.0, -1.0, -1.0])) == (1.0, 0.0, 0.0, 0.0)


def test_joints_and_tool_tell_what_they_do(arm: ArmApi) -> None:
    assert len(arm.joint_names()) == len(arm.joint_limits().lower) == 7
    goal = [0.3, -0.6, 0.1, -2.2, 0.0, 1.6, 0.9]
    assert arm.move_joints(goal)
    assert arm.joint_positions() == pytest.approx(goal, abs=1e-3)
    assert arm.joint_velocities() == pytest.approx([0.0] * 7, abs=1e-3)
    assert max(map(abs, arm.joint_torques())) > 5.0, "the shoulder carries the arm"
    foreseen, measured = arm.forward_kinematics(goal), arm.tool_pose()
    assert measured.position == pytest.approx(foreseen.position, abs=1e-3)
    assert measured.quaternion == pytest.approx(foreseen.quaternion, abs=2e-3)


def test_inverse_kinematics_answers_with_joints_or_with_what_is_nearest(arm: ArmApi) -> None:
    joints = arm.inverse_kinematics((0.5, 0.2, 0.3), OUTWARDS)
    reached = arm.forward_kinematics(joints)
    assert reached.position == pytest.approx((0.5, 0.2, 0.3), abs=1e-4)
    assert abs(float(np.dot(reached.quaternion, OUTWARDS))) == pytest.approx(1.0, abs=1e-6)
    with pytest.raises(OutOfReach, match="nearest found") as refused:
        arm.inverse_kinematics((1.5, 0.0, 0.3), OUTWARDS)
    near = re.search(r"found is \((.*?)\), ([\d.]+) m", str(refused.value))
    assert near is not None
    place = [float(value) for value in near[1].split(",")]
    assert 0.5 < math.hypot(*place[:2]) < 1.0
    assert float(near[2]) == pytest.approx(math.dist(place, (1.5, 0.0, 0.3)), abs=2e-3)


def test_a_line_moves_and_turns_the_tool_evenly(world: BulletWorld, arm: ArmApi) -> None:
    places: list[np.ndarray] = []
    world.arm.recorder = lambda rows: places.extend(
        world.controller.kinematics.forward(np.array(row[:7]))[:3, 3] for row in rows
    )
    start = np.array(arm.tool_pose().position)
    assert arm.move_linear((0.5, 0.2, 0.3), OUTWARDS, speed=0.3)
    world.arm.recorder = None
    end = arm.tool_pose()
    assert end.position == pytest.approx((0.5, 0.2, 0.3), abs=1e-3)
    assert abs(float(np.dot(end.quaternion, OUTWARDS))) == pytest.approx(1.0, abs=1e-5)
    along = (np.array((0.5, 0.2, 0.3)) - start) / np.linalg.norm(np.array((0.5, 0.2, 0.3)) - start)
    off = [np.linalg.norm(place - start - along * ((place - start) @ along)) for place in places]
    assert max(off) < 2e-4, "the arm comes near to a singularity here"
    assert max(np.linalg.norm(b - a) for a, b in pairwise(places)) * 240 < 0.31


def test_velocities_move_by_what_they_make_in_that_time(arm: ArmApi) -> None:
    before = arm.joint_positions()
    assert arm.move_velocity([0.0, 0.0, 0.2, 0.0, 0.0, 0.0, -0.3], 0.5)
    moved = np.subtract(arm.joint_positions(), before)
    assert moved == pytest.approx([0.0, 0.0, 0.1, 0.0, 0.0, 0.0, -0.15], abs=1e-3)
    x, y, z = arm.tool_pose().position
    assert arm.move_twist((0.0, 0.1, 0.0), seconds=0.5)
    assert arm.tool_pose().position == pytest.approx((x, y + 0.05, z), abs=1e-3)


def test_a_turn_that_is_too_long_says_how_long_it_may_be(arm: ArmApi) -> None:
    velocities = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, -0.8]  # the hand turns on the spot
    with pytest.raises(OutOfReach, match=r"panda_joint7 is at its end after [0-9.]+ s") as refused:
        arm.move_velocity(velocities, 50.0)
    longest = float(str(refused.value).split()[-2])
    assert arm.move_velocity(velocities, longest)
    with pytest.raises(OutOfReach, match=r"at its end after 0\.0[01] s"):
        arm.move_velocity(velocities, 0.1)
    with pytest.raises(OutOfReach, match=r"panda_joint1 is at its end after [0-9.]+ s"):
        arm.move_velocity([1e-10, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], 1e12)


def test_a_joint_that_stands_outside_its_limits_keeps_no_other_from_turning(arm: ArmApi, world: BulletWorld) -> None:
    upper = float(world.controller.kinematics.upper[6])
    assert arm.move_joints([*arm.joint_positions()[:6], upper])
    world.arm.commanded[6] = upper + 1e-3  # as after something was in its way
    with pytest.raises(OutOfReach, match=r"panda_joint7 is at its end after 0\.00 s"):
        arm.move_velocity([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.1], 1.0)
    assert arm.move_velocity([0.2, 0.0, 0.0, 0.0, 0.0, 0.0, -0.001], 0.5)


def test_the_gripper_obeys_widths_and_forces(world: BulletWorld, arm: ArmApi) -> None:
    arm.open_gripper(0.06)
    assert arm.gripper_width() == pytest.approx(0.06, abs=2e-3)
    x, y, z = world.pose("red cube").position
    yaw = 0.3
    assert arm.move_joints(arm.inverse_kinematics((x, y, 0.2), (math.cos(yaw / 2), math.sin(yaw / 2), 0.0, 0.0)))
    assert arm.move_linear((x, y, z))
    assert not arm.is_holding()
    assert arm.close_gripper(15.0)
    assert arm.is_holding()
    assert arm.gripper_width() == pytest.approx(0.04, abs=2e-3)
    assert world.arm.finger_force == 15.0
    assert arm.move_linear((x, y, 0.2))
    assert world.held() == "red cube"
    with pytest.raises(TooStrong, match="at most 40 N"):
        arm.close_gripper(50.0)
    with pytest.raises(OutOfReach, match=r"opens from 0 to 0.08 m"):
        arm.open_gripper(0.2)
    assert world.violations == ()


def test_refusals_say_why_and_move_nothing(world: BulletWorld, arm: ArmApi) -> None:
    before = world.state_hash()
    home = world.arm.home.tolist()
    with pytest.raises(OutOfReach, match="7 finite numbers"):
        arm.move_joints([0.0, 0.0])
    with pytest.raises(OutOfReach, match=r"panda_joint1 may go from -2.887 to 2.887 rad, not to 3.000"):
        arm.move_joints([3.0, *home[1:]])
    with pytest.raises(KeepOut, match="table"):
        arm.move_linear((0.5, 0.0, 0.0))
    with pytest.raises(InCollision, match="finger would touch the table"):
        arm.move_linear((0.5, 0.0, 0.02), ROLLED)
    with pytest.raises(OutOfReach, match="outside the workspace"):
        arm.move_linear((0.9, 0.0, 0.3))
    with pytest.raises(OutOfReach, match=r"quaternion .* of length 1"):
        arm.move_linear((0.5, 0.0, 0.3), (2.0, 0.0, 0.0, 0.0))
    with pytest.raises(TooFast, match=r"at most 0.5 m/s"):
        arm.move_linear((0.5, 0.0, 0.3), speed=1.0)
    with pytest.raises(TooFast, match="at most"):
        arm.move_velocity([9.0] * 7, 0.01)
    with pytest.raises(OutOfReach, match="between 0 and 60"):
        arm.wait(100.0)
    assert world.state_hash() == before
    world.stop()
    with pytest.raises(Stopped):
        arm.move_joints(home)


def test_the_arm_may_come_back_from_where_it_should_not_be(world: BulletWorld, arm: ArmApi) -> None:
    x, y, z = 0.5, 0.35, world.robot.gripper.tip_below_tool + 0.0011
    assert arm.move_joints(arm.inverse_kinematics((x, y, 0.1)))
    assert arm.move_linear((x, y, z))
    assert arm.move_linear((x, y, 0.1))
    assert arm.home()
    assert world.violations == ()


def test_a_motion_that_is_not_true_says_why() -> None:
    with BulletWorld([BodySpec("block", "box", (0.1, 0.1, 0.1), 30.0)]) as world:
        world.reset([Placement("block", "block", (0.5, 0.0, 0.05))])
        arm = ArmApi(world)
        assert arm.last_motion() is None
        arm.close_gripper()
        assert arm.move_joints(arm.inverse_kinematics((0.5, 0.0, 0.2)))
        free = arm.last_motion()
        assert free is not None
        assert (free.reached, free.reason, free.contacts) == (True, "", ())
        assert free.position_error < 1e-3
        assert free.angle_error < 2e-3
        assert free.duration > 0.5
        saved = world.save_state()
        with pytest.raises(KeepOut):
            arm.move_linear((0.5, 0.0, -0.1))
        assert arm.last_motion() == free, "nothing was moved"
        assert not arm.move_linear((0.5, 0.0, 0.06), speed=0.4)
        pressed = arm.last_motion()
        assert pressed is not None
        assert not pressed.reached
        assert pressed.reason == "the fingers pressed on 'block'"
        assert pressed.contacts == ("block",)
        assert pressed.position_error > 0.01
        world.restore_state(saved)
        assert arm.last_motion() == free, "what was undone is forgotten"
        with world.branch() as other:
            assert ArmApi(other).last_motion() == free
        world.reset(())
        assert arm.last_motion() is None


def test_a_motion_that_was_stopped_is_not_told_as_the_one_before(arm: ArmApi, world: BulletWorld) -> None:
    assert arm.move_linear((0.5, 0.1, 0.3))
    when = world.simulation.steps + 60
    world.simulation.capture_every(12, lambda: world.stop() if world.simulation.steps >= when else None)
    with pytest.raises(Stopped):
        arm.move_linear((0.5, -0.2, 0.3))
    world.simulation.capture_every(0, None)
    ended = arm.last_motion()
    assert ended is not None
    assert (ended.reached, ended.reason) == (False, "the robot was stopped on its way")
    assert ended.position_error > 0.05


def test_who_sees_by_cameras_is_told_of_a_motion_without_names(
    world: BulletWorld, arm: ArmApi, unchecked: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, y, z = world.pose("can").position
    assert arm.move_joints(arm.inverse_kinematics((x, y - 0.15, z + 0.01)))
    arm.close_gripper()
    arm.move_linear((x, y, z + 0.01))
    known = arm.last_motion()
    assert known is not None
    assert known.contacts == ("can",)
    monkeypatch.setattr(world, "tells_names", False)
    told = arm.last_motion()
    assert told is not None
    assert told.contacts == ("something",)
    world.controller.last = MotionResult(False, "the arm ran into 'can'", 0.1, 0.0, ("can",), 1.0)
    told = arm.last_motion()
    assert told is not None
    assert told.reason == "the arm ran into something"


def test_asking_leaves_no_trace_in_the_future(world: BulletWorld, arm: ArmApi) -> None:
    assert arm.move_linear((0.5, 0.1, 0.3))
    plain = world.state_hash()
    world.reset(world.layout())
    arm.joint_torques(), arm.tool_pose(), arm.inverse_kinematics((0.4, 0.0, 0.3))
    with pytest.raises(InCollision):
        arm.move_linear((0.5, 0.0, 0.02), ROLLED)
    assert arm.move_linear((0.5, 0.1, 0.3))
    assert world.state_hash() == plain


def test_a_stop_ends_a_wait(arm: ArmApi, world: BulletWorld) -> None:
    arm.wait(0.1)
    assert world.time_s == pytest.approx(0.1)
    threading.Timer(0.05, world.stop).start()
    with pytest.raises(Stopped):
        arm.wait(60.0)
    assert world.time_s < 60.0
