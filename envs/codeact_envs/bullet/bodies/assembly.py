"""Bodies made of convex solids: rigid ones, and ones with a part that slides or turns. As data, and how Bullet builds
them.

Each solid is a link of its own. As pieces of one compound shape, Bullet would solve their contacts in an order that
depends on what was near in the past.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from codeact_envs.bullet.bodies import meshes
from codeact_envs.bullet.bodies.colors import require_color
from codeact_envs.bullet.geometry.poses import Vector3

_ORIGIN = (0.0, 0.0, 0.0)
_UNTURNED = (0.0, 0.0, 0.0, 1.0)
_JOINT_LINK_MASS = 1e-3  # kilograms, of the link that a joint moves and that carries the moving solids
_FRAME_SHARE = 0.02  # of a body's mass, for the bare frame of one whose solids all lie beside its middle
_LEAST_MASS = 1e-4  # kilograms of a mark
_ANCHOR_MASS = 1.0  # kilograms of a solid that is fixed to the world: any
_LIMIT_FORCE = 1e3  # newtons, or newton metres, with which a joint's ends hold


@dataclass(frozen=True)
class Solid:
    """A convex piece.

    Attributes:
        shape: `box`, `cylinder` (about its own z) or `sphere`.
        size: full extents (x, y, z), metres, in its own frame.
        position, rotation: of its centre in the body's frame, metres, and roll, pitch, yaw, radians.
        share: of the mass of what it is rigid with; None divides what the others leave by volume.
        friction: lateral, of its surface; None takes the body's.
        color: a colour's name; None takes the body's.
        drawn: whether it is seen; else the body's `mesh` shows it.
        touches: whether it can be touched; a mark that is only seen has no mass either.
    """

    shape: Literal["box", "cylinder", "sphere"]
    size: Vector3
    position: Vector3 = _ORIGIN
    rotation: Vector3 = _ORIGIN
    share: float | None = None
    friction: float | None = None
    color: str | None = None
    drawn: bool = True
    touches: bool = True

    @property
    def volume(self) -> float:
        """Cubic metres."""
        full = math.prod(self.size)
        return full * {"box": 1.0, "cylinder": math.pi / 4.0, "sphere": math.pi / 6.0}[self.shape]


@dataclass(frozen=True)
class Joint:
    """How a body's moving part moves. Its position is 0 where it rests, and grows up to `travel`.

    Attributes:
        kind: `prismatic` (metres, newtons) or `revolute` (radians, newton metres).
        axis: in the body's frame; the part slides along it, or turns about it by the right-hand rule.
        origin: a point on the axis of a revolute joint, in the body's frame, metres.
        travel: the largest position.
        friction: dry friction that must be overcome.
        spring: what drives it back to 0, beside the friction, the same everywhere.
        damping: of the joint, newton seconds per metre, or newton metre seconds per radian.
        counts: whether the world counts how often it is pressed: moved nearly to its end, and let go again.
    """

    kind: Literal["prismatic", "revolute"]
    axis: Vector3
    travel: float
    friction: float
    origin: Vector3 = _ORIGIN
    spring: float = 0.0
    damping: float = 0.0
    counts: bool = False

    def carried(self, position: float, point: Vector3) -> Vector3:
        """Where a point of the moving part, given at position 0, comes to; in the body's frame, metres."""
        if self.kind == "prismatic":
            x, y, z = (value + position * axis for value, axis in zip(point, self.axis, strict=True))
            return (x, y, z)
        # Rodrigues' formula.
        kx, ky, kz = self.axis
        vx, vy, vz = (a - b for a, b in zip(point, self.origin, strict=True))
        s, c = math.sin(position), math.cos(position)
        along = (kx * vx + ky * vy + kz * vz) * (1.0 - c)
        ox, oy, oz = self.origin
        return (
            ox + vx * c + (ky * vz - kz * vy) * s + kx * along,
            oy + vy * c + (kz * vx - kx * vz) * s + ky * along,
            oz + vz * c + (kx * vy - ky * vx) * s + kz * along,
        )


