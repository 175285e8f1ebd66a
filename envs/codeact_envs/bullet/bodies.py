"""What stands on the table: bodies as data, and how each is built once in a simulation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from codeact.errors import TaskError
from codeact_envs.bullet import meshes

Vector3 = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]
Shape = Literal["box", "cylinder", "bowl", "zone"]

COLORS: dict[str, tuple[float, float, float]] = {
    "red": (0.84, 0.19, 0.18),
    "green": (0.24, 0.64, 0.30),
    "blue": (0.18, 0.42, 0.78),
    "yellow": (0.96, 0.78, 0.17),
    "orange": (0.94, 0.50, 0.16),
    "purple": (0.52, 0.29, 0.66),
    "pink": (0.93, 0.52, 0.66),
    "cyan": (0.26, 0.72, 0.76),
    "brown": (0.52, 0.35, 0.23),
    "gray": (0.50, 0.51, 0.53),
    "white": (0.94, 0.94, 0.92),
    "black": (0.14, 0.14, 0.15),
}

_FRICTION = {"box": 0.7, "cylinder": 0.7, "bowl": 0.9, "zone": 0.0}
_WALL_PIECES = 10


@dataclass(frozen=True)
class Pose:
    """A pose in the world frame: position (x, y, z) in metres and quaternion (x, y, z, w)."""

    position: Vector3
    quaternion: Quaternion


@dataclass(frozen=True)
class BodySpec:
    """A body that a world loads once.

    Attributes:
        key: its slot; a layout says what it is called and where it stands in an episode.
        shape: `box`, `cylinder` (upright), `bowl` (open above) or `zone` (flat, drawn only, touches nothing).
        size: full extents (x, y, z) in metres; for round shapes x = y is the outer diameter.
        mass: kilograms; ignored for a zone.
        color: default colour, one of `COLORS`.
    """

    key: str
    shape: Shape
    size: Vector3
    mass: float = 0.05
    color: str = "gray"

    def __post_init__(self) -> None:
        if self.shape not in _FRICTION:
            raise TaskError(f"body {self.key!r}: shape {self.shape!r} is unknown; known are {', '.join(_FRICTION)}")
        if len(self.size) != 3 or min(self.size) <= 0.0:
            raise TaskError(f"body {self.key!r}: size must be three positive lengths in metres, not {self.size!r}")
        if self.shape in ("cylinder", "bowl") and not math.isclose(self.size[0], self.size[1]):
            raise TaskError(
                f"body {self.key!r}: a {self.shape} is round, but its size has x {self.size[0]}, y {self.size[1]}"
            )
        if self.shape != "zone" and self.mass <= 0.0:
            raise TaskError(f"body {self.key!r}: mass must be positive, not {self.mass!r}")
        require_color(self.color)


@dataclass(frozen=True)
class Placement:
    """Where a body stands in an episode, and what it is called there.

    `position` is the body's centre in metres, world frame; `yaw` its rotation about z in radians; `color` None keeps
    the body's own. A zone's z is ignored: it lies on the table.
    """

    key: str
    name: str
    position: Vector3
    yaw: float = 0.0
    color: str | None = None


def require_color(name: str) -> tuple[float, float, float]:
    """A colour's red, green and blue in [0, 1].

    Raises:
        TaskError: no colour has this name.
    """
    try:
        return COLORS[name]
    except KeyError:
        raise TaskError(f"colour {name!r} is unknown; known are {', '.join(COLORS)}") from None


def bowl_floor(size: Vector3) -> float:
    """Height of a bowl's inner floor above its underside, metres."""
    return min(0.008, 0.2 * size[2])


def build(bullet: Any, client: int, spec: BodySpec) -> int:
    """Load one body; returns Bullet's number for it. Its frame's origin is the centre of its extents."""
    color = (*COLORS[spec.color], 1.0)
    half = [extent / 2.0 for extent in spec.size]
    on = {"physicsClientId": client}
    collision = -1
    if spec.shape == "box":
        collision = bullet.createCollisionShape(bullet.GEOM_BOX, halfExtents=half, **on)
        visual = bullet.createVisualShape(bullet.GEOM_BOX, halfExtents=half, rgbaColor=color, **on)
    elif spec.shape == "zone":
        visual = bullet.createVisualShape(bullet.GEOM_BOX, halfExtents=half, rgbaColor=color, **on)
    elif spec.shape == "cylinder":
        collision = bullet.createCollisionShape(bullet.GEOM_CYLINDER, radius=half[0], height=spec.size[2], **on)
        visual = _mesh(bullet, client, meshes.cylinder(half[0], spec.size[2]), color)
    else:
        visual = _mesh(bullet, client, meshes.bowl(half[0], spec.size[2], bowl_floor(spec.size)), color)
        return _bowl(bullet, client, spec, visual)
    body: int = bullet.createMultiBody(
        baseMass=0.0 if spec.shape == "zone" else spec.mass,
        baseCollisionShapeIndex=collision,
        baseVisualShapeIndex=visual,
        basePosition=[0.0, 0.0, 0.0],
        **on,
    )
    if spec.shape != "zone":
        _set_surface(bullet, client, spec, body, -1)
    return body


