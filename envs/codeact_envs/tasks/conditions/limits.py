"""Conditions that hold a robot to limits at every moment, measured apart from its controller."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar

from pydantic import Field, PositiveFloat, model_validator

from codeact_envs.bullet.geometry.rotations import rotation_matrix
from codeact_envs.tasks.conditions.base import Cast, Condition, Reading, condition
from codeact_envs.tasks.snapshot import Body, Snapshot, Vector3, distance

Corner = Annotated[list[float], Field(min_length=3, max_length=3)]
_Sped = tuple[tuple[Vector3, ...], float, float]  # the tools and the time of the last moment; the greatest speed so far


@condition("slower_than")
class SlowerThan(Condition):
    """No tool centre point was ever faster than `speed`, metres per second, on the mean between two moments."""

    judges = "tool"
    follows: ClassVar[bool] = True
    speed: PositiveFloat

    def begin(self, cast: Cast, start: Snapshot) -> _Sped:
        return tuple(start.tools.values()), start.time_s, 0.0

    def follow(self, cast: Cast, memory: _Sped, now: Snapshot) -> _Sped:
        before, then, fastest = memory
        tools, passed = tuple(now.tools.values()), now.time_s - then
        ways = [distance(one, other) for one, other in zip(before, tools, strict=True)]
        return tools, now.time_s, max(fastest, *(way / passed for way in ways)) if passed > 0.0 else fastest

    def read(self, cast: Cast, start: Snapshot, now: Snapshot) -> Reading:
        met = now.memory[2] <= self.speed
        return Reading(met, met, 1.0 if met else 0.0)

    def breach(self, cast: Cast, start: Snapshot, now: Snapshot) -> str:
        return f"the tool moved at {now.memory[2]:.3f} m/s; at most {self.speed:g} m/s are allowed"


@condition("presses_less")
class PressesLess(Condition):
    """The robot, or what it holds, never pressed on anything else with more than `force` newtons at one point; what it
    holds in its grip is not counted."""

    follows: ClassVar[bool] = True
    force: PositiveFloat

    def begin(self, cast: Cast, start: Snapshot) -> float:
        """The greatest force so far, newtons."""
        return start.force

    def follow(self, cast: Cast, memory: float, now: Snapshot) -> float:
        return max(memory, now.force)

    def read(self, cast: Cast, start: Snapshot, now: Snapshot) -> Reading:
        met = max(now.memory, now.force) <= self.force
        return Reading(met, met, 1.0 if met else 0.0)

    def breach(self, cast: Cast, start: Snapshot, now: Snapshot) -> str:
        return f"the robot pressed with {max(now.memory, now.force):.1f} N; at most {self.force:g} N are allowed"


@condition("stayed_out")
class StayedOut(Condition):
    """No tool centre point, and no corner or middle of what a hand held, was ever in the box from `lower` to
    `upper`, metres, world frame."""

    judges = "tool"
    follows: ClassVar[bool] = True
    lower: Corner
    upper: Corner

    @model_validator(mode="after")
    def _ordered(self) -> StayedOut:
        if not all(low < high for low, high in zip(self.lower, self.upper, strict=True)):
            raise ValueError("each number of lower must be less than that of upper")
        return self

    def _entered(self, now: Snapshot) -> str:
        """What is in the box; empty when nothing is."""
        if any(self._contains(tool) for tool in now.tools.values()):
            return "the tool"
        held = {name for name in now.holding.values() if name is not None}
        return next((repr(name) for name in sorted(held) if any(map(self._contains, _points(now.bodies[name])))), "")

    def _contains(self, point: Vector3) -> bool:
        return all(low <= value <= high for low, value, high in zip(self.lower, point, self.upper, strict=True))

    def begin(self, cast: Cast, start: Snapshot) -> str:
        """What was the first in the box; empty when nothing was."""
        return self._entered(start)

    def follow(self, cast: Cast, memory: str, now: Snapshot) -> str:
        return memory or self._entered(now)

    def read(self, cast: Cast, start: Snapshot, now: Snapshot) -> Reading:
        met = not now.memory
        return Reading(met, met, 1.0 if met else 0.0)

    def breach(self, cast: Cast, start: Snapshot, now: Snapshot) -> str:
        return f"{now.memory} came into what is kept out"


def _points(body: Body) -> list[Vector3]:
    """The middle and the corners of the box about a body, metres, world frame."""
    found = [body.position]
    turn = rotation_matrix(body.quaternion)
    for corner in range(8):
        local = [extent * (0.5 if corner >> axis & 1 else -0.5) for axis, extent in enumerate(body.size)]
        x, y, z = (
            middle + math.fsum(part * value for part, value in zip(row, local, strict=True))
            for middle, row in zip(body.position, turn, strict=True)
        )
        found.append((x, y, z))
    return found