@dataclass(frozen=True)
class Grip:
    """Where a hand takes hold, or presses, of the moving part where there is a joint, while that is at 0: its centre
    and full extents, metres, in the body's frame."""

    position: Vector3
    size: Vector3


@dataclass(frozen=True)
class Hollow:
    """The room in a body into which things go: its centre and full extents, metres, in the body's frame. `moves` when
    it belongs to the moving part, whose joint is at 0. `round` makes it an upright cylinder instead of a box."""

    position: Vector3
    size: Vector3
    moves: bool = False
    round: bool = False


@dataclass(frozen=True)
class Assembly:
    """A body: its frame's origin is the centre of its extents at joint position 0, x forward, z up.

    Attributes:
        solids: rigid with the body's frame. The mass of the first counts as lying at the origin where it has a `share`.
        moving: what the joint moves.
        anchored: fixed to the world where it is placed.
        mesh: seen at `mesh_position` in place of those solids that are not drawn.
        grips: where a hand takes hold, the best first; of the moving part where there is a joint.
        hollow: where things go in.
        lateral_friction, spinning_friction, rolling_friction: of the surfaces; Bullet multiplies those of two bodies.
    """

    solids: tuple[Solid, ...]
    moving: tuple[Solid, ...] = ()
    joint: Joint | None = None
    anchored: bool = False
    mesh: meshes.Mesh | None = None
    mesh_position: Vector3 = _ORIGIN
    grips: tuple[Grip, ...] = ()
    hollow: Hollow | None = None
    lateral_friction: float = 0.7
    spinning_friction: float = 0.002
    rolling_friction: float = 0.0

    @property
    def grip(self) -> Grip | None:
        """The best place to take hold."""
        return self.grips[0] if self.grips else None


@dataclass(frozen=True)
class Loaded:
    """A body in a simulation: Bullet's number, its links that take the body's colour, and the link that its joint
    moves."""

    body: int
    tinted: tuple[int, ...]
    joint_link: int | None = None


def load(bullet: Any, client: int, assembly: Assembly, mass: float, color: str, solid: bool = True) -> Loaded:
    """Build a body.

    Args:
        mass: kilograms of what can move: of the whole body, or of its moving part where it is anchored.
        color: of everything that has no colour of its own.
        solid: whether it touches anything; else it is drawn only, and stays where it is put.
    """
    return _Loader(bullet, client, assembly, mass, color, solid).load()


