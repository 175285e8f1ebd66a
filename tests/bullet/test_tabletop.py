"""What a program can do at the table, what it is refused, and what it reads in the refusal."""

from __future__ import annotations

import ast
import math
import re
from dataclasses import replace

import gymnasium
import pytest

from codeact.errors import Refused, TaskError
from codeact.sandbox import Limits, Sandbox
from codeact_envs.bullet import BulletWorld, Placement, TabletopApi
from codeact_envs.bullet.errors import (
    AlreadyHolding,
    InCollision,
    KeepOut,
    NotGraspable,
    NothingHeld,
    OutOfReach,
    TooFast,
    UnknownObject,
)


def distance(api: TabletopApi, name: str, x: float, y: float) -> float:
    at = api.position(name)
    return math.hypot(at[0] - x, at[1] - y)


def test_looking(api: TabletopApi) -> None:
    assert api.objects() == ["red cube", "green cube", "blue cube", "can", "bowl", "zone"]
    assert api.position("red cube") == pytest.approx((0.45, 0.15, 0.02), abs=1e-6)
    assert api.pose("red cube").quaternion == pytest.approx((0, 0, math.sin(0.15), math.cos(0.15)), abs=1e-6)
    assert api.size("bowl") == (0.16, 0.16, 0.05)
    assert api.color("can") == "purple"
    assert api.held() is None


def test_stacking(world: BulletWorld, api: TabletopApi) -> None:
    assert api.pick("red cube") is True
    assert api.held() == "red cube"
    assert api.position("red cube")[2] > 0.08
    assert api.place_on("green cube") is True
    assert api.held() is None
    world.settle(0.5)
    x, y, z = api.position("green cube")
    assert distance(api, "red cube", x, y) < 0.005
    assert api.position("red cube")[2] == pytest.approx(z + 0.04, abs=0.001)
    assert api.pick("blue cube")
    assert api.place_on("red cube")
    world.settle(0.5)
    assert api.position("blue cube")[2] == pytest.approx(0.1, abs=0.002)
    assert world.violations == ()


@pytest.mark.parametrize("yaw", [0.0, 0.4, math.pi / 4, 1.3, 2.9, -2.0])
def test_a_cube_is_grasped_however_it_is_turned(
    world: BulletWorld, api: TabletopApi, layout: tuple[Placement, ...], yaw: float
) -> None:
    world.reset([replace(layout[0], yaw=yaw), *layout[1:]])
    assert api.pick("red cube")
    assert api.place_at(0.5, -0.02)
    assert distance(api, "red cube", 0.5, -0.02) < 0.004


@pytest.mark.parametrize("place", [(0.30, 0.0), (0.70, 0.0), (0.45, 0.45), (0.45, -0.45), (0.25, 0.3), (0.66, -0.25)])
def test_the_whole_table_is_within_reach(world: BulletWorld, api: TabletopApi, place: tuple[float, float]) -> None:
    world.reset([Placement("a", "cube", (*place, 0.02), 0.7), Placement("b", "other", (0.5, 0.12, 0.02))])
    assert api.pick("cube")
    assert api.place_on("other")
    assert api.pick("cube")
    assert api.place_at(*place)
    assert distance(api, "cube", *place) < 0.005
    assert world.violations == ()


def test_several_things_fit_into_a_bowl(world: BulletWorld, api: TabletopApi) -> None:
    x, y, _ = api.position("bowl")
    for name in ("red cube", "green cube", "blue cube"):
        assert api.pick(name), name
        assert api.place_on("bowl"), name
    world.settle(0.5)
    for name in ("red cube", "green cube", "blue cube"):
        assert distance(api, name, x, y) < 0.05
        assert 0.02 < api.position(name)[2] < 0.12
    assert api.position("bowl") == pytest.approx((x, y, 0.025), abs=0.01)
    assert api.pick("blue cube"), "and out again"


def test_a_cylinder_goes_onto_a_zone(api: TabletopApi) -> None:
    assert api.pick("can")
    assert api.place_on("zone")
    assert distance(api, "can", 0.40, 0.32) < 0.01


def test_place_at_a_height_lets_go_there(world: BulletWorld, api: TabletopApi) -> None:
    assert api.pick("red cube")
    assert api.place_at(0.5, 0.0, 0.01)
    assert distance(api, "red cube", 0.5, 0.0) < 0.01


