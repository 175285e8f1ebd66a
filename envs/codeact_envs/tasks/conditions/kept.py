"""Conditions on what must be left as it is."""

from __future__ import annotations

from pydantic import PositiveFloat

from codeact_envs.tasks.conditions.base import Cast, Condition, Reading, Role, condition
from codeact_envs.tasks.snapshot import ROBOT, Snapshot, distance


@condition("unmoved")
class Unmoved(Condition):
    """Every body that is not in one of the roles `but` lies within `within` metres of where it began."""

    but: list[Role]
    within: PositiveFloat = 0.05

    def read(self, cast: Cast, start: Snapshot, now: Snapshot) -> Reading:
        free = {name for role in self.but for name in cast.roles[role]}
        met = all(
            distance(body.position, start.bodies[name].position) <= self.within
            for name, body in now.bodies.items()
            if name not in free
        )
        return Reading(met, met, 1.0 if met else 0.0)


@condition("let_go")
class LetGo(Condition):
    """The gripper holds nothing, and the robot touches none of the bodies in the roles `of`."""

    of: list[Role]

    def read(self, cast: Cast, start: Snapshot, now: Snapshot) -> Reading:
        names = [name for role in self.of for name in cast.roles[role]]
        met = now.held is None and not any(now.touch(ROBOT, name) for name in names)
        return Reading(met, met, 1.0 if met else 0.0)
