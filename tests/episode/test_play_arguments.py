"""`play` says what it wants before it writes anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium
import pytest

from codeact import CodeActAgent, Sandbox, Toolbox, play, tool
from codeact.agent import ProgramAgent
from codeact.errors import CodeActError, Refused, SandboxError, TaskError


def test_an_environment_that_takes_no_programs_is_refused_and_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match="CartPoleEnv takes no programs"):
        play(ProgramAgent(["pass"]), gymnasium.make("CartPole-v1"), out=tmp_path)
    assert not list(tmp_path.iterdir())


def test_names_in_place_of_an_agent_or_an_environment_are_refused() -> None:
    agent: Any = "oracle"
    environment: Any = "CodeAct/Lift-v0"
    with pytest.raises(TaskError, match="takes an agent"):
        play(agent, gymnasium.make("CartPole-v1"))
    with pytest.raises(TaskError, match="takes an environment"):
        play(ProgramAgent("oracle"), environment)


def test_an_agent_wants_a_model_and_a_chat_a_toolbox() -> None:
    model: Any = "embedded"
    with pytest.raises(CodeActError, match="load_model"):
        CodeActAgent(model)
    tools: Any = [print]
    with pytest.raises(SandboxError, match="Toolbox"):
        Sandbox(tools)


def test_an_async_policy_refuses_and_says_why() -> None:
    @tool
    def go() -> None:
        """Go."""

    async def policy(call: object) -> None: ...

    approve: Any = policy
    with Sandbox(Toolbox([go]), approve=approve) as sandbox:
        result = sandbox.run("go()")
    assert result.error is not None
    assert result.error.type == Refused.__name__
    assert "async" in result.error.message
