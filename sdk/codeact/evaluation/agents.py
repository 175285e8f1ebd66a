"""An agent from the text that names it on a command line and in a result."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codeact.evaluation.errors import EvaluationError, SelectionError

if TYPE_CHECKING:
    from codeact.agent import Action, Agent, Brief
    from codeact.events import EventSink
    from codeact.tools import Approve

CONTROLS = ("nothing", "opposite")
"""Agents that must score 0 on every task: they show that its check can fail."""

_FOR_A_MODEL = ("best_of", "temperature", "action_format", "stubs", "examples", "prompt", "skills")


def has_model(name: str) -> bool:
    """Whether the agent of this name asks a model; the others play programs."""
    return name != "oracle" and name not in CONTROLS


def settings_of(
    *,
    max_turns: int | None = None,
    max_tokens: int | None = None,
    rehearse: bool = False,
    best_of: int = 1,
    temperature: float = 0.0,
    action_format: str = "code",
    stubs: str | None = None,
    examples: int | None = None,
    prompt: Path | None = None,
    skills: Sequence[Path] = (),
) -> dict[str, Any]:
    """What `make_agent` takes beside the name, of what was asked for: as a result names it.

    Args:
        prompt: a file with a template in place of the built-in prompt.
        skills: files of skills that programs may call.

    Raises:
        SkillError: a skill is none.
        EvaluationError: the file cannot be read.
    """
    settings: dict[str, Any] = {"max_turns": max_turns, "max_tokens": max_tokens}
    if rehearse:
        settings["rehearse"] = True
    if best_of != 1:
        settings["best_of"] = best_of
    if temperature != 0.0:
        settings["temperature"] = temperature
    if action_format != "code":
        settings["action_format"] = action_format
    if stubs is not None:
        settings["stubs"] = stubs
    if examples is not None:
        settings["examples"] = examples
    if prompt is not None:
        settings["prompt"] = str(prompt.resolve())
        settings["prompt_sha256"] = hashlib.sha256(_text(settings["prompt"]).encode()).hexdigest()
    if skills:
        from codeact.agent.skills import load_skill

        settings["skills"] = [str(each.resolve()) for each in skills]
        settings["skill_identities"] = [load_skill(each).identity for each in skills]
    return settings


def require_settings(name: str, settings: Mapping[str, Any]) -> None:
    """Refuse settings that mean nothing.

    Raises:
        EvaluationError: one was given to an agent that has no model.
    """
    if has_model(name):
        return
    if settings.get("rehearse"):
        raise EvaluationError(f"rehearse is for a model's programs, and the agent {name!r} has no model")
    if settings.get("max_turns") is not None or settings.get("max_tokens") is not None:
        raise EvaluationError(f"max_turns and max_tokens are a model's budget, and the agent {name!r} has no model")
    if given := [setting for setting in _FOR_A_MODEL if setting in settings]:
        raise EvaluationError(f"{' and '.join(given)} are for a model, and the agent {name!r} has none")


def make_agent(name: str, *, approve: Approve | None = None, **settings: Any) -> Agent:
    """The agent that `name` names.

    Args:
        name: `oracle` plays the task's reference program; `nothing` and `opposite` are the controls; anything else is a
            model, as `codeact.load_model` takes it.
        approve: policy that is asked about each call.
        settings: of a model's agent, as `settings_of` gives them.

    Raises:
        SelectionError: no agent or model has that name.
        EvaluationError: settings were given to an agent that has no model, or the file of a prompt has changed.
        ModelError: the model cannot be loaded.
    """
    from codeact.agent import CodeActAgent, ProgramAgent

    require_settings(name, settings)
    if not has_model(name):
        return _Control(name, approve) if name in CONTROLS else ProgramAgent("oracle", approve=approve)
    from codeact.models import load_model
    from codeact.models.loading import FORMS, is_embedded

    if not is_embedded(name) and ":" not in name:
        raise SelectionError(f"no agent is called {name!r}: it is oracle, {', '.join(CONTROLS)} or a model, {FORMS}")
    given = {key: value for key, value in settings.items() if value is not None}
    sha256 = given.pop("prompt_sha256", None)
    if (file := given.pop("prompt", None)) is not None:
        given["system_prompt"] = _text(file)
        if sha256 is not None and hashlib.sha256(given["system_prompt"].encode()).hexdigest() != sha256:
            raise EvaluationError(f"the prompt {file} has changed since the evaluation began")
    identities = given.pop("skill_identities", None)
    agent = CodeActAgent(load_model(name), approve=approve, **given)
    if identities is not None and identities != [skill.identity for skill in agent.skills]:
        raise EvaluationError("a skill has changed since the evaluation began")
    return agent


def _text(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise EvaluationError(f"the prompt {file} cannot be read: {error}") from error


class _Control:
    """One turn of nothing, or of the opposite of what the task asks for."""

    def __init__(self, name: str, approve: Approve | None) -> None:
        self.name = name
        self.approve = approve
        self._code: str | None = None

    def begin(self, brief: Brief, on_event: EventSink) -> None:
        self._code = "pass" if self.name == "nothing" else str(brief.environment.opposite())

    def act(self, observation: str | None, on_event: EventSink) -> Action:
        from codeact.agent import Action

        code, self._code = self._code, None
        return Action(code, code) if code is not None else Action(None, "", done=True, reason="finished")
