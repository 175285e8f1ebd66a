"""An agent from the text that names it on a command line and in a result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from codeact.evaluation.errors import EvaluationError, SelectionError

if TYPE_CHECKING:
    from codeact.agent import Action, Agent, Brief
    from codeact.events import EventSink
    from codeact.tools import Approve

CONTROLS = ("nothing", "opposite")
"""Agents that must score 0 on every task: they show that its check can fail."""


def has_model(name: str) -> bool:
    """Whether the agent of this name asks a model; the others play programs."""
    return name != "oracle" and name not in CONTROLS


def require_budget(name: str, max_turns: int | None, max_tokens: int | None, rehearse: bool = False) -> None:
    """Refuse a budget, or a rehearsal, that means nothing.

    Raises:
        EvaluationError: one was given to an agent that has no model.
    """
    if not has_model(name) and rehearse:
        raise EvaluationError(f"rehearse is for a model's programs, and the agent {name!r} has no model")
    if not has_model(name) and (max_turns is not None or max_tokens is not None):
        raise EvaluationError(f"max_turns and max_tokens are a model's budget, and the agent {name!r} has no model")


def make_agent(
    name: str,
    *,
    max_turns: int | None = None,
    max_tokens: int | None = None,
    rehearse: bool = False,
    approve: Approve | None = None,
) -> Agent:
    """The agent that `name` names.

    Args:
        name: `oracle` plays the task's reference program; `nothing` and `opposite` are the controls; anything else is a
            model, as `codeact.load_model` takes it.
        max_turns: replies of a model in one episode; None: as `CodeActAgent` has it.
        max_tokens: tokens of one reply; None: as `CodeActAgent` has it.
        rehearse: whether a model's programs are tried in the environment, and undone, before they are run.
        approve: policy that is asked about each call.

    Raises:
        SelectionError: no agent or model has that name.
        EvaluationError: a budget or `rehearse` was given to an agent that has no model.
        ModelError: the model cannot be loaded.
    """
    from codeact.agent import CodeActAgent, ProgramAgent

    require_budget(name, max_turns, max_tokens, rehearse)
    if not has_model(name):
        return _Control(name, approve) if name in CONTROLS else ProgramAgent("oracle", approve=approve)
    from codeact.models import load_model
    from codeact.models.loading import FORMS

    if name != "embedded" and ":" not in name:
        raise SelectionError(f"no agent is called {name!r}: it is oracle, {', '.join(CONTROLS)} or a model, {FORMS}")
    budget: dict[str, Any] = {"max_turns": max_turns, "max_tokens": max_tokens}
    budget = {key: value for key, value in budget.items() if value is not None}
    return CodeActAgent(load_model(name), approve=approve, rehearse=rehearse, **budget)


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
