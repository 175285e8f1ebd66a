"""The predicates, on scenes written down by hand: no simulator takes part."""

from __future__ import annotations

import math
from typing import Any

import pytest

from codeact.errors import TaskError
from codeact_envs.tasks.conditions import CONDITIONS, Cast, Condition, Reading, condition
from codeact_envs.tasks.conditions.kept import LetGo, Unmoved
from codeact_envs.tasks.conditions.places import At, ToolAbove
from codeact_envs.tasks.conditions.supports import Lifted, Matched, RestingOn, Stacked
from codeact_envs.tasks.snapshot import ROBOT, Body, Snapshot

CUBE = (0.04, 0.04, 0.04)


def cube(name: str, x: float, y: float, z: float = 0.02, **more: Any) -> Body:
    return Body(name, name.split()[0], "box", more.pop("size", CUBE), (x, y, z), **more)


def bowl(name: str, x: float, y: float) -> Body:
    return Body(name, name.split()[0], "bowl", (0.14, 0.14, 0.045), (x, y, 0.0225))


def scene(*bodies: Body, **more: Any) -> Snapshot:
    contacts = frozenset(tuple(sorted(pair)) for pair in more.pop("contacts", ()))
    return Snapshot({body.name: body for body in bodies}, contacts=contacts, **more)  # type: ignore[arg-type]


def cast(values: dict[str, Any] | None = None, **roles: str | tuple[str, ...]) -> Cast:
    return Cast({role: (name,) if isinstance(name, str) else name for role, name in roles.items()}, values or {})


class TestStacked:
    goal = Stacked(what="top", where="base")
    who = cast(top="red cube", base="blue cube")
    start = scene(cube("red cube", 0.4, 0.2), cube("blue cube", 0.5, -0.1))

    def read(self, *bodies: Body, touching: bool = True) -> Reading:
        contacts = [("red cube", "blue cube")] if touching else []
        return self.goal.read(self.who, self.start, scene(*bodies, contacts=contacts))

    def test_the_cube_stands_on_the_other(self) -> None:
        assert self.read(cube("red cube", 0.5, -0.1, 0.06), cube("blue cube", 0.5, -0.1)) == Reading(True, True, 1.0)

    @pytest.mark.parametrize(("height", "met"), [(0.0695, True), (0.0705, False), (0.0505, True), (0.0495, False)])
    def test_heights_differ_by_at_most_a_centimetre(self, height: float, met: bool) -> None:
        assert self.read(cube("red cube", 0.5, -0.1, height), cube("blue cube", 0.5, -0.1)).met is met

    def test_they_must_touch(self) -> None:
        found = self.read(cube("red cube", 0.5, -0.1, 0.06), cube("blue cube", 0.5, -0.1), touching=False)
        assert not found.met
        assert found.progress < 1.0

    def test_the_wrong_way_round_is_no_progress_at_all(self) -> None:
        found = self.read(cube("red cube", 0.4, 0.2), cube("blue cube", 0.4, 0.2, 0.06))
        assert found == Reading(False, False, 0.0)

    def test_progress_grows_on_the_way(self) -> None:
        far = self.read(cube("red cube", 0.45, 0.05, 0.1), cube("blue cube", 0.5, -0.1), touching=False)
        near = self.read(cube("red cube", 0.49, -0.05, 0.1), cube("blue cube", 0.5, -0.1), touching=False)
        assert 0.0 < far.progress < near.progress < 1.0

    def test_a_base_that_was_nudged_is_still_a_base(self) -> None:
        assert self.read(cube("red cube", 0.53, -0.1, 0.06), cube("blue cube", 0.53, -0.1)).met