@pytest.mark.parametrize("angle", [0.0, 0.8, 2.2, -1.6])
@pytest.mark.parametrize("name", ["red cube", "can", "bowl"])
def test_pushing_moves_by_what_was_asked(
    world: BulletWorld, api: TabletopApi, layout: tuple[Placement, ...], name: str, angle: float
) -> None:
    world.reset(
        [
            replace(
                next(p for p in layout if p.name == name),
                position=(0.48, 0.0, layout[0].position[2] if name == "red cube" else world.size(name)[2] / 2),
            )
        ]
    )
    dx, dy = 0.1 * math.cos(angle), 0.1 * math.sin(angle)
    assert api.push(name, dx, dy)
    assert distance(api, name, 0.48 + dx, dy) < 0.015
    assert world.violations == ()


def test_moving_and_gripping_by_hand(world: BulletWorld, api: TabletopApi, layout: tuple[Placement, ...]) -> None:
    world.reset([replace(layout[0], yaw=0.0)])
    assert api.move_to(0.45, 0.15, 0.15) is True
    assert api.close_gripper() is False
    api.open_gripper()
    assert api.move_to(0.45, 0.15, 0.02)
    assert api.close_gripper() is True
    assert api.held() == "red cube"
    assert api.move_to(0.45, 0.15, 0.2)
    assert api.position("red cube")[2] > 0.15
    api.open_gripper()
    assert api.held() is None
    assert api.home() is True


def test_the_hand_goes_over_what_is_in_its_way(world: BulletWorld, api: TabletopApi) -> None:
    world.reset([Placement("can", "can", (0.5, 0.0, 0.03))])
    assert api.move_to(0.5, 0.15, 0.03)
    assert api.move_to(0.5, -0.15, 0.03)
    assert api.position("can") == pytest.approx((0.5, 0.0, 0.03), abs=1e-3)
    assert world.violations == ()


def test_a_crowded_cube_is_grasped_from_the_free_sides(world: BulletWorld, api: TabletopApi) -> None:
    world.reset(
        [
            Placement("a", "wanted", (0.5, 0.0, 0.02)),
            Placement("b", "left", (0.5, 0.045, 0.02)),
            Placement("c", "right", (0.5, -0.045, 0.02)),
        ]
    )
    assert api.pick("wanted")
    assert api.position("left") == pytest.approx((0.5, 0.045, 0.02), abs=2e-3)
    assert api.position("right") == pytest.approx((0.5, -0.045, 0.02), abs=2e-3)


def test_a_covered_cube_is_refused_and_the_cover_named(world: BulletWorld, api: TabletopApi) -> None:
    world.reset([Placement("a", "below", (0.5, 0.0, 0.02)), Placement("b", "above", (0.5, 0.0, 0.06))])
    before = world.state_hash()
    with pytest.raises(InCollision, match="'above'"):
        api.pick("below")
    assert world.state_hash() == before


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda api: api.pick("red cub"), UnknownObject, "did you mean 'red cube'"),
        (lambda api: api.position("table"), UnknownObject, "no object is called 'table'"),
        (lambda api: api.pick("bowl"), NotGraspable, r"0\.160 m wide.*at most 0\.070"),
        (lambda api: api.pick("zone"), NotGraspable, "flat zone"),
        (lambda api: api.place_on("bowl"), NothingHeld, "pick an object first"),
        (lambda api: api.place_at(0.5, 0.0), NothingHeld, "pick an object first"),
        (lambda api: api.move_to(1.0, 0.0, 0.3), OutOfReach, r"x from 0\.2 to 0\.75"),
        (lambda api: api.move_to(0.75, 0.55, 0.68), OutOfReach, "cannot reach"),
        (lambda api: api.move_to(math.nan, 0.0, 0.3), OutOfReach, "finite"),
        (lambda api: api.move_to(0.5, 0.0, 0.001), KeepOut, r"z must be at least 0\.010"),
        (lambda api: api.move_to(0.15, 0.0, 0.3), KeepOut, "column"),
        (lambda api: api.move_to(0.5, 0.0, 0.3, speed=2.0), TooFast, r"at most 0\.5 m/s"),
        (lambda api: api.move_to(0.5, 0.0, 0.3, speed=0.0), TooFast, "above 0"),
        (lambda api: api.move_to(0.6, 0.25, 0.02), InCollision, r"'can'; there z must be at least 0\.\d+"),
        (lambda api: api.push("can", 0.5, 0.0), OutOfReach, "workspace"),
        (lambda api: api.push("zone", 0.1, 0.0), NotGraspable, "flat zone"),
    ],
)
def test_refusals_say_what_would_be_allowed_and_move_nothing(  # type: ignore[no-untyped-def]
    world: BulletWorld, api: TabletopApi, call, error: type[Refused], message: str
) -> None:
    before = world.state_hash()
    with pytest.raises(error, match=message):
        call(api)
    assert world.state_hash() == before


