"""The tasks of an arm's basics can be played with another arm than their own."""

from __future__ import annotations

import gymnasium
import pytest

from codeact.errors import TaskError
from codeact_envs.tasks import RobotTask, environment_name, load_task, task_names

BASICS = [name for name in task_names() if (task := load_task(name)).family == "A" and isinstance(task, RobotTask)]


@pytest.mark.parametrize("name", BASICS)
def test_every_basic_task_is_made_for_both_arms(name: str) -> None:
    task = load_task(name)
    assert isinstance(task, RobotTask)
    other = task.equipped("kuka_iiwa")
    assert (task.spec.scene.robot, other.spec.scene.robot) == ("panda", "kuka_iiwa")
    region = task.spec.robots["kuka_iiwa"].region
    assert other.spec.scene.region == (region or task.spec.scene.region)
    assert other.equipped("kuka_iiwa").spec == other.spec


def test_lifting_with_the_other_arm() -> None:
    env = gymnasium.make(f"CodeAct/{environment_name('lift')}", robot="kuka_iiwa")
    try:
        env.reset(seed=0)
        assert env.unwrapped._make_world().bullet.description.name == "kuka_iiwa"  # type: ignore[attr-defined]
        info = env.step(env.unwrapped.oracle())[4]  # type: ignore[attr-defined]
        assert info["success"]
    finally:
        env.close()


def test_what_a_task_is_not_made_for_is_refused() -> None:
    with pytest.raises(TaskError, match="'panda' or 'kuka_iiwa', not 'husky'"):
        gymnasium.make("CodeAct/Lift-v0", robot="husky")
    with pytest.raises(TaskError, match="has no robot"):
        gymnasium.make(next(name for name in gymnasium.registry if "Dna" in name), robot="kuka_iiwa")
