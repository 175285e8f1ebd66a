"""Bodies that lie still sleep, wake before anything comes near, and leave no trace of it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from codeact_envs.bullet import BodySpec, BulletWorld, Placement
from codeact_envs.bullet.engine.simulation import ITERATIONS
from codeact_envs.bullet.servo import CartesianServo

CUBE = (0.04, 0.04, 0.04)
FAR, NEAR, TOP = "far cube", "near cube", "top cube"
LAYOUT = (
    Placement("a", FAR, (0.60, 0.30, 0.02), 0.4),
    Placement("b", NEAR, (0.45, 0.00, 0.02), -0.3),
    Placement("c", TOP, (0.45, -0.32, 0.02)),
)
SECONDS = 20 / 240


@pytest.fixture(scope="module")
def table() -> Iterator[BulletWorld]:
    with BulletWorld([BodySpec(key, "box", CUBE, 0.05) for key in "abc"]) as world:
        yield world


def asleep(world: BulletWorld) -> set[str | None]:
    return {world.name_of(number) for number in world._sleepers.asleep}


def sweep(world: BulletWorld) -> list[str]:
    """Down beside the near cube, against it, and away; the hash after every step."""
    servo = CartesianServo(world)
    hashes = []
    for goal, steps in (((0.45, 0.15, 0.03), 34), ((0.45, 0.03, 0.03), 14), ((0.45, 0.15, 0.4), 14)):
        for _ in range(steps):
            away = np.array(goal) - world.controller.tool()[:3, 3]
            servo.step(np.append(np.clip(away / 0.08, -1.0, 1.0), -1.0))
            hashes.append(world.state_hash())
    return hashes


def test_what_lies_still_and_far_away_keeps_its_pose_to_the_last_bit(table: BulletWorld) -> None:
    table.reset(LAYOUT)
    for _ in range(3):
        table.let_sleep(SECONDS)
        table.simulation.run(20)
    assert asleep(table) == {FAR, NEAR, TOP}
    before = [table.pose(name) for name in (FAR, NEAR, TOP)]
    for _ in range(10):
        table.let_sleep(SECONDS)
        table.simulation.run(20)
    assert [table.pose(name) for name in (FAR, NEAR, TOP)] == before


def test_what_falls_or_is_tilted_or_stands_on_something_stays_awake(table: BulletWorld) -> None:
    table.reset((LAYOUT[0], Placement("b", NEAR, (0.45, 0.0, 0.2)), Placement("c", TOP, (0.60, 0.30, 0.06), 0.4)))
    for _ in range(2):
        table.let_sleep(SECONDS)
        table.simulation.run(20)
        assert asleep(table) == set()
    for _ in range(10):
        table.let_sleep(SECONDS)
        table.simulation.run(20)
    assert asleep(table) == {NEAR}, "a cube with another on it does not sleep"


def test_the_arm_wakes_what_it_comes_near_and_pushes_it_as_ever(
    table: BulletWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    table.reset(LAYOUT)
    sweep(table)
    pushed, left = table.pose(NEAR).position, table.pose(FAR).position
    assert abs(pushed[1]) > 0.01, "the near cube was pushed"
    assert left == pytest.approx(LAYOUT[0].position, abs=1e-4)
    monkeypatch.setattr(BulletWorld, "let_sleep", lambda *_: None)
    table.reset(LAYOUT)
    sweep(table)
    assert table.pose(NEAR).position == pytest.approx(pushed, abs=2e-3)


def test_sleep_leaves_no_trace_in_later_episodes(table: BulletWorld) -> None:
    with BulletWorld(table.specs) as fresh:
        fresh.reset(LAYOUT)
        first = sweep(fresh)
    for _ in range(2):
        table.reset(LAYOUT[::-1])
        sweep(table)
        table.reset(LAYOUT)
        assert sweep(table) == first


def test_a_restored_state_and_a_branch_sleep_as_the_world_did(table: BulletWorld) -> None:
    table.reset(LAYOUT)
    for _ in range(4):
        table.let_sleep(SECONDS)
        table.simulation.run(20)
    state = table.save_state()

    def future(world: BulletWorld) -> str:
        world.simulation.run(7)
        world.arm.move_fingers(0.03, 5)
        world.let_sleep(SECONDS)
        world.simulation.run(20)
        return world.state_hash()

    with table.branch() as other:
        expected = future(table)
        assert future(other) == expected
    sweep(table)
    table.restore_state(state)
    assert asleep(table) == {FAR, NEAR, TOP}
    assert future(table) == expected
    table.reset(LAYOUT)
    table.restore_state(state)
    assert future(table) == expected


def test_what_is_said_to_lie_still_is_where_it_is_said_to_be(table: BulletWorld) -> None:
    table.reset(LAYOUT)
    servo = CartesianServo(table)
    random = np.random.default_rng(2)
    state, seen = table.save_state(), 0

    def agrees() -> int:
        for body, (position, quaternion) in table.lying.items():
            pose = table.pose(str(table.name_of(body)))
            assert (pose.position, pose.quaternion) == (position, quaternion)
        return len(table.lying)

    for _ in range(3):
        for _ in range(12):
            servo.step(np.array([*random.uniform(-0.6, 1.0, 3), 0.0]))
            seen += agrees()
    assert seen, "some lay still"
    table._sleepers.wake()
    assert not table.lying
    servo.step(np.zeros(4))
    for _ in range(3):
        servo.step(np.array([0.0, 0.0, 1.0, 0.0]))
    assert agrees()
    table.restore_state(state)
    assert not table.lying
    table.reset(LAYOUT[::-1])
    assert not table.lying


def test_calm_motors_follow_closely_and_contacts_are_solved_in_full(table: BulletWorld) -> None:
    table.reset(LAYOUT)
    servo = CartesianServo(table)
    random = np.random.default_rng(0)
    bullet, client = table.simulation.bullet, table.simulation.client

    def iterations() -> int:
        return int(bullet.getPhysicsEngineParameters(client)["numSolverIterations"])

    for _ in range(30):
        servo.step(random.uniform(-1.0, 1.0, 4))
        place = table.controller.kinematics.forward(table.arm.positions())[:3, 3]
        assert np.linalg.norm(place - table.controller.tool()[:3, 3]) < 1e-3
    assert iterations() < ITERATIONS
    table.reset(LAYOUT)
    assert iterations() == ITERATIONS
    for _ in range(30):
        servo.step(np.array([0.0, 0.0, -1.0, 0.0]))
    assert iterations() == ITERATIONS, "the hand is near the table"
