"""Budgets of turns, tokens and time, and what has been spent of them."""

from __future__ import annotations

import time
from dataclasses import dataclass

from codeact.errors import CodeActError


@dataclass(frozen=True)
class Budget:
    """What one task may cost. None: no limit.

    Attributes:
        turns: replies of the model.
        tokens: read and written, summed over all replies; a long history counts again each time it is read.
        seconds: wall time from the start of the task, time in tools included.
    """

    turns: int = 10
    tokens: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        for name, value in (
            ("max_turns", self.turns),
            ("max_total_tokens", self.tokens),
            ("max_seconds", self.seconds),
        ):
            if value is not None and value <= 0:
                raise CodeActError(f"{name} is {value}; it must be positive")


class Spending:
    """What has been spent since the task began."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._started = time.monotonic()
        self.turns = 0
        self.tokens = 0

    def add(self, tokens: int) -> None:
        """A reply that cost `tokens`, read and written."""
        self.turns += 1
        self.tokens += tokens

    def out_of_time(self) -> bool:
        """Whether the budget of time is used up."""
        limit = self._budget.seconds
        return limit is not None and time.monotonic() - self._started >= limit

    def exhausted(self) -> str:
        """Which budget is used up, in words such as `budget: 10 turns`; empty while there is some left."""
        if self.turns >= self._budget.turns:
            return f"budget: {self._budget.turns} turns"
        if self._budget.tokens is not None and self.tokens >= self._budget.tokens:
            return f"budget: {self._budget.tokens} tokens"
        if self.out_of_time():
            return f"budget: {self._budget.seconds:g} seconds"
        return ""

    def tokens_left(self) -> int | None:
        """How many tokens the budget still has; None without a limit."""
        return None if self._budget.tokens is None else max(0, self._budget.tokens - self.tokens)
