"""How an answer is compared with the right one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any


@dataclass(frozen=True)
class Tolerance:
    """How far a number may be off: by `absolute`, or by the share `relative` of the right one, whichever is more."""

    absolute: float = 0.0
    relative: float = 0.0

    def __str__(self) -> str:
        """As an instruction says it; empty where numbers must be exact."""
        if self.relative:
            return f"A number may be off by {100 * self.relative:g} % of its value."
        return f"A number may be off by {self.absolute:g}." if self.absolute else ""

    def met(self, right: float, given: float) -> bool:
        slack = 1e-9 * max(1.0, abs(right))  # sums in another order
        return abs(given - right) <= max(self.absolute, self.relative * abs(right)) + slack


EXACT = Tolerance()


def same(right: Any, given: Any, tolerance: Tolerance) -> bool:
    """Whether an answer is right as a whole.

    Numbers are compared within the tolerance, and may be given as text; texts without regard to capitals and to how
    much space is between words; lists and tuples place by place, mappings key by key.
    """
    if isinstance(right, bool) or right is None:
        return given is right
    if isinstance(right, (int, float)):
        number = _number(given)
        return number is not None and tolerance.met(right, number)
    if isinstance(right, str):
        return isinstance(given, str) and _plain(right) == _plain(given)
    if isinstance(right, (list, tuple)):
        if not isinstance(given, (list, tuple)) or len(right) != len(given):
            return False
        return all(same(one, other, tolerance) for one, other in zip(right, given, strict=True))
    if isinstance(right, Mapping):
        if not isinstance(given, Mapping) or right.keys() != given.keys():
            return False
        return all(same(value, given[key], tolerance) for key, value in right.items())
    raise TypeError(f"an answer is made of numbers, texts, lists and mappings, not {type(right).__name__}")


def entries(right: Any, given: Any, tolerance: Tolerance) -> dict[str, bool]:
    """Which parts of an answer are right, by name: each place of a list, each key of a mapping, else the whole.

    What was given beyond the right entries is one more part, and wrong.
    """
    if isinstance(right, (list, tuple)):
        listed = given if isinstance(given, (list, tuple)) else ()
        found = {
            f"[{index}]": index < len(listed) and same(value, listed[index], tolerance)
            for index, value in enumerate(right)
        }
        return found | ({"beyond": False} if len(listed) > len(right) else {})
    if isinstance(right, Mapping):
        mapped = given if isinstance(given, Mapping) else {}
        found = {str(key): key in mapped and same(value, mapped[key], tolerance) for key, value in right.items()}
        return found | ({"beyond": False} if mapped.keys() - right.keys() else {})
    return {"answer": same(right, given, tolerance)}


def _number(given: Any) -> float | None:
    if isinstance(given, str):
        try:
            given = float(given)
        except ValueError:
            return None
    if isinstance(given, bool) or not isinstance(given, Real):  # NumPy's numbers are real numbers, too
        return None
    try:
        number = float(given)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
