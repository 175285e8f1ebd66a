"""`benchmarks/episode.py` compares like with like: its bare script makes the very states of an episode."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import pytest

from codeact_envs.code_env import CodeEnv


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
    return importlib.import_module("episode")


def test_motor_targets_played_by_a_bare_script_end_in_the_episodes_own_state(
    stack: CodeEnv, script: ModuleType
) -> None:
    stack.reset(seed=0)
    world = stack._make_world().bullet
    bare = script.BareScript(len(world.specs), world.robot)
    poses, motion, end = script.play_episode(stack, world, 0)
    bare.play(poses, motion)
    assert bare.state() == end
