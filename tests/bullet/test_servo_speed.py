"""A speed limit holds for every point of an arm that is moved a step at a time."""

from __future__ import annotations

import math

import numpy as np
import pytest

from codeact_envs.bullet import BulletWorld
from codeact_envs.bullet.servo import make_servo

LIMIT = 0.25


def farthest(world: BulletWorld) -> float:
    """The fastest link's centre of mass, metres per second, as measured."""
    arm, simulation = world.arm, world.simulation
    links = sorted(link for link in arm.links if link >= 0)
    states = simulation.bullet.getLinkStates(arm.body, links, computeLinkVelocity=1, physicsClientId=simulation.client)
    return max(math.hypot(*state[6]) for state in states)


@pytest.mark.parametrize("action", ["cartesian", "joint"])
def test_no_point_of_the_arm_is_faster_than_the_limit(action: str) -> None:
    with BulletWorld([], speed_limit=LIMIT) as world:
        servo, random = make_servo(world, action), np.random.default_rng(2)
        speeds: list[float] = []
        world.simulation.capture_every(4, lambda: speeds.append(farthest(world)))
        for _ in range(25):
            request = np.sign(random.uniform(-1.0, 1.0, servo.size + 1))
            for _ in range(int(random.integers(1, 8))):
                servo.step(request)
        world.simulation.capture_every(0, None)
        assert 0.5 * LIMIT < max(speeds) <= LIMIT
        assert servo.cuts["speed"] > 10
        assert [found for found in world.violations if found.kind == "point_speed"] == []
        assert np.percentile(speeds, 90) > 0.3 * LIMIT


def test_without_a_limit_the_same_actions_are_faster() -> None:
    with BulletWorld([]) as world:
        servo, speeds = make_servo(world, "joint"), [0.0]
        world.simulation.capture_every(4, lambda: speeds.append(farthest(world)))
        for _ in range(4):
            servo.step(np.array([1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]))
        world.simulation.capture_every(0, None)
        assert max(speeds) > LIMIT