def _set_surface(bullet: Any, client: int, spec: BodySpec, body: int, link: int) -> None:
    bullet.changeDynamics(
        body,
        link,
        lateralFriction=_FRICTION[spec.shape],
        spinningFriction=0.0 if spec.shape == "box" else 0.002,
        rollingFriction=0.0005 if spec.shape == "cylinder" else 0.0,
        linearDamping=0.0,
        angularDamping=0.02,
        physicsClientId=client,
    )


def _mesh(bullet: Any, client: int, mesh: meshes.Mesh, color: tuple[float, ...]) -> int:
    shape: int = bullet.createVisualShape(
        bullet.GEOM_MESH,
        vertices=mesh.vertices,
        indices=mesh.indices,
        normals=mesh.normals,
        rgbaColor=color,
        specularColor=[0.2, 0.2, 0.2],
        physicsClientId=client,
    )
    return shape


def _bowl(bullet: Any, client: int, spec: BodySpec, visual: int) -> int:
    """A floor and a ring of leaning boxes: convex pieces, so that things can lie inside.

    Each piece is a link of its own. As pieces of one compound shape, Bullet would solve their contacts in an order that
    depends on what was near in the past.
    """
    size, on = spec.size, {"physicsClientId": client}
    radius, height, floor = size[0] / 2.0, size[2], bowl_floor(size)
    base, thickness = radius * meshes.BOWL_BASE, meshes.BOWL_WALL
    lean = math.atan2(radius - base, height)
    slant = math.hypot(radius - base, height)
    middle = (radius + base) / 2.0 - thickness / (2.0 * math.cos(lean))
    width = 2.0 * radius * math.tan(math.pi / _WALL_PIECES)
    wall = bullet.createCollisionShape(
        bullet.GEOM_BOX, halfExtents=[thickness / 2.0, width / 2.0, slant / 2.0 * 0.97], **on
    )
    bottom = bullet.createCollisionShape(
        bullet.GEOM_CYLINDER,
        radius=base,
        height=floor,
        collisionFramePosition=[0.0, 0.0, -height / 2.0 + floor / 2.0],
        **on,
    )
    # A link without a visual shape is drawn as its collision shape: this one is a speck inside the wall.
    hidden = bullet.createVisualShape(bullet.GEOM_BOX, halfExtents=[0.0005] * 3, **on)
    angles = [2.0 * math.pi * piece / _WALL_PIECES for piece in range(_WALL_PIECES)]
    body: int = bullet.createMultiBody(
        baseMass=spec.mass / 2.0,
        baseCollisionShapeIndex=bottom,
        baseVisualShapeIndex=visual,
        linkMasses=[spec.mass / 2.0 / _WALL_PIECES] * _WALL_PIECES,
        linkCollisionShapeIndices=[wall] * _WALL_PIECES,
        linkVisualShapeIndices=[hidden] * _WALL_PIECES,
        linkPositions=[[middle * math.cos(angle), middle * math.sin(angle), 0.0] for angle in angles],
        linkOrientations=[list(bullet.getQuaternionFromEuler([0.0, lean, angle])) for angle in angles],
        linkInertialFramePositions=[[0.0, 0.0, 0.0]] * _WALL_PIECES,
        linkInertialFrameOrientations=[[0.0, 0.0, 0.0, 1.0]] * _WALL_PIECES,
        linkParentIndices=[0] * _WALL_PIECES,
        linkJointTypes=[bullet.JOINT_FIXED] * _WALL_PIECES,
        linkJointAxis=[[0.0, 0.0, 1.0]] * _WALL_PIECES,
        **on,
    )
    for link in range(-1, _WALL_PIECES):
        _set_surface(bullet, client, spec, body, link)
    return body
