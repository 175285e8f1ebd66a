"""Conditions that ask for one thing or another, by how two bodies compare when the episode begins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator, PositiveFloat

from codeact_envs.tasks.conditions.base import Cast, Condition, Reading, Role, condition
from codeact_envs.tasks.conditions.supports import RestingOn
from codeact_envs.tasks.snapshot import Body, Snapshot

# How far, in metres, the first body is on that side of the second; as the robot sees it, x is forward and y left.
_BY: dict[str, Callable[[Body, Body], float]] = {
    "left of": lambda one, other: one.position[1] - other.position[1],
    "right of": lambda one, other: other.position[1] - one.position[1],
    "in front of": lambda one, other: other.position[0] - one.position[0],
    "behind": lambda one, other: one.position[0] - other.position[0],
    "taller than": lambda one, other: one.size[2] - other.size[2],
}


def _known(rule: str) -> str:
    if not rule.startswith("$") and rule not in _BY:
        raise ValueError(f"there is no such comparison; there are {', '.join(_BY)}")
    return rule


class Comparison(Condition):
    """Base of them: `one` is `left of`, `right of`, `in front of`, `behind` or `taller than` `other`, or is not; where
    it is by less than `margin` metres, the scene is drawn again. `rule` may be a `$attribute` that means one of these.
    """

    one: Role
    rule: Annotated[str, AfterValidator(_known)]
    other: Role
    margin: PositiveFloat = 0.01

    def named_roles(self) -> tuple[str, ...]:
        return (*super().named_roles(), self.one, self.other)

    def single_roles(self) -> tuple[str, ...]:
        return (self.one, self.other)

    def holds(self, cast: Cast, start: Snapshot) -> bool:
        """Whether it held at the start."""
        return self._by(cast, start) > 0.0

    def open_at(self, cast: Cast, start: Snapshot) -> bool:
        return abs(self._by(cast, start)) >= self.margin and super().open_at(cast, start)

    def _by(self, cast: Cast, start: Snapshot) -> float:
        return _BY[cast.word(self.rule)](start.bodies[cast.name(self.one)], start.bodies[cast.name(self.other)])


@condition("resting_on_by_case")
class RestingOnByCase(Comparison):
    """A body rests on or in `then` where the comparison of two bodies held at the start, and else on `otherwise`;
    within `within` metres of its middle, let go."""

    what: Role
    then: Role
    otherwise: Role
    within: PositiveFloat

    def named_roles(self) -> tuple[str, ...]:
        return (*super().named_roles(), self.then, self.otherwise)

    def single_roles(self) -> tuple[str, ...]:
        return (*super().single_roles(), self.then, self.otherwise)

    def read(self, cast: Cast, start: Snapshot, now: Snapshot) -> Reading:
        where = self.then if self.holds(cast, start) else self.otherwise
        return RestingOn(what=self.what, where=where, within=self.within, partial="distance").read(cast, start, now)
