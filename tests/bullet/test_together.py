"""Two arms in step: they begin, end and stop together, each inside its own limits."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pytest

from codeact.errors import TaskError
from codeact_envs.bullet import BodySpec, BulletWorld, Placement
from codeact_envs.bullet.arms.together import Together
from codeact_envs.bullet.engine.simulation import RATE
from codeact_envs.bullet.errors import InCollision, OutOfReach, Stopped
from codeact_envs.bullet.results import MotionResult

SPECS = (
    BodySpec("post", "box", (0.1, 0.1, 0.5), 20.0, "gray"),
    BodySpec("stick", "box", (0.36, 0.02, 0.02), 0.05, "red"),
)


@pytest.fixture(scope="module")
def shared_pair() -> Iterator[BulletWorld]:
    with BulletWorld(SPECS, robot="two_pandas") as world:
        yield world


@pytest.fixture
def pair(shared_pair: BulletWorld) -> Iterator[BulletWorld]:
    shared_pair.reset(())
    yield shared_pair
    for arm in shared_pair.arms.values():
        arm.recorder = None


def record(world: BulletWorld) -> dict[str, list[list[float]]]:
    rows: dict[str, list[list[float]]] = {}
    for name, arm in world.arms.items():
        rows[name] = [arm.commanded.tolist()] * 3
        arm.recorder = lambda more, own=rows[name]: own.extend(row[:7] for row in more)  # type: ignore[misc]
    return rows


def tools(world: BulletWorld) -> dict[str, np.ndarray]:
    return {name: controller.tool()[:3, 3] for name, controller in world.controllers.items()}


def shifted(places: dict[str, np.ndarray], x: float, y: float, z: float) -> dict[str, np.ndarray]:
    return {name: place + np.array([x, y, z]) for name, place in places.items()}


def test_both_tools_are_the_same_share_of_their_ways_along(pair: BulletWorld) -> None:
    begin = tools(pair)
    goals = {"left": begin["left"] + [0.1, 0.05, -0.2], "right": begin["right"] + [-0.02, 0.0, 0.03]}
    rows = record(pair)
    results = Together(pair).move_lines(goals, speed=0.3)
    assert all(result.reached and result.position_error < 0.001 for result in results.values())
    assert results["left"].duration == results["right"].duration
    assert len(rows["left"]) == len(rows["right"]) > 50
    for index in range(0, len(rows["left"]), 5):
        shares = []
        for name, controller in pair.controllers.items():
            at = controller.kinematics.forward(np.array(rows[name][index]))[:3, 3]
            way = goals[name] - begin[name]
            shares.append(float((at - begin[name]) @ way / (way @ way)))
        assert shares[0] == pytest.approx(shares[1], abs=0.01)
    assert pair.violations == ()


def test_each_arm_stays_inside_its_limits_and_the_slower_one_sets_the_pace(pair: BulletWorld) -> None:
    begin, rows = tools(pair), record(pair)
    goals = {"left": begin["left"] + [0.12, 0.1, -0.3], "right": begin["right"] + [0.05, 0.0, -0.1]}
    together = Together(pair)
    assert all(result.reached for result in together.move_lines(goals, speed=0.5).values())
    assert all(result.reached for result in together.move_lines(begin, speed=0.5).values())
    for name, arm in pair.arms.items():
        positions = np.array([*rows[name], *[rows[name][-1]] * 3])
        for limit in (arm.robot.joints.velocity, arm.robot.joints.acceleration, arm.robot.joints.jerk):
            positions = np.diff(positions, axis=0) * RATE
            assert float((np.abs(positions) / np.array(limit)).max()) <= 1.0


def test_one_arms_refusal_moves_neither(pair: BulletWorld) -> None:
    begin, before = tools(pair), pair.state_hash()
    with pytest.raises(OutOfReach, match="the right arm"):
        Together(pair).move_lines({"left": begin["left"] + [0, 0, 0.05], "right": begin["right"] + [0, 0, 2.0]})
    assert pair.state_hash() == before


def nearest(world: BulletWorld) -> float:
    """Metres between the arms, or 0.2 where there is more."""
    left, right = (arm.body for arm in world.arms.values())
    points = world.simulation.bullet.getClosestPoints(left, right, 0.2, physicsClientId=world.simulation.client)
    return min((point[8] for point in points), default=0.2)


def test_arms_that_would_meet_on_their_ways_do_not_set_out(pair: BulletWorld) -> None:
    before, together = pair.state_hash(), Together(pair)
    met = r"the left arm's panda_\w+ would meet the right arm's panda_\w+ near .*tools at \(([^)]*)\) and \(([^)]*)\) m"
    with pytest.raises(InCollision, match=met) as refused:
        together.move_lines({"left": (0.45, 0.0, 0.4), "right": (0.45, 0.0, 0.4)})
    assert pair.state_hash() == before
    said = re.search(met, str(refused.value))
    assert said is not None
    free = [[float(value) for value in place.split(",")] for place in said.groups()]
    distances: list[float] = []
    pair.simulation.capture_every(4, lambda: distances.append(nearest(pair)))
    assert both_reached(together.move_lines(dict(zip(pair.arms, free, strict=True))))
    pair.simulation.capture_every(0, None)
    assert 0.009 < min(distances) < 0.05
    with pytest.raises(InCollision, match=r"the left arm's \w+ would touch the right arm"):
        pair.controllers["left"].move_line((0.4, -0.1, 0.43))


def both_reached(results: dict[str, MotionResult]) -> bool:
    return all(result.reached for result in results.values())


def test_one_arm_may_go_where_the_other_leaves(pair: BulletWorld) -> None:
    together, distances = Together(pair), []
    assert both_reached(together.move_lines({"left": (0.45, 0.13, 0.4), "right": (0.45, -0.13, 0.4)}))
    pair.simulation.capture_every(4, lambda: distances.append(nearest(pair)))
    goals = {"left": (0.45, -0.02, 0.4), "right": (0.45, -0.28, 0.4)}
    with pytest.raises(InCollision):
        pair.controllers["left"].move_line((0.45, -0.12, 0.4))
    assert both_reached(together.move_lines(goals))
    pair.simulation.capture_every(0, None)
    assert min(distances) > 0.009
    assert pair.violations == ()


def hold_a_stick_across(world: BulletWorld) -> None:
    """The left hand holds a stick that reaches 18 cm towards the other arm."""
    world.reset([Placement("stick", "stick", (0.6, 0.5, 0.01))])
    left, bullet, client = world.controllers["left"], world.simulation.bullet, world.simulation.client
    left.open(0.024)
    place = left.tool()[:3, 3].tolist()
    bullet.resetBasePositionAndOrientation(world.body("stick"), place, (0, 0, 0, 1), physicsClientId=client)
    left.squeeze()
    assert world.held("left") == "stick"
    turned = world.arms["left"].commanded.copy()
    turned[6] += 1.5708
    assert left.move_joints(turned).reached


def test_what_one_arm_carries_keeps_away_from_the_other(pair: BulletWorld) -> None:
    hold_a_stick_across(pair)
    together, begin = Together(pair), tools(pair)
    goals = {"left": begin["left"] + [0.0, -0.19, 0.0], "right": begin["right"] + [0.0, 0.19, 0.0]}
    with pytest.raises(InCollision, match="what the left arm holds would meet the right arm's"):
        together.move_lines(goals)
    pair.controllers["left"].open(0.08)
    pair.settle(0.5)
    assert both_reached(together.move_lines(goals))


@pytest.mark.usefixtures("unchecked")
def test_a_fingertip_on_the_other_arm_ends_the_motion(pair: BulletWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Together, "_require_apart", lambda self, rows: None)
    results = Together(pair).move_lines({"left": (0.45, 0.0, 0.4), "right": (0.45, 0.0, 0.4)})
    assert not any(result.reached for result in results.values())
    assert "the left arm touched the right arm" in pair.violations


@pytest.mark.parametrize("which", ["left", "right"])
def test_what_blocks_one_arm_stops_both(pair: BulletWorld, which: str) -> None:
    begin = tools(pair)
    x, y, _ = begin[which].tolist()
    pair.reset([Placement("post", "post", (x + 0.2, y, 0.25))])
    rows = record(pair)
    ahead = shifted(begin, 0.15, 0.0, 0.1)
    ahead[which][2] -= 0.2
    results = Together(pair).move_lines(ahead, speed=0.3)
    assert not any(result.reached for result in results.values())
    assert results["left"].reason == results["right"].reason != ""
    assert len(rows["left"]) == len(rows["right"])
    pair.settle(0.2)
    assert all(np.abs(arm.velocities()).max() < 0.01 for arm in pair.arms.values())


@pytest.mark.parametrize("when", [24, 60, 96])
def test_a_stop_stops_both_within_a_tenth_of_a_second(pair: BulletWorld, when: int) -> None:
    begin, rows = tools(pair), record(pair)
    down, together = shifted(begin, 0.1, 0.0, -0.2), Together(pair)
    pair.simulation.capture_every(12, lambda: pair.stop() if pair.simulation.steps == when else None)
    try:
        with pytest.raises(Stopped, match="all arms are at rest"):
            together.move_lines(down, speed=0.5)
    finally:
        pair.simulation.capture_every(0, None)
    for controller in pair.controllers.values():
        assert controller.last is not None
        assert (controller.last.reached, controller.last.reason) == (False, "the robot was stopped on its way")
    assert len(rows["left"]) == len(rows["right"])
    assert pair.simulation.steps - when <= 0.1 * RATE
    pair.settle(0.1)
    assert all(np.abs(arm.velocities()).max() < 0.01 for arm in pair.arms.values())
    with pytest.raises(Stopped):
        together.move_lines(begin)
    pair.resume()
    assert all(result.reached for result in together.move_lines(begin).values())


def test_it_goes_the_same_way_again(pair: BulletWorld) -> None:
    begin, hashes = tools(pair), []
    for _ in range(2):
        pair.reset(())
        Together(pair).move_lines(shifted(begin, 0.1, 0.0, -0.2))
        hashes.append(pair.state_hash())
    assert hashes[0] == hashes[1]


def test_arms_that_are_not_there_are_refused(pair: BulletWorld) -> None:
    with pytest.raises(TaskError, match="no arm 'middle'; it has left, right"):
        Together(pair, ["left", "middle"])
