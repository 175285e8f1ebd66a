"""The first posture of a motion at which two things meet, by a bound on how far they move from one to the next.

Two steps, by the same bound. Boxes about the parts, at postures a few centimetres apart and grown by how far anything
moves in between, rule out nearly all pairs at once, in NumPy. What is left is measured by Bullet, and the posture goes
on by what the distance allows: conservative advancement (Mirtich, "Impulse-based dynamic simulation of rigid body
systems", 1996, section 2.3).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codeact_envs.bullet.motion.collisions import Hit
from codeact_envs.bullet.motion.link_boxes import LinkBoxes

Array = NDArray[np.float64]
Numbers = NDArray[np.intp]

FAR = 0.1  # metres up to which distances are measured
_SPACING = 0.03  # metres that anything moves between two postures whose boxes are looked at
_DEEPER = 0.001  # metres that anything may come deeper than where the motion begins
_WELL_BEFORE = 0.01  # metres of the way that a refusal leaves to what is met


@dataclass(frozen=True)
class Pair:
    """What may meet.

    Attributes:
        travel: metres that the part has moved at each posture, at most, relative to the other.
        samples: numbers of the postures where the boxes meet.
        least: metres: nearer is a meeting.
        measure: distance of the two, and where, at the posture of a number.
    """

    hit: Hit
    travel: Array
    samples: Numbers
    least: float
    measure: Callable[[int], tuple[float, Any]]

    def well_before(self, row: int) -> int:
        """The number of the last posture well before that of number `row`; 0 where there is none."""
        return max(0, int(np.searchsorted(self.travel, self.travel[row] - _WELL_BEFORE, side="right")) - 1)


def travel_of(boxes: LinkBoxes, rows: Array) -> Array:
    """How far each part has moved at each of the joint positions `rows` (n, joints), at most, metres: (n, parts)."""
    change = np.abs(np.diff(rows, axis=0))
    found: Array = np.vstack([np.zeros(len(boxes.parts)), np.cumsum(change @ boxes.reach.T, axis=0)])
    return found


def samples_of(travel: Array) -> tuple[Numbers, Numbers]:
    """Numbers of the postures at which boxes are looked at, and of those up to which each stands for what follows."""
    longest = travel.max(axis=1)
    begins = np.unique(np.searchsorted(longest, np.arange(0.0, longest[-1] + 1e-9, _SPACING)))
    return begins, np.append(begins[1:], len(travel) - 1)


def boxes_meet(low: Array, high: Array, other_low: Array, other_high: Array) -> NDArray[np.bool_]:
    """Whether boxes, (..., 3), overlap."""
    found: NDArray[np.bool_] = np.all((low <= other_high) & (high >= other_low), axis=-1)
    return found


def advance(
    pair: Pair, begins: Numbers, ends: Numbers, first: int, leaving: bool
) -> tuple[int, tuple[float, float, float]]:
    """The number of the posture, below `first`, at which a pair meets, and where; `first` if it does not.

    Args:
        leaving: what is nearer where the motion begins may be left, but not come nearer.
    """
    clear, least, travel = -np.inf, pair.least, pair.travel
    for sample in pair.samples.tolist():
        row, end = int(begins[sample]), int(ends[sample])
        if travel[end] < clear:
            continue
        while row <= end and row < first:
            if travel[row] < clear:
                row = int(travel.searchsorted(clear))
                continue
            distance, point = pair.measure(row)
            if row == 0 and leaving:
                least = min(least, distance - _DEEPER)
            if distance < least:
                x, y, z = point
                return row, (x, y, z)
            clear = travel[row] + distance - least
            row += 1
    return first, (0.0, 0.0, 0.0)
