"""Towers and bodies that are turned over, on scenes written down by hand."""

from __future__ import annotations

import math

import pytest

from codeact_envs.tasks.conditions import Cast, Reading
from codeact_envs.tasks.conditions.ordered_stacks import StackedInOrder
from codeact_envs.tasks.conditions.turns import UpsideDown
from codeact_envs.tasks.snapshot import Body, Snapshot

CUBE = (0.04, 0.04, 0.04)


def cube(name: str, x: float, z: float, angle: float = 0.0) -> Body:
    """`angle`: about the world's x axis."""
    return Body(name, name, "box", CUBE, (x, 0.0, z), (math.sin(angle / 2.0), 0.0, 0.0, math.cos(angle / 2.0)))


def scene(*bodies: Body, held: str | None = None) -> Snapshot:
    """Bodies straight above one another touch."""
    pairs = {
        tuple(sorted((a.name, b.name)))
        for a in bodies
        for b in bodies
        if a is not b and a.position[0] == b.position[0] and abs(a.position[2] - b.position[2]) < 0.045
    }
    return Snapshot({body.name: body for body in bodies}, held=held, contacts=frozenset(pairs))  # type: ignore[arg-type]


class TestStackedInOrder:
    goal = StackedInOrder(of=["low", "middle", "high"])
    who = Cast({"low": ("a",), "middle": ("b",), "high": ("c",)}, {})
    start = scene(cube("b", 0.5, 0.02), cube("a", 0.5, 0.06), cube("c", 0.5, 0.10))

    def read(self, now: Snapshot) -> Reading:
        return self.goal.read(self.who, self.start, now)

    def test_the_whole_tower_in_its_order(self) -> None:
        assert self.read(scene(cube("a", 0.5, 0.02), cube("b", 0.5, 0.06), cube("c", 0.5, 0.10))).met

    def test_the_start_and_the_same_tower_elsewhere_earn_nothing(self) -> None:
        assert self.read(self.start).progress == 0.0
        assert self.read(scene(cube("b", 0.4, 0.02), cube("a", 0.4, 0.06), cube("c", 0.4, 0.10))).progress == 0.0

    def test_half_a_tower_counts_from_below(self) -> None:
        below = self.read(scene(cube("a", 0.5, 0.02), cube("b", 0.5, 0.06), cube("c", 0.3, 0.02)))
        above = self.read(scene(cube("a", 0.3, 0.02), cube("b", 0.5, 0.02), cube("c", 0.5, 0.06)))
        assert (below.met, below.progress) == (False, pytest.approx(0.475))
        assert above.progress == 0.0

    def test_what_is_still_held_does_not_stand(self) -> None:
        now = scene(cube("a", 0.5, 0.02), cube("b", 0.5, 0.06), cube("c", 0.5, 0.10), held="c")
        assert not self.read(now).met

    def test_what_leans_beside_it_does_not_stand_on_it(self) -> None:
        assert not self.read(scene(cube("a", 0.5, 0.02), cube("b", 0.5, 0.045), cube("c", 0.5, 0.085))).met


class TestUpsideDown:
    goal = UpsideDown(what="block", within=0.2)
    who = Cast({"block": ("a",)}, {})
    start = scene(cube("a", 0.5, 0.02))

    @pytest.mark.parametrize(("angle", "met"), [(math.pi, True), (math.pi - 0.19, True), (math.pi - 0.21, False)])
    def test_within_a_fifth_of_a_radian(self, angle: float, met: bool) -> None:
        assert self.goal.read(self.who, self.start, scene(cube("a", 0.5, 0.02, angle))).met is met

    def test_on_its_side_is_about_half_of_it(self) -> None:
        assert self.goal.read(self.who, self.start, self.start).progress == 0.0
        found = self.goal.read(self.who, self.start, scene(cube("a", 0.5, 0.02, math.pi / 2.0)))
        assert found.progress == pytest.approx(0.46, abs=0.01)

    def test_it_must_be_let_go(self) -> None:
        assert not self.goal.read(self.who, self.start, scene(cube("a", 0.5, 0.2, math.pi), held="a")).met
