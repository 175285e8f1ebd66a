"""Tasks with furniture: named in a task's YAML, drawn with room to move, opened by tools, and judged."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from codeact.errors import TaskError
from codeact_envs.bullet.bodies.articulation import JointState, Room
from codeact_envs.bullet.geometry.poses import Pose
from codeact_envs.code_env import CodeEnv
from codeact_envs.tasks import Body, RobotTask, Snapshot
from codeact_envs.tasks.conditions import Cast
from codeact_envs.tasks.conditions.furniture import Inside, JointAt, Pressed

TASK = """
title: Open a drawer
family: D
tier: high
instructions:
  - Open the {drawer}.
  - Pull the {drawer} open.
  - Please open the {drawer} for me.
  - The {drawer} should be open.
  - I need the {drawer} open.
attributes:
  color: {seen: [red, green, blue], unseen: [orange, purple, cyan]}
scene:
  region: {x: [0.36, 0.6], y: [-0.45, 0.45]}
  clearance: 0.01
  kinds:
    drawer: {shape: drawer, size: [0.22, 0.22, 0.12]}
    block: {noun: block, shape: box, size: [0.04, 0.04, 0.04]}
  roles:
    drawer: {kind: drawer, yaw: [-0.1, 0.1], region: {x: [0.60, 0.64], y: [-0.05, 0.05]}}
    block: {kind: block}
goal:
  - joint_at: {what: drawer, at_least: 0.8}
hard_constraints: [robot_rules, all_on_table]
limits: {turns: 10, simulated_seconds: 120, tool_calls: 50}
oracle: |
  pull_open(drawer)
opposite: |
  push_shut(drawer)
"""


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CodeEnv]:
    path: Path = tmp_path_factory.mktemp("tasks") / "open_drawer.yaml"
    path.write_text(TASK)
    made = CodeEnv(RobotTask.from_file(path))
    yield made
    made.close()


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_reference_program_opens_a_drawer_and_the_opposite_earns_nothing(env: CodeEnv, seed: int) -> None:
    env.reset(seed=seed)
    _, reward, terminated, _, info = env.step(env.oracle())
    assert info["success"], info
    assert (reward, terminated) == (1.0, True)
    env.reset(seed=seed)
    _, reward, _, _, info = env.step(env.opposite())
    assert reward == 0.0
    assert not info["success"]


def body(name: str, position: tuple[float, float, float] = (0.0, 0.0, 0.0), **more: object) -> Body:
    return Body(name, "red", "drawer", (0.2, 0.2, 0.1), position, **more)  # type: ignore[arg-type]


def at(share: float, presses: int = 0) -> Snapshot:
    return Snapshot({"it": body("it", joint=JointState("prismatic", 0.1 * share, 0.0, 0.0, 0.1, presses))})


CAST = Cast({"it": ("it",), "things": ("one", "two")}, {})


def test_progress_of_a_joint_begins_where_it_stood() -> None:
    opened = JointAt(what="it", at_least=0.8)
    assert opened.read(CAST, at(0.2), at(0.2)).progress == 0.0
    assert 0.4 < opened.read(CAST, at(0.2), at(0.5)).progress < 0.5
    assert opened.read(CAST, at(0.2), at(0.79)).progress < 0.95
    assert opened.read(CAST, at(0.2), at(0.81)).met
    shut = JointAt(what="it", at_most=0.1)
    assert shut.read(CAST, at(0.6), at(0.7)).progress == 0.0
    assert shut.read(CAST, at(0.6), at(0.05)).met
    with pytest.raises(ValueError, match="either at_least or at_most"):
        JointAt(what="it")
    with pytest.raises(TaskError, match="has no joint"):
        opened.read(CAST, Snapshot({"it": body("it")}), Snapshot({"it": body("it")}))


def test_presses_are_counted() -> None:
    twice = Pressed(what="it", times=2)
    assert [twice.read(CAST, at(0.0), at(0.0, presses)).progress for presses in (0, 1, 2)] == [0.0, 0.475, 1.0]


def test_what_lies_in_a_room_is_inside() -> None:
    room = Room(Pose((0.5, 0.0, 0.05), (0.0, 0.0, math.sin(0.2), math.cos(0.2))), (0.2, 0.1, 0.1))
    inside = Inside(what="things", where="it")

    def scene(one: float, two: float, held: str | None = None) -> Snapshot:
        bodies = {"it": body("it", room=room), "one": body("one", (one, 0, 0.03)), "two": body("two", (two, 0, 0.03))}
        return Snapshot(bodies, held=held)

    start = scene(0.9, 0.9)
    assert inside.read(CAST, start, start).progress == 0.0
    assert inside.read(CAST, start, scene(0.5, 0.9)).progress == pytest.approx(0.475)
    assert not inside.read(CAST, start, scene(0.5, 0.52, held="two")).met
    assert inside.read(CAST, start, scene(0.5, 0.52)).met
