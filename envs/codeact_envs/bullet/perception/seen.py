"""What is known of a thing on the table, whoever saw it, and the geometry that is read from it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from codeact_envs.bullet.bodies.body import BodySpec
from codeact_envs.bullet.bodies.clearance import Obstacle, obstacle
from codeact_envs.bullet.geometry.poses import Pose, Vector3

_REST = 0.015  # metres between the underside of one thing and the top of what it rests on


@dataclass(frozen=True)
class Seen:
    """A thing on the table.

    Attributes:
        name: what programs call it.
        shape: a key of `codeact_envs.bullet.bodies.shapes.SHAPES`.
        color: one of `COLORS`.
        size: full extents (x, y, z), metres, in its own frame.
        pose: in the world frame.
        confidence: in [0, 1]; 1 when the truth is told.
    """

    name: str
    shape: str
    color: str
    size: Vector3
    pose: Pose
    confidence: float = 1.0

    @property
    def spec(self) -> BodySpec:
        return BodySpec(self.name, self.shape, self.size, color=self.color)

    @property
    def space(self) -> Obstacle:
        """The space that it takes as it stands."""
        return obstacle(self.name, self.spec, self.pose)


def within(one: Seen, other: Seen) -> bool:
    """Whether the middle of `one` lies over the outline of `other`."""
    x, y, _ = one.pose.position
    space = other.space
    prism = space.prism
    dx, dy = x - prism.x, y - prism.y
    if space.radius is not None:
        return math.hypot(dx, dy) < space.radius
    c, s = math.cos(prism.yaw), math.sin(prism.yaw)
    return abs(c * dx + s * dy) < prism.half_x and abs(-s * dx + c * dy) < prism.half_y


def inside(one: Seen, other: Seen) -> bool:
    """Whether `one` lies in the bowl `other`: its middle over it, its underside below the rim."""
    space = other.space
    return space.hollow and within(one, other) and one.space.prism.low < space.prism.high - 0.002


def rests_on(one: Seen, other: Seen) -> bool:
    """Whether `one` stands on `other`: its middle over it, its underside at the other's top; not in a bowl."""
    if other.space.hollow or not within(one, other):
        return False
    top = 0.0 if other.shape == "zone" else other.space.prism.high
    return abs(one.space.prism.low - top) <= _REST
