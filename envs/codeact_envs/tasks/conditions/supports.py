"""Conditions on what holds a body: another one under it, or the gripper."""

from __future__ import annotations

from typing import Literal

from pydantic import PositiveFloat

from codeact_envs.tasks.conditions.base import UNMET, Cast, Condition, Reading, Role, all_of, approach, condition
from codeact_envs.tasks.snapshot import Body, Snapshot, Vector3, distance, horizontal_distance

_ABOVE = 0.003  # metres that a body's underside must lie over its support's; what is thinner lies flat on the table


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
        return all_of(
            [rests(name, goal, start, now, self.within, self.partial == "distance") for name in cast.roles[self.what]]
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
        return all_of([rests(body.name, places[body.color], start, now, self.within, False) for body in bodies])


@condition("mismatched")
class Mismatched(Condition):
    """Every body of `what` rests on or in a body of `where` that has another colour. Progress is the share that do."""

    what: Role
    where: Role
    within: PositiveFloat

    def read(self, cast: Cast, start: Snapshot, now: Snapshot) -> Reading:
        places = [now.bodies[name] for name in cast.roles[self.where]]
        readings = []
        for name in cast.roles[self.what]:
            others = [place.name for place in places if place.color != now.bodies[name].color]
            met = any(rests(name, other, start, now, self.within, False).met for other in others)
            readings.append(Reading(met, met, 1.0 if met else 0.0))
        return all_of(readings)


def rests(name: str, where: str, start: Snapshot, now: Snapshot, within: float, by_distance: bool) -> Reading:
    """Whether a body rests on or in another; `by_distance`: on its way, it counts as far as it has come."""
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


@condition("on_own")
class OnOwn(Condition):
    """Every body of `what` rests on or in a body of `where` that it has for itself among them.

    Progress is the share of those after the first: all on one is none.
    """

    what: Role
    where: Role
    within: PositiveFloat

    def read(self, cast: Cast, start: Snapshot, now: Snapshot) -> Reading:
        names = cast.roles[self.what]
        taken = {
            place
            for place in cast.roles[self.where]
            if any(rests(name, place, start, now, self.within, False).met for name in names)
        }
        met = len(taken) == len(names)
        share = max(0, len(taken) - 1) / max(1, len(names) - 1)
        return Reading(met, met, 1.0 if met else UNMET * share)
