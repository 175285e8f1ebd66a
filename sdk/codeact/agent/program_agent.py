"""An agent without a model: it plays given programs, or the task's reference program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from codeact.agent.protocol import Action, Brief
from codeact.errors import CodeActError
from codeact.events import ActionChosen, EventSink
from codeact.tools import Approval, Approve, PendingCall


class ProgramAgent:
    """Plays programs through the very path that a model's programs take.

    Args:
        programs: one program a turn, or `oracle` for the reference program that the environment brings.
        approve: policy that is asked about each tool call; None lets all run.
        name: how traces and reports call the agent.

    Raises:
        CodeActError: there is no program.
    """

    def __init__(
        self,
        programs: Sequence[str] | Literal["oracle"] = "oracle",
        *,
        approve: Approve | None = None,
        name: str | None = None,
    ) -> None:
        self._oracle = programs == "oracle"
        if isinstance(programs, str) and not self._oracle:
            raise CodeActError("programs must be a list of programs, or 'oracle'")
        if not programs:
            raise CodeActError("a ProgramAgent needs at least one program")
        self._programs = [] if self._oracle else list(programs)
        self._turn = 0
        self._approve = approve
        self.name = name or ("oracle" if self._oracle else "programs")

    @property
    def approve(self) -> Approve | None:
        """What is asked about each tool call: the policy, which is told the program, too."""
        return None if self._approve is None else self._ask

    @approve.setter
    def approve(self, approve: Approve | None) -> None:
        self._approve = approve

    def _ask(self, call: PendingCall) -> Approval:
        assert self._approve is not None
        return self._approve(replace(call, program=self._programs[self._turn - 1]))

    def begin(self, brief: Brief, on_event: EventSink) -> None:
        """Start an episode from the first program.

        Raises:
            CodeActError: `oracle` was asked for, and the environment brings no reference program.
        """
        self._turn = 0
        if self._oracle:
            oracle = getattr(brief.environment, "oracle", None)
            if oracle is None:
                raise CodeActError(f"{type(brief.environment).__name__} has no reference program (no oracle())")
            self._programs = [str(oracle())]

    def act(self, observation: str | None, on_event: EventSink) -> Action:
        """The next program; done when all have been played."""
        if self._turn >= len(self._programs):
            return Action(None, "", done=True, reason="gave up")
        code = self._programs[self._turn]
        self._turn += 1
        on_event(ActionChosen(self._turn, code))
        return Action(code, code)
