"""Conditions on furniture: where a joint is, what lies inside, how often a button was pressed."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, PositiveInt, model_validator

from codeact.errors import TaskError
from codeact_envs.tasks.conditions.base import UNMET, Cast, Condition, Reading, Reference, Role, condition
from codeact_envs.tasks.snapshot import Body, Snapshot

_SLACK = 0.02  # share of a joint's travel that earns nothing

Share = Annotated[float, Field(ge=0.0, le=1.0)]


@condition("joint_at")
class JointAt(Condition):
    """The joint of a drawer, a door, a knob or a peg is at `at_least` or at most at `at_most` of its travel."""

    what: Role
    at_least: Share | None = None
    at_most: Share | None = None

    @model_validator(mode="after")
    def _one(self) -> JointAt:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("give either at_least or at_most, a share of the travel in [0, 1]")
        return self

    def single_roles(self) -> tuple[str, ...]:
        return (self.what,)

    def read(self, cast: Cast, start: Snapshot, now: Snapshot) -> Reading:
        name = cast.name(self.what)
        begun, share = (_share(scene.bodies[name]) for scene in (start, now))
        if self.at_least is not None:
            missing, whole = self.at_least - share, self.at_least - begun
        else:
            missing, whole = share - (self.at_most or 0.0), begun - (self.at_most or 0.0)
        if missing <= 0.0:
            return Reading(True, True, 1.0)
        gained = whole - missing - _SLACK
        return Reading(False, False, UNMET * min(1.0, max(0.0, gained / whole)) if whole > _SLACK else 0.0)


def _share(body: Body) -> float:
    if body.joint is None:
        raise TaskError(f"{body.name!r}, a {body.shape}, has no joint to judge")
    return body.joint.fraction


@condition("inside")
class Inside(Condition):
    """The middle of every body of `what`, or of a `share` of them at least, lies in the room of `where`, let go.
    Progress is the share that do.
    """

    what: Role
    where: Role
    share: Annotated[float, Field(gt=0.0, le=1.0)] = 1.0

    def single_roles(self) -> tuple[str, ...]:
        return (self.where,)

    def read(self, cast: Cast, start: Snapshot, now: Snapshot) -> Reading:
        room = now.bodies[cast.name(self.where)].room
        if room is None:
            raise TaskError(f"{cast.name(self.where)!r} has no room to put anything into")
        names = cast.roles[self.what]
        there = [name for name in names if room.contains(now.bodies[name].position) and now.held != name]
        share = len(there) / len(names)
        met = share >= self.share
        return Reading(
            met,
            len(there) == len(names),
            1.0 if met else UNMET * share * (0.0 if _was_there(cast, self, start) else 1.0),
        )


def _was_there(cast: Cast, condition: Inside, start: Snapshot) -> bool:
    """Whether something lay there at the start already: then there is nothing to be gained by it."""
    room = start.bodies[cast.name(condition.where)].room
    return room is not None and any(room.contains(start.bodies[name].position) for name in cast.roles[condition.what])


@condition("pressed")
class Pressed(Condition):
    """A button was pressed and let go, or is held down, `times` times at least since the start; `exactly`: no more."""

    what: Role
    times: PositiveInt | Reference = 1
    exactly: bool = False

    def single_roles(self) -> tuple[str, ...]:
        return (self.what,)

    def read(self, cast: Cast, start: Snapshot, now: Snapshot) -> Reading:
        joint = now.bodies[cast.name(self.what)].joint
        if joint is None:
            raise TaskError(f"{cast.name(self.what)!r} is no button")
        times = round(cast.number(self.times))
        if self.exactly and joint.presses > times:
            return Reading(False, False, 0.0)
        met = joint.presses >= times
        return Reading(met, met, 1.0 if met else UNMET * joint.presses / times)


@condition("joints_kept")
class JointsKept(Condition):
    """Every drawer, door, knob or button that is in none of the roles `but` is where it began, within `within` of its
    travel, and was not pressed."""

    but: list[Role]
    within: Share = 0.1

    def read(self, cast: Cast, start: Snapshot, now: Snapshot) -> Reading:
        free = {name for role in self.but for name in cast.roles[role]}
        met = all(
            abs(body.joint.fraction - first.fraction) <= self.within and body.joint.presses <= first.presses
            for name, body in now.bodies.items()
            if name not in free and body.joint is not None and (first := start.bodies[name].joint) is not None
        )
        return Reading(met, met, 1.0 if met else 0.0)
