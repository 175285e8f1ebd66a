"""Conditions on what is done with a held tool: what was wiped, what was never touched, what is plugged in."""

from __future__ import annotations

import math
from itertools import product
from typing import ClassVar

from pydantic import PositiveFloat

from codeact_envs.tasks.conditions.base import UNMET, Cast, Condition, Reading, Role, approach, condition
from codeact_envs.tasks.conditions.standing import lean
from codeact_envs.tasks.snapshot import ROBOT, Body, Snapshot, distance

_NEAR = 0.006  # metres between the underside of what wipes and the table
_RUBS = 0.001  # metres that it moves along the table between two looks while it wipes
_FROM = 0.06  # metres of a plug from its place, at which progress begins
_GRID = (-0.4, 0.0, 0.4)  # shares of a mark's extents where it is looked at
_LOOKS = len(_GRID) ** 2


@condition("wiped")
class Wiped(Condition):
    """All of every mark in `what` was rubbed over by `where`, which lay on the table and moved along it.

    A mark is looked at in nine places. Progress is the share of places that were wiped; a mark that was wiped in all of
    them is seen no longer.
    """

    what: Role
    where: Role
    follows: ClassVar[bool] = True

    def single_roles(self) -> tuple[str, ...]:
        return (self.where,)

    def begin(self, cast: Cast, start: Snapshot) -> tuple[tuple[float, float], tuple[int, ...]]:
        """Where the wiper is, seen from above, and the numbers of the places that were wiped."""
        x, y, _ = start.bodies[cast.name(self.where)].position
        return (x, y), ()

    def follow(
        self, cast: Cast, memory: tuple[tuple[float, float], tuple[int, ...]], now: Snapshot
    ) -> tuple[tuple[float, float], tuple[int, ...]]:
        last, done = memory
        wiper = now.bodies[cast.name(self.where)]
        x, y, _ = wiper.position
        if wiper.underside <= _NEAR and math.dist(last, (x, y)) >= _RUBS:
            places = self._places(cast, now)
            done = (*done, *(n for n, at in enumerate(places) if n not in done and _covers(wiper, at)))
        return (x, y), tuple(sorted(done))

    def gone(self, cast: Cast, memory: tuple[tuple[float, float], tuple[int, ...]]) -> tuple[str, ...]:
        """The marks of which every place was wiped."""
        _, done = memory
        marks = enumerate(cast.roles[self.what])
        return tuple(name for index, name in marks if set(done).issuperset(range(index * _LOOKS, (index + 1) * _LOOKS)))

    def read(self, cast: Cast, start: Snapshot, now: Snapshot) -> Reading:
        _, done = now.memory
        share = len(done) / len(self._places(cast, now))
        met = share >= 1.0
        return Reading(met, met, 1.0 if met else UNMET * share)

    def _places(self, cast: Cast, now: Snapshot) -> list[tuple[float, float]]:
        found = []
        for name in cast.roles[self.what]:
            mark = now.bodies[name]
            c, s = _axis(mark)
            for along, across in product(_GRID, _GRID):
                dx, dy = along * mark.size[0], across * mark.size[1]
                found.append((mark.position[0] + c * dx - s * dy, mark.position[1] + s * dx + c * dy))
        return found


def _axis(body: Body) -> tuple[float, float]:
    """Cosine and sine of a body's yaw."""
    x, y, z, w = body.quaternion
    yaw = math.atan2(2.0 * (w * z + x * y), 1.0 - 2.0 * (y * y + z * z))
    return math.cos(yaw), math.sin(yaw)


def _covers(body: Body, place: tuple[float, float]) -> bool:
    """Whether a place lies under a body that lies flat."""
    c, s = _axis(body)
    dx, dy = place[0] - body.position[0], place[1] - body.position[1]
    return abs(c * dx + s * dy) <= body.size[0] / 2.0 and abs(c * dy - s * dx) <= body.size[1] / 2.0


@condition("never_touched")
class NeverTouched(Condition):
    """The robot itself has not touched a body of `of` since the start."""

    of: list[Role]
    follows: ClassVar[bool] = True

    def begin(self, cast: Cast, start: Snapshot) -> bool:
        return False  # whether any was touched

    def follow(self, cast: Cast, memory: bool, now: Snapshot) -> bool:
        return memory or any(now.touch(ROBOT, name) for role in self.of for name in cast.roles[role])

    def read(self, cast: Cast, start: Snapshot, now: Snapshot) -> Reading:
        met = not now.memory
        return Reading(met, met, 1.0 if met else 0.0)

    def breach(self, cast: Cast, start: Snapshot, now: Snapshot) -> str:
        return "the robot itself touched what only the tool may touch"


@condition("plugged")
class Plugged(Condition):
    """A plug is in a socket: its underside at least `depth` metres below the socket's top, its middle within `within`
    metres of the socket's, seen from above, and turned and leaning by at most `angle` radians against it. Turned by
    half a turn it is the same. Progress begins a few centimetres from there: to come near earns nothing.
    """

    what: Role
    where: Role
    depth: PositiveFloat
    angle: PositiveFloat
    within: PositiveFloat = 0.005

    def single_roles(self) -> tuple[str, ...]:
        return (self.what, self.where)

    def read(self, cast: Cast, start: Snapshot, now: Snapshot) -> Reading:
        plug, socket = (now.bodies[cast.name(role)] for role in (self.what, self.where))
        goal = self._goal(plug, socket)
        begun = distance(start.bodies[plug.name].position, self._goal(plug, start.bodies[socket.name]))
        aside = math.dist(plug.position[:2], goal[:2])
        (c, s), (other_c, other_s) = _axis(plug), _axis(socket)
        turned = math.asin(min(1.0, abs(c * other_s - s * other_c)))
        met = (
            plug.position[2] <= goal[2]
            and aside <= self.within
            and turned <= self.angle
            and lean(plug.quaternion) <= self.angle
        )
        return approach(distance(plug.position, goal), min(begun, _FROM), met)

    def _goal(self, plug: Body, socket: Body) -> tuple[float, float, float]:
        """The plug's middle when it is just deep enough."""
        x, y, z = socket.position
        return (x, y, z + socket.size[2] / 2.0 - self.depth + plug.size[2] / 2.0)