class TestAt:
    goal = At(what="cube", where="reference", toward="$direction", distance="$distance", within=0.05, strict=0.01)
    who = cast({"direction": [0.0, 1.0], "distance": 0.15}, cube="red cube", reference="blue cube")
    start = scene(cube("red cube", 0.4, -0.2), cube("blue cube", 0.5, 0.0))

    def read(self, x: float, y: float, z: float = 0.02, reference: tuple[float, float] = (0.5, 0.0)) -> Reading:
        now = scene(cube("red cube", x, y, z), cube("blue cube", *reference))
        return self.goal.read(self.who, self.start, now)

    @pytest.mark.parametrize(
        ("x", "met", "strict"), [(0.5, True, True), (0.5099, True, True), (0.515, True, False), (0.551, False, False)]
    )
    def test_two_tolerances(self, x: float, met: bool, strict: bool) -> None:
        found = self.read(x, 0.15)
        assert (found.met, found.strict) == (met, strict)
        assert (found.progress == 1.0) is met

    def test_it_must_lie_on_the_table(self) -> None:
        assert not self.read(0.5, 0.15, 0.08).met

    def test_moving_the_other_body_instead_earns_nothing(self) -> None:
        assert self.read(0.4, -0.2, reference=(0.4, -0.35)) == Reading(False, False, 0.0)

    def test_going_farther_away_earns_nothing(self) -> None:
        assert self.read(0.4, -0.3).progress == 0.0

    def test_a_scene_must_leave_something_to_do(self) -> None:
        assert self.goal.open_at(self.who, self.start)
        assert not self.goal.open_at(self.who, scene(cube("red cube", 0.5, 0.1), cube("blue cube", 0.5, 0.0)))


class TestToolAbove:
    goal = ToolAbove(where="marker", height="$height", within=0.05, strict=0.01)
    who = cast({"height": 0.15}, marker="red marker")
    start = scene(Body("red marker", "red", "zone", (0.06, 0.06, 0.002), (0.5, 0.1, 0.0)), tool=(0.3, 0.0, 0.5))

    def read(self, *tool: float) -> Reading:
        return self.goal.read(self.who, self.start, Snapshot(self.start.bodies, tool))  # type: ignore[arg-type]

    def test_both_tolerances_are_of_the_distance_in_space(self) -> None:
        assert self.read(0.5, 0.1, 0.159) == Reading(True, True, 1.0)
        assert self.read(0.53, 0.13, 0.15) == Reading(True, False, 1.0)
        assert not self.read(0.53, 0.13, 0.18).met

    def test_the_farther_the_less(self) -> None:
        assert self.read(0.3, 0.0, 0.5).progress == 0.0
        assert self.read(0.3, -0.4, 0.6).progress == 0.0
        assert 0.0 < self.read(0.4, 0.0, 0.4).progress < self.read(0.45, 0.1, 0.25).progress < 1.0


class TestLifted:
    goal = Lifted(what="cube", by=0.04)
    who = cast(cube="red cube")
    start = scene(cube("red cube", 0.4, 0.0))

    def read(self, height: float, held: str | None) -> Reading:
        return self.goal.read(self.who, self.start, scene(cube("red cube", 0.4, 0.0, 0.02 + height), held=held))

    def test_it_must_be_higher_than_four_centimetres_and_held(self) -> None:
        assert self.read(0.041, "red cube").met
        assert not self.read(0.039, "red cube").met
        assert not self.read(0.08, None).met
        assert not self.read(0.08, "blue cube").met


class TestRestingOn:
    who = cast(blocks=("red block", "blue block"), bowl="green bowl")
    goal = RestingOn(what="blocks", where="bowl", within=0.05)
    start = scene(cube("red block", 0.3, 0.2), cube("blue block", 0.3, -0.2), bowl("green bowl", 0.5, 0.0))

    def read(self, red: Body, blue: Body, held: str | None = None) -> Reading:
        return self.goal.read(self.who, self.start, scene(red, blue, bowl("green bowl", 0.5, 0.0), held=held))

    def test_every_block_counts(self) -> None:
        inside = cube("red block", 0.51, 0.02, 0.03)
        assert self.read(inside, cube("blue block", 0.5, -0.02, 0.03)) == Reading(True, True, 1.0)
        assert self.read(inside, self.start.bodies["blue block"]) == Reading(False, False, 0.5)
        assert self.read(self.start.bodies["red block"], self.start.bodies["blue block"]).progress == 0.0

    def test_it_must_be_let_go(self) -> None:
        inside = cube("red block", 0.51, 0.02, 0.03)
        assert not self.read(inside, cube("blue block", 0.5, -0.02, 0.05), held="blue block").met

    def test_it_must_be_above_and_not_beside(self) -> None:
        beside = cube("red block", 0.545, 0.0, 0.02)
        assert self.read(beside, self.start.bodies["blue block"]).progress == 0.0

    def test_it_must_be_near_the_middle(self) -> None:
        rim = cube("red block", 0.56, 0.0, 0.05)
        assert self.read(rim, self.start.bodies["blue block"]).progress == 0.0

    def test_a_flat_zone_is_rested_on_as_well(self) -> None:
        zone = Body("green zone", "green", "zone", (0.1, 0.1, 0.002), (0.5, 0.0, 0.001))
        who = cast(blocks=("red block",), zone="green zone")
        goal = RestingOn(what="blocks", where="zone", within=0.05)
        start = scene(cube("red block", 0.3, 0.2), zone)
        assert goal.open_at(who, start)
        assert goal.read(who, start, scene(cube("red block", 0.51, 0.02), zone)).met
        assert not goal.read(who, start, scene(cube("red block", 0.51, 0.02), zone, held="red block")).met
        assert not goal.read(who, start, scene(cube("red block", 0.51, 0.02, 0.01), zone)).met  # under the table

    def test_partial_by_distance(self) -> None:
        goal = RestingOn(what="blocks", where="bowl", within=0.05, partial="distance")
        now = scene(cube("red block", 0.4, 0.1, 0.1), self.start.bodies["blue block"], bowl("green bowl", 0.5, 0.0))
        assert 0.1 < goal.read(self.who, self.start, now).progress < 0.5


