"""Conditions on named parts of the table: its corners, its sides, its middle."""

from __future__ import annotations

from itertools import permutations
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, PositiveFloat

from codeact.errors import TaskError
from codeact_envs.bullet.geometry.work_area import AREAS, CORNERS, SIDES, holds
from codeact_envs.tasks.conditions.base import UNMET, Cast, Condition, Reading, Role, condition
from codeact_envs.tasks.snapshot import Snapshot, horizontal_distance


def _known(name: str) -> str:
    if not name.startswith("$") and name not in AREAS:
        raise ValueError(f"there is no such part of the table; there are {', '.join(AREAS)}")
    return name


def _distinct(names: list[str]) -> list[str]:
    if len(set(names)) < len(names):
        raise ValueError("name each part of the table once")
    return names


AreaName = Annotated[str, AfterValidator(_known)]  # or a `$name`
Areas = Literal["corners", "sides"] | Annotated[list[AreaName], Field(min_length=2), AfterValidator(_distinct)]


def in_area(scene: Snapshot, name: str, area: str) -> bool:
    """Whether the centre of a body lies in a part of the table, seen from above, and no gripper holds it."""
    x, y, _ = scene.bodies[name].position
    return holds(AREAS[area], x, y) and scene.held != name


def empty(scene: Snapshot, area: str) -> bool:
    """Whether no body's centre lies there."""
    return not any(holds(AREAS[area], *body.position[:2]) for body in scene.bodies.values())


def _named(areas: Literal["corners", "sides"] | list[str], cast: Cast) -> tuple[str, ...]:
    if isinstance(areas, str):
        return CORNERS if areas == "corners" else SIDES
    return tuple(dict.fromkeys(map(cast.word, areas)))


def _share(there: int, whole: int) -> Reading:
    met = there == whole
    return Reading(met, met, 1.0 if met else UNMET * there / whole)


@condition("in_area")
class InArea(Condition):
    """Every body of `what` lies in a part of the table, let go. Progress is the share that do; nothing begins there."""

    what: Role
    area: AreaName

    def read(self, cast: Cast, start: Snapshot, now: Snapshot) -> Reading:
        names, area = cast.roles[self.what], cast.word(self.area)
        return _share(sum(in_area(now, name, area) for name in names), len(names))

    def open_at(self, cast: Cast, start: Snapshot) -> bool:
        return empty(start, cast.word(self.area))


@condition("in_own_areas")
class InOwnAreas(Condition):
    """Every body of `what` lies in one of several parts of the table, let go, and has it for itself among them.

    `areas`: the `corners`, the `sides`, or a list of names.

    Progress is the share of those after the first: all in one corner is none. Nothing begins there.
    """

    what: Role
    areas: Areas

    def read(self, cast: Cast, start: Snapshot, now: Snapshot) -> Reading:
        names, areas = cast.roles[self.what], _named(self.areas, cast)
        if len(names) > len(areas):
            raise TaskError(f"{len(names)} bodies cannot have {len(areas)} parts of the table each for itself")
        most = max(
            sum(in_area(now, name, area) for name, area in zip(names, dealt, strict=True))
            for dealt in permutations(areas, len(names))
        )
        met = most == len(names)
        share = max(0, most - 1) / max(1, len(names) - 1)
        return Reading(met, met, 1.0 if met else UNMET * share)

    def open_at(self, cast: Cast, start: Snapshot) -> bool:
        return all(empty(start, area) for area in _named(self.areas, cast))


@condition("in_area_nearest_to")
class InAreaNearestTo(Condition):
    """A body lies in that one of several parts of the table whose centre was nearest to `where` at the start, let go.

    `areas`: the `corners`, the `sides`, or a list of names. An episode begins with all of them empty, and no other one
    less than `margin` metres farther away.
    """

    what: Role
    where: Role
    areas: Areas
    margin: PositiveFloat = 0.06

    def single_roles(self) -> tuple[str, ...]:
        return (self.what, self.where)

    def read(self, cast: Cast, start: Snapshot, now: Snapshot) -> Reading:
        _, nearest = self._by_distance(cast, start)[0]
        return _share(in_area(now, cast.name(self.what), nearest), 1)

    def open_at(self, cast: Cast, start: Snapshot) -> bool:
        first, second = self._by_distance(cast, start)[:2]
        return second[0] - first[0] >= self.margin and all(empty(start, area) for area in _named(self.areas, cast))

    def _by_distance(self, cast: Cast, start: Snapshot) -> list[tuple[float, str]]:
        here = start.bodies[cast.name(self.where)].position
        areas = _named(self.areas, cast)
        return sorted((horizontal_distance(here, (*AREAS[area].center, 0.0)), area) for area in areas)
