"""What an episode has used up of its task's limits."""

from __future__ import annotations

from codeact.tools import Refusal
from codeact_envs.tasks import EpisodeLimits


class Budget:
    """Turns, tool calls and simulated seconds.

    Attributes:
        turns, calls: how many there were.
        spent: the limit that a running program has used up.
    """

    def __init__(self, limits: EpisodeLimits, open_ended: bool) -> None:
        """`open_ended`: all is counted, and nothing limited."""
        self._limits, self._open_ended = limits, open_ended
        self.turns = self.calls = 0
        self.spent: str | None = None

    def refusal(self, time_s: float) -> Refusal | None:
        """Why no further tool may be called at that simulated second, in words; None where one may."""
        if self._open_ended:
            return None
        if self.calls >= self._limits.tool_calls:
            self.spent = "tool_calls"
            return Refusal(f"the episode's {self._limits.tool_calls} tool calls are used up")
        if time_s >= self._limits.simulated_seconds:
            self.spent = "simulated_seconds"
            return Refusal(f"the episode's {self._limits.simulated_seconds:g} simulated seconds are used up")
        return None

    def reached(self, time_s: float) -> str | None:
        """Which limit ends the episode after a turn; None where none does."""
        if self._open_ended:
            return None
        if time_s >= self._limits.simulated_seconds:
            return "simulated_seconds"
        if self.calls >= self._limits.tool_calls:
            return "tool_calls"
        return self.spent or ("turns" if self.turns >= self._limits.turns else None)
