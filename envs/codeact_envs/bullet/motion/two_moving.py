"""Whether two arms that move at the same time would meet, over all their links and what they carry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codeact_envs.bullet.motion.advance import FAR, Pair, advance, boxes_meet, samples_of, travel_of
from codeact_envs.bullet.motion.collisions import Hit, Part
from codeact_envs.bullet.motion.path_check import PathCheck
from codeact_envs.bullet.motion.shape_copies import Copy

Array = NDArray[np.float64]

APART = 0.01  # metres that two moving arms keep from each other: neither is exactly where it was commanded to be


@dataclass(frozen=True)
class MeetingOfTwo:
    """Where two arms would meet.

    Attributes:
        link, other: Bullet's indices of the links of the first and the second arm; None for what it carries.
        point: metres, world frame.
        row: number of their postures at which they do.
        free: number of their last postures well before that; 0 where there are none.
    """

    link: int | None
    other: int | None
    point: tuple[float, float, float]
    row: int
    free: int


def meeting_of_two(one: PathCheck, other: PathCheck, rows: Array, other_rows: Array) -> MeetingOfTwo | None:
    """The first meeting of two arms on ways that they go at the same time; None when they keep `APART`.

    What is nearer where they begin may part, but not come nearer.

    Args:
        one, other: of the arms; both have looked at how everything stands now.
        rows, other_rows: joint positions of each arm at the same moments, (n, joints), radians.
    """
    mirror = _Mirror(one, other, rows, other_rows)
    travel, other_travel = travel_of(one.boxes, rows), travel_of(other.boxes, other_rows)
    begins, ends = samples_of(np.hstack([travel, other_travel]))
    low, high = _grown(one, rows, travel, begins, ends, APART)
    other_low, other_high = _grown(other, other_rows, other_travel, begins, ends, 0.0)
    meets = boxes_meet(low[:, :, None], high[:, :, None], other_low[:, None], other_high[:, None])
    first, found = len(rows), None
    for part, number in np.argwhere(meets.any(axis=0)).tolist():
        if mirror.is_left_out(part, number):
            continue
        moved = travel[:, part] + other_travel[:, number]
        link, other_link = mirror.names(part, number)
        samples = np.flatnonzero(meets[:, part, number])
        pair = Pair(Hit(link, None), moved, samples, APART, mirror.gap(part, number))
        row, point = advance(pair, begins, ends, first, leaving=True)
        if row < first:
            first, found = row, MeetingOfTwo(link, other_link, point, row, pair.well_before(row))
    return found


def _grown(check: PathCheck, rows: Array, travel: Array, begins: Any, ends: Any, margin: float) -> tuple[Array, Array]:
    """Boxes about the parts at the postures that are looked at, each (samples, parts, 3), as far as they get."""
    middle, half = check.boxes.at(rows[begins])
    half += (travel[ends] - travel[begins])[:, :, None] + margin
    return middle - half, middle + half


class _Mirror:
    """Measures between a part of one arm and the copy that its model has of a part of the other."""

    def __init__(self, one: PathCheck, other: PathCheck, rows: Array, other_rows: Array) -> None:
        self._model, self._other = one.model, other.model
        self._parts, self._other_parts = one.boxes.parts, other.boxes.parts
        self._rows, self._other_rows = rows, other_rows
        loads = [{copy.body for copy, _ in model.carried} for model in (one.model, other.model)]
        self._shared = bool(loads[0] & loads[1])  # what both hold is no obstacle between them

    def is_left_out(self, part: int, number: int) -> bool:
        return self._shared and None in self.names(part, number)

    def names(self, part: int, number: int) -> tuple[int | None, int | None]:
        """Bullet's indices of two parts, None for loads."""
        body, link = self._parts[part]
        other_body, other_link = self._other_parts[number]
        return (
            link if body == self._model.robot else None,
            other_link if other_body == self._other.robot else None,
        )

    def _copies(self, part: Part) -> Sequence[Copy]:
        """What the first arm's model has of a part of the second one's."""
        body, link = part
        if body == self._other.robot:
            return [copy for copy in self._model.copies_of(self._other.arm.body) if copy.link == link]
        load = next(copy for copy, _ in self._other.carried if copy.here == body)
        # A body may have several shapes on a link: each is a part of its own there, and all of them are asked here.
        return [copy for copy in self._model.copies_of(load.body) if copy.link == load.link]

    def gap(self, part: int, number: int) -> Callable[[int], tuple[float, Any]]:
        own, others = self._parts[part], self._other_parts[number]
        copies = self._copies(others)

        def measure(row: int) -> tuple[float, Any]:
            self._model.put(self._rows[row])
            self._other.put(self._other_rows[row])
            frame = self._other.frame(others)
            found = []
            for copy in copies:
                self._model.move(copy, frame)
                found.append(self._model.gap(own, (copy.here, -1), FAR))
            return min(found, key=lambda gap: gap[0], default=(FAR, (0.0, 0.0, 0.0)))

        return measure
