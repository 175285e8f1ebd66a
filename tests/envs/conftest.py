"""Environments that several tests look at, made once a module: making one takes longer than an episode."""

from __future__ import annotations

from collections.abc import Iterator

import gymnasium
import pytest

import codeact_envs  # noqa: F401  (registers the tasks)
from codeact_envs.code_env import CodeEnv


@pytest.fixture(scope="module")
def stack() -> Iterator[CodeEnv]:
    env = gymnasium.make("CodeAct/Stack2-v0").unwrapped
    assert isinstance(env, CodeEnv)
    yield env
    env.close()
