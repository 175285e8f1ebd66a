"""The space that a base takes where it stands: its own footprint, and what of its arm, and its load, reaches beyond."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from codeact_envs.bullet.bodies.clearance import Prism, overlap
from codeact_envs.bullet.robots.description import BaseDescription, Volume

if TYPE_CHECKING:
    from codeact_envs.bullet.world import BulletWorld

Array = NDArray[np.float64]
Pose2 = tuple[float, float, float]

MARGIN = 0.05  # metres kept between the footprint and every body


class Footprint:
    """What a base would touch at a pose. The arm is taken to stay as it is while the base drives.

    Args:
        keep_out: volumes, world frame; those that a part passes below or above are not in its way.
    """

    def __init__(self, world: BulletWorld, robot: BaseDescription, keep_out: Sequence[Volume]) -> None:
        self._world, self._robot = world, robot
        self._keep_out = [(each, _prism_of(each)) for each in keep_out]
        self._arm: list[Prism] = []
        self._carried: frozenset[str] = frozenset()
        self.reach = 0.0

    def look(self, x: float, y: float, yaw: float) -> None:
        """Take over how the arm stands now, on a base that is at (x, y, yaw), metres and radians, world frame.

        Afterwards `reach` is how far the arm gets from the turning centre of the base, metres; 0 without an arm.
        """
        self._carried = frozenset(
            held for controller in self._world.controllers.values() if (held := controller.held()) is not None
        )
        turn = np.array([[math.cos(yaw), -math.sin(yaw)], [math.sin(yaw), math.cos(yaw)]])
        self._arm, reach = [], 0.0
        for controller in self._world.controllers.values():
            corners = controller.surroundings.boxes()
            corners[..., :2] = (corners[..., :2] - (x, y)) @ turn
            away = corners[..., :2] - (self._robot.turning_centre, 0.0)
            reach = max(reach, float(np.linalg.norm(away, axis=-1).max()))
            self._arm += [part for part in map(self._part, corners) if part is not None]
        self.reach = reach

    def _part(self, corners: Array) -> Prism | None:
        """A prism about the box of one part of the arm, in the base's frame; None where the base is below it all."""
        low, high = corners.min(axis=0), corners.max(axis=0)
        (x, y, _), (half_x, half_y, _) = ((low + high) / 2.0).tolist(), ((high - low) / 2.0).tolist()
        length, width = self._robot.footprint
        if abs(x) + half_x <= length / 2.0 and abs(y) + half_y <= width / 2.0 and high[2] <= self._robot.height:
            return None
        return Prism("its arm", x, y, half_x, half_y, 0.0, float(low[2]), float(high[2]))

    def prisms(self, x: float, y: float, yaw: float) -> list[Prism]:
        """The base's own prism, then those of its arm, at a pose."""
        half_x, half_y = (extent / 2.0 for extent in self._robot.footprint)
        c, s = math.cos(yaw), math.sin(yaw)
        found = [Prism("the base", x, y, half_x, half_y, yaw, 0.0, self._robot.height)]
        for part in self._arm:
            at_x, at_y = x + c * part.x - s * part.y, y + s * part.x + c * part.y
            found.append(Prism(part.name, at_x, at_y, part.half_x, part.half_y, yaw, part.low, part.high))
        return found

    def hit(self, pose: Pose2, besides: Collection[str] = (), pushing: bool = False) -> tuple[str, str] | None:
        """What would touch a body at a pose (x, y, yaw), "the base" or "its arm", and the name of the body.

        Args:
            besides: names of bodies that are not asked.
            pushing: the base itself may touch them, its arm may not.
        """
        prisms = self.prisms(*pose)[1 if pushing else 0 :]
        for name in self._world.names() if prisms else ():
            if name in self._carried or name in besides or self._world.spec(name).shape == "zone":
                continue
            for body in self._world.obstacles(name):
                for prism in prisms:
                    if body.blocks(prism, MARGIN):
                        return prism.name, name
        return None

    def kept_out(self, pose: Pose2) -> tuple[str, Volume] | None:
        """What would come into a volume that is kept out at a pose (x, y, yaw), and the volume."""
        for prism in self.prisms(*pose) if self._keep_out else ():
            for volume, space in self._keep_out:
                if space.low < prism.high and space.high > prism.low and overlap(space, prism, MARGIN):
                    return prism.name, volume
        return None


def _prism_of(volume: Volume) -> Prism:
    (x0, y0, low), (x1, y1, high) = volume.lower, volume.upper
    return Prism(volume.name, (x0 + x1) / 2.0, (y0 + y1) / 2.0, (x1 - x0) / 2.0, (y1 - y0) / 2.0, 0.0, low, high)