class _Loader:
    def __init__(self, bullet: Any, client: int, assembly: Assembly, mass: float, color: str, solid: bool) -> None:
        self._bullet, self._on = bullet, {"physicsClientId": client}
        self._assembly, self._mass, self._color, self._solid = assembly, mass, color, solid
        self._links: dict[str, list[Any]] = {
            key: []
            for key in (
                "linkMasses",
                "linkCollisionShapeIndices",
                "linkVisualShapeIndices",
                "linkPositions",
                "linkOrientations",
                "linkInertialFramePositions",
                "linkInertialFrameOrientations",
                "linkParentIndices",
                "linkJointTypes",
                "linkJointAxis",
            )
        }
        self._tinted: list[int] = []
        self._frictions = [assembly.solids[0].friction]  # of the base and of each link

    def load(self) -> Loaded:
        bullet, assembly = self._bullet, self._assembly
        masses = _masses(assembly.solids, self._mass)
        first, rest = assembly.solids[0], assembly.solids[1:]
        # Bullet knows a body by the centre of mass of its base: where no solid can be that, the base is a bare frame.
        bare = not (assembly.anchored or first.share is not None or first.position == first.rotation == _ORIGIN)
        if bare:
            frame, rest = _FRAME_SHARE * self._mass, assembly.solids
            masses = [frame, *((1.0 - _FRAME_SHARE) * mass for mass in masses)]
            self._frictions = [None]
        base = visual = -1
        if assembly.mesh is not None:
            client, place = self._on["physicsClientId"], {"visualFramePosition": assembly.mesh_position}
            visual = mesh_shape(bullet, client, assembly.mesh, self._rgba(None), **place)
            self._tinted.append(-1)
        elif not bare:
            visual = self._visual(first, -1)
        if not bare:
            base = self._collision(first, first.position, self._quaternion(first.rotation))
        for solid, mass in zip(rest, masses[1:], strict=True):
            self._fix(solid, solid.position, _ANCHOR_MASS if assembly.anchored else mass, 0)
        joint_link = self._add_moving() if assembly.joint is not None else None
        body: int = bullet.createMultiBody(
            baseMass=0.0 if assembly.anchored or not self._solid else masses[0],
            baseCollisionShapeIndex=base,
            baseVisualShapeIndex=visual,
            basePosition=_ORIGIN,
            **self._links,
            **self._on,
        )
        if self._solid:
            self._set_surfaces(body)
        if joint_link is not None and assembly.joint is not None:
            set_up_joint(bullet, self._on["physicsClientId"], body, joint_link, assembly.joint)
        return Loaded(body, tuple(self._tinted), joint_link)

    def _add_moving(self) -> int:
        joint = self._assembly.joint
        assert joint is not None
        link = len(self._links["linkMasses"])
        kinds = {"prismatic": self._bullet.JOINT_PRISMATIC, "revolute": self._bullet.JOINT_REVOLUTE}
        self._add(_JOINT_LINK_MASS, -1, -1, joint.origin, _UNTURNED, 0, kinds[joint.kind], joint.axis)
        masses = _masses(self._assembly.moving, self._mass)
        for solid, mass in zip(self._assembly.moving, masses, strict=True):
            x, y, z = (a - b for a, b in zip(solid.position, joint.origin, strict=True))
            self._fix(solid, (x, y, z), mass, link + 1)
        return link

    def _fix(self, solid: Solid, position: Vector3, mass: float, parent: int) -> None:
        collision = self._collision(solid, _ORIGIN, _UNTURNED)
        visual = self._visual(solid, len(self._links["linkMasses"]))
        turn = self._quaternion(solid.rotation)
        self._add(
            mass, collision, visual, position, turn, parent, self._bullet.JOINT_FIXED, (0.0, 0.0, 1.0), solid.friction
        )

    def _add(
        self,
        mass: float,
        collision: int,
        visual: int,
        position: Vector3,
        turn: Sequence[float],
        parent: int,
        kind: int,
        axis: Vector3,
        friction: float | None = None,
    ) -> None:
        self._frictions.append(friction)
        values = (mass, collision, visual, position, turn, _ORIGIN, _UNTURNED, parent, kind, axis)
        for found, value in zip(self._links.values(), values, strict=True):
            found.append(value)

    # Shapes

    def _collision(self, solid: Solid, position: Vector3, turn: Sequence[float]) -> int:
        bullet = self._bullet
        if not (self._solid and solid.touches):
            return -1
        where: dict[str, Any] = {} if position == _ORIGIN else {"collisionFramePosition": position}
        if tuple(turn) != _UNTURNED:
            where["collisionFrameOrientation"] = turn
        x, _, z = solid.size
        if solid.shape == "box":
            given = {"halfExtents": [extent / 2.0 for extent in solid.size]}
            return int(bullet.createCollisionShape(bullet.GEOM_BOX, **given, **where, **self._on))
        if solid.shape == "cylinder":
            return int(bullet.createCollisionShape(bullet.GEOM_CYLINDER, radius=x / 2.0, height=z, **where, **self._on))
        return int(bullet.createCollisionShape(bullet.GEOM_SPHERE, radius=x / 2.0, **where, **self._on))

    def _visual(self, solid: Solid, link: int) -> int:
        """A link without a visual shape would be drawn as its collision shape, so one that is not seen is a speck."""
        bullet, client = self._bullet, self._on["physicsClientId"]
        if not solid.drawn:
            return int(bullet.createVisualShape(bullet.GEOM_BOX, halfExtents=[0.0005] * 3, **self._on))
        if solid.color is None:
            self._tinted.append(link)
        rgba = self._rgba(solid.color)
        place: dict[str, Any] = {}
        if link < 0:  # a link's own frame is its solid's; the base's is the body's
            place = {
                "visualFramePosition": solid.position,
                "visualFrameOrientation": self._quaternion(solid.rotation),
            }
        x, _, z = solid.size
        if solid.shape == "cylinder":
            return mesh_shape(bullet, client, meshes.cylinder(x / 2.0, z), rgba, **place)
        if solid.shape == "sphere":
            return mesh_shape(bullet, client, meshes.sphere(x / 2.0), rgba, **place)
        half = [extent / 2.0 for extent in solid.size]
        return int(bullet.createVisualShape(bullet.GEOM_BOX, halfExtents=half, rgbaColor=rgba, **place, **self._on))

    def _rgba(self, color: str | None) -> tuple[float, ...]:
        return (*require_color(color or self._color), 1.0)

    def _quaternion(self, rotation: Vector3) -> tuple[float, ...]:
        return _UNTURNED if rotation == _ORIGIN else tuple(self._bullet.getQuaternionFromEuler(rotation))

    def _set_surfaces(self, body: int) -> None:
        assembly = self._assembly
        for link, own in enumerate(self._frictions, start=-1):
            self._bullet.changeDynamics(
                body,
                link,
                lateralFriction=assembly.lateral_friction if own is None else own,
                spinningFriction=assembly.spinning_friction,
                rollingFriction=assembly.rolling_friction,
                **self._on,
            )
        # The damping is the whole body's. Given for a link together with its friction, neither would be taken over.
        self._bullet.changeDynamics(body, -1, linearDamping=0.0, angularDamping=0.02, **self._on)


