"""A range finder on a wheeled base: distances all around, in a plane above the floor."""

from __future__ import annotations

import math
from typing import Any

from codeact_envs.bullet.engine.simulation import Simulation
from codeact_envs.bullet.errors import OutOfReach
from codeact_envs.bullet.vehicles.simulated_base import SimulatedBase

HEIGHT = 0.2  # metres above the floor
FARTHEST = 8.0  # metres from the middle of the base
_GAP = 0.01  # metres between the base's outline and where its rays begin
_MOST_RAYS = 720


class RangeFinder:
    """Looks along rays that begin at the base's outline, by Bullet's ray tests. Looking changes no state."""

    def __init__(self, simulation: Simulation, base: SimulatedBase) -> None:
        self._simulation, self._base = simulation, base

    def scan(self, rays: int) -> list[float]:
        """Metres from the middle of the base to the nearest thing, infinite beyond `FARTHEST`; the first ray ahead, the
        others evenly about z from there, counter-clockwise.

        Raises:
            OutOfReach: `rays` is not between 1 and 720.
        """
        if not 1 <= rays <= _MOST_RAYS:
            raise OutOfReach(f"rays must lie between 1 and {_MOST_RAYS}, not {rays}")
        x, y, yaw = self._base.pose()
        half_x, half_y = (extent / 2.0 + _GAP for extent in self._base.robot.footprint)
        starts, ends, begins = [], [], []
        for index in range(rays):
            angle = math.tau * index / rays
            along, across = abs(math.cos(angle)), abs(math.sin(angle))
            # Where the ray leaves the rectangle of the footprint.
            begin = min(half_x / max(along, 1e-9), half_y / max(across, 1e-9))
            c, s = math.cos(yaw + angle), math.sin(yaw + angle)
            starts.append((x + begin * c, y + begin * s, HEIGHT))
            ends.append((x + FARTHEST * c, y + FARTHEST * s, HEIGHT))
            begins.append(begin)
        found: Any = self._simulation.bullet.rayTestBatch(starts, ends, physicsClientId=self._simulation.client)
        return [
            begin + hit[2] * (FARTHEST - begin) if hit[0] >= 0 else math.inf
            for begin, hit in zip(begins, found, strict=True)
        ]
