"""Conditions on where a body stands and how it is turned, by another body's frame. The symmetry of its shape counts."""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import Field, PositiveFloat

from codeact_envs.bullet.bodies.shapes import SHAPES
from codeact_envs.bullet.geometry.rotations import rotation_matrix
from codeact_envs.tasks.conditions.base import UNMET, Cast, Condition, Reading, Role, approach, condition
from codeact_envs.tasks.snapshot import Body, Snapshot, Vector3, distance

Place = Annotated[list[float], Field(min_length=3, max_length=3)]
_MOST_SYMMETRIC = {"box", "zone", "sponge", "capped_block"}  # they look the same after half a turn about z


def symmetry(body: Body) -> float:
    """The least turn about its own z axis, radians, after which a body looks the same; 0 where any turn does."""
    if SHAPES[body.shape].round:
        return 0.0
    if body.shape in _MOST_SYMMETRIC:
        return math.pi / 2.0 if math.isclose(body.size[0], body.size[1]) else math.pi
    return math.tau


def turned_by(body: Body, yaw: float) -> float:
    """How far a body is turned from standing upright at `yaw`, radians, modulo its symmetry: the larger one of how far
    it leans and how far it is turned about the vertical."""
    rotation = rotation_matrix(body.quaternion)
    lean = math.acos(max(-1.0, min(1.0, rotation[2][2])))
    whole = symmetry(body)
    turn = math.remainder(_heading(body) - yaw, whole) if whole > 0.0 else 0.0
    return max(lean, abs(turn))


def _heading(body: Body) -> float:
    rotation = rotation_matrix(body.quaternion)
    return math.atan2(rotation[1][0], rotation[0][0])


def _place(frame: Body, offset: list[float]) -> Vector3:
    """A point given in an upright body's frame, world frame."""
    (x, y, z), yaw, (along, across, up) = frame.position, _heading(frame), offset
    c, s = math.cos(yaw), math.sin(yaw)
    return (x + c * along - s * across, y + s * along + c * across, z + up)


def _stands(body: Body, frame: Body, offset: list[float], within: float, degrees: float) -> bool:
    near = distance(body.position, _place(frame, offset)) <= within
    return near and turned_by(body, _heading(frame)) <= math.radians(degrees)


@condition("posed")
class Posed(Condition):
    """A body stands at `offset` (x, y, z), metres, in the frame of another, its middle within `within` metres of there
    and turned like the other within `degrees`; let go."""

    what: Role
    where: Role
    offset: Place = Field(default=[0.0, 0.0, 0.0])
    within: PositiveFloat = 0.01
    degrees: PositiveFloat = 15.0

    def single_roles(self) -> tuple[str, ...]:
        return (self.what, self.where)

    def read(self, cast: Cast, start: Snapshot, now: Snapshot) -> Reading:
        name, frame = cast.name(self.what), cast.name(self.where)
        body = now.bodies[name]
        met = _stands(body, now.bodies[frame], self.offset, self.within, self.degrees) and now.held != name
        goal = _place(start.bodies[frame], self.offset)
        error = max(distance(body.position, goal), distance(body.position, _place(now.bodies[frame], self.offset)))
        return approach(error, distance(start.bodies[name].position, goal), met)


@condition("arranged")
class Arranged(Condition):
    """At each of the `spots` (x, y, z), metres, in the frame of `where`, stands one body of `what`, whichever, as for
    `posed`. Progress is the share of the spots that are taken."""

    what: list[Role]
    where: Role
    spots: Annotated[list[Place], Field(min_length=1)]
    within: PositiveFloat = 0.01
    degrees: PositiveFloat = 15.0

    def single_roles(self) -> tuple[str, ...]:
        return (self.where,)

    def read(self, cast: Cast, start: Snapshot, now: Snapshot) -> Reading:
        begun, taken = (self._taken(cast, scene) for scene in (start, now))
        whole = len(self.spots)
        if taken == whole:
            return Reading(True, True, 1.0)
        return Reading(False, False, UNMET * max(0, taken - begun) / max(1, whole - begun))

    def _taken(self, cast: Cast, scene: Snapshot) -> int:
        frame = scene.bodies[cast.name(self.where)]
        names = [name for role in self.what for name in cast.roles[role] if name != scene.held]
        bodies = [scene.bodies[name] for name in names]
        return sum(any(_stands(body, frame, spot, self.within, self.degrees) for body in bodies) for spot in self.spots)
