"""Conditions that follow an episode: they see every moment, and what they remember is part of the world's state."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
import yaml

from codeact_envs.code_env import CodeEnv
from codeact_envs.tasks import Condition, Reading, RobotTask, Snapshot, condition, task_file
from codeact_envs.tasks.conditions import CONDITIONS, Cast
from codeact_envs.tasks.specification import parse_task


class Seen(Condition):
    """Remembers how often it looked, and the greatest height of the tool; met while that is below `below`."""

    below: float
    follows: ClassVar[bool] = True

    def begin(self, cast: Cast, start: Snapshot) -> tuple[int, float]:
        assert start.tool is not None
        return 0, start.tool[2]

    def follow(self, cast: Cast, memory: tuple[int, float], now: Snapshot) -> tuple[int, float]:
        assert now.tool is not None
        assert now.tools == {"arm": now.tool}
        return memory[0] + 1, max(memory[1], now.tool[2])

    def read(self, cast: Cast, start: Snapshot, now: Snapshot) -> Reading:
        met = now.memory[1] < self.below
        return Reading(met, met, 1.0 if met else 0.0)


@pytest.fixture
def seen() -> Iterator[None]:
    condition("seen")(Seen)
    yield
    del CONDITIONS["seen"]


def follow(below: float, part: str = "keep", **more: Any) -> CodeEnv:
    data = yaml.safe_load(task_file("stack2").read_text())
    data[part] = [*data[part], {"seen": {"below": below}}]
    return CodeEnv(RobotTask("followed", parse_task(data | more, "followed.yaml")))


@pytest.mark.usefixtures("seen")
def test_it_sees_twenty_moments_a_second_of_every_motion() -> None:
    env = follow(below=0.4)
    env.reset(seed=0)
    assert env.step(env.oracle())[4]["success"] is (remembered(env)[1] < 0.4)
    count, height = remembered(env)
    assert count == int(env._world.time_s * 20 + 1e-6)  # type: ignore[union-attr]
    assert height > 0.1
    env.close()


@pytest.mark.usefixtures("seen")
def test_what_it_remembers_goes_with_the_state() -> None:
    env = follow(below=9.0)
    env.reset(seed=1)
    env.step("objects()")
    saved, remembered_then, hash_then = env.save_state(), remembered(env), env.state_hash()
    branch = env.branch()
    lift = "pick(objects()[0])"
    env.step(lift)
    branch.step(lift)
    assert remembered(env) == remembered(branch) != remembered_then
    assert env.state_hash() == branch.state_hash() != hash_then
    rehearsed = branch.rehearse("place_at(0.5, 0.0)")
    assert rehearsed.execution.ok
    assert branch.state_hash() == env.state_hash()
    env.restore_state(saved)
    assert (remembered(env), env.state_hash()) == (remembered_then, hash_then)
    env.reset(seed=1)
    assert remembered(env)[0] == 0
    branch.close()
    env.close()


@pytest.mark.usefixtures("seen")
def test_a_hard_constraint_that_is_a_condition_ends_the_episode() -> None:
    env = follow(below=0.02, part="hard_constraints")
    env.reset(seed=0)
    _, _, terminated, _, info = env.step("pick(objects()[0])")
    assert terminated
    assert info["violations"] == ("seen does not hold any more",)
    assert info["success"] is False
    env.close()


def remembered(env: CodeEnv) -> Any:
    (memory,) = env._world._remembered.values()  # type: ignore[union-attr]
    return memory
