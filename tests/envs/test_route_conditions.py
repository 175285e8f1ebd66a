"""Conditions on the way that a base or a drone took, on moments written down by hand."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from codeact_envs.bullet.bodies.articulation import Room
from codeact_envs.bullet.geometry.poses import Pose
from codeact_envs.tasks.conditions import Cast, Condition, Reading
from codeact_envs.tasks.conditions.places import BaseAt
from codeact_envs.tasks.conditions.routes import FlownThrough, FlownToInOrder, Hovered, Patrolled
from codeact_envs.tasks.snapshot import ROBOT, Body, Snapshot, Vector3

PLACES = {"first": (1.0, 0.0), "second": (2.0, 0.0), "third": (2.0, 1.0)}
WHO = Cast({role: (f"{role} marker",) for role in PLACES}, {"heading": 1.5708})
MARKERS = {
    f"{role} marker": Body(f"{role} marker", "red", "zone", (0.3, 0.3, 0.002), (x, y, 0.0))
    for role, (x, y) in PLACES.items()
}
ROUTE = ["first", "second", "third"]


def seen(condition: Condition, who: Cast, start: Snapshot, moments: Iterable[Snapshot]) -> Reading:
    """What the condition says after these moments, 0.05 s apart."""
    memory, now = condition.begin(who, start), start
    for index, moment in enumerate(moments, start=1):
        now = replace(moment, time_s=0.05 * index)
        memory = condition.follow(who, memory, now)
    return condition.read(who, start, replace(now, memory=memory))


def driven(*stops: tuple[float, float]) -> list[Snapshot]:
    """Stands at each of these places for two moments."""
    return [Snapshot(MARKERS, base=(x, y, 0.0)) for x, y in stops for _ in range(2)]


class TestPatrolled:
    goal = Patrolled(where=ROUTE, within=0.15, strict=0.05)
    start = Snapshot(MARKERS, base=(0.0, 0.0, 0.0))

    def read(self, *stops: tuple[float, float]) -> Reading:
        return seen(self.goal, WHO, self.start, driven(*stops))

    def test_in_order(self) -> None:
        assert self.read((1.0, 0.04), (1.5, 0.5), (2.0, 0.0), (2.0, 1.0)) == Reading(True, True, 1.0)

    def test_the_strict_tolerance_holds_at_each_stop(self) -> None:
        assert self.read((1.0, 0.1), (2.0, 0.0), (2.0, 1.0)) == Reading(True, False, 1.0)
        assert self.read((1.0, 0.1), (1.0, 0.02), (2.0, 0.0), (2.0, 1.0)).strict, "it came nearer before it went on"

    def test_two_of_three_are_two_thirds_of_what_the_unmet_can_earn(self) -> None:
        found = self.read((1.0, 0.0), (2.0, 0.0))
        assert not found.met
        assert found.progress == pytest.approx(0.95 * 2 / 3)

    @pytest.mark.parametrize("order", [(2, 1, 0), (1, 0, 1), (0, 2, 1)])
    def test_a_broken_order_stays_broken(self, order: tuple[int, ...]) -> None:
        places = [PLACES[ROUTE[index]] for index in order]
        assert not self.read(*places, *PLACES.values()).met
        assert self.read((2.0, 1.0), *PLACES.values()).progress == 0.0

    def test_driving_over_a_later_place_is_no_stop(self) -> None:
        on_the_way = [Snapshot(MARKERS, base=(1.9 + 0.05 * step, 0.0, 0.0)) for step in range(5)]
        assert seen(self.goal, WHO, self.start, [*on_the_way, *driven(*PLACES.values())]).met

    def test_a_stop_beside_a_place_does_not_count(self) -> None:
        assert self.read((1.0, 0.16), (2.0, 0.0), (2.0, 1.0)).progress == 0.0

    def test_nothing_done_is_nothing(self) -> None:
        assert self.read((0.0, 0.0)) == Reading(False, False, 0.0)


def test_waypoints_of_a_drone_have_a_height() -> None:
    goal, start = FlownToInOrder(where=ROUTE, height=1.0, within=0.1, strict=0.05), Snapshot(MARKERS, drone=(0, 0, 0))

    def read(height: float) -> Reading:
        stops = [Snapshot(MARKERS, drone=(x, y, height)) for x, y in PLACES.values() for _ in range(2)]
        return seen(goal, WHO, start, stops)

    assert read(1.04) == Reading(True, True, 1.0)
    assert read(1.08) == Reading(True, False, 1.0)
    assert read(1.2) == Reading(False, False, 0.0)


class TestHovered:
    goal = Hovered(where="first", height=1.0, seconds=2.0, within=0.05, strict=0.02)
    start = Snapshot(MARKERS, drone=(0.0, 0.0, 0.0))

    def read(self, *places: Vector3) -> Reading:
        return seen(self.goal, WHO, self.start, [Snapshot(MARKERS, drone=place) for place in places])

    def test_two_seconds_in_place(self) -> None:
        assert self.read(*[(1.0, 0.0, 1.01)] * 41) == Reading(True, True, 1.0)
        assert self.read(*[(1.0, 0.0, 1.04)] * 41) == Reading(True, False, 1.0)

    def test_less_than_two_seconds(self) -> None:
        found = self.read(*[(1.0, 0.0, 1.0)] * 40)
        assert not found.met
        assert found.progress == pytest.approx(0.95)

    def test_the_time_begins_anew_after_a_drift(self) -> None:
        assert not self.read(*[(1.0, 0.0, 1.0)] * 30, (1.0, 0.06, 1.0), *[(1.0, 0.0, 1.0)] * 30).met
        assert not self.read(*[(1.0, 0.0, 1.0)] * 50, (1.0, 0.06, 1.0)).met


class TestFlownThrough:
    goal = FlownThrough(what="gate")
    who = Cast({"gate": ("red gate",)}, {})
    yaw = 0.5

    def gate(self) -> Body:
        turn = (0.0, 0.0, math.sin(self.yaw / 2.0), math.cos(self.yaw / 2.0))
        room = Room(Pose((2.0, 0.0, 1.0), turn), (0.06, 0.8, 0.8), False)
        return Body("red gate", "red", "gate", (0.06, 0.92, 1.46), (2.0, 0.0, 0.73), turn, None, room)

    def at(self, x: float, y: float, z: float, **more: Any) -> Snapshot:
        """The drone at a place in the frame of the opening."""
        c, s = math.cos(self.yaw), math.sin(self.yaw)
        return Snapshot({"red gate": self.gate()}, drone=(2.0 + c * x - s * y, s * x + c * y, 1.0 + z), **more)

    def read(self, *moments: Snapshot) -> Reading:
        return seen(self.goal, self.who, self.at(-1.5, 0.2, -1.0), moments)

    def test_through_the_opening(self) -> None:
        assert self.read(self.at(-0.05, 0.2, 0.2), self.at(0.05, 0.2, 0.2), self.at(1.0, 0.0, 0.0)).met

    @pytest.mark.parametrize(("y", "z"), [(0.35, 0.0), (-0.35, 0.0), (0.0, 0.7), (0.0, -0.35)])
    def test_beside_and_over_it_is_not_through(self, y: float, z: float) -> None:
        assert self.read(self.at(-0.05, y, z), self.at(0.05, y, z)) == Reading(False, False, 0.0)

    def test_from_behind_is_not_through(self) -> None:
        around = [self.at(-1.0, 2.0, 0.0), self.at(1.0, 2.0, 0.0), self.at(1.0, 0.0, 0.0)]
        assert self.read(*around, self.at(0.05, 0.0, 0.0), self.at(-0.05, 0.0, 0.0)).met is False

    def test_touching_the_gate_ever_is_no_success(self) -> None:
        touching = self.at(-0.05, 0.0, 0.0, contacts=frozenset({tuple(sorted((ROBOT, "red gate")))}))
        assert not self.read(touching, self.at(0.05, 0.0, 0.0), self.at(1.0, 0.0, 0.0)).met

    def test_progress_is_made_straight_before_the_opening(self) -> None:
        near, nearer = (self.read(self.at(-away, 0.0, 0.0)).progress for away in (0.8, 0.4))
        assert 0.0 < near < nearer < 0.95
        assert self.read(self.at(-0.4, 0.0, 0.7)).progress == 0.0


@pytest.mark.parametrize(("yaw", "expected"), [(1.55, (True, True)), (1.49, (True, False)), (1.45, (False, False))])
def test_a_base_arrives_with_a_heading(yaw: float, expected: tuple[bool, bool]) -> None:
    goal = BaseAt(where="first", within=0.15, strict=0.06, heading="$heading")
    start, now = (Snapshot(MARKERS, base=base) for base in ((0.0, 0.0, 0.0), (1.0, 0.05, yaw)))
    found = goal.read(WHO, start, now)
    assert (found.met, found.strict) == expected
    assert found.progress < 1.0 or found.met
