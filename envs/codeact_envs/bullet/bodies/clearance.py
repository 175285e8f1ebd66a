"""What is free and what is taken, by upright prisms: bodies on the table, and the open hand above them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from codeact_envs.bullet.bodies.body import BodySpec
from codeact_envs.bullet.bodies.furniture.containers import bowl_floor
from codeact_envs.bullet.bodies.meshes import BOWL_BASE, BOWL_WALL
from codeact_envs.bullet.geometry.poses import Pose
from codeact_envs.bullet.geometry.rotations import rotation_matrix
from codeact_envs.bullet.robots.description import GripperDescription

_UPRIGHT = 0.98  # cosine within which a body counts as standing on one of its faces
ARM_ABOVE_PALM = 0.12  # metres of wrist above the palm that also need room


@dataclass(frozen=True)
class Prism:
    """An upright prism with a rectangular footprint: centre (x, y), half sizes along its own axes, turned by yaw, from
    z = low to z = high; metres and radians, world frame."""

    name: str
    x: float
    y: float
    half_x: float
    half_y: float
    yaw: float
    low: float
    high: float

    def corners(self) -> list[tuple[float, float]]:
        c, s = math.cos(self.yaw), math.sin(self.yaw)
        signs = ((1, 1), (1, -1), (-1, -1), (-1, 1))
        return [
            (self.x + i * self.half_x * c - j * self.half_y * s, self.y + i * self.half_x * s + j * self.half_y * c)
            for i, j in signs
        ]


@dataclass(frozen=True)
class Obstacle:
    """A body as others must avoid it. `radius` is set for upright round bodies, `hollow` for bowls."""

    prism: Prism
    spec: BodySpec
    radius: float | None
    hollow: bool

    def blocks(self, other: Prism, margin: float) -> bool:
        """Whether `other` comes nearer to this body than `margin`, metres."""
        own = self.prism
        if other.low >= own.high + margin or other.high <= own.low - margin:
            return False
        reach = math.hypot(own.half_x, own.half_y) + math.hypot(other.half_x, other.half_y) + margin
        if math.hypot(own.x - other.x, own.y - other.y) >= reach:
            return False
        if self.radius is None:
            return _overlap(own, other, margin)
        if _distance(other, own.x, own.y) >= self.radius + margin:
            return False
        if not self.hollow:
            return True
        farthest = max(math.hypot(x - own.x, y - own.y) for x, y in other.corners())
        return other.low < self.wall_height(farthest) + margin

    def wall_height(self, radius: float) -> float:
        """Height of a bowl's inner surface at this distance from its axis, world frame."""
        base = self.prism.half_x * BOWL_BASE - BOWL_WALL
        slope = self.spec.size[2] / (self.prism.half_x * (1.0 - BOWL_BASE))
        return self.prism.low + max(bowl_floor(self.spec.size), (radius - base) * slope)


def obstacle(name: str, spec: BodySpec, pose: Pose) -> Obstacle:
    """The space that a body takes as it stands, lies or leans."""
    rotation = rotation_matrix(pose.quaternion)
    x, y, z = pose.position
    half = [extent / 2.0 for extent in spec.size]
    up = max(range(3), key=lambda axis: abs(rotation[2][axis]))
    if abs(rotation[2][up]) >= _UPRIGHT:
        first, second = [axis for axis in range(3) if axis != up]
        yaw = math.atan2(rotation[1][first], rotation[0][first])
        prism = Prism(name, x, y, half[first], half[second], yaw, z - half[up], z + half[up])
        is_round = spec.shape in ("cylinder", "bowl") and up == 2
        hollow = spec.shape == "bowl" and is_round and rotation[2][2] > 0.0
        return Obstacle(prism, spec, half[0] if is_round else None, hollow)
    extent = [sum(abs(rotation[row][axis]) * half[axis] for axis in range(3)) for row in range(3)]
    return Obstacle(Prism(name, x, y, extent[0], extent[1], 0.0, z - extent[2], z + extent[2]), spec, None, False)


def hand(gripper: GripperDescription, x: float, y: float, z: float, yaw: float, opening: float) -> list[Prism]:
    """The two fingers and the palm with the tool centre point at (x, y, z), pointing down, turned by `yaw`."""
    half_opening, half_finger = opening / 2.0, gripper.finger_thickness / 2.0
    across_x, across_y = -math.sin(yaw), math.cos(yaw)
    low = z - gripper.tip_below_tool
    prisms = []
    for side, name in ((1.0, "left finger"), (-1.0, "right finger")):
        offset = side * (half_opening + half_finger)
        prisms.append(
            Prism(
                name,
                x + offset * across_x,
                y + offset * across_y,
                gripper.finger_width / 2.0,
                half_finger,
                yaw,
                low,
                z + gripper.palm_above_tool,
            )
        )
    palm = z + gripper.palm_above_tool
    half_x, half_y = gripper.palm_size[0] / 2.0, gripper.palm_size[1] / 2.0
    prisms.append(Prism("palm", x, y, half_x, half_y, yaw, palm, palm + ARM_ABOVE_PALM))
    return prisms


def wrap_half_turn(angle: float) -> float:
    """The angle, modulo half a turn, in [-pi/2, pi/2): a parallel gripper looks the same after half a turn."""
    return (angle + math.pi / 2.0) % math.pi - math.pi / 2.0


def _distance(prism: Prism, x: float, y: float) -> float:
    """From a point to the prism's footprint."""
    c, s = math.cos(prism.yaw), math.sin(prism.yaw)
    dx, dy = x - prism.x, y - prism.y
    along, across = abs(c * dx + s * dy), abs(-s * dx + c * dy)
    return math.hypot(max(0.0, along - prism.half_x), max(0.0, across - prism.half_y))


def _overlap(a: Prism, b: Prism, margin: float) -> bool:
    """Separating axes of two rectangles; `margin` is added along each axis."""
    dx, dy = b.x - a.x, b.y - a.y
    for one, other in ((a, b), (b, a)):
        turn = other.yaw - one.yaw
        c, s = abs(math.cos(turn)), abs(math.sin(turn))
        axis_c, axis_s = math.cos(one.yaw), math.sin(one.yaw)
        along, across = abs(axis_c * dx + axis_s * dy), abs(-axis_s * dx + axis_c * dy)
        if along >= one.half_x + c * other.half_x + s * other.half_y + margin:
            return False
        if across >= one.half_y + s * other.half_x + c * other.half_y + margin:
            return False
    return True


def overlap(a: Prism, b: Prism, margin: float = 0.0) -> bool:
    """Whether two footprints overlap, whatever their heights."""
    return _overlap(a, b, margin)
