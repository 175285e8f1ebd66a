"""An episode with several jointed bodies goes the same way to the last bit, whatever ran before it."""

from __future__ import annotations

import gymnasium
import pytest

import codeact_envs  # noqa: F401
from codeact_envs.code_env import CodeEnv


@pytest.mark.slow
@pytest.mark.parametrize("task", ["PutInDrawerAndClose", "TurnKnob", "Handover"])
def test_the_past_does_not_matter(task: str) -> None:
    """A drawer or a knob beside an arm, and two arms. A held body joins the arm's island now and not then."""
    env = gymnasium.make(f"CodeAct/{task}-v0").unwrapped
    assert isinstance(env, CodeEnv)
    seen: dict[int, str] = {}
    for seed in (0, 1, 0, 0, 2, 1, 0):
        env.reset(seed=seed)
        begun = env.save_state()
        info = env.step(env.oracle())[4]
        assert info["success"]
        assert seen.setdefault(seed, info["state_hash"]) == info["state_hash"]
    env.restore_state(begun)
    assert env.step(env.oracle())[4]["state_hash"] == seen[0]
    env.close()
