"""Impedance control: the tool yields by force over stiffness, comes back, presses as hard as its springs, and stops."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from numpy.typing import NDArray

from codeact.errors import TaskError
from codeact_envs.bullet import BodySpec, BulletWorld, Placement
from codeact_envs.bullet.arms.impedance import Impedance, ImpedanceController
from codeact_envs.bullet.errors import InCollision, KeepOut, OutOfReach, Stopped, TooFast, TooStrong
from codeact_envs.bullet.tools.low_tier import ArmApi

Array = NDArray[np.float64]
BLOCK = BodySpec("block", "box", (0.1, 0.1, 0.1), 2.0, "red")


def tool(world: BulletWorld) -> Array:
    return world.controller.kinematics.forward(world.arm.positions())


@contextmanager
def every_step(world: BulletWorld, do: Callable[[], None]) -> Iterator[None]:
    world.simulation.capture_every(1, do)
    try:
        yield
    finally:
        world.simulation.capture_every(0, None)


def pushed(world: BulletWorld, force: tuple[float, float, float], impedance: Impedance) -> tuple[Array, Array]:
    """Where the tool is after 2 s of a force from outside, and 2 s after it ended, from where it began; metres."""
    begin, first = tool(world)[:3, 3], world.simulation.steps
    at: dict[int, Array] = {}

    def push() -> None:
        step = world.simulation.steps - first
        at[step] = tool(world)[:3, 3] - begin
        if 0 < step < 480:
            world.simulation.bullet.applyExternalForce(
                world.arm.body,
                world.arm.tool_link,
                force,
                tool(world)[:3, 3].tolist(),
                world.simulation.bullet.WORLD_FRAME,
                physicsClientId=world.simulation.client,
            )

    with every_step(world, push):
        result = ImpedanceController(world).follow(world.controller.tool(), 4.0, impedance)
    assert result.reached, result
    return at[479], at[959]


@pytest.mark.parametrize("robot", ["panda", "kuka_iiwa", "xarm6"])
def test_a_push_moves_the_tool_by_force_over_stiffness_and_it_comes_back(robot: str) -> None:
    with BulletWorld([], robot=robot) as world:
        assert world.controller.move_line((0.45, 0.0, 0.3)).reached
        stiffness = (500.0, 800.0, 400.0)
        for force in ((15.0, 0.0, 0.0), (0.0, -15.0, 0.0), (0.0, 0.0, -15.0)):
            away, back = pushed(world, force, Impedance(stiffness))
            assert away == pytest.approx(np.divide(force, stiffness), abs=0.1 * max(np.abs(force) / stiffness))
            assert back == pytest.approx(np.zeros(3), abs=2e-3)
        assert world.violations == ()


def test_it_presses_on_what_is_in_the_way_with_stiffness_times_depth() -> None:
    with BulletWorld([BLOCK]) as world:
        world.reset([Placement("block", "block", (0.5, 0.0, 0.05))])
        arm = ArmApi(world)
        assert not arm.close_gripper()
        assert arm.move_joints(arm.inverse_kinematics((0.5, 0.0, 0.15)))
        assert arm.tool_force() == (0.0, 0.0, 0.0)
        forces: list[float] = []
        with every_step(world, lambda: forces.append(arm.tool_force()[2])):
            assert arm.move_compliant((0.5, 0.0, 0.09), seconds=3.0, stiffness=(400.0, 400.0, 400.0))
        depth = tool(world)[2, 3] - 0.09
        assert depth > 0.015, "the block stopped it above where the springs pull"
        assert float(np.mean(forces[-60:-20])) == pytest.approx(400.0 * depth, rel=0.15)
        assert world.pose("block").position == pytest.approx((0.5, 0.0, 0.05), abs=2e-3)
        assert world.violations == ()


def test_it_follows_a_line_when_nothing_is_in_the_way(world: BulletWorld) -> None:
    arm = ArmApi(world)
    assert arm.move_linear((0.45, 0.0, 0.35))
    assert arm.move_compliant((0.5, 0.15, 0.3), seconds=2.0, stiffness=(1000.0, 1000.0, 1000.0))
    assert arm.tool_pose().position == pytest.approx((0.5, 0.15, 0.3), abs=0.005)
    assert arm.joint_velocities() == pytest.approx([0.0] * 7, abs=0.02)
    assert arm.move_linear((0.45, 0.0, 0.35)), "position control goes on from there"
    assert world.violations == ()


def test_torques_stay_inside_the_effort_limits(world: BulletWorld) -> None:
    arm, effort = ArmApi(world), np.array(world.robot.joints.effort)
    worst: list[float] = []

    def look() -> None:
        worst.append(float((np.abs(world.arm.torques()) / effort).max()))

    with every_step(world, look):
        arm.move_compliant((0.6, 0.2, 0.3), seconds=1.6, stiffness=(2000.0, 2000.0, 2000.0))
    assert max(worst) <= 1.0


def test_a_stop_brings_a_yielding_arm_to_rest(world: BulletWorld) -> None:
    arm = ArmApi(world)
    with (
        every_step(world, lambda: world.stop() if world.time_s >= 0.5 else None),
        pytest.raises(Stopped, match="at rest"),
    ):
        arm.move_compliant((0.6, 0.3, 0.3), seconds=2.0)
    ended = arm.last_motion()
    assert ended is not None
    assert (ended.reached, ended.reason) == (False, "the robot was stopped on its way")
    assert ended.position_error > 0.1
    assert world.time_s < 0.5 + world.robot.motion.stop_time
    assert arm.joint_velocities() == pytest.approx([0.0] * 7, abs=0.02)
    with pytest.raises(Stopped):
        arm.hold_compliant(1.0)


def test_what_is_out_of_bounds_is_refused_and_moves_nothing(world: BulletWorld) -> None:
    arm, before = ArmApi(world), world.state_hash()
    with pytest.raises(TooStrong, match="between 0 and 2000 N/m"):
        arm.hold_compliant(1.0, stiffness=(5000.0, 0.0, 0.0))
    with pytest.raises(TooStrong, match="damping ratio"):
        arm.hold_compliant(1.0, damping_ratio=0.0)
    with pytest.raises(TooFast, match="at most 60"):
        arm.hold_compliant(100.0)
    with pytest.raises(TooFast, match="take at least"):
        arm.move_compliant((0.6, 0.3, 0.3), seconds=0.2)
    with pytest.raises(KeepOut, match="table"):
        arm.move_compliant((0.5, 0.0, -0.05))
    with pytest.raises(InCollision, match="finger would touch the table"):
        arm.move_compliant((0.5, 0.0, 0.02), (0.9238795325112867, 0.0, 0.0, -0.3826834323650898), seconds=3.0)
    with pytest.raises(OutOfReach, match="inside its joint limits"):
        arm.move_compliant((0.7, 0.5, 0.65), seconds=5.0)
    assert world.state_hash() == before
    with BulletWorld([], robot="husky_panda") as carried, pytest.raises(TaskError, match="stand still"):
        ImpedanceController(carried)


EPISODE = """
import sys
from test_impedance import BLOCK
from codeact_envs.bullet import BulletWorld, Placement
from codeact_envs.bullet.tools.low_tier import ArmApi

