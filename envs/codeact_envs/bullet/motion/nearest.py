"""The nearest place that is allowed, for refusals: what is wrong with a place says where it would be right."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Sequence

from codeact_envs.bullet.geometry.poses import Vector3
from codeact_envs.bullet.robots.description import Volume

Rule = Callable[[Vector3], list[Vector3]]
"""The places nearest to one that the rule forbids, where it does not; empty for a place that it allows."""

_INSIDE = 0.001  # metres that a place lies beyond the wall that it comes from, so that it may be told in millimetres
_MOST = 200  # places that are looked at


def nearest(place: Vector3, rules: Sequence[Rule]) -> Vector3 | None:
    """The nearest place that all rules allow, by mending what is wrong with it, one rule at a time; None when none was
    found. Metres. Exact for boxes that do not overlap; else a place that is allowed and near."""
    if not all(math.isfinite(value) for value in place):
        return None
    waiting, seen = [(0.0, place)], {place}
    for _ in range(_MOST):
        if not waiting:
            return None
        _, now = heapq.heappop(waiting)
        mended = next((found for found in (rule(now) for rule in rules) if found), None)
        if mended is None:
            return now
        for other in mended:
            if other not in seen:
                seen.add(other)
                heapq.heappush(waiting, (math.dist(place, other), other))
    return None


def within(space: Volume) -> Rule:
    """Stay in a box."""

    def mend(place: Vector3) -> list[Vector3]:
        if space.contains(*place):
            return []
        x, y, z = (
            value if low <= value <= high else min(max(value, low + _INSIDE), high - _INSIDE)
            for low, value, high in zip(space.lower, place, space.upper, strict=True)
        )
        return [(x, y, z)]

    return mend


def out_of(volume: Volume) -> Rule:
    """Keep out of a box: by each of its six sides."""

    def mend(place: Vector3) -> list[Vector3]:
        if not volume.contains(*place):
            return []
        x, y, z = place
        (x0, y0, z0), (x1, y1, z1) = (
            [value + side * _INSIDE for value in corner] for side, corner in ((-1, volume.lower), (1, volume.upper))
        )
        return [(x0, y, z), (x1, y, z), (x, y0, z), (x, y1, z), (x, y, z0), (x, y, z1)]

    return mend
