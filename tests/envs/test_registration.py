"""The tasks are there for whoever asks Gymnasium, and listing them costs next to nothing."""

from __future__ import annotations

import subprocess
import sys

import gymnasium
import pytest

import codeact_envs
from codeact.errors import TaskError
from codeact_envs.code_env import CodeEnv
from codeact_envs.tasks import environment_name, load_task, task_names
from codeact_envs.tool_use import tool_use_names

IDS = [
    "CodeAct/Reach-v0",
    "CodeAct/Push-v0",
    "CodeAct/PickPlace-v0",
    "CodeAct/Lift-v0",
    "CodeAct/Stack2-v0",
    "CodeAct/PutBlockOnObject-v0",
    "CodeAct/AllInOneBowl-v0",
    "CodeAct/MatchingBowls-v0",
]


@pytest.mark.parametrize(
    "imports",
    [
        "import codeact, gymnasium",
        "import gymnasium, codeact",
        "import codeact_envs, gymnasium",
        "import gymnasium, codeact_envs",
    ],
)
def test_the_tasks_are_registered_in_whatever_order_one_imports(imports: str) -> None:
    code = f"{imports}; import sys; print(*(id for id in gymnasium.registry if id.startswith('CodeAct/')))"
    code += "; print('pybullet' in sys.modules, 'pydantic' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    found, loaded = done.stdout.splitlines()
    assert set(found.split()) >= set(IDS)
    assert loaded == "False False"


def test_an_id_with_its_package_needs_no_import() -> None:
    code = "import gymnasium; print(gymnasium.make('codeact_envs:CodeAct/Stack2-v0').spec.id)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "CodeAct/Stack2-v0"


def test_a_plug_in_that_fails_is_a_warning_and_no_more(tmp_path: object) -> None:
    folder = f"{tmp_path}/broken-1.0.dist-info"
    code = f"""
import os, sys, warnings
os.mkdir({folder!r})
open({folder!r} + '/METADATA', 'w').write('Name: broken\\nVersion: 1.0\\n')
open({folder!r} + '/entry_points.txt', 'w').write('[gymnasium.envs]\\nBroken = nowhere:register\\n')
sys.path.insert(0, {str(tmp_path)!r})
import codeact
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter('always')
    import gymnasium
assert any('nowhere:register' in str(warning.message) for warning in told), told
assert 'CodeAct/Stack2-v0' in gymnasium.registry
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_registering_again_changes_nothing() -> None:
    before = dict(gymnasium.registry)
    codeact_envs.register_envs()
    assert dict(gymnasium.registry) == before


def test_a_task_is_described_without_making_it() -> None:
    spec = gymnasium.spec("CodeAct/Stack2-v0")
    described = CodeEnv.describe(**spec.kwargs)
    assert described.pop("oracle") == "20/20"
    assert described == {
        "name": "stack2",
        "title": "Stack one cube on another",
        "family": "A",
        "tier": "high",
        "tiers": "high",
    }
    assert CodeEnv.describe("pick_place")["tiers"] == "high, low"


def test_each_task_has_an_id() -> None:
    assert {f"CodeAct/{environment_name(name)}" for name in (*task_names(), *tool_use_names())} == {
        name for name in gymnasium.registry if name.startswith("CodeAct/")
    }


def test_an_unknown_task_suggests_a_near_one() -> None:
    with pytest.raises(TaskError, match="did you mean 'stack2'"):
        load_task("stack3")
    with pytest.raises(TaskError, match="values must be 'seen' or 'unseen', not 'both'"):
        gymnasium.make("CodeAct/Stack2-v0", values="both")
