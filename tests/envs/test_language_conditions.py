"""Towers, lines, parts of the table and roles that the scene decides, on scenes written down by hand."""

from __future__ import annotations

import pytest

from codeact.errors import TaskError
from codeact.yaml_files import read_yaml
from codeact_envs.tasks.catalog import task_file
from codeact_envs.tasks.conditions import Cast, Reading
from codeact_envs.tasks.conditions.areas import InArea, InAreaNearestTo, InOwnAreas
from codeact_envs.tasks.conditions.arrangements import LinedUp, Tower
from codeact_envs.tasks.conditions.supports import Mismatched
from codeact_envs.tasks.selection import Selection, selected
from codeact_envs.tasks.snapshot import TABLE, Body, Snapshot
from codeact_envs.tasks.specification import parse_task

NAMES = ("red block", "green block", "blue block")
BLOCKS = Cast({"blocks": NAMES, "block": NAMES[:1], "bowl": ("red bowl",)}, {"place": "back left corner"})
UNMET, MET = 0.95, Reading(True, True, 1.0)
BACK_LEFT, BACK_RIGHT, FRONT_LEFT = (0.60, 0.36), (0.60, -0.36), (0.36, 0.36)


def block(name: str, x: float, y: float, z: float = 0.02) -> Body:
    return Body(name, name.split()[0], "box", (0.04, 0.04, 0.04), (x, y, z))


def bowl(name: str, x: float, y: float) -> Body:
    return Body(name, name.split()[0], "bowl", (0.12, 0.12, 0.04), (x, y, 0.02))


def scene(*bodies: Body, touching: tuple[tuple[str, str], ...] = (), held: str | None = None) -> Snapshot:
    contacts = frozenset((min(pair), max(pair)) for pair in touching)
    return Snapshot({body.name: body for body in bodies}, held=held, contacts=contacts)


def blocks(*places: tuple[float, float], held: str | None = None) -> Snapshot:
    return scene(*(block(name, x, y) for name, (x, y) in zip(NAMES, places, strict=True)), held=held)


START = blocks((0.45, 0.1), (0.5, 0.0), (0.48, -0.15))


class TestInArea:
    goal = InArea(what="blocks", area="$place")

    def test_every_block_counts(self) -> None:
        near = ((0.58, 0.34), (0.63, 0.39))
        two, three = blocks(*near, (0.5, 0.0)), blocks(*near, (0.58, 0.39))
        assert self.goal.read(BLOCKS, START, START).progress == 0.0
        assert self.goal.read(BLOCKS, START, two) == Reading(False, False, pytest.approx(UNMET * 2 / 3))
        assert self.goal.read(BLOCKS, START, three) == MET
        assert not self.goal.read(BLOCKS, START, blocks(*near, (0.58, 0.39), held="blue block")).met

    def test_an_episode_begins_with_nothing_there(self) -> None:
        assert self.goal.open_at(BLOCKS, START)
        assert not self.goal.open_at(BLOCKS, scene(*START.bodies.values(), bowl("red bowl", 0.58, 0.36)))

    def test_a_part_of_the_table_that_there_is_not_is_refused(self) -> None:
        with pytest.raises(ValueError, match="there is no such part of the table; there are front left corner"):
            InArea(what="blocks", area="top left corner")


class TestInOwnAreas:
    corners = InOwnAreas(what="blocks", areas="corners")
    sides = InOwnAreas(what="blocks", areas="sides")

    def test_one_corner_for_each(self) -> None:
        assert self.corners.read(BLOCKS, START, blocks(BACK_LEFT, BACK_RIGHT, FRONT_LEFT)) == MET
        half = self.corners.read(BLOCKS, START, blocks(BACK_LEFT, BACK_RIGHT, BACK_RIGHT))
        assert half == Reading(False, False, pytest.approx(UNMET / 2))

    def test_all_in_one_corner_is_no_progress(self) -> None:
        assert self.corners.read(BLOCKS, START, blocks(BACK_LEFT, BACK_LEFT, BACK_LEFT)).progress == 0.0

    def test_parts_may_be_named(self) -> None:
        back = InOwnAreas(what="blocks", areas=["back left corner", "back right corner", "front side"])
        assert back.read(BLOCKS, START, blocks(BACK_LEFT, BACK_RIGHT, FRONT_LEFT)) == MET
        assert not back.read(BLOCKS, START, blocks(BACK_LEFT, (0.48, 0.36), FRONT_LEFT)).met

    def test_parts_may_be_drawn(self) -> None:
        drawn = InOwnAreas(what="blocks", areas=["$place", "back right corner", "front side"])
        assert drawn.references() == ("place",)
        assert drawn.read(BLOCKS, START, blocks(BACK_LEFT, BACK_RIGHT, FRONT_LEFT)) == MET
        twice = InOwnAreas(what="blocks", areas=["$place", "back left corner", "front side"])
        with pytest.raises(TaskError, match="3 bodies cannot have 2 parts of the table each for itself"):
            twice.read(BLOCKS, START, START)
        with pytest.raises(ValueError, match="name each part of the table once"):
            InOwnAreas(what="blocks", areas=["left side", "left side"])

    def test_one_body_alone_has_not_come_there_at_the_start(self) -> None:
        one = InOwnAreas(what="block", areas="corners")
        assert one.read(BLOCKS, START, START) == Reading(False, False, 0.0)

    def test_a_corner_counts_for_either_of_its_sides_but_once(self) -> None:
        assert self.sides.read(BLOCKS, START, blocks(BACK_LEFT, (0.6, 0.0), FRONT_LEFT)) == MET
        assert not self.sides.read(BLOCKS, START, blocks(BACK_LEFT, BACK_LEFT, BACK_LEFT)).met