def set_up_joint(bullet: Any, client: int, body: int, link: int, joint: Joint) -> None:
    """Give a joint its ends, its friction and its spring. All of it stays as it is from then on."""
    bullet.changeDynamics(
        body,
        link,
        jointLowerLimit=0.0,
        jointUpperLimit=joint.travel,
        jointLimitForce=_LIMIT_FORCE,
        jointDamping=joint.damping,
        physicsClientId=client,
    )
    if joint.spring:
        # A motor that wants to be at 0, and may push no harder than spring less friction.
        mode = {"controlMode": bullet.POSITION_CONTROL, "targetPosition": 0.0, "force": joint.spring}
    else:
        mode = {"controlMode": bullet.VELOCITY_CONTROL, "targetVelocity": 0.0, "force": joint.friction}
    bullet.setJointMotorControl2(body, link, **mode, physicsClientId=client)


def mesh_shape(bullet: Any, client: int, mesh: meshes.Mesh, rgba: tuple[float, ...], **place: Any) -> int:
    """A visual shape; returns Bullet's number of it."""
    shape: int = bullet.createVisualShape(
        bullet.GEOM_MESH,
        vertices=mesh.vertices,
        indices=mesh.indices,
        normals=mesh.normals,
        rgbaColor=rgba,
        specularColor=[0.2, 0.2, 0.2],
        physicsClientId=client,
        **place,
    )
    return shape


def _masses(solids: Sequence[Solid], mass: float) -> list[float]:
    left = mass * (1.0 - math.fsum(solid.share or 0.0 for solid in solids))
    volume = math.fsum(solid.volume for solid in solids if solid.share is None and solid.touches)

    def of(solid: Solid) -> float:
        if not solid.touches:
            return _LEAST_MASS
        return left * (solid.volume / volume) if solid.share is None else mass * solid.share

    return [of(solid) for solid in solids]