def test_the_height_in_a_refusal_is_one_that_works(api: TabletopApi) -> None:
    with pytest.raises(InCollision) as caught:
        api.move_to(0.6, 0.25, 0.02)
    height = float(str(caught.value).split("at least ")[1].split(" m")[0])
    assert api.move_to(0.6, 0.25, height)


def test_a_full_hand_refuses_more(api: TabletopApi) -> None:
    assert api.pick("red cube")
    with pytest.raises(AlreadyHolding, match="holds 'red cube'"):
        api.pick("green cube")
    with pytest.raises(AlreadyHolding):
        api.push("can", 0.05, 0.0)
    with pytest.raises(InCollision, match="itself"):
        api.place_on("red cube")


def test_a_lost_object_is_noticed(world: BulletWorld, api: TabletopApi) -> None:
    assert api.pick("red cube")
    body = world.body("red cube")
    world.simulation.bullet.resetBasePositionAndOrientation(
        body, (0.7, 0.3, 0.02), (0, 0, 0, 1), physicsClientId=world.simulation.client
    )
    world.settle(0.1)
    assert api.held() is None
    with pytest.raises(NothingHeld):
        api.place_on("green cube")


def test_an_extra_keep_out_volume_holds(specs, layout) -> None:  # type: ignore[no-untyped-def]
    from codeact_envs.bullet.robots.description import Volume

    wall = Volume("the glass", (0.4, -0.1, 0.0), (0.6, 0.1, 0.4))
    with BulletWorld(specs, keep_out=[wall]) as world:
        world.reset(layout)
        with pytest.raises(KeepOut, match="the glass"):
            TabletopApi(world).move_to(0.5, 0.0, 0.2)


def test_the_stubs_are_python_and_say_the_units(api: TabletopApi) -> None:
    box = api.toolbox()
    stubs = box.stubs()
    ast.parse(stubs)
    assert "metres" in stubs
    assert "def pick(name: str) -> bool" in stubs
    assert "class Pose" in stubs
    effects = {name: tool.effect for name, tool in box.tools.items()}
    assert {name for name, effect in effects.items() if effect == "read"} == {
        "objects",
        "position",
        "pose",
        "size",
        "color",
        "find",
        "find_all",
        "held",
        "opened",
        "areas",
        "area",
        "direction_vector",
    }
    assert set(effects.values()) == {"read", "physical"}
    assert "OutOfReach" in box.errors


def test_the_toolboxes_stop_path_stops_the_world(world: BulletWorld, api: TabletopApi) -> None:
    api.toolbox().stop()
    assert world.stopped


def test_a_motion_that_is_stopped_tells_where_the_arm_came_to_rest(api: TabletopApi) -> None:
    with Sandbox(api.toolbox(), limits=Limits(tool_s=0.02)) as sandbox:
        execution = sandbox.run("pick('red cube')")
    assert execution.error is not None
    assert execution.error.type == "TimeLimit"
    assert re.search(r"at rest at \(-?\d\.\d\d, -?\d\.\d\d, -?\d\.\d\d\) m", execution.error.text)
    assert execution.calls[-1].left is not None


def test_a_placement_must_be_finite(world: BulletWorld) -> None:
    with pytest.raises(TaskError, match="not finite"):
        world.reset([Placement(world.specs[0].key, "cube", (math.nan, 0.0, 0.02))])


def test_place_at_says_when_the_object_fell(api: TabletopApi) -> None:
    assert api.pick("red cube")
    assert not api.place_at(0.5, 0.0, 0.1)
    assert api.position("red cube")[2] == pytest.approx(0.02, abs=0.002)


def test_what_comes_up_with_the_open_hand_is_not_put_down(api: TabletopApi, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pad may draw a thing up although the hand is open. Here the hand stays closed, and says that it is open."""
    assert api.pick("red cube")
    monkeypatch.setattr(api, "_open", lambda opening: monkeypatch.setattr(api, "_held", lambda: None))
    assert api.place_at(0.5, 0.0) is False


def test_a_hand_that_would_enter_what_is_kept_out_is_turned() -> None:
    with gymnasium.make("CodeAct/SafeTransfer-v0") as env:
        env.reset(seed=23)  # a block beside the strip; the first grasp of it has the hand reach over that
        observation, *_ = env.step("print(pick('green block'), held())")
    assert str(observation).startswith("True green block")