class TestInAreaNearestTo:
    goal = InAreaNearestTo(what="block", where="bowl", areas="corners")
    start = scene(block("red block", 0.5, 0.0), bowl("red bowl", 0.58, 0.2))

    @pytest.mark.parametrize(("place", "met"), [(BACK_LEFT, True), (BACK_RIGHT, False), (FRONT_LEFT, False)])
    def test_the_corner_is_the_bowls_own(self, place: tuple[float, float], met: bool) -> None:
        now = scene(block("red block", *place), bowl("red bowl", 0.58, -0.2))  # moving the bowl changes nothing
        assert self.goal.read(BLOCKS, self.start, now) == Reading(met, met, 1.0 if met else 0.0)

    def test_a_side_may_be_asked_for(self) -> None:
        goal = InAreaNearestTo(what="block", where="bowl", areas="sides")
        now = scene(block("red block", 0.48, 0.36), bowl("red bowl", 0.48, 0.2))
        assert goal.read(BLOCKS, scene(block("red block", 0.5, 0.0), bowl("red bowl", 0.48, 0.2)), now).met

    def test_parts_may_be_drawn(self) -> None:
        goal = InAreaNearestTo(what="block", where="bowl", areas=["$place", "front left corner"])
        now = scene(block("red block", *BACK_LEFT), bowl("red bowl", 0.58, 0.2))
        assert goal.open_at(BLOCKS, self.start)
        assert goal.read(BLOCKS, self.start, now) == MET

    def test_it_must_be_clear_which_corner_that_is(self) -> None:
        assert self.goal.open_at(BLOCKS, self.start)
        assert not self.goal.open_at(BLOCKS, scene(block("red block", 0.5, 0.0), bowl("red bowl", 0.48, 0.2)))


class TestTower:
    goal = Tower(what="blocks")
    touching = (("red block", TABLE), ("red block", "green block"), ("green block", "blue block"))
    bodies = (block("red block", 0.6, 0.36), block("green block", 0.6, 0.37, 0.06), block("blue block", 0.6, 0.36, 0.1))

    def test_three_on_each_other_are_a_tower(self) -> None:
        assert self.goal.read(BLOCKS, START, scene(*self.bodies, touching=self.touching)) == MET

    def test_it_stands_on_the_table(self) -> None:
        assert self.goal.read(BLOCKS, START, scene(*self.bodies, touching=self.touching[1:])).progress == 0.0

    def test_two_on_each_other_are_half_of_it(self) -> None:
        found = self.goal.read(BLOCKS, START, scene(*self.bodies, touching=(*self.touching[:2], ("blue block", TABLE))))
        assert found == Reading(False, False, pytest.approx(UNMET / 2))

    def test_what_the_gripper_holds_is_no_part_of_it(self) -> None:
        assert not self.goal.read(BLOCKS, START, scene(*self.bodies, touching=self.touching, held="blue block")).met

    def test_in_another_corner_it_is_no_progress(self) -> None:
        here, there = (Tower(what="blocks", area=name) for name in ("$place", "front left corner"))
        now = scene(*self.bodies, touching=self.touching)
        assert here.read(BLOCKS, START, now) == MET
        assert there.read(BLOCKS, START, now) == Reading(False, False, 0.0)


