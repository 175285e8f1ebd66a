"""The rules of the towers of Hanoi, at every moment."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from codeact_envs.tasks.conditions.base import Cast, Condition, Reading, Role, condition
from codeact_envs.tasks.snapshot import Snapshot, horizontal_distance

_RESTING = 0.006  # metres over the table under which a disc that is let go lies on it
_LEAST_ABOVE = 0.01  # metres by which the middle of what lies on something is higher


@condition("hanoi_rules")
class HanoiRules(Condition):
    """So far no larger disc lay on a smaller one, no disc that carries another was moved, and none lay on the table
    beside the `stands`. `of` names the discs, the largest first."""

    of: Annotated[list[Role], Field(min_length=2)]
    stands: Annotated[list[Role], Field(min_length=2)]
    follows: ClassVar[bool] = True

    def named_roles(self) -> tuple[str, ...]:
        return (*self.of, *self.stands)

    def single_roles(self) -> tuple[str, ...]:
        return self.named_roles()

    def begin(self, cast: Cast, start: Snapshot) -> str:
        return ""  # the first rule that was broken, in words

    def follow(self, cast: Cast, memory: str, now: Snapshot) -> str:
        return memory or self._broken(cast, now)

    def read(self, cast: Cast, start: Snapshot, now: Snapshot) -> Reading:
        met = not now.memory
        return Reading(met, met, 1.0 if met else 0.0)

    def breach(self, cast: Cast, start: Snapshot, now: Snapshot) -> str:
        return str(now.memory)

    def _broken(self, cast: Cast, now: Snapshot) -> str:
        names = [cast.name(role) for role in self.of]
        stands = [now.bodies[cast.name(role)] for role in self.stands]
        for rank, name in enumerate(names):
            disc = now.bodies[name]
            on_top = [
                other
                for other in names
                if other != name
                and now.touch(name, other)
                and now.bodies[other].position[2] - disc.position[2] >= _LEAST_ABOVE
                and now.held != other
            ]
            if on_top and now.held == name:
                return f"{name!r} was moved with {on_top[0]!r} on it"
            for other in on_top:
                if names.index(other) < rank:
                    return f"{other!r} lay on {name!r}, which is smaller"
            lies = disc.underside < _RESTING and now.held != name
            if lies and all(horizontal_distance(disc.position, stand.position) > stand.size[0] / 2 for stand in stands):
                return f"{name!r} lay on the table beside the stands"
        return ""
