"""A world can follow the clock, many steps in one call are the same steps, and a missing display is said."""

from __future__ import annotations

import time

import pytest

from codeact.errors import TaskError
from codeact_envs.bullet import BodySpec, BulletWorld, Placement


def test_steps_in_batches_and_steps_at_the_pace_of_the_clock_are_the_same_steps(
    world: BulletWorld, layout: tuple[Placement, ...], specs: tuple[BodySpec, ...]
) -> None:
    world.settle(0.5)
    in_batches = world.state_hash()
    world.reset(layout)
    for _ in range(120):
        world.simulation.run(1)
    assert world.state_hash() == in_batches
    with BulletWorld(specs, real_time=True) as slow:
        slow.reset(layout)
        begin = time.monotonic()
        slow.settle(0.5)
        assert time.monotonic() - begin >= 0.49
        assert slow.state_hash() == in_batches


def test_a_moving_drawer_rolls_as_far_in_one_stretch_as_step_by_step() -> None:
    with BulletWorld([BodySpec("drawer", "drawer", (0.2, 0.2, 0.12))]) as world:
        bullet, client = world.simulation.bullet, world.simulation.client
        hashes = []
        for stretch in (40, 1):
            world.reset([Placement("drawer", "drawer", (0.5, 0.0, 0.06))])
            number = world.body("drawer")
            for joint in range(bullet.getNumJoints(number, physicsClientId=client)):
                if bullet.getJointInfo(number, joint, physicsClientId=client)[2] == bullet.JOINT_PRISMATIC:
                    bullet.resetJointState(number, joint, 0.02, 0.3, physicsClientId=client)
            for _ in range(0, 40, stretch):
                world.simulation.run(stretch)
            hashes.append(world.state_hash())
    assert hashes[0] == hashes[1]


@pytest.mark.parametrize(("display", "message"), [("", "DISPLAY is not set"), (":4077", "nothing answers")])
def test_a_window_without_a_display_is_refused(monkeypatch: pytest.MonkeyPatch, display: str, message: str) -> None:
    monkeypatch.setenv("DISPLAY", display)
    with pytest.raises(TaskError, match=message):
        BulletWorld([], gui=True)