class TestLinedUp:
    goal = LinedUp(what="blocks", line=[0.0, 1.0], within=0.02, strict=0.01, apart=0.15)

    def test_a_line_from_left_to_right(self) -> None:
        assert self.goal.read(BLOCKS, START, blocks((0.5, 0.1), (0.505, 0.0), (0.5, -0.14))) == MET
        assert self.goal.read(BLOCKS, START, blocks((0.5, 0.1), (0.52, 0.0), (0.5, -0.1))) == Reading(True, False, 1.0)

    def test_a_line_the_other_way_is_no_progress(self) -> None:
        assert self.goal.read(BLOCKS, START, blocks((0.4, 0.0), (0.5, 0.0), (0.6, 0.0))).progress == 0.0

    @pytest.mark.parametrize("last", [(0.5, -0.16), (0.56, -0.1)])
    def test_one_too_far_off_or_away_is_half_of_it(self, last: tuple[float, float]) -> None:
        found = self.goal.read(BLOCKS, START, blocks((0.5, 0.1), (0.5, 0.0), last))
        assert found == Reading(False, False, pytest.approx(UNMET / 2))

    def test_nothing_begins_in_line(self) -> None:
        assert self.goal.open_at(BLOCKS, blocks((0.4, 0.1), (0.5, 0.0), (0.6, -0.1)))
        assert not self.goal.open_at(BLOCKS, blocks((0.5, 0.1), (0.51, 0.0), (0.6, -0.1)))


def test_a_block_may_lie_in_any_bowl_but_the_one_of_its_colour() -> None:
    goal = Mismatched(what="blocks", where="bowls", within=0.05)
    who = Cast({"blocks": NAMES[:2], "bowls": ("red bowl", "green bowl")}, {})
    bowls = (bowl("red bowl", 0.4, 0.2), bowl("green bowl", 0.4, -0.2))
    swapped = scene(*bowls, block("red block", 0.4, -0.2, 0.03), block("green block", 0.4, 0.2, 0.03))
    matched = scene(*bowls, block("red block", 0.4, 0.2, 0.03), block("green block", 0.4, -0.2, 0.03))
    assert goal.read(who, matched, swapped) == MET
    assert goal.read(who, swapped, matched) == Reading(False, False, 0.0)


class TestSelection:
    now = scene(*blocks((0.4, 0.2), (0.5, 0.1), (0.6, -0.2)).bodies.values(), bowl("red bowl", 0.46, 0.0))

    def choose(self, rule: str, **more: object) -> tuple[str, ...] | None:
        of = None if rule.startswith("from the") else "bowl"
        return Selection(among="blocks", rule=rule, of=of, **more).choose(BLOCKS, self.now)  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        ("rule", "meant"),
        [
            ("left of", ("red block", "green block")),
            ("right of", ("blue block",)),
            ("in front of", ("red block",)),
            ("behind", ("green block", "blue block")),
            ("nearest to", ("green block",)),
            ("farthest from", ("blue block",)),
            ("from the left", ("red block",)),
            ("from the right", ("blue block",)),
            ("from the front", ("red block",)),
            ("from the back", ("blue block",)),
        ],
    )
    def test_who_is_meant(self, rule: str, meant: tuple[str, ...]) -> None:
        assert self.choose(rule) == meant

    def test_the_second_in_an_order(self) -> None:
        assert self.choose("from the right", place=2) == ("green block",)
        assert self.choose("from the right", place=4) is None

    def test_a_scene_that_leaves_it_unclear_will_not_do(self) -> None:
        assert self.choose("nearest to", margin=0.08) == ("green block",)
        assert self.choose("nearest to", margin=0.12) is None
        assert self.choose("behind", margin=0.05) is None

    def test_one_is_meant_and_one_is_not(self) -> None:
        lone = Selection(among="blocks", rule="left of", of="bowl")
        assert lone.choose(BLOCKS, scene(*START.bodies.values(), bowl("red bowl", 0.5, 0.4))) is None
        assert lone.choose(BLOCKS, scene(*START.bodies.values(), bowl("red bowl", 0.5, -0.4))) is None

    def test_the_rest_has_a_role_too(self) -> None:
        found = selected(
            {"meant": Selection(among="blocks", rule="right of", of="bowl", rest="others")}, BLOCKS, self.now
        )
        assert found == {"meant": ("blue block",), "others": ("red block", "green block")}

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"rule": "under"}, "select.meant.rule: there is no rule 'under'; there are left of"),
            ({"among": "bowl"}, "select.meant.among: 'bowl' must be a role of two bodies at least; those are blocks"),
            ({"of": "blocks"}, "select.meant.of: 'left of' refers to one body; name its role, not 'blocks'"),
            ({"rest": "bowl"}, "select.meant: there is a role 'bowl' already"),
            ({"place": "$which"}, "select.meant.place: there is no attribute 'which'"),
        ],
    )
    def test_a_wrong_one_is_refused(self, change: dict[str, str], message: str) -> None:
        data = read_yaml(task_file("side_blocks_to_corner"), TaskError)
        data["select"]["meant"] = {"among": "blocks", "rule": "left of", "of": "bowl", **change}
        with pytest.raises(TaskError) as refusal:
            parse_task(data, "task.yaml")
        assert f"task.yaml: {message}" in str(refusal.value)
