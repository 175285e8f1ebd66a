"""How a motion ended, whatever moved."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MotionResult:
    """How a motion ended.

    Attributes:
        reached: whether the goal was reached.
        reason: why not, in words; empty when reached.
        position_error: metres between what moved (tool, base or drone) and its goal, measured.
        angle_error: radians between the two, measured.
        contacts: names of the bodies that were touched on the way.
        duration: simulated seconds.
    """

    reached: bool
    reason: str
    position_error: float
    angle_error: float
    contacts: tuple[str, ...]
    duration: float
