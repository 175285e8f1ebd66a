"""Which tools a task's prompt shows, and that it is short."""

from __future__ import annotations

import ast
from pathlib import Path

import gymnasium
import pytest

import codeact_envs.tasks
from codeact.errors import TaskError
from codeact.models.protocol import estimate_tokens
from codeact.yaml_files import read_yaml
from codeact_envs.tasks import RobotTask, load_task, task_names
from codeact_envs.tasks.shown_tools import BY_FAMILY, SOMETIMES
from codeact_envs.tasks.specification import parse_task

ROBOT_TASKS = [task for name in task_names() if isinstance(task := load_task(name), RobotTask)]


@pytest.mark.parametrize("task", ROBOT_TASKS, ids=lambda task: task.name)
def test_all_that_the_reference_programs_call_is_shown(task: RobotTask) -> None:
    if task.family not in BY_FAMILY:
        return
    calls = {
        ast.unparse(node.func).rpartition(".")[2]
        for program in (task.spec.oracle, task.spec.opposite)
        for node in ast.walk(ast.parse(program))
        if isinstance(node, ast.Call)
    }
    assert calls & SOMETIMES <= {*BY_FAMILY[task.family], *task.spec.shows}


def test_a_robots_prompt_is_short_and_all_its_tools_are_there() -> None:
    env = gymnasium.make("CodeAct/Stack2-v0")
    try:
        tools = env.unwrapped.tools  # type: ignore[attr-defined]
        stubs = tools.stubs()
        assert estimate_tokens(stubs) < 1500, "3,500 with all tools whole; the estimate is high"
        assert "def pick(name: str) -> bool:" in stubs
        assert "def pull_open" not in stubs
        assert "pull_open" in stubs
        assert "pull_open" in tools
    finally:
        env.close()


def test_a_task_may_name_what_else_it_shows() -> None:
    slide = next(task for task in ROBOT_TASKS if task.name == "slide")
    assert slide.spec.shows == ["shove"]
    data = read_yaml(Path(codeact_envs.tasks.__file__).parent / "suite" / "arm_basics" / "slide.yaml", TaskError)
    with pytest.raises(TaskError, match="shows: 'fly' is always shown, or no tool; name one of area, areas"):
        parse_task({**data, "shows": ["fly"]}, "slide.yaml")
