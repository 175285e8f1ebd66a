"""An agent from the text that names it on a command line and in a result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from codeact.evaluation.errors import EvaluationError, SelectionError
from codeact.tools.wording import listed

if TYPE_CHECKING:
    from codeact.agent import Action, Agent, AgentSettings, Brief
    from codeact.events import EventSink
    from codeact.models import Model
    from codeact.tools import Approve

CONTROLS = ("nothing", "opposite")
"""Agents that must score 0 on every task: they show that its check can fail."""


def has_model(name: str) -> bool:
    """Whether the agent of this name asks a model; the others play programs."""
    return name != "oracle" and name not in CONTROLS


def told_settings(settings: AgentSettings) -> dict[str, Any]:
    """Settings as a result names them: the two usual budgets, and what differs from the usual."""
    return {"max_turns": None, "max_tokens": None, **settings.unusual()}


def require_settings(name: str, settings: AgentSettings) -> None:
    """Refuse settings that mean nothing.

    Raises:
        EvaluationError: some were given to an agent that has no model.
    """
    if (given := settings.unusual_names()) and not has_model(name):
        raise EvaluationError(f"for a model only: {listed(given)}; the agent {name!r} has no model")


def make_agent(
    name: str,
    settings: AgentSettings | None = None,
    *,
    approve: Approve | None = None,
    model: Model | None = None,
) -> Agent:
    """The agent that `name` names.

    Args:
        name: `oracle` plays the task's reference program; `nothing` and `opposite` are the controls; anything else is a
            model, as `codeact.load_model` takes it.
        settings: of a model's agent; None: the usual.
        approve: policy that is asked about each call.
        model: the one that `name` names, where it was loaded already.

    Raises:
        SelectionError: no agent or model has that name.
        EvaluationError: settings were given to an agent that has no model.
        ModelError: the model cannot be loaded.
    """
    from codeact.agent import AgentSettings, CodeActAgent, ProgramAgent

    settings = settings or AgentSettings()
    require_settings(name, settings)
    if not has_model(name):
        return _Control(name, approve) if name in CONTROLS else ProgramAgent("oracle", approve=approve)
    from codeact.models import load_model
    from codeact.models.loading import FORMS, is_embedded

    if not is_embedded(name) and ":" not in name:
        raise SelectionError(f"no agent is called {name!r}: it is oracle, {', '.join(CONTROLS)} or a model, {FORMS}")
    return CodeActAgent(model or load_model(name), settings, approve=approve)


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
