"""Tasks with the tools of the low tier: they can be solved with these alone, and say which tiers they have."""

from __future__ import annotations

import gymnasium
import pytest
import yaml

import codeact_envs  # noqa: F401
from codeact.errors import TaskError
from codeact_envs.bullet import BulletWorld
from codeact_envs.bullet.perception.view import perceive
from codeact_envs.bullet.tools.toolboxes import robot_toolbox
from codeact_envs.code_env import CodeEnv
from codeact_envs.tasks import load_task, task_file
from codeact_envs.tasks.robot_task import RobotTask
from codeact_envs.tasks.specification import parse_task


def make(task: str, **options: str) -> CodeEnv:
    env = gymnasium.make(task, **options).unwrapped
    assert isinstance(env, CodeEnv)
    return env


@pytest.mark.slow
@pytest.mark.parametrize(("name", "seeds"), [("Reach", 3), ("PickPlace", 10)])
def test_a_program_of_low_tools_alone_solves_the_task(name: str, seeds: int) -> None:
    env = make(f"CodeAct/{name}-v0", tier="low")
    assert "pick" not in env.tools
    assert "arm.move_joints" in env.tools
    assert env.task.tier == "low"
    for seed in range(seeds):
        env.reset(seed=seed)
        info = env.step(env.oracle())[4]
        assert info["success"], (seed, info["execution"].error, info["conditions"])
        assert info["violations"] == ()
    env.reset(seed=0)
    info = env.step(env.opposite())[4]
    assert info["execution"].error is None
    assert info["score"] == 0.0
    env.close()


def test_both_tiers_show_the_same_scene_and_a_branch_keeps_its_tier() -> None:
    high, low = make("CodeAct/Reach-v0"), make("CodeAct/Reach-v0", tier="low")
    begun = [env.reset(seed=3)[1] for env in (high, low)]
    assert begun[0]["state_hash"] == begun[1]["state_hash"]
    assert begun[0]["instruction"] == begun[1]["instruction"]
    other = low.branch()
    assert list(other.tools.tools) == list(low.tools.tools)
    for env in (other, high, low):
        env.close()


def test_each_of_two_arms_has_tools_of_either_tier() -> None:
    data = yaml.safe_load(task_file("lift").read_text())
    data["scene"]["robot"] = "two_pandas"
    data["scene"]["region"] = {"x": [0.4, 0.5], "y": [0.2, 0.35]}
    data["scene"]["roles"] = {role: part | {"count": 1} for role, part in data["scene"]["roles"].items()}
    for tier, own in (("high", "left.pick"), ("low", "left.move_joints")):
        env = CodeEnv(RobotTask("two", parse_task(data | {"tier": tier}, "two")))
        observation, _ = env.reset(seed=0)
        assert "Left gripper at" in observation
        assert "Right gripper at" in observation
        assert {own, own.replace("left", "right"), "objects"} <= set(env.tools.tools)
        program = {
            "high": "name = next(n for n in objects() if 'cube' in n)\nfinish(left.pick(name))",
            "low": "left.open_gripper()\nfinish(right.home() and left.move_linear((0.45, 0.3, 0.3)))",
        }[tier]
        info = env.step(program)[4]
        assert info["answer"] is True, info["execution"].error
        env.close()


def test_who_sees_by_cameras_alone_is_told_of_no_object() -> None:
    env = make("CodeAct/PickPlace-v0", tier="low", perception="camera")
    observation, _ = env.reset(seed=0)
    assert observation.startswith("Gripper at")
    assert "objects" not in env.tools
    assert "position" not in env.tools
    env.close()


@pytest.mark.parametrize(
    ("robot", "tier"), [("panda", "low"), ("two_pandas", "high"), ("husky_panda", "low"), ("crazyflie", "high")]
)
def test_what_moves_something_says_what_it_raises(robot: str, tier: str) -> None:
    with BulletWorld([], robot=robot) as world:
        tools = robot_toolbox(world, perceive("privileged", world, named=tier == "high"), tier).tools
    moving = {name: tool.function.__doc__ or "" for name, tool in tools.items() if tool.effect == "physical"}
    assert len(moving) > 3
    silent = {name for name, text in moving.items() if "Raises" not in text}
    assert silent <= {"left.home", "right.home"}


def test_a_tier_that_a_task_does_not_have_is_refused() -> None:
    with pytest.raises(TaskError, match="'stack2' can be played with tier='high', not 'low'"):
        make("CodeAct/Stack2-v0", tier="low")
    with pytest.raises(TaskError, match="tier='high' or 'low', not 'middle'"):
        make("CodeAct/Reach-v0", tier="middle")


def test_a_file_says_which_tiers_it_has() -> None:
    data = yaml.safe_load(task_file("reach").read_text())
    assert load_task("reach").tier == "high"
    without = {key: value for key, value in data.items() if key != "low"}
    with pytest.raises(TaskError, match="here: low: a task with `tier: both` needs `low:"):
        parse_task(without, "here")
    with pytest.raises(TaskError, match="this one says `tier: high`"):
        parse_task(data | {"tier": "high"}, "here")
    assert parse_task(without | {"tier": "low"}, "here").tiers == ("low",)
    broken = data | {"low": {"oracle": "arm.", "opposite": ""}}
    with pytest.raises(TaskError, match=r"low\.oracle: line 1 is no Python"):
        parse_task(broken, "here")
