"""Conditions: what must hold at the end of an episode. Each is data from a task's YAML and a pure function of
snapshots.

A condition reads the scene at the start and now, and says whether it is met, met strictly, and how far it has come.
Progress is measured from where the episode began, so that a scene that nobody touched stands at exactly 0.

A package adds its own with `@condition("name")` on a subclass of `Condition`.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, StringConstraints

from codeact.errors import TaskError
from codeact_envs.tasks.snapshot import ROBOT, Body, Snapshot, Vector3, distance, horizontal_distance

Reference = Annotated[str, StringConstraints(pattern=r"^\$[a-z_]+$")]  # to a value that the episode drew
Role = Annotated[str, StringConstraints(pattern=r"^[a-z_]+$")]

_SLACK = 0.005  # metres of approach that earn nothing: a body that only settles has not been moved
_UNMET = 0.95  # the most that an unmet condition may reach
_ABOVE = 0.003  # metres that a body's underside must lie over its support's; what is thinner lies flat on the table


@dataclass(frozen=True)
class Cast:
    """Who plays which role in an episode.

    Attributes:
        roles: role to the names of its bodies.
        values: attribute to the value that was drawn: a number, a word or a vector.
    """

    roles: Mapping[str, tuple[str, ...]]
    values: Mapping[str, Any]

    def name(self, role: str) -> str:
        """The name of the one body in a role."""
        (name,) = self.roles[role]
        return name

    def number(self, value: float | str) -> float:
        return float(self.values[value[1:]]) if isinstance(value, str) else value

    def vector(self, value: Sequence[float] | str) -> tuple[float, ...]:
        return tuple(self.values[value[1:]] if isinstance(value, str) else value)


@dataclass(frozen=True)
class Reading:
    """What a condition says: met by the standard tolerance, by the strict one, and progress in [0, 1]."""

    met: bool
    strict: bool
    progress: float


def approach(error: float, error_at_start: float, met: bool, strict: bool | None = None) -> Reading:
    """Read progress from an error in metres: 0 where it began or farther, just under 1 at no error, 1 when met."""
    if met:
        return Reading(True, met if strict is None else strict, 1.0)
    gained, whole = error_at_start - error - _SLACK, error_at_start - _SLACK
    share = gained / whole if whole > 0.0 else 0.0
    return Reading(False, False, _UNMET * min(1.0, max(0.0, share)))


class Condition(BaseModel):
    """Base of all conditions. Fields are what the YAML gives; a `$name` stands for a value that the episode drew.

    Attributes:
        judges: the part of the robot that it looks at, beside bodies: `tool`, `base`, `drone`; None for none.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    judges: ClassVar[Literal["tool", "base", "drone"] | None] = None

    @abstractmethod
    def read(self, cast: Cast, start: Snapshot, now: Snapshot) -> Reading:
        """Judge `now` of an episode that began with `start`."""

    def named_roles(self) -> tuple[str, ...]:
        """Roles that the condition speaks of; a task is refused when its scene has no such role."""
        fields = (getattr(self, field) for field in ("what", "where", "but", "of") if field in type(self).model_fields)
        return tuple(role for value in fields for role in ((value,) if isinstance(value, str) else value))

    def single_roles(self) -> tuple[str, ...]:
        """Those of them that must be one body."""
        return ()

    def references(self) -> tuple[str, ...]:
        """Attributes that the condition refers to."""
        values = (getattr(self, field) for field in type(self).model_fields)
        return tuple(value[1:] for value in values if isinstance(value, str) and value.startswith("$"))

    def open_at(self, cast: Cast, start: Snapshot) -> bool:
        """Whether a scene may begin like this: there must be something left to do."""
        return not self.read(cast, start, start).met

    def goal_point(self, cast: Cast, start: Snapshot) -> tuple[str, Vector3] | None:
        """A body, and the place on the table that must be free for it, if there is one."""
        return None


@dataclass(frozen=True)
class PlaceGoal:
    """What must come where: the body of that name, or the tool for None, to `place`, metres in the world frame."""

    body: str | None
    place: Vector3


class PlaceCondition(Condition):
    """A condition that one point comes to one place, within `within` metres: a task that has no other goal can be
    learnt by goal-conditioned reinforcement learning."""

    within: PositiveFloat

    @abstractmethod
    def place_goal(self, cast: Cast, start: Snapshot) -> PlaceGoal:
        """The point and the place, in an episode that begins with `start`."""


CONDITIONS: dict[str, type[Condition]] = {}
_C = TypeVar("_C", bound=type[Condition])


