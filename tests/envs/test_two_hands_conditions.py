"""Conditions on what two hands hold, on scenes written down by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from codeact_envs.tasks.conditions import Cast, Reading
from codeact_envs.tasks.conditions.two_hands import HandedOver, KeptLevel, RaisedTogether
from codeact_envs.tasks.snapshot import Body, Snapshot

ROD = "red rod"
WHO = Cast({"rod": (ROD,)}, {})


def scene(
    z: float = 0.015, y: float = 0.2, tilt: float = 0.0, left: str | None = None, right: str | None = None
) -> Snapshot:
    """A rod at a height, tilted by degrees about x, and what the hands hold."""
    half = math.radians(tilt) / 2.0
    rod = Body(ROD, "red", "box", (0.36, 0.03, 0.03), (0.5, y, z), (math.sin(half), 0.0, 0.0, math.cos(half)))
    return Snapshot({ROD: rod}, holding={"left": left, "right": right})


class TestRaisedTogether:
    goal = RaisedTogether(what="rod", by=0.1)

    def read(self, now: Snapshot) -> Reading:
        return self.goal.read(WHO, scene(), now)

    def test_both_hold_it_up(self) -> None:
        assert self.read(scene(0.12, left=ROD, right=ROD)) == Reading(True, True, 1.0)

    def test_not_high_enough(self) -> None:
        found = self.read(scene(0.11, left=ROD, right=ROD))
        assert not found.met
        assert 0.8 < found.progress < 0.95

    def test_one_hand_alone_earns_nothing(self) -> None:
        assert self.read(scene(0.2, left=ROD)) == self.read(scene(0.2)) == Reading(False, False, 0.0)


class TestHandedOver:
    goal = HandedOver(what="rod")

    @pytest.mark.parametrize(
        ("y", "left", "right", "progress"),
        [
            (0.2, None, ROD, 1.0),
            (-0.2, ROD, None, 1.0),
            (0.2, ROD, None, 0.475),
            (-0.2, None, ROD, 0.475),
            (0.2, ROD, ROD, 0.0),
            (0.2, None, None, 0.0),
        ],
    )
    def test_only_the_farther_arm_may_hold_it(
        self, y: float, left: str | None, right: str | None, progress: float
    ) -> None:
        found = self.goal.read(WHO, scene(y=y), scene(0.3, y, left=left, right=right))
        assert found == Reading(progress == 1.0, progress == 1.0, progress)

    def test_it_must_be_in_the_air(self) -> None:
        assert self.goal.read(WHO, scene(), scene(right=ROD)).progress == 0.0

    def test_it_begins_plainly_on_one_side(self) -> None:
        assert self.goal.open_at(WHO, scene(y=-0.15))
        assert not self.goal.open_at(WHO, scene(y=0.05))


def test_a_tilt_on_the_way_is_not_forgotten() -> None:
    goal, start = KeptLevel(what="rod", degrees=10.0), scene()
    memory = goal.begin(WHO, start)
    for tilt in (3.0, 9.9):
        memory = goal.follow(WHO, memory, scene(tilt=tilt))
    assert goal.read(WHO, start, replace(scene(), memory=memory)).met
    memory = goal.follow(WHO, memory, scene(tilt=-10.5))
    now = replace(scene(), memory=memory)
    assert not goal.read(WHO, start, now).met
    assert goal.breach(WHO, start, now) == "'red rod' was tilted by 10.5 degrees; it must stay below 10"
