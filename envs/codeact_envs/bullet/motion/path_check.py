"""Whether a planned motion of an arm is free of collision, over all its links and what it carries, before it begins.

Asked are the arm itself, everything that stands still (table, floor, furniture), other robots as they stand, and the
volumes that are kept out. Bodies that can be moved are not: a hand touches them on purpose.

Two steps, by the same motion bound. Boxes about the links, at postures a few centimetres apart and grown by how far
anything moves in between, rule out nearly all pairs at once, in NumPy. What is left is measured by Bullet, and the
posture goes on by what the distance allows: conservative advancement (Mirtich, "Impulse-based dynamic simulation of
rigid body systems", 1996, section 2.3).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codeact_envs.bullet.motion.collisions import CollisionModel, Hit, Part
from codeact_envs.bullet.motion.link_boxes import LinkBoxes
from codeact_envs.bullet.robots.description import Volume

Array = NDArray[np.float64]
Numbers = NDArray[np.intp]

_SPACING = 0.03  # metres that anything moves between two postures whose boxes are looked at
_FAR = 0.1  # metres up to which distances are measured
_DEEPER = 0.001  # metres that the load may press into something, and anything deeper than where the motion begins
_KEPT = 0.01  # metres that boxes stay away from what is kept out, so that the look at the moving arm does not meet it


@dataclass(frozen=True)
class Meeting:
    """What a motion would meet.

    Attributes:
        hit: which part, and what.
        point: where, metres, world frame.
        row: number of the posture at which it is met; the one at which the motion begins has number 0.
        free: number of the last posture well before it; 0 where there is none.
    """

    hit: Hit
    point: tuple[float, float, float]
    row: int
    free: int


@dataclass(frozen=True)
class _Pair:
    """What may meet.

    Attributes:
        travel: metres that the part has moved at each posture, at most, relative to the other.
        samples: numbers of the postures where the boxes meet.
        least: metres: nearer is a meeting.
        measure: distance of the two, and where, at a posture.
    """

    hit: Hit
    travel: Array
    samples: Numbers
    least: float
    measure: Callable[[Array], tuple[float, Any]]


class PathCheck:
    """Asks a `CollisionModel` about whole motions.

    Args:
        robots: Bullet's numbers of the world's arms: they are asked with all their links.
    """

    def __init__(self, model: CollisionModel, robots: Collection[int]) -> None:
        self.model, self._robots = model, frozenset(robots)
        self._boxes = LinkBoxes(model)
        self._still: dict[tuple[int, int], bool] = {}

    def look(self, carried: int | None, besides: Collection[int] = ()) -> None:
        """Take over where everything stands now.

        Args:
            carried: the body that the gripper holds, by Bullet's number. One that is fixed counts for nothing.
            besides: bodies that count for nothing.
        """
        if carried is not None and self._stands_still(carried, -1):
            besides, carried = (*besides, carried), None
        self.model.update(besides, carried, self._stands_still)
        self._boxes.carry([(copy.here, -1) for copy, _ in self.model.carried])

    def _stands_still(self, body: int, link: int) -> bool:
        key = (body, link)
        if key not in self._still:
            self._still[key] = body in self._robots or self.model.is_fixed(body, link)
        return self._still[key]

    def free(self, q: Array, volumes: Sequence[Volume] = ()) -> bool:
        """Whether the arm could stand at joint positions `q` (joints,); the caller has looked."""
        return self.meeting(np.stack([q, q]), volumes, leaving=False) is None

    def most_travel(self, change: Array) -> float:
        """No point of the arm moves farther, metres, when the joints turn by `change` (joints,), radians."""
        return float((self._boxes.reach @ np.abs(change)).max())

    def longest_step(self, rows: Array) -> float:
        """The most that any corner of a box about a part moves from one posture to the next, metres.

        Args:
            rows: joint positions (n, joints), radians; the caller has looked.
        """
        corners = self._boxes.corners(rows)
        return float(np.linalg.norm(np.diff(corners, axis=0), axis=-1).max())

    def meeting(self, rows: Array, volumes: Sequence[Volume] = (), leaving: bool = True) -> Meeting | None:
        """The first thing that is met on the way; None when the way is free.

        What is met already where the motion begins may be left, but not entered deeper.

        Args:
            rows: joint positions (n, joints), radians, from where the arm is. What lies between two of them is not
                looked at by itself: they are the commands of successive simulation steps.
            volumes: kept out, world frame.
            leaving: whether what is met where the motion begins may be left.
        """
        change = np.abs(np.diff(rows, axis=0))
        travel = np.vstack([np.zeros(len(self._boxes.parts)), np.cumsum(change @ self._boxes.reach.T, axis=0)])
        longest = travel.max(axis=1)
        begins = np.unique(np.searchsorted(longest, np.arange(0.0, longest[-1] + 1e-9, _SPACING)))
        ends = np.append(begins[1:], len(rows) - 1)
        middle, half = self._boxes.at(rows[begins])
        half += (travel[ends] - travel[begins])[:, :, None]
        first, found = len(rows), None
        for pair in self._pairs(middle - half, middle + half, travel, change, volumes):
            row, point = _advance(pair, rows, begins, ends, first, leaving)
            if row < first:
                free = int(np.searchsorted(pair.travel, pair.travel[row] - _KEPT, side="right")) - 1
                first, found = row, Meeting(pair.hit, point, row, max(0, free))
        return found

    def _pairs(
        self, low: Array, high: Array, travel: Array, change: Array, volumes: Sequence[Volume]
    ) -> Iterator[_Pair]:
        """Everything whose boxes, (samples, parts, 3), meet somewhere on the way."""
        model, parts = self.model, self._boxes.parts
        loaded = len(parts) - len(model.carried)
        names = [part[1] if number < loaded else None for number, part in enumerate(parts)]
        moving = self._boxes.depths > 0
        meets = _meet(low[:, :, None], high[:, :, None], model.low, model.high) & moving[:, None]
        for part, other in np.argwhere(meets.any(axis=0)).tolist():
            copy = model.others[other]
            yield _Pair(
                Hit(names[part], copy.body),
                travel[:, part],
                np.flatnonzero(meets[:, part, other]),
                0.0 if part < loaded else -_DEEPER,
                self._gap(parts[part], (copy.here, -1)),
            )
        pairs = np.array([*self._own_pairs(loaded)]).reshape(-1, 2)
        meets = _meet(low[:, pairs[:, 0]], high[:, pairs[:, 0]], low[:, pairs[:, 1]], high[:, pairs[:, 1]])
        for number in np.flatnonzero(meets.any(axis=0)).tolist():
            one, other = pairs[number].tolist()
            yield _Pair(
                Hit(names[one] if moving[one] else names[other], None),
                self._relative(change, one, other),
                np.flatnonzero(meets[:, number]),
                0.0 if other < loaded else -_DEEPER,
                self._gap(parts[other], parts[one]),
            )
        for volume in volumes:
            lower, upper = np.array(volume.lower), np.array(volume.upper)
            meets = _meet(low, high, lower - _KEPT, upper + _KEPT) & moving
            for part in np.flatnonzero(meets.any(axis=0)).tolist():
                yield _Pair(
                    Hit(names[part], None, volume),
                    2.0 * travel[:, part],  # a box about something that turns may grow faster than that moves
                    np.flatnonzero(meets[:, part]),
                    _KEPT,
                    self._gap_to_volume(parts[part], lower, upper),
                )

    def _own_pairs(self, loaded: int) -> Iterator[tuple[int, int]]:
        """Numbers of parts of the arm, and its load, that could meet each other."""
        model, parts = self.model, self._boxes.parts
        place = {part: number for number, part in enumerate(parts)}
        for one, other in model.self_pairs:
            yield place[model.robot, one], place[model.robot, other]
        hand = {model.arm.tool_link, *model.arm.fingers}
        for load in range(loaded, len(parts)):
            for number in range(loaded):
                if parts[number][1] not in hand:
                    yield number, load

    def _relative(self, change: Array, one: int, other: int) -> Array:
        """Metres that two parts of the arm have moved relative to each other: only joints in between count."""
        boxes = self._boxes
        near, far = sorted((one, other), key=lambda part: int(boxes.depths[part]))
        between = boxes.reach[far].copy()
        between[: boxes.depths[near]] = 0.0
        return np.concatenate([[0.0], np.cumsum(change @ between)])

    def _gap(self, one: Part, other: Part) -> Callable[[Array], tuple[float, Any]]:
        def measure(q: Array) -> tuple[float, Any]:
            self.model.put(q)
            return self.model.gap(one, other, _FAR)

        return measure

    def _gap_to_volume(self, part: Part, lower: Array, upper: Array) -> Callable[[Array], tuple[float, Any]]:
        def measure(q: Array) -> tuple[float, Any]:
            self.model.put(q)
            low, high = self.model.box(part)
            nearest = np.clip((low + high) / 2.0, lower, upper)
            return float(np.maximum(low - upper, lower - high).max()), nearest.tolist()

        return measure


def _meet(low: Array, high: Array, other_low: Array, other_high: Array) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = np.all((low <= other_high) & (high >= other_low), axis=-1)
    return found


def _advance(
    pair: _Pair, rows: Array, begins: Numbers, ends: Numbers, first: int, leaving: bool
) -> tuple[int, tuple[float, float, float]]:
    """The number of the posture, below `first`, at which a pair meets, and where; `first` if it does not."""
    clear, least, travel = -np.inf, pair.least, pair.travel
    for sample in pair.samples.tolist():
        row, end = int(begins[sample]), int(ends[sample])
        if travel[end] < clear:
            continue
        while row <= end and row < first:
            if travel[row] < clear:
                row = int(travel.searchsorted(clear))
                continue
            distance, point = pair.measure(rows[row])
            if row == 0 and leaving:
                least = min(least, distance - _DEEPER)
            if distance < least:
                x, y, z = point
                return row, (x, y, z)
            clear = travel[row] + distance - least
            row += 1
    return first, (0.0, 0.0, 0.0)
