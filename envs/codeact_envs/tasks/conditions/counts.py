"""Conditions on how many bodies lie somewhere: exactly so many, at least, at most, or none."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import Field, PositiveFloat, model_validator

from codeact.errors import TaskError
from codeact_envs.tasks.conditions.areas import AreaName, in_area
from codeact_envs.tasks.conditions.base import UNMET, Cast, Condition, Reading, Reference, Role, condition
from codeact_envs.tasks.conditions.supports import rests
from codeact_envs.tasks.snapshot import Snapshot

Count = Annotated[int, Field(ge=0)] | Reference


@condition("counted")
class Counted(Condition):
    """Of the bodies of `what`, `exactly` so many, or `at_least` and `at_most` so many, are in a place, let go.

    The place is a part of the table, `area`, or a body, `where`: bodies rest on or in it, centres within `within`
    metres seen from above, or, without `within`, their middles lie in its room, as that of a drawer or a basket.
    `exactly: 0` is none of them. Progress is how much nearer to a right number they are than at the start.
    """

    what: Role
    where: Role | None = None
    within: PositiveFloat | None = None
    area: AreaName | None = None
    exactly: Count | None = None
    at_least: Count | None = None
    at_most: Count | None = None

    @model_validator(mode="after")
    def _one_place_and_some_bound(self) -> Self:
        if (self.where is None) == (self.area is None):
            raise ValueError("give either where, a body, or area, a part of the table")
        if self.within is not None and self.where is None:
            raise ValueError("within is a distance from a body: give where with it")
        bounds = self.at_least is not None or self.at_most is not None
        if (self.exactly is not None) == bounds:
            raise ValueError("give either exactly, or at_least, at_most or both: a number of bodies")
        if isinstance(self.at_least, int) and isinstance(self.at_most, int) and self.at_least > self.at_most:
            raise ValueError(f"no number is at least {self.at_least} and at most {self.at_most}")
        return self

    def named_roles(self) -> tuple[str, ...]:
        return (self.what, *self.single_roles())

    def single_roles(self) -> tuple[str, ...]:
        return () if self.where is None else (self.where,)

    def read(self, cast: Cast, start: Snapshot, now: Snapshot) -> Reading:
        begun, off = self._off(cast, start, start), self._off(cast, start, now)
        met = off == 0
        gained = max(0, begun - off) / begun if begun else 0.0
        return Reading(met, met, 1.0 if met else UNMET * gained)

    def breach(self, cast: Cast, start: Snapshot, now: Snapshot) -> str:
        place = cast.word(self.area) if self.area is not None else cast.name(self.where or "")
        return f"{self._there(cast, start, now)} of {', '.join(cast.roles[self.what])} are at the place {place!r} now"

    def _off(self, cast: Cast, start: Snapshot, scene: Snapshot) -> int:
        """By how many bodies their number there is wrong."""
        there = self._there(cast, start, scene)
        least, most = (self.exactly if bound is None else bound for bound in (self.at_least, self.at_most))
        too_few = 0 if least is None else int(cast.number(least)) - there
        too_many = 0 if most is None else there - int(cast.number(most))
        return max(0, too_few, too_many)

    def _there(self, cast: Cast, start: Snapshot, scene: Snapshot) -> int:
        return sum(self._is_there(cast, start, scene, name) for name in cast.roles[self.what])

    def _is_there(self, cast: Cast, start: Snapshot, scene: Snapshot, name: str) -> bool:
        if self.area is not None:
            return in_area(scene, name, cast.word(self.area))
        place = cast.name(self.where or "")
        if self.within is not None:
            return rests(name, place, start, scene, self.within, False).met
        room: Any = scene.bodies[place].room
        if room is None:
            raise TaskError(f"{place!r} has no room to put anything into; give within, and what rests on it counts")
        return bool(room.contains(scene.bodies[name].position)) and scene.held != name
