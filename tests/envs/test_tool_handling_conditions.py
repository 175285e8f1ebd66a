"""Conditions on what is done with tools, on scenes written down by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import gymnasium
import numpy as np
import pytest

from codeact_envs.bullet.perception.cameras import Cameras
from codeact_envs.code_env import CodeEnv
from codeact_envs.tasks import Body, Snapshot
from codeact_envs.tasks.conditions import Cast
from codeact_envs.tasks.conditions.tool_use import NeverTouched, Plugged, Wiped
from codeact_envs.tasks.robot_world import RobotWorld
from codeact_envs.tasks.snapshot import ROBOT

CAST = Cast({"marks": ("one", "two"), "sponge": ("sponge",), "plug": ("plug",), "socket": ("socket",)}, {})


def body(name: str, place: tuple[float, float, float], size: tuple[float, float, float], **more: Any) -> Body:
    return Body(name, "red", "box", size, place, **more)


def spill(x: float, z: float = 0.015, y: float = 0.0, contacts: Any = ()) -> Snapshot:
    marks = [body(name, (place, 0.0, 0.0), (0.035, 0.035, 0.002)) for name, place in (("one", 0.4), ("two", 0.6))]
    bodies = [*marks, body("sponge", (x, y, z), (0.10, 0.06, 0.03))]
    return Snapshot({each.name: each for each in bodies}, contacts=frozenset(contacts))


def wiped(*moments: Snapshot) -> Any:
    goal, start = Wiped(what="marks", where="sponge"), spill(0.3, y=0.3)
    memory = goal.begin(CAST, start)
    assert goal.read(CAST, start, replace(start, memory=memory)).progress == 0.0
    for moment in moments:
        memory = goal.follow(CAST, memory, moment)
    return goal.read(CAST, start, replace(moments[-1], memory=memory))


def test_marks_are_wiped_where_the_sponge_slides_over_them() -> None:
    assert wiped(spill(0.40), spill(0.60)).met
    assert wiped(spill(0.40), spill(0.41)).progress == pytest.approx(0.475)


def test_a_mark_is_gone_when_all_of_it_was_wiped() -> None:
    goal = Wiped(what="marks", where="sponge")
    memory = goal.begin(CAST, spill(0.3, y=0.3))
    gone = []
    for moment in (spill(0.60, y=0.03), spill(0.60), spill(0.40), spill(0.41)):
        memory = goal.follow(CAST, memory, moment)
        gone.append(goal.gone(CAST, memory))
    assert gone == [(), ("two",), ("one", "two"), ("one", "two")]


def test_only_what_was_under_the_sponge_is_wiped() -> None:
    beside = wiped(spill(0.40, y=0.03), spill(0.41, y=0.03))
    assert 0.0 < beside.progress < 0.475


def test_dabbing_and_hovering_wipe_nothing() -> None:
    assert wiped(spill(0.40, z=0.1), spill(0.40), spill(0.40), spill(0.4, z=0.1)).progress == 0.0
    assert wiped(spill(0.30), spill(0.30, z=0.05), spill(0.6, z=0.05)).progress == 0.0
    assert wiped(spill(0.5, z=0.05), spill(0.5), spill(0.5)).progress == 0.0


def test_one_touch_is_remembered() -> None:
    never, start = NeverTouched(of=["marks"]), spill(0.3)
    touched = spill(0.3, contacts=[tuple(sorted((ROBOT, "two")))])
    memory = never.begin(CAST, start)
    for moment, met in ((spill(0.3), True), (touched, False), (spill(0.3), False)):
        memory = never.follow(CAST, memory, moment)
        assert never.read(CAST, start, replace(moment, memory=memory)).met is met


def plugged(aside: float = 0.0, deep: float = 0.016, turn: float = 0.0, tilt: float = 0.0) -> Any:
    goal = Plugged(what="plug", where="socket", depth=0.014, angle=0.0524)
    socket = body("socket", (0.5, 0.0, 0.015), (0.1, 0.08, 0.03))
    quaternion = (math.sin(tilt / 2), 0.0, math.sin(turn / 2), math.cos(turn / 2))
    plug = body("plug", (0.5 + aside, 0.0, 0.03 - deep + 0.03), (0.04, 0.03, 0.06), quaternion=quaternion)
    start = Snapshot({"socket": socket, "plug": body("plug", (0.4, 0.2, 0.03), (0.04, 0.03, 0.06))})
    assert goal.read(CAST, start, start).progress == 0.0
    return goal.read(CAST, start, Snapshot({"socket": socket, "plug": plug}))


def test_a_plug_is_in_when_it_is_deep_and_straight() -> None:
    assert plugged().met
    assert plugged(turn=math.pi).met, "half a turn is the same"
    assert plugged(turn=0.05).met
    for wrong in (plugged(deep=0.012), plugged(turn=0.06), plugged(tilt=0.06), plugged(aside=0.006)):
        assert not wrong.met
        assert wrong.progress < 1.0


def spots_in_picture(env: CodeEnv) -> set[str]:
    """Those that the camera above the table shows."""
    world = env._make_world()
    assert isinstance(world, RobotWorld)
    shown = Cameras(world.bullet).take("overhead", 160, 120, bodies=True).bodies
    assert shown is not None
    return {name for number in set(shown.ravel()) if "spot" in (name := world.bullet.name_of(int(number)) or "")}


def test_pictures_show_no_spot_that_was_wiped_in_any_state_that_is_gone_back_to() -> None:
    env = gymnasium.make("CodeAct/WipeSpill-v0", render_mode="rgb_array", width=160, height=120).unwrapped
    assert isinstance(env, CodeEnv)
    try:
        env.reset(seed=0)
        before, fresh, spots = env.save_state(), env.render(), spots_in_picture(env)
        assert len(spots) == 3
        assert env.step(env.oracle())[4]["success"]
        assert spots_in_picture(env) == set()
        after, wiped_up, state_hash = env.save_state(), env.render(), env.state_hash()
        env.restore_state(before)
        assert spots_in_picture(env) == spots
        assert np.array_equal(env.render(), fresh)
        env.restore_state(after)
        assert env.state_hash() == state_hash
        assert np.array_equal(env.render(), wiped_up)
        other = env.branch()
        assert spots_in_picture(other) == set()
        other.close()
        env.reset(seed=0)
        assert np.array_equal(env.render(), fresh)
    finally:
        env.close()
