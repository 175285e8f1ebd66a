"""Conditions on how a body is turned."""

from __future__ import annotations

import math

from pydantic import PositiveFloat

from codeact_envs.tasks.conditions.base import UNMET, Cast, Condition, Reading, Role, condition
from codeact_envs.tasks.snapshot import Body, Snapshot

_SLACK = 0.1  # radians that earn nothing


@condition("upside_down")
class UpsideDown(Condition):
    """A body lies on what was its top, let go: its own z axis points down, within `within` radians."""

    what: Role
    within: PositiveFloat = 0.2

    def single_roles(self) -> tuple[str, ...]:
        return (self.what,)

    def read(self, cast: Cast, start: Snapshot, now: Snapshot) -> Reading:
        name = cast.name(self.what)
        begun, left = (math.pi - _lean(scene.bodies[name]) for scene in (start, now))
        if left <= self.within and now.held != name:
            return Reading(True, True, 1.0)
        share = max(0.0, begun - left - _SLACK) / max(begun - _SLACK, _SLACK)
        return Reading(False, False, UNMET * min(1.0, share))


def _lean(body: Body) -> float:
    """From the vertical to a body's own z axis, radians."""
    x, y, _, _ = body.quaternion
    return math.acos(max(-1.0, min(1.0, 1.0 - 2.0 * (x * x + y * y))))
