"""How many bodies lie somewhere, on scenes written down by hand; and all conditions are in the document."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from codeact.errors import TaskError
from codeact_envs.bullet.bodies.articulation import Room
from codeact_envs.bullet.geometry.poses import Pose
from codeact_envs.tasks import Body, Snapshot
from codeact_envs.tasks.conditions import CONDITIONS, Cast
from codeact_envs.tasks.conditions.counts import Counted

NAMES = tuple("abcd")
CAST = Cast({"blocks": NAMES, "tray": ("tray",)}, {"number": 2, "place": "back left corner"})
ROOM = Room(Pose((0.6, 0.36, 0.05), (0.0, 0.0, 0.0, 1.0)), (0.1, 0.1, 0.1))


def scene(there: int, held: str | None = None, room: Room | None = None) -> Snapshot:
    """So many of the four blocks are on the tray, in its room, in the back left corner of the work area."""
    tray = Body("tray", "red", "bowl", (0.14, 0.14, 0.015), (0.60, 0.36, 0.0075), room=room)
    blocks = [
        Body(name, "red", "box", (0.04, 0.04, 0.04), (0.60, 0.36, 0.035) if index < there else (0.4, 0.0, 0.02))
        for index, name in enumerate(NAMES)
    ]
    return Snapshot({body.name: body for body in (tray, *blocks)}, held=held)


def met(there: int = 0, **fields: Any) -> list[bool]:
    """Of none, one, ... all four blocks there; `there` were at the start."""
    fields = {"what": "blocks", **({} if "area" in fields else {"where": "tray", "within": 0.05}), **fields}
    counted = Counted.model_validate(fields)
    return [counted.read(CAST, scene(there), scene(now)).met for now in range(5)]


def test_so_many_none_at_least_and_at_most() -> None:
    assert met(exactly=2) == met(exactly="$number") == [False, False, True, False, False]
    assert met(exactly=0, there=4) == [True, False, False, False, False]
    assert met(at_least=3) == [False, False, False, True, True]
    assert met(at_most=1, there=4) == [True, True, False, False, False]
    assert met(at_least=1, at_most="$number") == [False, True, True, False, False]


def test_the_place_may_be_a_part_of_the_table_or_a_room() -> None:
    assert met(area="$place", exactly=2) == [False, False, True, False, False]
    inside = Counted(what="blocks", where="tray", exactly=2)
    read = [inside.read(CAST, scene(0, room=ROOM), scene(now, room=ROOM)).met for now in range(5)]
    assert read == [False, False, True, False, False]
    with pytest.raises(TaskError, match="'tray' has no room to put anything into; give within"):
        inside.read(CAST, scene(0), scene(2))


def test_what_the_gripper_holds_does_not_count() -> None:
    two = Counted(what="blocks", where="tray", within=0.05, exactly=2)
    assert not two.read(CAST, scene(0), scene(2, held="a")).met
    assert two.read(CAST, scene(0), scene(3, held="a")).met


def test_progress_is_how_much_nearer_the_number_is_than_at_the_start() -> None:
    two = Counted(what="blocks", where="tray", within=0.05, exactly=2)
    assert [two.read(CAST, scene(0), scene(now)).progress for now in range(5)] == [0.0, 0.475, 1.0, 0.475, 0.0]
    assert two.open_at(CAST, scene(0))
    assert not two.open_at(CAST, scene(2))
    kept = Counted(what="blocks", where="tray", within=0.05, exactly=0)
    assert kept.read(CAST, scene(0), scene(1)).progress == 0.0
    assert kept.breach(CAST, scene(0), scene(1)) == "1 of a, b, c, d are at the place 'tray' now"


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"exactly": 2}, "give either where, a body, or area"),
        ({"where": "tray", "area": "left side", "exactly": 2}, "give either where, a body, or area"),
        ({"area": "left side", "within": 0.1, "exactly": 2}, "give where with it"),
        ({"where": "tray"}, "give either exactly, or at_least, at_most or both"),
        ({"where": "tray", "exactly": 2, "at_most": 3}, "give either exactly, or at_least, at_most or both"),
        ({"where": "tray", "at_least": 3, "at_most": 1}, "no number is at least 3 and at most 1"),
        ({"where": "tray", "exactly": -1}, "greater than or equal to 0"),
    ],
)
def test_a_wrong_count_is_refused(fields: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Counted.model_validate({"what": "blocks", **fields})


def test_all_conditions_are_in_the_document() -> None:
    text = (Path(__file__).parents[2] / "docs/add-a-task.md").read_text()
    table = text.partition("| condition | met when |")[2].partition("\n\n")[0]
    told = {name for row in table.splitlines()[2:] for name in re.findall(r"`([a-z_]+): \{", row.split(" | ")[0])}
    ours = {name for name, kind in CONDITIONS.items() if kind.__module__.startswith("codeact_envs.tasks.conditions.")}
    assert sorted(ours - told) == []
    assert sorted(told - ours) == []
