"""The conditions of the tasks to practise on, on scenes written down by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from codeact_envs.tasks import Body, Condition, Snapshot
from codeact_envs.tasks.conditions import CONDITIONS, Cast

CAST = Cast({"one": ("red block",), "other": ("blue block",), "both": ("red block", "blue block")}, {})


def scene(red: tuple[float, float], blue: tuple[float, float], held: str | None = None) -> Snapshot:
    places = {"red block": red, "blue block": blue}
    bodies = {
        name: Body(name, name.split()[0], "box", (0.04, 0.04, height), (*places[name], height / 2))
        for name, height in (("red block", 0.04), ("blue block", 0.06))
    }
    return Snapshot(bodies, held=held)


START = scene((0.5, 0.2), (0.4, -0.1))


def made(name: str, **fields: Any) -> Condition:
    return CONDITIONS[name].model_validate(fields)


@pytest.mark.parametrize(
    ("condition", "right", "wrong"),
    [
        (made("answered_name", what="one"), " red block", "blue block"),
        (made("answered_count", what="both"), 2, 3),
        (made("answered_number", what="one", where="other", measure="distance"), 0.32, 0.33),
        (made("answered_number", what="other", measure="height", unit=0.01, within=0.002), 6, 0.06),
        (made("answered_number", what="one", measure="y"), 0.2, 0.5),
        (made("answered_whether", one="one", rule="left of", other="other"), "yes", "no"),
        (made("answered_whether", one="one", rule="taller than", other="other"), "No", "yes"),
        (made("answered_whether", one="one", rule="behind", other="other"), "yes", True),
    ],
)
def test_only_the_right_answer_counts(condition: Condition, right: object, wrong: object) -> None:
    assert condition.open_at(CAST, START)
    assert condition.read(CAST, START, replace(START, answer=right)).met
    for answer in (wrong, None, [], True):
        assert not condition.read(CAST, START, replace(START, answer=answer)).met


@pytest.mark.parametrize(
    ("condition", "place"),
    [
        (made("moved_by", what="one", toward=[0, -1], distance=0.1, within=0.03, strict=0.01), (0.5, 0.1)),
        (made("at_place_of", what="one", where="other", within=0.03, strict=0.01), (0.4, -0.1)),
        (made("halfway", what="one", of=["one", "other"], within=0.03, strict=0.01), (0.45, 0.05)),
        (made("at_point", what="one", x=0.35, y=0.0, within=0.03, strict=0.01), (0.35, 0.0)),
    ],
)
def test_a_body_has_come_to_a_place_when_it_was_let_go_there(condition: Condition, place: tuple[float, float]) -> None:
    x, y = place
    assert condition.open_at(CAST, START)
    assert condition.read(CAST, START, START).progress == 0.0
    assert condition.read(CAST, START, scene(place, (0.4, 0.4))).strict
    assert condition.read(CAST, START, scene((x + 0.02, y), (0.4, 0.4))).met
    assert not condition.read(CAST, START, scene((x + 0.02, y), (0.4, 0.4))).strict
    assert 0.0 < condition.read(CAST, START, scene((x + 0.04, y), (0.4, 0.4))).progress < 1.0
    assert not condition.read(CAST, START, scene(place, (0.4, 0.4), held="red block")).met


def test_which_place_is_right_depends_on_the_start() -> None:
    cast = Cast({**CAST.roles, "bowl": ("bowl",), "tray": ("tray",)}, {})
    condition = made(
        "resting_on_by_case",
        what="one",
        one="one",
        rule="left of",
        other="other",
        then="bowl",
        otherwise="tray",
        within=0.05,
    )

    def with_places(found: Snapshot) -> Snapshot:
        more = {
            name: Body(name, "gray", "cylinder", (0.14, 0.14, 0.02), (0.6, y, 0.01))
            for name, y in (("bowl", 0.2), ("tray", -0.2))
        }
        return replace(found, bodies={**found.bodies, **more})

    left, right = with_places(START), with_places(scene((0.5, -0.3), (0.4, -0.1)))
    for start, there, y in ((left, "bowl", 0.2), (right, "tray", -0.2)):
        red = replace(start.bodies["red block"], position=(0.6, y, 0.04))
        now = replace(start, bodies={**start.bodies, "red block": red}, contacts=frozenset({("red block", there)}))
        assert condition.read(cast, start, now).met
        assert not condition.read(cast, right if start is left else left, now).met
    assert not condition.open_at(cast, with_places(scene((0.5, 0.0), (0.4, -0.001))))


def test_a_comparison_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="there are left of, right of"):
        made("answered_whether", one="one", rule="above", other="other")
    with pytest.raises(ValueError, match="give where for a distance"):
        made("answered_number", what="one", measure="distance")
