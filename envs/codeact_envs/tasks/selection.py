"""Roles that a drawn scene decides: the blocks left of the bowl, the second block from the left.

A scene is drawn again until a selection is clear: something is meant, something is not, and none of them is nearer than
`margin` metres to where the answer would change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated

from pydantic import Field, PositiveFloat

from codeact_envs.scenes.reading import Part
from codeact_envs.scenes.specification import Attribute, RoleName, SceneSpec, possible
from codeact_envs.tasks.conditions import Cast, Reference
from codeact_envs.tasks.snapshot import Snapshot, horizontal_distance

# Axis and sign along which a measure grows, in the world frame as the robot sees it: x forward, y left.
_BEYOND = {"left of": (1, 1.0), "right of": (1, -1.0), "in front of": (0, -1.0), "behind": (0, 1.0)}
_FROM = {"from the left": (1, -1.0), "from the right": (1, 1.0), "from the front": (0, 1.0), "from the back": (0, -1.0)}
_BY_DISTANCE = {"nearest to": 1.0, "farthest from": -1.0}
RULES = (*_BEYOND, *_BY_DISTANCE, *_FROM)


class Selection(Part):
    """Which bodies of a role are meant, by where they stand when the episode begins.

    Attributes:
        among: the role that they are chosen from.
        rule: a key of `RULES`, or a `$attribute` that means one.
        of: the role of the one body that the rule refers to; none for `from the ...`.
        place: in the order of the rule, 1 for the first; not for `left of` and the like, which choose all that fit.
        margin: metres between the last that is meant and the first that is not.
        rest: a role for those that are not meant.
    """

    among: RoleName
    rule: str
    of: RoleName | None = None
    place: Annotated[int, Field(ge=1)] | Reference = 1
    margin: PositiveFloat = 0.03
    rest: RoleName | None = None

    def rules(self, attributes: Mapping[str, Attribute]) -> list[str]:
        """What the rule may turn out to be."""
        return possible(self.rule, attributes, "rule")[0]

    def choose(self, cast: Cast, start: Snapshot) -> tuple[str, ...] | None:
        """The names of those that are meant, in the scene's order; None when the scene leaves it unclear."""
        rule, names = cast.word(self.rule), cast.roles[self.among]
        measure, bound = self._measure(rule, cast, start), 0.0
        values = {name: measure(name) for name in names}
        if rule in _BEYOND:
            meant = [name for name in names if values[name] > 0.0]
        else:
            order = sorted(names, key=lambda name: values[name])
            place = int(cast.number(self.place))
            if place > len(order):
                return None
            meant, bound = [order[place - 1]], values[order[place - 1]]
        others = [name for name in names if name not in meant]
        apart = names if rule in _BEYOND else others
        clear = meant and others and all(abs(values[name] - bound) >= self.margin for name in apart)
        return tuple(meant) if clear else None

    def _measure(self, rule: str, cast: Cast, start: Snapshot) -> Callable[[str], float]:
        if rule in _FROM:
            axis, sign = _FROM[rule]
            return lambda name: sign * start.bodies[name].position[axis]
        assert self.of is not None
        other = start.bodies[cast.name(self.of)].position
        if rule in _BEYOND:
            axis, sign = _BEYOND[rule]
            return lambda name: sign * (start.bodies[name].position[axis] - other[axis])
        return lambda name: _BY_DISTANCE[rule] * horizontal_distance(start.bodies[name].position, other)


def selected(selections: Mapping[str, Selection], cast: Cast, start: Snapshot) -> dict[str, tuple[str, ...]] | None:
    """Who is in the roles that the scene decides; None when it leaves one of them unclear."""
    found: dict[str, tuple[str, ...]] = {}
    for role, selection in selections.items():
        meant = selection.choose(cast, start)
        if meant is None:
            return None
        found[role] = meant
        if selection.rest is not None:
            found[selection.rest] = tuple(name for name in cast.roles[selection.among] if name not in meant)
    return found


def role_counts(
    scene: SceneSpec, selections: Mapping[str, Selection], attributes: Mapping[str, Attribute]
) -> dict[str, int | None]:
    """How many bodies play each role; None where episodes differ in it."""
    counts = {role: part.count if isinstance(part.count, int) else None for role, part in scene.roles.items()}
    for role, selection in selections.items():
        several = any(rule in _BEYOND for rule in selection.rules(attributes))
        counts[role] = None if several else 1
        if selection.rest is not None:
            whole = counts.get(selection.among)
            counts[selection.rest] = None if several or whole is None else whole - 1
    return counts


def check_selections(
    scene: SceneSpec, selections: Mapping[str, Selection], attributes: Mapping[str, Attribute]
) -> Iterator[str]:
    """What is wrong with them, one line each."""
    taken = set(scene.roles)
    for role, selection in selections.items():
        key = f"select.{role}"
        for name in (role, selection.rest):
            if name in taken:
                yield f"{key}: there is a role {name!r} already; give this one another name"
            if name is not None:
                taken.add(name)
        part = scene.roles.get(selection.among)
        if part is None or part.most < 2:
            several = ", ".join(name for name, part in scene.roles.items() if part.most > 1)
            yield f"{key}.among: {selection.among!r} must be a role of two bodies at least; those are {several}"
        rules, unknown = possible(selection.rule, attributes, f"{key}.rule")
        yield from unknown
        for rule in rules:
            if rule not in RULES:
                yield f"{key}.rule: there is no rule {rule!r}; there are {', '.join(RULES)}"
            elif rule in _FROM and selection.of is not None:
                yield f"{key}.of: {rule!r} refers to no body; leave it out"
            elif rule not in _FROM and (selection.of not in scene.roles or scene.roles[selection.of].count != 1):
                yield f"{key}.of: {rule!r} refers to one body; name its role, not {selection.of!r}"
        if isinstance(selection.place, str) and selection.place[1:] not in attributes:
            yield f"{key}.place: there is no attribute {selection.place[1:]!r}; there are {', '.join(attributes)}"
