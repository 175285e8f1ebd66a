"""What broke a rule of the robot: in words, as before, and with figures."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator


class Violation(str):
    """A broken rule in words; the same rule broken again by the same part has the same words.

    Attributes:
        kind: `collision`, `keep_out`, `force`, `joint_speed`, `joint_limit`, `joint_torque` or `point_speed`.
        times: at how many looks it was so. While the arm moves there are 20 looks a simulated second.
        worst: the largest value seen, in `unit`; NaN where there is nothing to measure.
        unit: of `worst`: N, N m, rad, rad/s or m/s; empty where there is nothing to measure.
        first_s: simulated seconds from the reset to the first look at which it was so.
    """

    kind: str
    times: int
    worst: float
    unit: str
    first_s: float

    def __new__(
        cls,
        text: str,
        kind: str = "rule",
        times: int = 1,
        worst: float = math.nan,
        unit: str = "",
        first_s: float = math.nan,
    ) -> Violation:
        made = super().__new__(cls, text)
        made.kind, made.times, made.worst, made.unit, made.first_s = kind, times, worst, unit, first_s
        return made

    def reworded(self, text: str) -> Violation:
        """The same figures under other words."""
        return Violation(text, self.kind, self.times, self.worst, self.unit, self.first_s)

    def __getnewargs__(self) -> tuple[str, str, int, float, str, float]:  # type: ignore[override]
        return (str(self), self.kind, self.times, self.worst, self.unit, self.first_s)


class Violations:
    """The violations of one episode, in the order in which they first came."""

    def __init__(self) -> None:
        self._found: dict[str, Violation] = {}

    def add(self, text: str, kind: str, now_s: float, value: float = math.nan, unit: str = "") -> None:
        """It is so at simulated time `now_s`; `value` is compared with the worst one so far."""
        before = self._found.get(text)
        if before is None:
            self._found[text] = Violation(text, kind, 1, value, unit, now_s)
            return
        worst = value if math.isnan(before.worst) or value > before.worst else before.worst
        self._found[text] = Violation(text, before.kind, before.times + 1, worst, before.unit, before.first_s)

    def clear(self) -> None:
        self._found.clear()

    def restore(self, saved: Iterable[Violation]) -> None:
        self._found = {str(violation): violation for violation in saved}

    def __iter__(self) -> Iterator[Violation]:
        return iter(tuple(self._found.values()))
