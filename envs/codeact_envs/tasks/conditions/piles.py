"""Conditions on many small things at once."""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import Field

from codeact_envs.bullet.geometry.rotations import rotation_matrix
from codeact_envs.tasks.conditions.base import UNMET, Cast, Condition, Reading, Role, condition
from codeact_envs.tasks.snapshot import Body, Snapshot


@condition("swept_onto")
class SweptOnto(Condition):
    """The middles of at least the share `least` of the bodies of `what` lie over the rectangle of `where`, let go.
    Progress is the share that do, of those that must."""

    what: Role
    where: Role
    least: Annotated[float, Field(gt=0.0, le=1.0)] = 0.8

    def single_roles(self) -> tuple[str, ...]:
        return (self.where,)

    def read(self, cast: Cast, start: Snapshot, now: Snapshot) -> Reading:
        begun, there = (self._there(cast, scene) for scene in (start, now))
        needed = math.ceil(self.least * len(cast.roles[self.what]) - 1e-9)
        if there >= needed:
            return Reading(True, True, 1.0)
        return Reading(False, False, UNMET * max(0, there - begun) / max(1, needed - begun))

    def _there(self, cast: Cast, scene: Snapshot) -> int:
        zone = scene.bodies[cast.name(self.where)]
        return sum(_over(scene.bodies[name], zone) and scene.held != name for name in cast.roles[self.what])


def _over(body: Body, zone: Body) -> bool:
    rotation = rotation_matrix(zone.quaternion)
    yaw = math.atan2(rotation[1][0], rotation[0][0])
    dx, dy = body.position[0] - zone.position[0], body.position[1] - zone.position[1]
    along, across = math.cos(yaw) * dx + math.sin(yaw) * dy, math.cos(yaw) * dy - math.sin(yaw) * dx
    return abs(along) <= zone.size[0] / 2.0 and abs(across) <= zone.size[1] / 2.0
