"""Limits that hold at every moment, on moments written down by hand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
import yaml

from codeact_envs.code_env import CodeEnv
from codeact_envs.tasks import RobotTask, task_file
from codeact_envs.tasks.conditions import Cast, Condition
from codeact_envs.tasks.conditions.limits import PressesLess, SlowerThan, StayedOut
from codeact_envs.tasks.snapshot import Body, Snapshot, Vector3
from codeact_envs.tasks.specification import parse_task

WHO = Cast({"block": ("red block",)}, {})
BOX = StayedOut(lower=[0.4, -0.05, 0.0], upper=[0.6, 0.05, 0.1])


def at(x: float, y: float, z: float, force: float = 0.0, held: bool = False, block: Vector3 | None = None) -> Snapshot:
    """The tool at a place, and a block in it or elsewhere."""
    block = block or ((x, y, z) if held else (0.5, 0.3, 0.02))
    body = Body("red block", "red", "box", (0.04, 0.04, 0.04), block)
    return Snapshot(
        {"red block": body},
        tool=(x, y, z),
        tools={"arm": (x, y, z)},
        holding={"arm": "red block" if held else None},
        force=force,
    )


def broken(condition: Condition, moments: Iterable[Snapshot]) -> str | None:
    """What the condition says is broken after these moments, 0.05 s apart; None while it holds."""
    start, *later = moments
    memory, now = condition.begin(WHO, start), start
    for index, moment in enumerate(later, start=1):
        now = replace(moment, time_s=0.05 * index)
        memory = condition.follow(WHO, memory, now)
    now = replace(now, memory=memory)
    return None if condition.read(WHO, start, now).met else condition.breach(WHO, start, now)


@pytest.mark.parametrize(
    ("step", "expected"), [(0.012, None), (0.014, "the tool moved at 0.280 m/s; at most 0.25 m/s")]
)
def test_a_tool_that_was_too_fast_once(step: float, expected: str | None) -> None:
    moments = [at(0.5, 0.2, 0.3), at(0.5 + step, 0.2, 0.3), *[at(0.5 + step, 0.2, 0.3)] * 5]
    found = broken(SlowerThan(speed=0.25), moments)
    assert found is None if expected is None else found is not None and found.startswith(expected)


@pytest.mark.parametrize(("force", "met"), [(9.9, True), (10.1, False)])
def test_a_push_that_was_too_hard_once(force: float, met: bool) -> None:
    found = broken(PressesLess(force=10.0), [at(0.5, 0.2, 0.3), at(0.5, 0.2, 0.0, force=force), at(0.5, 0.2, 0.3)])
    assert found == (None if met else "the robot pressed with 10.1 N; at most 10 N are allowed")


class TestStayedOut:
    def test_over_and_around_it(self) -> None:
        assert broken(BOX, [at(0.5, -0.2, 0.2), at(0.5, 0.0, 0.2, held=True), at(0.7, 0.0, 0.02)]) is None

    def test_the_tool_in_it_once(self) -> None:
        found = broken(BOX, [at(0.5, -0.2, 0.2), at(0.5, 0.0, 0.09), at(0.5, 0.2, 0.2)])
        assert found == "the tool came into what is kept out"

    def test_a_corner_of_what_is_held(self) -> None:
        found = broken(BOX, [at(0.5, -0.2, 0.2), at(0.5, -0.065, 0.05, held=True), at(0.5, -0.2, 0.2)])
        assert found == "'red block' came into what is kept out"
        assert broken(BOX, [at(0.5, -0.2, 0.2), at(0.5, -0.075, 0.05, held=True)]) is None

    def test_a_box_has_corners_in_order(self) -> None:
        with pytest.raises(ValueError, match="each number of lower must be less"):
            StayedOut(lower=[0.4, 0.0, 0.0], upper=[0.3, 0.1, 0.1])


def test_a_transfer_is_measured_against_each_limit() -> None:
    data = yaml.safe_load(task_file("safe_transfer").read_text())
    narrow = [
        {"stayed_out": {"lower": [0.3, 0.1, 0.0], "upper": [0.7, 0.4, 0.4]}},
        {"slower_than": {"speed": 0.15}},
        {"presses_less": {"force": 0.3}},
    ]
    env = CodeEnv(RobotTask("narrow", parse_task(data | {"hard_constraints": ["robot_rules", *narrow]}, "narrow.yaml")))
    env.reset(seed=0)
    info = env.step(env.oracle())[4]
    env.close()
    entered, sped, pressed = info["violations"]
    assert entered.endswith("came into what is kept out")
    assert 0.15 < float(sped.split()[4]) <= 0.25, sped
    assert 0.3 < float(pressed.split()[4]) < 10.0, pressed
