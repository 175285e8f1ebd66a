"""The embedded model as it ships: it does what it was trained for."""

from __future__ import annotations

import gymnasium
import pytest

import codeact_envs  # noqa: F401  (registers the tasks)
from codeact import CodeActAgent, load_model, play
from codeact.models.embedded import own_adapter
from codeact.models.lora import is_plain_lora


@pytest.fixture(scope="module")
def agent() -> CodeActAgent:
    return CodeActAgent(load_model("embedded"), max_turns=3, max_tokens=160)


def test_the_package_holds_its_adapter() -> None:
    folder = own_adapter()
    assert folder is not None
    assert is_plain_lora(folder)
    assert {"README.md", "training.json"} <= {file.name for file in folder.iterdir()}
    assert sum(file.stat().st_size for file in folder.iterdir()) < 60_000_000


@pytest.mark.parametrize("task", ["CodeAct/Stack2-v0", "CodeAct/Messages1-v0"])
def test_it_acts(agent: CodeActAgent, task: str) -> None:
    """On a public seed, which it may have seen: this is about the package, and not about what the model has learnt."""
    env = gymnasium.make(task)
    try:
        assert play(agent, env, seed=0).success
    finally:
        env.close()
