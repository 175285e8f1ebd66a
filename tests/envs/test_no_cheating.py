"""A program reaches its tools and its instruction, and nothing that would let it succeed without doing the task."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gymnasium
import pytest
from gymnasium.error import ResetNeeded

import codeact_envs
from codeact_envs.code_env import CodeEnv

WORLDS = {"CodeAct/Lift-v0": "pick", "CodeAct/Trade2-v0": "price", "CodeActGym/FrozenLake-v1": "step"}
"""One robot task, one task of tools, one environment of Gymnasium; and a tool of each."""

ATTEMPTS = {
    "the package": "import codeact_envs",
    "the predicates": "from codeact_envs.tasks.conditions import *",
    "the simulator": "import pybullet",
    "Gymnasium": "import gymnasium",
    "an import by name": "__import__('codeact_envs')",
    "importlib": "import importlib\nimportlib.import_module('codeact_envs')",
    "the object behind a tool": "TOOL.__self__",
    "the function behind a tool": "TOOL.__wrapped__",
    "the globals of a tool": "TOOL.__globals__",
    "the closure of a tool": "TOOL.__closure__",
    "the function of a tool, by getattr": "getattr(TOOL, 'func' + 'tion')",
    "private names, by getattr": "getattr(TOOL, '__se' + 'lf__')",
    "private names, by format": "print('{0.__self__}'.format(TOOL))\n'{0.__self__}'.format(TOOL)",
    "frames": "import sys\nsys._getframe(1)",
    "frames of an error": "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    error.__traceback__.tb_frame",
    "objects of the collector": "import gc\ngc.get_objects()",
    "all classes": "object.__subclasses__()",
    "the process's memory": "open('/proc/self/mem', 'rb').read(1)",
    "the parent's memory": "import os\nopen(f'/proc/{os.getppid()}/mem', 'rb').read(1)",
    "the process's environment": "open('/proc/self/environ').read()",
    "the code of a tool": "TOOL.__code__",
    "the task files": "open(FILE).read()",
    "the task files, as data of the package": "import pkgutil\npkgutil.get_data('codeact_envs', 'tasks/rates.json')",
    "the task files, by numpy": "import numpy as np\nnp.fromfile(FILE, dtype=np.uint8)",
    "the process's memory, by numpy": "import numpy as np\nnp.memmap('/proc/self/mem')",
    "what the environment alone can do": "rehearse('finish(True)')",
    "a copy of the episode": "branch()",
    "another thread": "import threading\nthreading.Thread(target=TOOL).start()",
    "a file of another episode": "open(TRACE).read()",
    "a shell": "import subprocess\nsubprocess.run(['ls'])",
    "a socket": "import socket\nsocket.create_connection(('127.0.0.1', 9), 1)",
}


@pytest.fixture(scope="module", params=WORLDS)
def world(request: pytest.FixtureRequest) -> Iterator[tuple[CodeEnv, str]]:
    env = gymnasium.make(request.param).unwrapped
    assert isinstance(env, CodeEnv)
    yield env, WORLDS[request.param]
    env.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The file of a task, and what another episode wrote; the test itself can read both."""
    trace = tmp_path_factory.mktemp("episode") / "trace.jsonl"
    trace.write_text("the goal of another episode\n")
    found = {"FILE": codeact_envs.__file__, "TRACE": str(trace)}
    for path in found.values():
        with open(path) as file:
            assert file.read()
    return found


def test_nothing_but_the_tools_can_be_reached(world: tuple[CodeEnv, str], files: dict[str, str]) -> None:
    env, tool = world
    env.reset(seed=0)
    before = env.state_hash()
    reached = {}
    for name, attempt in ATTEMPTS.items():
        code = attempt.replace("TOOL", tool)
        for word, path in files.items():
            code = code.replace(word, repr(path))
        execution = _ran(env, code)
        if execution.ok:
            reached[name] = execution.value
    assert reached == {}
    assert _ran(env, "1 + 1").value == 2  # a program that does none of it runs
    assert env.state_hash() == before


def test_no_name_holds_the_goal_or_the_reference_program(world: tuple[CodeEnv, str]) -> None:
    env, tool = world
    env.reset(seed=0)
    oracle = [line for line in env.oracle().splitlines() if len(line) > 20]
    for code in (f"print({tool}.__doc__)", f"help({tool})", "print(dir())", "print(sorted(globals()))"):
        execution = _ran(env, code)
        shown = f"{execution.stdout}{execution.value}"
        assert not [line for line in oracle if line in shown]
    for name in ("env", "world", "task", "plan", "goal", "oracle", "judge", "snapshot", "client", "sandbox"):
        error = _ran(env, name).error
        assert error is not None, name
        assert error.type == "NameError", name


def test_a_program_cannot_call_itself_a_success(world: tuple[CodeEnv, str]) -> None:
    env, _ = world
    for answer in ("True", "{'success': True, 'score': 1.0}", "1.0", "None"):
        env.reset(seed=0)
        _, reward, terminated, _, info = env.step(f"success = True\nscore = 1.0\nfinish({answer})")
        assert (terminated, info["success"]) == (True, False)
        assert reward < 1.0


def test_no_tool_is_called_after_the_end(world: tuple[CodeEnv, str]) -> None:
    """Else a program could look at what its answer gave, and answer anew."""
    env, _ = world
    ways = (
        "try:\n    finish('first')\nexcept BaseException:\n    pass",
        "try:\n    finish('first')\nfinally:\n    finish('second')",
        "def ends():\n    try:\n        finish('first')\n    finally:\n        return\nends()",
    )
    for way in ways:
        env.reset(seed=0)
        *_, terminated, _, info = env.step(f"{way}\nfinish('second')\nprint('went on')")
        execution = info["execution"]
        assert (terminated, execution.answer, execution.stdout) == (True, "first", ""), way
        assert [call.tool for call in execution.calls] == ["finish"], way
        with pytest.raises(ResetNeeded):
            env.step("finish('third')")


def test_what_is_shown_tells_nothing_of_the_judge() -> None:
    env = gymnasium.make("CodeAct/Lift-v0").unwrapped
    assert isinstance(env, CodeEnv)
    observation, _ = env.reset(seed=0)
    shown = [observation]
    for code in ("raise ValueError('lost')", "pick('nothing')", "home()", "while True:\n    objects()"):
        observation, *_, info = env.step(code)
        shown.append(observation)
        assert info["conditions"]
        hidden = [*info["conditions"], "score", "success", "condition", "oracle", "codeact_envs", "/envs/"]
        assert not [word for word in hidden if word in observation], observation
    assert len(set(shown)) > 1
    env.close()


@pytest.mark.parametrize("perturbation", ["push", "dynamics", "failed_grasp"])
def test_what_will_go_wrong_cannot_be_seen_before(perturbation: str) -> None:
    seen = []
    for perturb in ((), perturbation):
        env = gymnasium.make("CodeAct/Lift-v0", perturb=perturb).unwrapped
        assert isinstance(env, CodeEnv)
        observation, _ = env.reset(seed=0)
        look = "print(dir(), objects(), [(pose(name), size(name)) for name in objects()], held())\nhelp()"
        seen.append((observation, env.instruction, env.tools.stubs(), _ran(env, look).stdout))
        env.close()
    assert seen[0] == seen[1]


def _ran(env: CodeEnv, code: str) -> Any:
    """Run one program in the sandbox of the episode, without judging it: attempts are many, and turns are few."""
    sandbox = env._sandbox
    assert sandbox is not None
    return sandbox.run(code)
