"""Rehearsal: what an environment offers that can try a program and undo it, and what an agent makes of the outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from codeact.sandbox.execution import Execution


class Outcome(Protocol):
    """What a program would have led to."""

    @property
    def execution(self) -> Execution: ...

    @property
    def violations(self) -> tuple[str, ...]:
        """Hard constraints that it would have broken, in words."""
        ...

    @property
    def unrehearsed(self) -> str | None:
        """The first tool that was not called because its effect could not be undone; None: all were called."""
        ...

    @property
    def score(self) -> float:
        """Partial score of the state that it would leave, in [0, 1]."""
        ...

    @property
    def simulated_seconds(self) -> float: ...


@runtime_checkable
class Rehearses(Protocol):
    """An environment that can try a program and leave no trace of it."""

    def rehearse(self, code: str) -> Outcome: ...


def objection(outcome: Outcome) -> str:
    """Why the program should not be run, as a model reads it; empty when nothing speaks against it.

    A broken hard constraint does, and so does an error, unless a tool could not be rehearsed: what follows from that
    is not known before it is run.
    """
    lines = [f"It would break a rule: {violation}" for violation in outcome.violations]
    failed = outcome.execution.error is not None and outcome.unrehearsed is None
    if not lines and not failed:
        return ""
    return "\n".join([outcome.execution.observation(), *lines]).strip()
