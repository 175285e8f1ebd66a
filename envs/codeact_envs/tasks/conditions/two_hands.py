"""Conditions on what two hands hold: both at once, one after the other, or level."""

from __future__ import annotations

import math
from typing import ClassVar

from pydantic import PositiveFloat

from codeact_envs.tasks.conditions.base import UNMET, Cast, Condition, Reading, Role, approach, condition
from codeact_envs.tasks.conditions.standing import lean
from codeact_envs.tasks.snapshot import Snapshot

_LEFT, _RIGHT = "left", "right"
_ASIDE = 0.1  # metres from the middle between two arms at which it is plain which of them is nearer


@condition("raised_together")
class RaisedTogether(Condition):
    """A body is held by all arms at once, more than `by` metres higher than at the start. Progress is its height while
    all of them hold it."""

    judges = "tool"
    what: Role
    by: PositiveFloat

    def single_roles(self) -> tuple[str, ...]:
        return (self.what,)

    def read(self, cast: Cast, start: Snapshot, now: Snapshot) -> Reading:
        name = cast.name(self.what)
        height = now.bodies[name].position[2] - start.bodies[name].position[2]
        held = bool(now.holding) and all(each == name for each in now.holding.values())
        return approach(max(0.0, self.by - height) if held else self.by, self.by, held and height > self.by)


@condition("handed_over")
class HandedOver(Condition):
    """Of two arms `left` and `right`, on the sides of +y and -y, only the one holds a body that was farther from it
    when the episode began, and it touches no table. It is half way while the nearer one alone does."""

    judges = "tool"
    what: Role

    def single_roles(self) -> tuple[str, ...]:
        return (self.what,)

    def read(self, cast: Cast, start: Snapshot, now: Snapshot) -> Reading:
        name = cast.name(self.what)
        near, far = (_LEFT, _RIGHT) if start.bodies[name].position[1] > 0.0 else (_RIGHT, _LEFT)
        lifted = now.bodies[name].underside > start.bodies[name].underside + 0.02
        holders = [arm for arm, held in now.holding.items() if held == name] if lifted else []
        met = holders == [far]
        return Reading(met, met, 1.0 if met else UNMET / 2.0 if holders == [near] else 0.0)

    def open_at(self, cast: Cast, start: Snapshot) -> bool:
        return abs(start.bodies[cast.name(self.what)].position[1]) >= _ASIDE


@condition("kept_level")
class KeptLevel(Condition):
    """A body was tilted by less than `degrees` at every moment."""

    follows: ClassVar[bool] = True
    what: Role
    degrees: PositiveFloat

    def single_roles(self) -> tuple[str, ...]:
        return (self.what,)

    def _tilt(self, cast: Cast, scene: Snapshot) -> float:
        return math.degrees(lean(scene.bodies[cast.name(self.what)].quaternion))

    def begin(self, cast: Cast, start: Snapshot) -> float:
        """The greatest tilt so far, degrees."""
        return self._tilt(cast, start)

    def follow(self, cast: Cast, memory: float, now: Snapshot) -> float:
        return max(memory, self._tilt(cast, now))

    def read(self, cast: Cast, start: Snapshot, now: Snapshot) -> Reading:
        met = max(now.memory, self._tilt(cast, now)) < self.degrees
        return Reading(met, met, 1.0 if met else 0.0)

    def breach(self, cast: Cast, start: Snapshot, now: Snapshot) -> str:
        return f"{cast.name(self.what)!r} was tilted by {now.memory:.1f} degrees; it must stay below {self.degrees:g}"
