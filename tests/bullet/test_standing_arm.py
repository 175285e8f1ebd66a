"""An arm that stands still is watched, too."""

from __future__ import annotations

import pytest

from codeact_envs.bullet import BulletWorld
from codeact_envs.bullet.tools.low_tier import ArmApi


@pytest.mark.parametrize("call", ["wait", "open_gripper", "close_gripper"])
def test_a_joint_that_is_pushed_out_of_its_limits_is_reported(world: BulletWorld, call: str) -> None:
    arm, bullet, client = world.arm, world.simulation.bullet, world.simulation.client
    arm.commanded = arm.commanded.copy()
    arm.commanded[5] = arm.robot.joints.upper[5] + 0.1
    arm.hold()
    bullet.resetJointState(arm.body, arm.joints[5], arm.commanded[5], 0.0, physicsClientId=client)
    api = ArmApi(world)
    getattr(api, call)(*([0.1] if call == "wait" else []))
    assert [found.kind for found in world.violations] == ["joint_limit"]
