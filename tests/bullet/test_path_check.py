"""Before an arm sets out, its whole way is free: over all links, over what it carries, at every posture of the way."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from codeact_envs.bullet import BodySpec, BulletWorld, Placement, TabletopApi
from codeact_envs.bullet.errors import InCollision, KeepOut, RobotRefused
from codeact_envs.bullet.motion.collisions import CollisionModel
from codeact_envs.bullet.motion.path_check import PathCheck
from codeact_envs.bullet.robots.description import Volume

SHELF = Volume("the shelf", (0.0, 0.15, 0.35), (0.35, 0.6, 0.9))  # the tool stays below and beside it
TRAY = Volume("the tray", (0.3, 0.20, 0.0), (0.7, 0.6, 0.16))
ROD = BodySpec("rod", "box", (0.03, 0.04, 0.12), 0.05, "red")


@pytest.fixture(scope="module")
def volumes() -> Iterator[BulletWorld]:
    with BulletWorld([ROD], keep_out=[SHELF]) as world:
        yield world


def point_in(refusal: BaseException) -> list[float]:
    """The place that a refusal says is allowed."""
    said = re.search(r"free as far as the tool at \(([^)]+)\) m", str(refusal))
    assert said is not None
    return [float(value) for value in said[1].split(",")]


def test_a_link_on_its_way_into_a_volume_is_refused_and_nothing_moves(volumes: BulletWorld) -> None:
    volumes.reset(())
    goal = volumes.arm.home.copy()
    goal[0] = 1.2
    before = volumes.state_hash()
    with pytest.raises(KeepOut, match=r"the arm's panda_\w+ would come into the shelf.*free as far as the tool at"):
        volumes.controller.move_joints(goal)
    assert volumes.state_hash() == before
    assert volumes.violations == ()


def test_the_way_that_a_refusal_names_is_free(world: BulletWorld) -> None:
    with pytest.raises(InCollision, match="finger would touch the table at") as refused:
        world.controller.move_line((0.45, 0.0, -0.05))
    x, y, z = point_in(refused.value)
    assert 0.009 < z < 0.03
    assert world.controller.move_line((x, y, z)).reached


def test_what_is_held_may_not_swing_into_a_volume() -> None:
    with BulletWorld([ROD], keep_out=[TRAY]) as world:
        world.reset([Placement("rod", "rod", (0.5, -0.1, 0.06))])
        api = TabletopApi(world)
        assert api.pick("rod")
        x, _, z = api.position("rod")
        before = world.state_hash()
        # The tool and the hand pass above, what hangs from it would not.
        with pytest.raises(KeepOut, match="what the arm holds would come into the tray") as refused:
            world.controller.move_line((x, 0.3, max(0.2, z + 0.05)))
        assert world.state_hash() == before
        assert world.controller.move_line(point_in(refused.value)).reached
        assert world.violations == ()


def test_an_arm_does_not_set_out_into_itself_or_another_arm(world: BulletWorld) -> None:
    folded = world.arm.home.copy()
    folded[1], folded[3], folded[5] = -1.7, -3.0, 0.3
    with pytest.raises(InCollision, match="itself"):
        world.controller.move_joints(folded)
    with BulletWorld([], robot="two_pandas") as two:
        goal = two.arms["left"].home.copy()
        goal[:4] = -1.5, 0.3, 0.0, -1.8  # over the right arm's shoulder
        before = two.state_hash()
        with pytest.raises(InCollision, match=r"the left arm's panda_\w+ would touch the right arm"):
            two.controllers["left"].move_joints(goal)
        assert two.state_hash() == before


def test_what_can_be_moved_may_be_touched(world: BulletWorld, api: TabletopApi) -> None:
    assert api.pick("red cube")
    assert api.place_on("green cube")
    assert api.push("can", -0.05, 0.03)
    x, y, z = api.position("can")
    assert world.controller.move_line((x, y, z + 0.02)).contacts == ("can",)


def test_nothing_that_a_free_way_passes_through_touches_anything(volumes: BulletWorld) -> None:
    """Random ways, held against every one of their postures, and refusals against the posture that they name."""
    volumes.reset([Placement("rod", "rod", (0.7, -0.5, 0.06))])
    random = np.random.default_rng(3)
    kinematics, kept = volumes.controller.kinematics, (SHELF, TRAY)
    check = PathCheck(CollisionModel(volumes.simulation, volumes.arm.in_bullet), [volumes.arm.body])
    slow = CollisionModel(volumes.simulation, volumes.arm.in_bullet, keep_out=kept)
    slow.update(without=[volumes.body("rod")])
    check.look(None)
    free = met = 0
    for _ in range(150):
        start, goal = (random.uniform(kinematics.lower, kinematics.upper) for _ in range(2))
        goal = start + (goal - start) * 0.4
        if slow.hit(start, 0.012) is not None:
            continue
        rows: NDArray[np.float64] = np.linspace(start, goal, 120)
        found = check.meeting(rows, kept)
        if found is None:
            free += 1
            assert all(slow.hit(q, -1e-6) is None for q in rows)
        else:
            met += 1
            assert slow.hit(rows[found.row], 0.011) is not None
            assert all(slow.hit(q, -1e-6) is None for q in rows[: found.row])
    assert free > 10
    assert met > 5


def test_a_check_changes_nothing_and_does_not_depend_on_earlier_ones(volumes: BulletWorld) -> None:
    volumes.reset(())
    home = volumes.arm.home
    ways = [np.linspace(home, home + change, 80) for change in (0.3, -0.4, 0.2)]
    check = PathCheck(CollisionModel(volumes.simulation, volumes.arm.in_bullet), [volumes.arm.body])
    before = volumes.state_hash()
    check.look(None)
    forwards = [check.meeting(way, [SHELF]) for way in ways]
    check.look(None)
    assert [check.meeting(way, [SHELF]) for way in reversed(ways)] == forwards[::-1]
    assert volumes.state_hash() == before


def test_an_arm_that_is_in_touch_may_leave(
    world: BulletWorld, unchecked: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    controller = world.controller
    assert controller.move_line((0.4, 0.0, 0.05)).reached
    assert not controller.move_line((0.4, 0.0, -0.02)).reached
    monkeypatch.undo()
    for height in (0.05, 0.2):
        assert controller.move_line((0.4, 0.0, height)).reached
    with pytest.raises(RobotRefused):
        controller.move_line((0.4, 0.0, -0.02))
