"""Conditions on how several bodies stand to each other: a tower, a line."""

from __future__ import annotations

import math
from itertools import combinations, pairwise
from typing import Annotated

from pydantic import Field, PositiveFloat

from codeact_envs.tasks.conditions.areas import AreaName, empty, in_area
from codeact_envs.tasks.conditions.base import UNMET, Cast, Condition, Reading, Reference, Role, condition
from codeact_envs.tasks.snapshot import TABLE, Body, Snapshot, horizontal_distance

_ON_TABLE = 0.01  # metres above the table that the underside of what lies on it may be


@condition("tower")
class Tower(Condition):
    """The bodies of `what` stand on each other, in any order, the lowest on the table: each touches the one below, and
    is as high over it as it should be, within `height_within` metres.

    Progress is the share of the bodies after the first that stand in the highest tower. With `area`, the tower must
    stand in that part of the table, and the share is of all bodies.
    """

    what: Role
    area: AreaName | None = None
    height_within: PositiveFloat = 0.01

    def read(self, cast: Cast, start: Snapshot, now: Snapshot) -> Reading:
        area = cast.word(self.area) if self.area is not None else None
        bodies = [now.bodies[name] for name in cast.roles[self.what] if now.held != name]
        feet = [
            body for body in bodies if now.touch(body.name, TABLE) and (area is None or in_area(now, body.name, area))
        ]
        highest = max((self._height(foot, bodies, now) for foot in feet), default=0)
        whole, free = len(cast.roles[self.what]), 0 if self.area is not None else 1
        met = highest == whole
        share = max(0, highest - free) / (whole - free)
        return Reading(met, met, 1.0 if met else UNMET * share)

    def open_at(self, cast: Cast, start: Snapshot) -> bool:
        return self.area is None or empty(start, cast.word(self.area))

    def _height(self, foot: Body, bodies: list[Body], now: Snapshot) -> int:
        """How many bodies there are in the tower that begins with this one."""
        above = [body for body in bodies if self._stands_on(body, foot, now)]
        return 1 + max((self._height(body, bodies, now) for body in above), default=0)

    def _stands_on(self, top: Body, base: Body, now: Snapshot) -> bool:
        rise = top.position[2] - base.position[2]
        return (
            top.name != base.name
            and now.touch(top.name, base.name)
            and rise > 0.0
            and abs(rise - (top.size[2] + base.size[2]) / 2.0) <= self.height_within
            and horizontal_distance(top.position, base.position) <= max(base.size[:2]) / 2.0
        )


@condition("lined_up")
class LinedUp(Condition):
    """The bodies of `what` lie on the table along the direction `line` (x, y): none is more than `within` metres off
    the line through their middle, and neighbours are at most `apart` metres from each other.

    Progress is the share of the bodies after the first in the longest such line. None begins in line with another.
    """

    what: Role
    line: Annotated[list[float], Field(min_length=2, max_length=2)] | Reference
    within: PositiveFloat
    strict: PositiveFloat
    apart: PositiveFloat

    def read(self, cast: Cast, start: Snapshot, now: Snapshot) -> Reading:
        names = cast.roles[self.what]
        longest, strict = (self._longest(cast, now, within) for within in (self.within, self.strict))
        met = longest == len(names)
        share = (longest - 1) / (len(names) - 1)
        return Reading(met, strict == len(names), 1.0 if met else UNMET * max(0.0, share))

    def open_at(self, cast: Cast, start: Snapshot) -> bool:
        return self._longest(cast, start, self.within) <= 1

    def _longest(self, cast: Cast, scene: Snapshot, within: float) -> int:
        dx, dy = cast.vector(self.line)
        length = math.hypot(dx, dy)
        places = []
        for name in cast.roles[self.what]:
            body = scene.bodies[name]
            if body.underside <= _ON_TABLE and scene.held != name:
                x, y, _ = body.position
                places.append(((x * dx + y * dy) / length, (y * dx - x * dy) / length))
        for count in range(len(places), 1, -1):
            if any(self._in_line(group, within) for group in combinations(sorted(places), count)):
                return count
        return len(places[:1])

    def _in_line(self, places: tuple[tuple[float, float], ...], within: float) -> bool:
        middle = math.fsum(aside for _, aside in places) / len(places)
        gaps = [after[0] - before[0] for before, after in pairwise(places)]
        return all(abs(aside - middle) <= within for _, aside in places) and max(gaps) <= self.apart
