"""Conditions on where something is: the tool, a base, a drone, a body."""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import Field, PositiveFloat

from codeact_envs.tasks.conditions.base import (
    Cast,
    Condition,
    PlaceCondition,
    PlaceGoal,
    Reading,
    Reference,
    Role,
    approach,
    condition,
)
from codeact_envs.tasks.snapshot import Snapshot, Vector3, distance, horizontal_distance


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
    """The middle of a wheeled base stands within `within` metres of the place where a body began, seen from above; with
    `heading`, radians about z from x, it is also turned to that within `heading_within` radians.

    Progress is of the distance alone.
    """

    judges = "base"
    where: Role
    within: PositiveFloat
    strict: PositiveFloat
    heading: float | Reference | None = None
    heading_within: PositiveFloat = 0.1
    heading_strict: PositiveFloat = 0.05

    def single_roles(self) -> tuple[str, ...]:
        return (self.where,)

    def read(self, cast: Cast, start: Snapshot, now: Snapshot) -> Reading:
        goal = start.bodies[cast.name(self.where)].position
        assert now.base is not None
        assert start.base is not None
        error = horizontal_distance(now.base, goal)
        turned = 0.0
        if self.heading is not None:
            turned = abs(math.remainder(cast.number(self.heading) - now.base[2], math.tau))
        met = error <= self.within and turned <= self.heading_within
        strict = error <= self.strict and turned <= self.heading_strict
        return approach(error, horizontal_distance(start.base, goal), met, met and strict)


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
    toward: Annotated[list[float], Field(min_length=2, max_length=2)] | Reference = Field(default=[0.0, 0.0])
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
