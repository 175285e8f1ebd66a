"""A bound on the speed of an arm's links that asks its joints alone."""

from __future__ import annotations

import math

import numpy as np
import pytest

from codeact_envs.bullet import BulletWorld
from codeact_envs.bullet.arms.levers import Levers


@pytest.mark.parametrize("robot", ["panda", "kuka_iiwa", "xarm6", "so101", "two_pandas"])
def test_no_link_is_faster_than_the_bound_at_any_posture(robot: str) -> None:
    random = np.random.default_rng(0)
    with BulletWorld([], robot=robot) as world:
        bullet, client = world.simulation.bullet, world.simulation.client
        for arm in world.arms.values():
            levers, joints = Levers(world.simulation, arm), arm.robot.joints
            tightest = math.inf
            for _ in range(200):
                q, velocity = random.uniform(joints.lower, joints.upper), random.normal(size=len(joints.names))
                at, fingers = random.uniform(0.0, arm.robot.gripper.opening / 2.0), random.normal(size=2) / 4.0
                for joint, position, speed in zip(arm.joints, q.tolist(), velocity.tolist(), strict=True):
                    bullet.resetJointState(arm.body, joint, position, speed, physicsClientId=client)
                for finger, speed in zip(arm.fingers, fingers.tolist(), strict=True):
                    bullet.resetJointState(arm.body, finger, at, speed, physicsClientId=client)
                states = bullet.getLinkStates(
                    arm.body,
                    sorted(link for link in arm.links if link >= 0),
                    computeLinkVelocity=1,
                    computeForwardKinematics=1,
                    physicsClientId=client,
                )
                fastest = max(math.hypot(*state[6]) for state in states)
                bound = levers.bound(velocity.tolist(), fingers.tolist())
                assert fastest <= bound
                tightest = min(tightest, bound / fastest)
            assert tightest < 3.0, "and it is not so loose that it says nothing"


def test_nothing_is_known_of_an_arm_that_is_carried() -> None:
    with BulletWorld([], robot="husky_panda") as world:
        levers = Levers(world.simulation, world.arm)
        assert levers.bound([0.0] * len(world.robot.joints.names), [0.0, 0.0]) == math.inf
