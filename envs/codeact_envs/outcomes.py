"""What `CodeEnv` saves and goes back to, and what a rehearsal tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from codeact.errors import TaskError
from codeact.sandbox import Execution, Sandbox
from codeact_envs.tasks import Judgement, Plan


@dataclass(frozen=True)
class EnvState:
    """Where an episode stands, without the variables of programs. It belongs to the environment that saved it."""

    world: Any
    plan: Plan
    start: Any
    judgement: Judgement
    turns: int
    calls: int
    over: bool


class Checkpoint:
    """Where an episode stood, with the variables of its programs. It belongs to the environment that made it.

    Attributes:
        state: the world and the counters.
    """

    def __init__(self, state: EnvState, variables: Sandbox) -> None:
        self.state = state
        self._variables: Sandbox | None = variables

    def take(self) -> Sandbox:
        """The session that holds the variables; the caller closes it from now on.

        Raises:
            TaskError: it was taken before, or the checkpoint was closed.
        """
        variables, self._variables = self._variables, None
        if variables is None:
            raise TaskError("this checkpoint was used or closed before; make another one")
        return variables

    def close(self) -> None:
        """Give the variables up. May be called again."""
        if self._variables is not None:
            self.take().close()


@dataclass(frozen=True)
class Rehearsal:
    """What a program would have led to.

    Attributes:
        execution: what it gave; `execution.calls` are its tool calls.
        success, success_strict, score: of the state that it would have left, after settling.
        violations: hard constraints that it would have broken.
        state_hash: of the state that it would have left.
        simulated_seconds: that it would have taken, settling included.
        contacts: pairs of names that would touch in the end, each pair sorted; `the robot` and `the table` stand for
            themselves. Empty in a world that does not tell contacts.
        unrehearsed: the first tool that was refused because its effect could not be undone; None: there was none.
    """

    execution: Execution
    success: bool
    success_strict: bool
    score: float
    violations: tuple[str, ...]
    state_hash: str
    simulated_seconds: float
    contacts: frozenset[tuple[str, str]] = frozenset()
    unrehearsed: str | None = None
