"""Conditions on the way that a base or a drone took: places in order, a gate that was flown through, a place held."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, ClassVar

from pydantic import Field, PositiveFloat

from codeact.errors import TaskError
from codeact_envs.tasks.conditions.base import UNMET, Cast, Condition, Reading, Reference, Role, approach, condition
from codeact_envs.tasks.snapshot import ROBOT, Quaternion, Snapshot, Vector3, distance

_STILL = 0.005  # metres between two moments, 0.05 s apart, within which the robot counts as standing
_DRONE = 0.07  # metres: half of a drone's width over its rotors, which must fit through a gate as well

# Places reached, whether in order so far, where the robot was last, and how far it stood from each place, metres.
_Walked = tuple[int, bool, Vector3, tuple[float, ...]]
_Held = tuple[float | None, float | None]  # since when it has been within, and within the strict tolerance, seconds
_Flown = tuple[Vector3, bool, bool]  # the last place in the gate's frame; flown through; touched the gate


class _InOrder(Condition):
    """Base of routes: a robot stops at each of several places, one after the other. A stop at a later one before its
    turn breaks the order for good. Progress is the share of places that were reached in order.
    """

    follows: ClassVar[bool] = True
    where: Annotated[list[Role], Field(min_length=2)]
    within: PositiveFloat
    strict: PositiveFloat

    def single_roles(self) -> tuple[str, ...]:
        return tuple(self.where)

    @abstractmethod
    def _robot(self, scene: Snapshot) -> Vector3:
        """Where the robot is, metres, world frame."""

    @abstractmethod
    def _error(self, cast: Cast, role: Role, scene: Snapshot) -> float:
        """How far the robot is from its place at a body, metres."""

    def begin(self, cast: Cast, start: Snapshot) -> _Walked:
        return 0, True, self._robot(start), ()

    def follow(self, cast: Cast, memory: _Walked, now: Snapshot) -> _Walked:
        reached, ordered, before, errors = memory
        here = self._robot(now)
        if distance(here, before) > _STILL:
            return reached, ordered, here, errors
        away = [self._error(cast, role, now) for role in self.where]
        if reached < len(away) and ordered and away[reached] <= self.within:
            return reached + 1, ordered, here, (*errors, away[reached])
        if reached and away[reached - 1] <= self.within:  # still at the last one
            errors = (*errors[:-1], min(errors[-1], away[reached - 1]))
        elif any(error <= self.within for error in away[reached:]):
            ordered = False
        return reached, ordered, here, errors

    def read(self, cast: Cast, start: Snapshot, now: Snapshot) -> Reading:
        reached, ordered, _, errors = now.memory
        if ordered and reached == len(self.where):
            return Reading(True, max(errors) <= self.strict, 1.0)
        return Reading(False, False, UNMET * reached / len(self.where))


@condition("patrolled")
class Patrolled(_InOrder):
    """A wheeled base stopped on the bodies of `where` in this order, its middle within `within` metres, seen from
    above."""

    judges = "base"

    def _robot(self, scene: Snapshot) -> Vector3:
        assert scene.base is not None
        return (scene.base[0], scene.base[1], 0.0)

    def _error(self, cast: Cast, role: Role, scene: Snapshot) -> float:
        x, y, _ = scene.bodies[cast.name(role)].position
        return distance(self._robot(scene), (x, y, 0.0))


@condition("flown_to_in_order")
class FlownToInOrder(_InOrder):
    """A drone stopped in the air `height` metres over the bodies of `where` in this order, within `within` metres."""

    judges = "drone"
    height: PositiveFloat | Reference

    def _robot(self, scene: Snapshot) -> Vector3:
        assert scene.drone is not None
        return scene.drone

    def _error(self, cast: Cast, role: Role, scene: Snapshot) -> float:
        x, y, _ = scene.bodies[cast.name(role)].position
        return distance(self._robot(scene), (x, y, cast.number(self.height)))


@condition("hovered")
class Hovered(Condition):
    """A drone is `height` metres above the place where a body began, and has been within `within` metres of that for
    `seconds` at least."""

    judges = "drone"
    follows: ClassVar[bool] = True
    where: Role
    height: PositiveFloat | Reference
    seconds: PositiveFloat
    within: PositiveFloat
    strict: PositiveFloat

    def single_roles(self) -> tuple[str, ...]:
        return (self.where,)

    def _goal(self, cast: Cast, scene: Snapshot) -> Vector3:
        x, y, _ = scene.bodies[cast.name(self.where)].position
        return (x, y, cast.number(self.height))

    def begin(self, cast: Cast, start: Snapshot) -> _Held:
        return None, None

    def follow(self, cast: Cast, memory: _Held, now: Snapshot) -> _Held:
        assert now.drone is not None
        error = distance(now.drone, self._goal(cast, now))
        since, strictly = memory
        return (
            (now.time_s if since is None else since) if error <= self.within else None,
            (now.time_s if strictly is None else strictly) if error <= self.strict else None,
        )

    def read(self, cast: Cast, start: Snapshot, now: Snapshot) -> Reading:
        assert now.drone is not None
        assert start.drone is not None
        goal = self._goal(cast, start)
        met, strict = (since is not None and now.time_s - since >= self.seconds - 1e-6 for since in now.memory)
        return approach(distance(now.drone, goal), distance(start.drone, goal), met, strict)


@condition("flown_through")
class FlownThrough(Condition):
    """A drone went through the opening of a gate, from the side on which it began, and never touched the gate.

    Progress is how near it is to the opening, straight before it.
    """

    judges = "drone"
    follows: ClassVar[bool] = True
    what: Role

    def single_roles(self) -> tuple[str, ...]:
        return (self.what,)

    def _place(self, cast: Cast, scene: Snapshot) -> tuple[Vector3, Vector3]:
        """Where the drone is in the frame of the opening, and the opening's size, metres."""
        room = scene.bodies[cast.name(self.what)].room
        if room is None:
            raise TaskError(f"{cast.name(self.what)!r} has no opening to fly through")
        assert scene.drone is not None
        away = tuple(here - there for here, there in zip(scene.drone, room.pose.position, strict=True))
        return _turned_back(room.pose.quaternion, away), room.size

    def begin(self, cast: Cast, start: Snapshot) -> _Flown:
        return self._place(cast, start)[0], False, False

    def follow(self, cast: Cast, memory: _Flown, now: Snapshot) -> _Flown:
        before, through, touched = memory
        here, (_, width, height) = self._place(cast, now)
        if before[0] < 0.0 <= here[0]:  # along x of the gate, whose side the drone began on is made the negative one
            share = before[0] / (before[0] - here[0])
            y, z = (before[axis] + share * (here[axis] - before[axis]) for axis in (1, 2))
            through = through or (abs(y) <= width / 2.0 - _DRONE and abs(z) <= height / 2.0 - _DRONE)
        return here, through, touched or now.touch(ROBOT, cast.name(self.what))

    def read(self, cast: Cast, start: Snapshot, now: Snapshot) -> Reading:
        (_, through, touched), begun = now.memory, self._place(cast, start)[0]
        here, (_, width, height) = self._place(cast, now)
        met = through and not touched
        before_it = here[0] < 0.0 and abs(here[1]) <= width / 2.0 and abs(here[2]) <= height / 2.0
        return approach(-here[0] if before_it else -begun[0], -begun[0], met)

    def open_at(self, cast: Cast, start: Snapshot) -> bool:
        """It begins at least half a metre before the gate, whose x axis leads through it away from there."""
        return self._place(cast, start)[0][0] < -0.5


def _turned_back(quaternion: Quaternion, vector: tuple[float, ...]) -> Vector3:
    """A vector of the world in the frame that a turn about z, (0, 0, sin, cos) of half the angle, gives."""
    _, _, s, c = quaternion
    cosine, sine = c * c - s * s, 2.0 * s * c
    x, y, z = vector
    return (cosine * x + sine * y, -sine * x + cosine * y, z)
