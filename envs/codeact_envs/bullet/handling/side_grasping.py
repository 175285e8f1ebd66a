"""Where a level hand takes hold of a body that no hand can come to from above."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codeact_envs.bullet.bodies.body import BodySpec
from codeact_envs.bullet.bodies.clearance import ARM_ABOVE_PALM, Obstacle, Prism, obstacle
from codeact_envs.bullet.handling.grasping import Graspable
from codeact_envs.bullet.robots.description import GripperDescription

Array = NDArray[np.float64]

_ROOMS = (0.012, 0.006)  # metres that each pad stays off the body on the way in
_PALM_GAP = 0.005  # metres between the palm and the body
_FLOOR_GAP = 0.006  # metres between the hand and what the body stands on
_OWN_MARGIN = 0.001  # metres between the hand and the parts of the body that it does not hold
_LEAST_DEPTH = 0.01  # metres of a body's side that must lie between the pads
_THINNEST = 0.015  # metres: the edges of pads catch on what is thinner, and do not let it go
_ROUND_BEARINGS = 12


@dataclass(frozen=True)
class SideGrasp:
    """A grasp by a hand that lies level.

    Attributes:
        x, y, z: where the tool centre point goes, metres, world frame.
        bearing: in which the hand comes in, radians, world frame; the pads move level, across it.
        opening: metres between the pads on the way in.
    """

    x: float
    y: float
    z: float
    bearing: float
    opening: float

    @property
    def approach(self) -> tuple[float, float, float]:
        """The direction in which the hand comes in: a unit vector, world frame."""
        return (math.cos(self.bearing), math.sin(self.bearing), 0.0)

    def poses(self) -> tuple[Array, Array]:
        """Of the tool, each 4x4, world frame: with either side of the hand up."""
        return self._pose(1.0), self._pose(-1.0)

    def _pose(self, up: float) -> Array:
        c, s, _ = self.approach
        pose = np.eye(4)
        pose[:3, 0], pose[:3, 1], pose[:3, 2] = (0.0, 0.0, up), (up * s, -up * c, 0.0), (c, s, 0.0)
        pose[:3, 3] = (self.x, self.y, self.z)
        return pose

    def hand(self, gripper: GripperDescription) -> list[Prism]:
        """The two fingers and the palm of the open hand."""
        return level_hand(gripper, (self.x, self.y, self.z), self.bearing, self.opening)


def level_hand(
    gripper: GripperDescription, position: tuple[float, float, float], bearing: float, opening: float
) -> list[Prism]:
    """The two fingers and the palm with the tool centre point at `position`, metres, world frame, looking towards
    `bearing`, radians, with `opening` metres between the pads that move level."""
    x, y, z = position
    c, s = math.cos(bearing), math.sin(bearing)
    length = gripper.tip_below_tool + gripper.palm_above_tool
    ahead, half_finger = gripper.tip_below_tool - length / 2.0, gripper.finger_thickness / 2.0
    half_width = gripper.finger_width / 2.0
    prisms = []
    for side, name in ((1.0, "left finger"), (-1.0, "right finger")):
        aside = side * (opening / 2.0 + half_finger)
        at_x, at_y = x + ahead * c - aside * s, y + ahead * s + aside * c
        prisms.append(Prism(name, at_x, at_y, length / 2.0, half_finger, bearing, z - half_width, z + half_width))
    back, half_palm = gripper.palm_above_tool + ARM_ABOVE_PALM / 2.0, gripper.palm_size[0] / 2.0
    half_x, half_y = ARM_ABOVE_PALM / 2.0, gripper.palm_size[1] / 2.0
    prisms.append(Prism("palm", x - back * c, y - back * s, half_x, half_y, bearing, z - half_palm, z + half_palm))
    return prisms


def side_grasps(gripper: GripperDescription, thing: Graspable, natural: float) -> Iterator[SideGrasp]:
    """Grasps of an upright body from its sides, best first: as nearly from the robot as can be, and with much room
    before with little. The open hand cuts no part of the body, nor what the body stands on.

    Args:
        natural: from the robot to the body, radians.
    """
    name, floor = thing.body.prism.name, thing.body.prism.low
    solids = [obstacle(name, BodySpec(name, "box", grip.size), grip.pose) for grip in thing.grips] or [thing.body]
    for solid in solids:
        heights = _heights(gripper, solid.prism, floor)
        for room in _ROOMS:
            for bearing, width, half_depth in _sides(solid, thing, natural):
                back = max(0.0, half_depth + _PALM_GAP - gripper.palm_above_tool)
                opening = width + 2.0 * room
                if width < _THINNEST or opening > gripper.opening or half_depth - back < min(half_depth, _LEAST_DEPTH):
                    continue
                x, y = solid.prism.x - back * math.cos(bearing), solid.prism.y - back * math.sin(bearing)
                for z in heights:
                    grasp = SideGrasp(x, y, z, bearing, opening)
                    if not _cuts(gripper, grasp, thing):
                        yield grasp


def _heights(gripper: GripperDescription, prism: Prism, floor: float) -> list[float]:
    """Of the tool, best first: whole pads on the body, and the hand above what the body stands on."""
    lowest = max(prism.low + gripper.finger_width / 2.0, floor + gripper.palm_size[0] / 2.0 + _FLOOR_GAP)
    highest = prism.high - gripper.finger_width / 2.0
    if lowest > highest:
        return []
    middle = min(max((prism.low + prism.high) / 2.0, lowest), highest)
    return sorted({middle, highest, (middle + highest) / 2.0})


def _sides(solid: Obstacle, thing: Graspable, natural: float) -> list[tuple[float, float, float]]:
    """Bearings of the hand, the width of a body across each, and half of its depth along it; radians, metres."""
    prism = solid.prism
    beaker = thing.rim is not None and thing.rim.size[0] <= 2.0 * prism.half_x == 2.0 * prism.half_y
    if solid.radius is not None or beaker:
        turns = [math.tau * k / _ROUND_BEARINGS for k in range(_ROUND_BEARINGS)]
        sides = [(natural + turn, 2.0 * prism.half_x, prism.half_x) for turn in turns]
    else:
        across = [(prism.half_x, 2.0 * prism.half_y), (prism.half_y, 2.0 * prism.half_x)] * 2
        sides = [(prism.yaw + k * math.pi / 2.0, width, half_depth) for k, (half_depth, width) in enumerate(across)]
    return sorted(sides, key=lambda side: round(abs(math.remainder(side[0] - natural, math.tau)), 6))


def _cuts(gripper: GripperDescription, grasp: SideGrasp, thing: Graspable) -> bool:
    return any(part.blocks(prism, _OWN_MARGIN) for part in thing.parts for prism in grasp.hand(gripper))
