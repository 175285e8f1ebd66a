"""The gripper opens as wide and presses as hard as it is told, inside the description's limits."""

from __future__ import annotations

import pytest

from codeact_envs.bullet import BulletWorld, TabletopApi
from codeact_envs.bullet.errors import OutOfReach, Stopped, TooStrong


def pressure(world: BulletWorld, name: str) -> float:
    """Newtons with which the left pad presses on a body, mean of a few looks."""
    bullet, on, arm = world.simulation.bullet, {"physicsClientId": world.simulation.client}, world.arm
    total = 0.0
    for _ in range(20):
        world.settle(0.01)
        contacts = bullet.getContactPoints(arm.body, world.body(name), arm.fingers[0], **on)
        total += sum(contact[9] for contact in contacts)
    return total / 20


def hold(world: BulletWorld, api: TabletopApi, force: float | None) -> float:
    """Let the hand take the red cube again with this force; returns the pad's own."""
    assert api.pick("red cube")
    assert api.place_at(0.45, 0.15)
    x, y, z = api.position("red cube")
    assert api.move_to(x, y, z)
    assert api.close_gripper(force)
    assert api.held() == "red cube"
    return pressure(world, "red cube")


@pytest.mark.parametrize("width", [0.0, 0.031, 0.08])
def test_the_pads_stand_as_far_apart_as_they_were_told(world: BulletWorld, api: TabletopApi, width: float) -> None:
    api.open_gripper(width)
    assert 2.0 * world.arm.finger_position() == pytest.approx(width, abs=5e-4)


def test_a_gentle_grasp_presses_as_hard_as_it_was_told(world: BulletWorld, api: TabletopApi) -> None:
    assert hold(world, api, 8.0) == pytest.approx(8.0, abs=2.0)
    assert world.arm.finger_force == 8.0
    saved = world.save_state()
    api.open_gripper()
    assert world.arm.finger_force == world.robot.gripper.force
    world.restore_state(saved)
    assert world.arm.finger_force == 8.0
    assert pressure(world, "red cube") == pytest.approx(8.0, abs=2.0)
    assert api.move_to(0.45, 0.1, 0.3)
    assert api.held() == "red cube"


def test_a_grasp_without_a_force_uses_all_that_is_allowed(world: BulletWorld, api: TabletopApi) -> None:
    assert hold(world, api, None) == pytest.approx(world.robot.gripper.force, rel=0.25)


def test_what_the_gripper_cannot_do_is_refused(world: BulletWorld, api: TabletopApi) -> None:
    before = world.state_hash()
    for width in (-0.01, 0.081, float("nan")):
        with pytest.raises(OutOfReach, match=r"0 to 0\.08 m"):
            api.open_gripper(width)
    for force in (0.0, -1.0, 41.0, float("inf"), float("nan")):
        with pytest.raises(TooStrong, match="at most 40 N"):
            api.close_gripper(force)
    assert world.state_hash() == before
    world.stop()
    with pytest.raises(Stopped):
        api.close_gripper(5.0)
