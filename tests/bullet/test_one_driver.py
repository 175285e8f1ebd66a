"""One thread at a time moves a world; stops may come from any, during every kind of motion."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import pytest

from codeact.errors import TaskError
from codeact_envs.bullet import BodySpec, BulletWorld, Placement, TabletopApi
from codeact_envs.bullet.engine.simulation import RATE
from codeact_envs.bullet.errors import Stopped
from codeact_envs.bullet.tools.low_tier import ArmApi

CUBE = BodySpec("cube", "box", (0.04, 0.04, 0.04), 0.05, "red")
BUTTON = BodySpec("button", "button", (0.08, 0.08, 0.05))


def elsewhere(do: Callable[[], object]) -> BaseException | None:
    """What another thread gets when it does that."""
    raised: list[BaseException | None] = [None]

    def work() -> None:
        try:
            do()
        except BaseException as error:
            raised[0] = error

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(30)
    return raised[0]


def test_another_thread_may_not_move_reset_save_or_branch_a_world_that_moves(world: BulletWorld) -> None:
    found: dict[str, BaseException | None] = {}
    state = world.save_state()
    tries: dict[str, Callable[[], object]] = {
        "move": lambda: world.controller.move_joints(world.arm.home),
        "settle": lambda: world.settle(0.1),
        "save": world.save_state,
        "restore": lambda: world.restore_state(state),
        "branch": world.branch,
        "reset": lambda: world.reset(()),
    }

    def look() -> None:
        if world.simulation.steps and not found:
            found.update({name: elsewhere(do) for name, do in tries.items()})

    world.simulation.capture_every(24, look)
    goal = world.arm.home.copy()
    goal[0] += 0.4
    assert world.controller.move_joints(goal).reached
    world.simulation.capture_every(0, None)
    assert all(isinstance(error, TaskError) and "another thread moves" in str(error) for error in found.values()), found
    assert len(found) == len(tries)
    assert elsewhere(lambda: world.settle(0.1)) is None


MOTIONS: dict[str, Callable[[TabletopApi, ArmApi], object]] = {
    "pick": lambda high, low: high.pick("cube"),
    "push": lambda high, low: high.push("cube", 0.1, 0.0),
    "press": lambda high, low: high.press("button"),
    "move_linear": lambda high, low: low.move_linear((0.45, 0.2, 0.3)),
    "move_velocity": lambda high, low: low.move_velocity([0.3, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], 1.0),
    "move_twist": lambda high, low: low.move_twist((0.1, 0.0, 0.0), seconds=1.0),
    "move_compliant": lambda high, low: low.move_compliant((0.45, 0.1, 0.4)),
    "hold_compliant": lambda high, low: low.hold_compliant(2.0),
    "open_gripper": lambda high, low: low.open_gripper(0.0),
    "close_gripper": lambda high, low: low.close_gripper(),
    "wait": lambda high, low: low.wait(2.0),
}


@pytest.fixture(scope="module")
def table() -> BulletWorld:
    return BulletWorld([CUBE, BUTTON])


@pytest.mark.parametrize("motion", MOTIONS)
def test_a_stop_in_the_middle_of_any_motion_ends_it_at_rest(table: BulletWorld, motion: str) -> None:
    table.reset([Placement("cube", "cube", (0.5, 0.1, 0.02)), Placement("button", "button", (0.5, -0.2, 0.025))])
    at = table.simulation.steps + 30
    moved: list[int] = []

    def look() -> None:
        if table.simulation.steps == at:
            assert elsewhere(table.stop) is None
        if float(np.abs(table.arm.velocities()).max()) > 0.02:
            moved.append(table.simulation.steps)

    table.simulation.capture_every(2, look)
    with pytest.raises(Stopped):
        MOTIONS[motion](TabletopApi(table), ArmApi(table))
    table.simulation.capture_every(0, None)
    assert max(moved, default=0) <= at + round(table.robot.motion.stop_time * RATE)
    with pytest.raises(Stopped):
        MOTIONS[motion](TabletopApi(table), ArmApi(table))
    table.resume()
