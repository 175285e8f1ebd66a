"""Conditions on where a body is, measured from where bodies were when the episode began, or from the robot."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated

from pydantic import Field, PositiveFloat

from codeact_envs.tasks.conditions.base import Cast, Condition, Reading, Reference, Role, approach, condition
from codeact_envs.tasks.snapshot import Snapshot, Vector3, distance


class Displacement(Condition):
    """Base of them: the centre of `what`, which lies on the table, is within `within` metres of a place that the start
    decides. An episode begins at least `begin_at_least` metres from it."""

    what: Role
    within: PositiveFloat
    strict: PositiveFloat
    begin_at_least: PositiveFloat = 0.06

    @abstractmethod
    def place(self, cast: Cast, start: Snapshot) -> tuple[float, float]:
        """Where the centre of `what` should be (x, y), metres, world frame."""

    def single_roles(self) -> tuple[str, ...]:
        return self.named_roles()

    def read(self, cast: Cast, start: Snapshot, now: Snapshot) -> Reading:
        name, goal = cast.name(self.what), self._goal(cast, start)
        error = distance(now.bodies[name].position, goal)
        met = error <= self.within and now.held != name
        return approach(error, distance(start.bodies[name].position, goal), met, error <= self.strict)

    def open_at(self, cast: Cast, start: Snapshot) -> bool:
        return distance(start.bodies[cast.name(self.what)].position, self._goal(cast, start)) >= self.begin_at_least

    def goal_point(self, cast: Cast, start: Snapshot) -> tuple[str, Vector3] | None:
        return cast.name(self.what), self._goal(cast, start)

    def _goal(self, cast: Cast, start: Snapshot) -> Vector3:
        return (*self.place(cast, start), start.bodies[cast.name(self.what)].size[2] / 2.0)


@condition("moved_by")
class MovedBy(Displacement):
    """A body stands `distance` metres from where it began, `toward` a direction (x, y)."""

    toward: Annotated[list[float], Field(min_length=2, max_length=2)] | Reference
    distance: PositiveFloat | Reference

    def place(self, cast: Cast, start: Snapshot) -> tuple[float, float]:
        x, y, _ = start.bodies[cast.name(self.what)].position
        (dx, dy), length = cast.vector(self.toward), cast.number(self.distance)
        return x + length * dx, y + length * dy


@condition("halfway")
class Halfway(Displacement):
    """A body stands in the middle between the places where the bodies of two roles `of` began."""

    of: Annotated[list[Role], Field(min_length=2, max_length=2)]

    def place(self, cast: Cast, start: Snapshot) -> tuple[float, float]:
        one, other = (start.bodies[cast.name(role)].position for role in self.of)
        return (one[0] + other[0]) / 2.0, (one[1] + other[1]) / 2.0


@condition("at_place_of")
class AtPlaceOf(Displacement):
    """A body stands where another, which must make room, began."""

    where: Role

    def place(self, cast: Cast, start: Snapshot) -> tuple[float, float]:
        x, y, _ = start.bodies[cast.name(self.where)].position
        return x, y

    def goal_point(self, cast: Cast, start: Snapshot) -> None:
        return None


@condition("at_point")
class AtPoint(Displacement):
    """A body stands on the table with its centre over the point (x, y), metres, world frame."""

    x: float | Reference
    y: float | Reference

    def place(self, cast: Cast, start: Snapshot) -> tuple[float, float]:
        return cast.number(self.x), cast.number(self.y)