def condition(name: str) -> Callable[[_C], _C]:
    """Give a condition the name that task files use for it.

    Raises:
        TaskError: another condition has this name.
    """

    def add(kind: _C) -> _C:
        known = CONDITIONS.get(name)
        if known is not None and (known.__module__, known.__qualname__) != (kind.__module__, kind.__qualname__):
            raise TaskError(f"there is a condition named {name!r} already; give yours another name")
        CONDITIONS[name] = kind
        return kind

    return add


@condition("tool_above")
class ToolAbove(PlaceCondition):
    """The tool centre point is `height` metres above a body that lies on the table, within `within` metres."""

    judges = "tool"
    where: Role
    height: PositiveFloat | Reference
    strict: PositiveFloat

    def single_roles(self) -> tuple[str, ...]:
        return (self.where,)

    def place_goal(self, cast: Cast, start: Snapshot) -> PlaceGoal:
        x, y, _ = start.bodies[cast.name(self.where)].position
        return PlaceGoal(None, (x, y, cast.number(self.height)))

    def read(self, cast: Cast, start: Snapshot, now: Snapshot) -> Reading:
        goal = self.place_goal(cast, start).place
        assert now.tool is not None
        assert start.tool is not None
        error = distance(now.tool, goal)
        return approach(error, distance(start.tool, goal), error <= self.within, error <= self.strict)


@condition("base_at")
class BaseAt(Condition):
    """The middle of a wheeled base stands within `within` metres of the place where a body began, seen from above."""

    judges = "base"
    where: Role
    within: PositiveFloat
    strict: PositiveFloat

    def single_roles(self) -> tuple[str, ...]:
        return (self.where,)

    def read(self, cast: Cast, start: Snapshot, now: Snapshot) -> Reading:
        goal = start.bodies[cast.name(self.where)].position
        assert now.base is not None
        assert start.base is not None
        error = horizontal_distance(now.base, goal)
        return approach(error, horizontal_distance(start.base, goal), error <= self.within, error <= self.strict)


@condition("drone_at")
class DroneAt(Condition):
    """A drone is in the air, `height` metres above the place where a body began, within `within` metres."""

    judges = "drone"
    where: Role
    height: PositiveFloat | Reference
    within: PositiveFloat
    strict: PositiveFloat

    def single_roles(self) -> tuple[str, ...]:
        return (self.where,)

    def read(self, cast: Cast, start: Snapshot, now: Snapshot) -> Reading:
        x, y, _ = start.bodies[cast.name(self.where)].position
        goal = (x, y, cast.number(self.height))
        assert now.drone is not None
        assert start.drone is not None
        error = distance(now.drone, goal)
        return approach(error, distance(start.drone, goal), error <= self.within, error <= self.strict)


@condition("at")
class At(PlaceCondition):
    """A body stands on the table at another body's place, or `distance` metres from it `toward` a direction (x, y).

    Tolerances are of the distance between its centre and the place where its centre should be, by where the other body
    is now and by where it was at the start: moving the other body instead earns nothing.
    """

    what: Role
    where: Role
    toward: Annotated[list[float], Field(min_length=2, max_length=2)] | Reference = [0.0, 0.0]
    distance: float | Reference = 0.0
    strict: PositiveFloat
    begin_at_least: PositiveFloat = 0.1

    def single_roles(self) -> tuple[str, ...]:
        return (self.what, self.where)

    def _goal(self, cast: Cast, scene: Snapshot) -> Vector3:
        x, y, _ = scene.bodies[cast.name(self.where)].position
        (dx, dy), length = cast.vector(self.toward), cast.number(self.distance)
        return (x + length * dx, y + length * dy, scene.bodies[cast.name(self.what)].size[2] / 2.0)

    def read(self, cast: Cast, start: Snapshot, now: Snapshot) -> Reading:
        name, goal = cast.name(self.what), self._goal(cast, start)
        here = now.bodies[name].position
        error = max(distance(here, goal), distance(here, self._goal(cast, now)))
        at_start = distance(start.bodies[name].position, goal)
        return approach(error, at_start, error <= self.within, error <= self.strict)

    def open_at(self, cast: Cast, start: Snapshot) -> bool:
        position = start.bodies[cast.name(self.what)].position
        return distance(position, self._goal(cast, start)) >= self.begin_at_least

    def goal_point(self, cast: Cast, start: Snapshot) -> tuple[str, Vector3] | None:
        if cast.number(self.distance) == 0.0:  # on the other body itself
            return None
        return cast.name(self.what), self._goal(cast, start)

    def place_goal(self, cast: Cast, start: Snapshot) -> PlaceGoal:
        return PlaceGoal(cast.name(self.what), self._goal(cast, start))


