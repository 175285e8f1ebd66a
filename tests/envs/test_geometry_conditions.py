"""Poses by another body's frame, piles, and the rules of Hanoi, on scenes written down by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from codeact_envs.tasks import load_task, task_names
from codeact_envs.tasks.conditions import Cast, Reading
from codeact_envs.tasks.conditions.hanoi import HanoiRules
from codeact_envs.tasks.conditions.piles import SweptOnto
from codeact_envs.tasks.conditions.poses import Arranged, Posed
from codeact_envs.tasks.snapshot import Body, Snapshot, Vector3


def body(name: str, shape: str, size: Vector3, place: Vector3, yaw: float = 0.0) -> Body:
    return Body(name, name, shape, size, place, (0.0, 0.0, math.sin(yaw / 2.0), math.cos(yaw / 2.0)))


def scene(*bodies: Body, held: str | None = None, touching: tuple[tuple[str, str], ...] = ()) -> Snapshot:
    pairs = frozenset((a, b) if a <= b else (b, a) for a, b in touching)
    return Snapshot({one.name: one for one in bodies}, held=held, contacts=pairs)


class TestPosed:
    goal = Posed(what="part", where="board", offset=[0.1, 0.0, 0.02])
    who = Cast({"part": ("part",), "board": ("board",)}, {})
    board = body("board", "kit_board", (0.12, 0.2, 0.02), (0.5, 0.0, 0.01), math.pi / 2.0)

    def read(self, part: Body, held: str | None = None) -> Reading:
        start = scene(self.board, body("part", "box", (0.06, 0.03, 0.04), (0.5, -0.2, 0.02)))
        return self.goal.read(self.who, start, scene(self.board, part, held=held))

    def at(self, yaw: float, y: float = 0.1, size: Vector3 = (0.06, 0.03, 0.04), shape: str = "box") -> Body:
        return body("part", shape, size, (0.5, y, 0.03), yaw)

    @pytest.mark.parametrize(
        ("degrees", "met"), [(90, True), (104, True), (106, False), (-90, True), (-76, True), (0, False)]
    )
    def test_a_longer_box_looks_the_same_after_half_a_turn(self, degrees: float, met: bool) -> None:
        assert self.read(self.at(math.radians(degrees))).met is met

    @pytest.mark.parametrize(("degrees", "met"), [(0, True), (90, True), (14, True), (16, False)])
    def test_a_square_one_after_a_quarter(self, degrees: float, met: bool) -> None:
        assert self.read(self.at(math.radians(degrees), size=(0.04, 0.04, 0.04))).met is met

    def test_a_round_one_after_any(self) -> None:
        assert self.read(self.at(0.7, size=(0.04, 0.04, 0.04), shape="cylinder")).met

    @pytest.mark.parametrize("shape", ["mug", "hook"])
    def test_any_other_only_after_a_whole_one(self, shape: str) -> None:
        assert not self.read(self.at(-math.pi / 2.0, shape=shape)).met
        assert self.read(self.at(math.pi / 2.0, shape=shape)).met

    @pytest.mark.parametrize(("y", "met"), [(0.109, True), (0.111, False), (0.091, True), (-0.1, False)])
    def test_within_a_centimetre_of_its_place_in_the_frame(self, y: float, met: bool) -> None:
        found = self.read(self.at(math.pi / 2.0, y))
        assert found.met is met
        assert met or found.progress < 1.0

    def test_not_while_it_is_held_nor_on_its_side(self) -> None:
        assert not self.read(self.at(math.pi / 2.0), held="part").met
        lying = replace(self.at(0.0), quaternion=(math.sin(math.pi / 4.0), 0.0, 0.0, math.cos(math.pi / 4.0)))
        assert not self.read(lying).met


class TestArranged:
    goal = Arranged(what=["cubes"], where="base", spots=[[-0.05, 0.0, 0.02], [0.05, 0.0, 0.02]])
    who = Cast({"cubes": ("a", "b"), "base": ("base",)}, {})
    base = body("base", "zone", (0.2, 0.1, 0.002), (0.5, 0.0, 0.0))

    def read(self, a: float, b: float) -> Reading:
        def cubes(*places: float) -> Snapshot:
            size = (0.04, 0.04, 0.04)
            return scene(self.base, *(body(n, "box", size, (x, 0, 0.02)) for n, x in zip("ab", places, strict=True)))

        return self.goal.read(self.who, cubes(0.2, 0.3), cubes(a, b))

    def test_whichever_stands_on_which(self) -> None:
        assert self.read(0.45, 0.55).met
        assert self.read(0.55, 0.45).met

    def test_progress_is_the_share_of_spots(self) -> None:
        assert self.read(0.45, 0.3).progress == pytest.approx(0.475)
        assert self.read(0.2, 0.3).progress == 0.0
        assert not self.read(0.45, 0.451).met


def test_a_pile_is_swept_when_four_of_five_lie_on_the_zone() -> None:
    goal, names = SweptOnto(what="crumbs", where="zone", least=0.8), tuple("abcde")
    who = Cast({"crumbs": names, "zone": ("zone",)}, {})
    zone = body("zone", "zone", (0.2, 0.2, 0.002), (0.5, 0.0, 0.0), math.pi / 4.0)

    def pile(inside: int) -> Snapshot:
        ys = [0.13 if index < inside else 0.15 for index in range(5)]  # the zone's corner is at 0.141
        bodies = (body(n, "box", (0.02, 0.02, 0.02), (0.5, y, 0.01)) for n, y in zip(names, ys, strict=True))
        return scene(zone, *bodies)

    found = [goal.read(who, pile(0), pile(inside)) for inside in range(6)]
    assert [reading.met for reading in found] == [False] * 4 + [True] * 2
    assert [reading.progress for reading in found[:2]] == pytest.approx([0.0, 0.2375])


class TestHanoiRules:
    rules = HanoiRules(of=["large", "small"], stands=["left", "right"])
    who = Cast({name: (name,) for name in ("large", "small", "left", "right")}, {})

    def after(self, large: Vector3, small: Vector3, held: str | None = None, touching: bool = False) -> str:
        now = scene(
            body("left", "zone", (0.1, 0.1, 0.002), (0.5, -0.1, 0.0)),
            body("right", "zone", (0.1, 0.1, 0.002), (0.5, 0.1, 0.0)),
            body("large", "box", (0.06, 0.06, 0.03), large),
            body("small", "box", (0.04, 0.04, 0.03), small),
            held=held,
            touching=(("large", "small"),) if touching else (),
        )
        memory = self.rules.follow(self.who, self.rules.begin(self.who, now), now)
        reading = self.rules.read(self.who, now, replace(now, memory=memory))
        assert reading.met is not bool(memory)
        return str(memory)

    def test_what_is_allowed(self) -> None:
        assert self.after((0.5, -0.1, 0.015), (0.5, -0.1, 0.045), touching=True) == ""
        assert self.after((0.5, -0.1, 0.015), (0.5, 0.1, 0.015)) == ""
        assert self.after((0.5, -0.1, 0.015), (0.5, 0.3, 0.2), held="small") == ""

    def test_what_is_not(self) -> None:
        assert "which is smaller" in self.after((0.5, 0.1, 0.045), (0.5, 0.1, 0.015), touching=True)
        assert "beside the stands" in self.after((0.5, -0.1, 0.015), (0.5, 0.3, 0.015))
        assert "with 'small' on it" in self.after((0.5, 0.0, 0.1), (0.5, 0.0, 0.13), held="large", touching=True)

    def test_what_was_broken_stays_broken(self) -> None:
        now = scene(
            *(body(name, "box", (0.1, 0.1, 0.03), (0.5, 0.0, 0.015)) for name in ("large", "small", "left", "right"))
        )
        assert self.rules.follow(self.who, "it was broken", now) == "it was broken"


def test_exact_tasks_ask_for_a_centimetre() -> None:
    goals = [goal for name in task_names() if (task := load_task(name)).family == "C" for goal in task.spec.goal]
    exact = [goal.within for goal in goals if isinstance(goal, Posed | Arranged)]
    assert len(exact) >= 8
    assert set(exact) == {0.01}
