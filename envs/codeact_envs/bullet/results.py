"""How a motion ended, whatever moved."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

STOPPED = "the robot was stopped on its way"


@dataclass(frozen=True)
class MotionResult:
    """How a motion ended.

    Attributes:
        reached: whether the goal was reached.
        reason: why not, in words; empty when reached.
        position_error: metres between what moved (tool, base or drone) and its goal, measured.
        angle_error: radians between the two, measured.
        contacts: names of the bodies that were touched on the way, what is held among them.
        duration: simulated seconds.
    """

    reached: bool
    reason: str
    position_error: float
    angle_error: float
    contacts: tuple[str, ...]
    duration: float

    def without_names(self, names: Iterable[str]) -> MotionResult:
        """The same for somebody who does not know that bodies are called these names."""
        reason = self.reason
        for name in names:
            reason = reason.replace(repr(name), _UNNAMED)
        return replace(self, reason=reason, contacts=(_UNNAMED,) if self.contacts else ())


_UNNAMED = "something"
