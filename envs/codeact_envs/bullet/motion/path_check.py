"""Whether a planned motion of an arm is free of collision, over all its links and what it carries, before it begins.

Asked are the arm itself, everything that stands still (table, floor, furniture), other robots as they stand, and the
volumes that are kept out. Bodies that can be moved are not: a hand touches them on purpose.

Boxes about the links rule out nearly all pairs at once, in NumPy; what is left is measured (advance.py).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codeact_envs.bullet.motion.advance import FAR, Pair, advance, boxes_meet, samples_of, travel_of
from codeact_envs.bullet.motion.collisions import CollisionModel, Hit, Part
from codeact_envs.bullet.motion.link_boxes import LinkBoxes
from codeact_envs.bullet.robots.description import Volume

Array = NDArray[np.float64]

_DEEPER = 0.001  # metres that the load may press into something
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


class PathCheck:
    """Asks a `CollisionModel` about whole motions.

    Args:
        robots: Bullet's numbers of the world's arms: they are asked with all their links.
    """

    def __init__(self, model: CollisionModel, robots: Collection[int]) -> None:
        self.model, self._robots = model, frozenset(robots)
        self.boxes = LinkBoxes(model)
        self._still: dict[tuple[int, int], bool] = {}
        self._own: dict[tuple[int, int], NDArray[np.intp]] = {}

    def look(self, carried: int | None, besides: Collection[int] = ()) -> None:
        """Take over where everything stands now.

        Args:
            carried: the body that the gripper holds, by Bullet's number. One that is fixed counts for nothing.
            besides: bodies that count for nothing.
        """
        if carried is not None and self._stands_still(carried, -1):
            besides, carried = (*besides, carried), None
        self.model.update(besides, carried, self._stands_still)
        self.boxes.carry([(copy.here, -1) for copy, _ in self.model.carried])

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
        return float((self.boxes.reach @ np.abs(change)).max())

    def longest_step(self, rows: Array) -> float:
        """The most that any corner of a box about a part moves from one posture to the next, metres.

        Args:
            rows: joint positions (n, joints), radians; the caller has looked.
        """
        corners = self.boxes.corners(rows)
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
        travel = travel_of(self.boxes, rows)
        begins, ends = samples_of(travel)
        middle, half = self.boxes.at(rows[begins])
        half += (travel[ends] - travel[begins])[:, :, None]
        first, found = len(rows), None
        for pair in self._pairs(middle - half, middle + half, travel, rows, volumes):
            row, point = advance(pair, begins, ends, first, leaving)
            if row < first:
                first, found = row, Meeting(pair.hit, point, row, pair.well_before(row))
        return found

    def _pairs(self, low: Array, high: Array, travel: Array, rows: Array, volumes: Sequence[Volume]) -> Iterator[Pair]:
        """Everything whose boxes, (samples, parts, 3), meet somewhere on the way."""
        model, parts = self.model, self.boxes.parts
        loaded = len(parts) - len(model.carried)
        names = [part[1] if number < loaded else None for number, part in enumerate(parts)]
        moving = self.boxes.depths > 0
        meets = boxes_meet(low[:, :, None], high[:, :, None], model.low, model.high) & moving[:, None]
        for part, other in np.argwhere(meets.any(axis=0)).tolist():
            copy = model.others[other]
            yield Pair(
                Hit(names[part], copy.body),
                travel[:, part],
                np.flatnonzero(meets[:, part, other]),
                0.0 if part < loaded else -_DEEPER,
                self._gap(rows, parts[part], (copy.here, -1)),
            )
        pairs = self._own_pairs(loaded, len(parts))
        meets = boxes_meet(low[:, pairs[:, 0]], high[:, pairs[:, 0]], low[:, pairs[:, 1]], high[:, pairs[:, 1]])
        for number in np.flatnonzero(meets.any(axis=0)).tolist():
            one, other = pairs[number].tolist()
            yield Pair(
                Hit(names[one] if moving[one] else names[other], None),
                self._relative(rows, one, other),
                np.flatnonzero(meets[:, number]),
                0.0 if other < loaded else -_DEEPER,
                self._gap(rows, parts[other], parts[one]),
            )
        for volume in volumes:
            lower, upper = np.array(volume.lower), np.array(volume.upper)
            meets = boxes_meet(low, high, lower - _KEPT, upper + _KEPT) & moving
            for part in np.flatnonzero(meets.any(axis=0)).tolist():
                yield Pair(
                    Hit(names[part], None, volume),
                    2.0 * travel[:, part],  # a box about something that turns may grow faster than that moves
                    np.flatnonzero(meets[:, part]),
                    _KEPT,
                    self._gap_to_volume(rows, parts[part], lower, upper),
                )

    def _own_pairs(self, loaded: int, count: int) -> NDArray[np.intp]:
        """Numbers of parts of the arm, and of what it carries, that could meet each other, (pairs, 2); the load has the
        numbers from `loaded` to `count`."""
        if (loaded, count) not in self._own:
            model, links = self.model, self.boxes.parts[:loaded]
            place = {part: number for number, part in enumerate(links)}
            pairs = [(place[model.robot, one], place[model.robot, other]) for one, other in model.self_pairs]
            hand = {model.arm.tool_link, *model.arm.fingers}
            arm = [number for number, part in enumerate(links) if part[1] not in hand]
            pairs += [(number, load) for load in range(loaded, count) for number in arm]
            self._own[loaded, count] = np.array(pairs, dtype=np.intp).reshape(-1, 2)
        return self._own[loaded, count]

    def _relative(self, rows: Array, one: int, other: int) -> Array:
        """Metres that two parts of the arm have moved relative to each other: only joints in between count."""
        boxes = self.boxes
        near, far = sorted((one, other), key=lambda part: int(boxes.depths[part]))
        between = boxes.reach[far].copy()
        between[: boxes.depths[near]] = 0.0
        return np.concatenate([[0.0], np.cumsum(np.abs(np.diff(rows, axis=0)) @ between)])

    def _gap(self, rows: Array, one: Part, other: Part) -> Callable[[int], tuple[float, Any]]:
        def measure(row: int) -> tuple[float, Any]:
            self.model.put(rows[row])
            return self.model.gap(one, other, FAR)

        return measure

    def _gap_to_volume(self, rows: Array, part: Part, lower: Array, upper: Array) -> Callable[[int], tuple[float, Any]]:
        def measure(row: int) -> tuple[float, Any]:
            self.model.put(rows[row])
            low, high = self.model.box(part)
            nearest = np.clip((low + high) / 2.0, lower, upper)
            return float(np.maximum(low - upper, lower - high).max()), nearest.tolist()

        return measure