world = BulletWorld([BLOCK])
layout = [Placement("block", "block", (0.5, 0.0, 0.05))]
world.reset(layout)
arm = ArmApi(world)
if "history" in sys.argv:
    arm.move_compliant((0.4, 0.2, 0.3))
    state = world.save_state()
    arm.hold_compliant(0.5, stiffness=(0.0, 0.0, 0.0))
    world.restore_state(state)
    world.reset(layout)
arm.close_gripper()
arm.move_joints(arm.inverse_kinematics((0.5, 0.0, 0.15)))
arm.move_compliant((0.5, 0.0, 0.09))
if "history" in sys.argv:
    state = world.save_state()
    arm.move_compliant((0.5, 0.1, 0.2))
    world.restore_state(state)
with world.branch() as other:
    for each in (arm, ArmApi(other)):
        each.move_compliant((0.45, 0.05, 0.15), stiffness=(300.0, 300.0, 100.0))
        each.move_linear((0.45, 0.0, 0.25))
    print(world.state_hash(), other.state_hash())
"""


def test_it_goes_the_same_way_in_every_process_whatever_ran_before() -> None:
    here = __file__.rsplit("/", 1)[0]
    said = [
        subprocess.run(
            [sys.executable, "-c", EPISODE, *arguments],
            cwd=here,
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        ).stdout.split()
        for arguments in ([], ["history"])
    ]
    assert len({each for pair in said for each in pair}) == 1


@pytest.mark.parametrize("damping_ratio", [0.3, 1.0, 2.0])
def test_stiff_and_turning_far_no_joint_comes_to_its_speed_limit(damping_ratio: float) -> None:
    with BulletWorld([]) as world:
        world.reset([])
        shares: list[float] = []
        look = world.controller.watch

        def watch() -> bool:
            shares.append(float(np.max(np.abs(world.arm.velocities()) / np.array(world.robot.joints.velocity))))
            return look()

        world.controller.watch = watch  # type: ignore[method-assign]
        angle = math.radians(29.4)
        assert ArmApi(world).move_compliant(
            (0.45, 0.2, 0.4),
            (math.cos(angle), 0.0, math.sin(angle), 0.0),
            2.0,
            (2000.0, 2000.0, 2000.0),
            (100.0, 100.0, 100.0),
            damping_ratio,
        )
        assert 0.3 < max(shares) < 0.9
        assert world.violations == ()


def test_a_tool_that_is_pushed_into_what_is_kept_out_yields_no_further() -> None:
    with BulletWorld([]) as world:
        world.reset([])
        column = world.robot.keep_out[0]

        def push() -> None:
            world.simulation.bullet.applyExternalForce(
                world.arm.body,
                world.arm.tool_link,
                (-15.0, 0.0, 0.0),
                tool(world)[:3, 3].tolist(),
                world.simulation.bullet.WORLD_FRAME,
                physicsClientId=world.simulation.client,
            )

        with every_step(world, push):
            result = ImpedanceController(world).follow(world.controller.tool(), 5.0, Impedance((0.0, 400.0, 400.0)))
        assert not result.reached
        assert result.reason == f"the tool came into {column.name}"
        assert tool(world)[0, 3] > column.upper[0] - 0.1
        assert ArmApi(world).home()
