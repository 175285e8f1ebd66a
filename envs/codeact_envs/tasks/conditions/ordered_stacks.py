"""Conditions on stacks whose order matters: several bodies, each on the one before it."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated

from pydantic import Field, PositiveFloat

from codeact_envs.tasks.conditions.base import UNMET, Cast, Condition, Reading, Role, condition
from codeact_envs.tasks.snapshot import Body, Snapshot, horizontal_distance


@condition("stacked_in_order")
class StackedInOrder(Condition):
    """The bodies of the roles `of` stand on each other in this order, the first one lowest: each touches the one below
    it, its centre as high over the other's as it should be, within `height_within`; let go. The progress is the share
    of them that stand on the right one, counted from below; what stood right at the start earns nothing.
    """

    of: Annotated[list[Role], Field(min_length=2)]
    height_within: PositiveFloat = 0.01

    def single_roles(self) -> tuple[str, ...]:
        return tuple(self.of)

    def read(self, cast: Cast, start: Snapshot, now: Snapshot) -> Reading:
        begun, standing = (self._standing(cast, scene) for scene in (start, now))
        whole = len(self.of) - 1
        if standing == whole:
            return Reading(True, True, 1.0)
        return Reading(False, False, UNMET * max(0, standing - begun) / max(1, whole - begun))

    def _standing(self, cast: Cast, scene: Snapshot) -> int:
        """How many stand on the right one, up to the first that does not."""
        bodies = [scene.bodies[cast.name(role)] for role in self.of]
        count = 0
        for base, top in pairwise(bodies):
            if scene.held in (base.name, top.name) or not self._stands(scene, top, base):
                break
            count += 1
        return count

    def _stands(self, scene: Snapshot, top: Body, base: Body) -> bool:
        height = top.position[2] - base.position[2]
        return (
            scene.touch(top.name, base.name)
            and abs(height - (base.size[2] + top.size[2]) / 2.0) <= self.height_within
            and horizontal_distance(top.position, base.position) <= max(base.size[:2]) / 2.0
        )
