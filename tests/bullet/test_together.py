"""Two arms in step: they begin, end and stop together, each inside its own limits."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from codeact.errors import TaskError
from codeact_envs.bullet import BodySpec, BulletWorld, Placement
from codeact_envs.bullet.arms.together import Together
from codeact_envs.bullet.engine.simulation import RATE
from codeact_envs.bullet.errors import OutOfReach, Stopped

SPECS = (BodySpec("post", "box", (0.1, 0.1, 0.5), 20.0, "gray"),)


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