@condition("stacked")
class Stacked(Condition):
    """A body stands on another: they touch, and its centre is as high over the other's as it should be, within
    `height_within`.
    """

    what: Role
    where: Role
    height_within: PositiveFloat = 0.01

    def single_roles(self) -> tuple[str, ...]:
        return (self.what, self.where)

    def read(self, cast: Cast, start: Snapshot, now: Snapshot) -> Reading:
        top, base = now.bodies[cast.name(self.what)], now.bodies[cast.name(self.where)]
        first = start.bodies[base.name]
        goal = _on_top(top, base)
        met = (
            now.touch(top.name, base.name)
            and abs(top.position[2] - goal[2]) <= self.height_within
            and horizontal_distance(top.position, goal) <= max(base.size[:2]) / 2.0
        )
        error = max(distance(top.position, goal), distance(top.position, _on_top(top, first)))
        return approach(error, distance(start.bodies[top.name].position, _on_top(top, first)), met)


def _on_top(top: Body, base: Body) -> Vector3:
    x, y, z = base.position
    return (x, y, z + (base.size[2] + top.size[2]) / 2.0)


@condition("lifted")
class Lifted(Condition):
    """A body is held, more than `by` metres higher than at the start."""

    what: Role
    by: PositiveFloat

    def single_roles(self) -> tuple[str, ...]:
        return (self.what,)

    def read(self, cast: Cast, start: Snapshot, now: Snapshot) -> Reading:
        name = cast.name(self.what)
        height = now.bodies[name].position[2] - start.bodies[name].position[2]
        return approach(max(0.0, self.by - height), self.by, height > self.by and now.held == name)


@condition("resting_on")
class RestingOn(Condition):
    """Every body of `what` rests on or in `where`, be that a body or a flat zone: above it, centres within `within`
    metres seen from above, let go.

    Progress is the share of bodies that do; with `partial: distance`, a body on its way counts as far as it has come.
    """

    what: Role
    where: Role
    within: PositiveFloat
    partial: Literal["count", "distance"] = "count"

    def single_roles(self) -> tuple[str, ...]:
        return (self.where,)

    def read(self, cast: Cast, start: Snapshot, now: Snapshot) -> Reading:
        goal = cast.name(self.where)
        return _all_of(
            [_rests(name, goal, start, now, self.within, self.partial == "distance") for name in cast.roles[self.what]]
        )


@condition("matched")
class Matched(Condition):
    """Every body of `what` rests on or in the body of `where` that has its colour. Progress is the share that do."""

    what: Role
    where: Role
    within: PositiveFloat

    def read(self, cast: Cast, start: Snapshot, now: Snapshot) -> Reading:
        places = {now.bodies[name].color: name for name in cast.roles[self.where]}
        bodies = [now.bodies[name] for name in cast.roles[self.what]]
        return _all_of([_rests(body.name, places[body.color], start, now, self.within, False) for body in bodies])


def _rests(name: str, where: str, start: Snapshot, now: Snapshot, within: float, by_distance: bool) -> Reading:
    body, place, first = now.bodies[name], now.bodies[where], start.bodies[where]
    met = (
        horizontal_distance(body.position, place.position) <= within
        and body.underside >= place.underside + (_ABOVE if place.size[2] > _ABOVE else -_ABOVE)
        and now.held != name
    )
    if not by_distance:
        return Reading(met, met, 1.0 if met else 0.0)
    error = max(horizontal_distance(body.position, spot.position) for spot in (place, first))
    return approach(error, horizontal_distance(start.bodies[name].position, first.position), met)


def _all_of(readings: Sequence[Reading]) -> Reading:
    met = all(reading.met for reading in readings)
    share = math.fsum(reading.progress for reading in readings) / len(readings)
    return Reading(met, all(reading.strict for reading in readings), share)


@condition("unmoved")
class Unmoved(Condition):
    """Every body that is not in one of the roles `but` lies within `within` metres of where it began."""

    but: list[Role]
    within: PositiveFloat = 0.05

    def read(self, cast: Cast, start: Snapshot, now: Snapshot) -> Reading:
        free = {name for role in self.but for name in cast.roles[role]}
        met = all(
            distance(body.position, start.bodies[name].position) <= self.within
            for name, body in now.bodies.items()
            if name not in free
        )
        return Reading(met, met, 1.0 if met else 0.0)


@condition("let_go")
class LetGo(Condition):
    """The gripper holds nothing, and the robot touches none of the bodies in the roles `of`."""

    of: list[Role]

    def read(self, cast: Cast, start: Snapshot, now: Snapshot) -> Reading:
        names = [name for role in self.of for name in cast.roles[role]]
        met = now.held is None and not any(now.touch(ROBOT, name) for name in names)
        return Reading(met, met, 1.0 if met else 0.0)