def test_matched_pairs_bodies_by_colour() -> None:
    who = cast(blocks=("red block", "blue block"), bowls=("blue bowl", "red bowl"))
    goal = Matched(what="blocks", where="bowls", within=0.05)
    bowls = (bowl("red bowl", 0.5, 0.2), bowl("blue bowl", 0.5, -0.2))
    start = scene(cube("red block", 0.3, 0.2), cube("blue block", 0.3, -0.2), *bowls)
    right = scene(cube("red block", 0.5, 0.2, 0.03), cube("blue block", 0.5, -0.2, 0.03), *bowls)
    wrong = scene(cube("red block", 0.5, -0.2, 0.03), cube("blue block", 0.5, 0.2, 0.03), *bowls)
    half = scene(cube("red block", 0.5, 0.2, 0.03), cube("blue block", 0.5, 0.2, 0.06), *bowls)
    assert [goal.read(who, start, now).progress for now in (right, wrong, half)] == [1.0, 0.0, 0.5]
    assert [goal.read(who, start, now).met for now in (right, wrong, half)] == [True, False, False]


def test_unmoved_leaves_out_those_that_may_move() -> None:
    goal, who = Unmoved(but=["cube"], within=0.05), cast(cube="red cube", other="blue cube")
    start = scene(cube("red cube", 0.4, 0.2), cube("blue cube", 0.5, -0.1))
    assert goal.read(who, start, scene(cube("red cube", 0.6, 0.2), cube("blue cube", 0.54, -0.1))).met
    assert not goal.read(who, start, scene(cube("red cube", 0.4, 0.2), cube("blue cube", 0.551, -0.1))).met


def test_let_go_means_neither_held_nor_touched() -> None:
    goal, who = LetGo(of=["cube"]), cast(cube="red cube")
    body = cube("red cube", 0.4, 0.2)
    assert goal.read(who, scene(body), scene(body)).met
    assert not goal.read(who, scene(body), scene(body, held="red cube")).met
    assert not goal.read(who, scene(body), scene(body, contacts=[(ROBOT, "red cube")])).met


def test_a_tilted_body_reaches_lower() -> None:
    half = math.pi / 8.0
    tilted = cube("red cube", 0.0, 0.0, 0.1, quaternion=(math.sin(half), 0.0, 0.0, math.cos(half)))
    assert tilted.underside == pytest.approx(0.1 - 0.02 * math.sqrt(2.0))
    assert cube("red cube", 0.0, 0.0, 0.1).underside == pytest.approx(0.08)


def test_what_only_settles_earns_nothing() -> None:
    goal, who = Stacked(what="top", where="base"), cast(top="red cube", base="blue cube")
    start = scene(cube("red cube", 0.4, 0.2), cube("blue cube", 0.5, -0.1))
    settled = scene(cube("red cube", 0.401, 0.198, 0.0199), cube("blue cube", 0.5, -0.1))
    assert goal.read(who, start, settled).progress == 0.0


def test_a_package_may_add_a_condition_but_not_replace_one() -> None:
    @condition("test_never")
    class Never(Condition):
        def read(self, cast: Cast, start: Snapshot, now: Snapshot) -> Reading:
            return Reading(False, False, 0.0)

    try:
        assert CONDITIONS["test_never"] is Never
        with pytest.raises(TaskError, match="'stacked' already"):
            condition("stacked")(Never)
    finally:
        del CONDITIONS["test_never"]
