"""Budgets of turns, tokens, time, calls and money, and what has been spent of them."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from codeact.errors import CodeActError

MILLION = 1_000_000


@dataclass(frozen=True)
class Prices:
    """What a million tokens cost, in any currency: of what the model reads, and of what it writes."""

    read: float
    written: float

    def __post_init__(self) -> None:
        if not all(0 <= price < math.inf for price in (self.read, self.written)):
            raise CodeActError(f"prices are ({self.read}, {self.written}); a price of a million tokens is 0 or more")

    def of(self, prompt_tokens: int, completion_tokens: int) -> float:
        return (prompt_tokens * self.read + completion_tokens * self.written) / MILLION


@dataclass(frozen=True)
class Budget:
    """What one task may cost. None: no limit.

    Attributes:
        turns: replies of the model.
        tokens: read and written, summed over all replies; a long history counts again each time it is read.
        seconds: wall time from the start of the task, time in tools included; after it calls are refused.
        calls: of tools, `finish` not counted, refused ones included; one more is refused, and ends the task.
        cost: by `prices`, in their currency.
        prices: of tokens.
    """

    turns: int = 10
    tokens: int | None = None
    seconds: float | None = None
    calls: int | None = None
    cost: float | None = None
    prices: Prices | None = None

    def __post_init__(self) -> None:
        for name, value in (
            ("max_turns", self.turns),
            ("max_total_tokens", self.tokens),
            ("max_seconds", self.seconds),
            ("max_calls", self.calls),
            ("max_cost", self.cost),
        ):
            if value is not None and not value > 0:
                raise CodeActError(f"{name} is {value}; it must be positive")
        if self.cost is not None and self.prices is None:
            raise CodeActError("max_cost needs prices=(read, written) of a million tokens, or --prices READ,WRITTEN")


@dataclass(frozen=True)
class Spent:
    """What a task has cost so far, as `Budget` counts it. `cost`: None without prices."""

    turns: int
    prompt_tokens: int
    completion_tokens: int
    calls: int
    seconds: float
    cost: float | None


class Spending:
    """What has been spent since the task began."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._started = time.monotonic()
        self.turns = self.calls = 0
        self.prompt_tokens = self.completion_tokens = 0
        self.rehearsing = False  # what is tried and undone does not count as calls
        self.late = False  # whether a program was chosen although the time is used up, and may call

    def paused(self, seconds: float) -> None:
        """So much time passed in which nothing was done; it does not count."""
        self._started += seconds

    def add(self, prompt_tokens: int, completion_tokens: int, *, turn: bool = True) -> None:
        """A reply that cost so many tokens, read and written. `turn`: whether it begins one."""
        self.turns += turn
        self.add_tokens(prompt_tokens, completion_tokens)

    def add_tokens(self, prompt_tokens: int, completion_tokens: int) -> None:
        """Tokens of something that is no turn."""
        self.prompt_tokens += prompt_tokens
        self.completion_tokens += completion_tokens

    @property
    def tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens

    @property
    def cost(self) -> float | None:
        prices = self._budget.prices
        return None if prices is None else prices.of(self.prompt_tokens, self.completion_tokens)

    def call(self) -> str | None:
        """A tool is about to be called. Returns why it may not, if the budget of time or of calls is used up."""
        if self.out_of_time() and not self.late:
            return f"the budget of {self._budget.seconds:g} seconds is used up"
        if self.rehearsing:
            return None
        self.calls += 1
        most = self._budget.calls
        return f"the budget of {most} calls is used up" if most is not None and self.calls > most else None

    def spent(self) -> Spent:
        return Spent(
            self.turns,
            self.prompt_tokens,
            self.completion_tokens,
            self.calls,
            time.monotonic() - self._started,
            self.cost,
        )

    def out_of_time(self) -> bool:
        """Whether the budget of time is used up."""
        limit = self._budget.seconds
        return limit is not None and time.monotonic() - self._started >= limit

    def exhausted(self, *, in_turn: bool = False) -> str:
        """Which budget is used up, in words such as `budget: 10 turns`; empty while there is some left.

        Args:
            in_turn: whether that is asked within a turn, which may be the last one.
        """
        budget = self._budget
        if not in_turn and self.turns >= budget.turns:
            return f"budget: {budget.turns} turns"
        if budget.tokens is not None and self.tokens >= budget.tokens:
            return f"budget: {budget.tokens} tokens"
        if budget.calls is not None and self.calls > budget.calls:
            return f"budget: {budget.calls} calls"
        if budget.cost is not None and self.cost is not None and self.cost >= budget.cost:
            return f"budget: a cost of {budget.cost:g}"
        if self.out_of_time():
            return f"budget: {budget.seconds:g} seconds"
        return ""

    def tokens_left(self) -> int | None:
        """How many tokens may still be written, by the budgets of tokens and of cost; None without a limit."""
        budget = self._budget
        left = [] if budget.tokens is None else [budget.tokens - self.tokens]
        if budget.cost is not None and budget.prices is not None and self.cost is not None and budget.prices.written:
            left.append(int((budget.cost - self.cost) * MILLION / budget.prices.written))
        return max(0, min(left)) if left else None
