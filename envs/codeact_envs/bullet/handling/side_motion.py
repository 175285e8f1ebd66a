"""How a level hand comes to a body at its side and puts it down again, around everything that is perceived."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice, pairwise

import numpy as np
from numpy.typing import NDArray

from codeact_envs.bullet.arms.arm import SimulatedArm
from codeact_envs.bullet.arms.controller import ArmController
from codeact_envs.bullet.handling.free_motion import FreeMotion

Array = NDArray[np.float64]

BACK = 0.10  # metres before a body from which the hand comes in, and to which it goes back
_MARGIN = 0.002  # metres that hand and load keep on straight lines near what they come to
_STARTS = 4  # of last lines, that a free way may lead to
_OF_EACH = 2  # of them, from one place of the hand
_PARTS = 4  # of a line between two of its waypoints, that are looked at


@dataclass(frozen=True)
class SideWay:
    """A way of the hand.

    Attributes:
        legs: joint positions to go through, radians, from where the arm is to where the last straight line begins.
        pose: of the tool at its end, 4x4, world frame.
    """

    legs: tuple[Array, ...]
    pose: Array


class SideMotion:
    """Finds ways of one arm's level hand. Nothing moves.

    Args:
        arm: whose hand it is.
        free: of that arm.
        controller: of that arm.
    """

    def __init__(self, arm: SimulatedArm, free: FreeMotion, controller: ArmController) -> None:
        self._arm, self._free, self._controller = arm, free, controller
        self._kinematics = controller.kinematics

    def to(self, name: str, poses: Iterable[Array], opening: float) -> SideWay | None:
        """A free way that leads the tool to one of the first of `poses`, 4x4, world frame, that can be reached, along
        its own z axis, where it may touch the body `name`. None when there is none.

        Args:
            opening: metres between the pads meanwhile.
        """
        self._look([name], opening)
        ends: list[tuple[Array, Array]] = []
        for pose in poses:
            before = ahead(pose, -BACK)
            if self._allowed(before, pose):
                ends += [(start, pose) for start, _ in islice(self._lines(before, pose), _OF_EACH)]
            if len(ends) >= _STARTS:
                break
        self._look([], opening)
        return self._way(ends)

    def down(self, name: str, poses: Iterable[tuple[Array, Sequence[Array]]]) -> SideWay | None:
        """A free way that leads the hand with the body `name`, which it holds, to one of the first of `poses` that can
        be reached, and from which it can go back without the body. None when there is none.

        Args:
            poses: each with the poses from one of which a straight line leads there.
        """
        ends: list[tuple[Array, Array]] = []
        for pose, overs in poses:
            found: list[tuple[Array, Array]] = []
            self._free.look()
            for over in overs:
                if self._allowed(over, pose):
                    found += islice(self._lines(over, pose), _OF_EACH)
            self._free.look([name])
            back = ahead(pose, -BACK)[:3, 3]
            ends += [(start, pose) for start, end in found if self._line(end, back) is not None]
            if len(ends) >= _STARTS:
                break
        self._free.look()
        return self._way(ends)

    def _look(self, touching: Sequence[str], opening: float) -> None:
        self._free.look(touching)
        for finger in self._arm.fingers:
            self._free.model.put_finger(finger, opening / 2.0)

    def _way(self, ends: Sequence[tuple[Array, Array]]) -> SideWay | None:
        """A free way to one of the joint positions, each with the pose to which a line leads from there."""
        path = self._free.planner.plan(self._arm.commanded, [start for start, _ in ends], attempts=1)
        if path is None:
            return None
        _, pose = min(ends, key=lambda end: float(np.abs(end[0] - path[-1]).max()))
        return SideWay(tuple(path[1:]), pose)

    def _allowed(self, start: Array, end: Array) -> bool:
        places = self._controller.places
        return places.allows(tuple(start[:3, 3].tolist())) and places.allows_line(start[:3, 3], end[:3, 3])

    def _lines(self, start: Array, end: Array) -> Iterator[tuple[Array, Array]]:
        """Joint positions at both ends of free straight lines of the tool from one pose to another."""
        for q in self._free.postures(start):
            reached = self._line(q, end[:3, 3])
            if reached is not None:
                yield q, reached

    def _line(self, start: Array, goal: Array) -> Array | None:
        """Joint positions at the end of the tool's straight line from `start`; None where it is not free."""
        line = self._kinematics.line(start, goal)
        if line is None:
            return None
        end: Array = line[0][-1]
        between = (a + (b - a) * part / _PARTS for a, b in pairwise(line[0]) for part in range(_PARTS))
        if any(self._free.model.hit(q, _MARGIN) is not None for q in chain([end], between)):
            return None
        return end


def ahead(pose: Array, by: float) -> Array:
    """A pose `by` metres along the tool's own z axis from another."""
    moved = pose.copy()
    moved[:3, 3] += by * pose[:3, 2]
    return moved


def is_level(pose: Array) -> bool:
    """Whether a hand in this pose of its tool looks more to the side than down."""
    return abs(float(pose[2, 2])) < math.sqrt(0.5)


def turned_about(pose: Array, x: float, y: float, turn: float, to_x: float, to_y: float) -> Array:
    """The pose of a tool that is carried along when (x, y) goes to (to_x, to_y), and everything turns about it by
    `turn` radians, seen from above."""
    c, s = math.cos(turn), math.sin(turn)
    motion = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
    there = pose.copy()
    there[:3, :3] = motion @ pose[:3, :3]
    offset = motion @ (pose[:3, 3] - np.array([x, y, 0.0]))
    there[:3, 3] = offset + np.array([to_x, to_y, 0.0])
    return there
