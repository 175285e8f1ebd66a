"""Conditions on how a body stands."""

from __future__ import annotations

import math

from pydantic import PositiveFloat

from codeact_envs.tasks.conditions.base import Cast, Condition, Reading, Role, condition
from codeact_envs.tasks.snapshot import Quaternion, Snapshot


@condition("upright")
class Upright(Condition):
    """Every body of `what` stands upright: its z axis leans by at most `within` radians from the world's."""

    what: Role
    within: PositiveFloat = 0.2

    def read(self, cast: Cast, start: Snapshot, now: Snapshot) -> Reading:
        met = all(lean(now.bodies[name].quaternion) <= self.within for name in cast.roles[self.what])
        return Reading(met, met, 1.0 if met else 0.0)


def lean(quaternion: Quaternion) -> float:
    """The angle between a body's z axis and the world's, radians."""
    x, y, _, _ = quaternion
    return math.acos(min(1.0, max(-1.0, 1.0 - 2.0 * (x * x + y * y))))
