"""What a program does with two arms at one table."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator

import pytest

from codeact.errors import TaskError
from codeact.sandbox import Sandbox
from codeact_envs.bullet import BodySpec, BulletWorld, Placement
from codeact_envs.bullet.bodies.shapes import SHAPES
from codeact_envs.bullet.errors import AlreadyHolding, InCollision, NotGraspable, NothingHeld, OutOfReach, TooFast
from codeact_envs.bullet.geometry.rotations import rotation_matrix
from codeact_envs.bullet.tools.skills.two_arms import TwoArmsApi

SPECS = (
    BodySpec("beam", "box", (0.5, 0.04, 0.04), 0.4, "orange"),
    BodySpec("board", "box", (0.5, 0.2, 0.03), 0.4, "brown"),
    BodySpec("tray", "tray", SHAPES["tray"].size),
    BodySpec("rod", "box", (0.36, 0.03, 0.03), 0.15, "blue"),
    BodySpec("a", "box", (0.04, 0.04, 0.04), 0.05, "red"),
    BodySpec("zone", "zone", (0.1, 0.1, 0.002), color="cyan"),
)
BEAM = Placement("beam", "beam", (0.5, 0.0, 0.02), math.pi / 2)


@pytest.fixture(scope="module")
def shared_pair() -> Iterator[BulletWorld]:
    with BulletWorld(SPECS, robot="two_pandas") as world:
        yield world


@pytest.fixture
def pair(shared_pair: BulletWorld) -> Iterator[BulletWorld]:
    shared_pair.reset([BEAM, Placement("a", "cube", (0.4, 0.35, 0.02)), Placement("zone", "zone", (0.6, 0.3, 0.0))])
    yield shared_pair
    shared_pair.simulation.capture_every(0, None)


@pytest.fixture
def api(pair: BulletWorld) -> TwoArmsApi:
    return TwoArmsApi(pair)


def tilt(world: BulletWorld, name: str) -> float:
    """Degrees between a body's z axis and upright."""
    return math.degrees(math.acos(min(1.0, rotation_matrix(world.pose(name).quaternion)[2][2])))


@pytest.mark.parametrize("place", [(0.5, 0.0, math.pi / 2), (0.45, 0.05, 1.2), (0.55, -0.06, -1.3)])
def test_a_long_beam_is_lifted_and_carried_level(
    pair: BulletWorld, api: TwoArmsApi, place: tuple[float, float, float]
) -> None:
    x, y, yaw = place
    pair.reset([Placement("beam", "beam", (x, y, 0.02), yaw)])
    tilts: list[float] = []
    pair.simulation.capture_every(12, lambda: tilts.append(tilt(pair, "beam")))
    assert api.lift_together("beam", 0.2)
    assert pair.pose("beam").position == pytest.approx((x, y, 0.22), abs=0.01)
    assert api.carry_together(0.05, 0.04, -0.1)
    assert pair.pose("beam").position == pytest.approx((x + 0.05, y + 0.04, 0.12), abs=0.012)
    assert api.carry_together(0.0, 0.0, -0.098)
    api.release_together()
    assert pair.pose("beam").position[2] == pytest.approx(0.02, abs=0.002)
    assert max(tilts) < 3.0
    assert len(tilts) > 20
    assert pair.held("left") is None
    assert pair.held("right") is None
    assert pair.violations == ()


@pytest.mark.parametrize("place", [(0.5, 0.0, 0.0), (0.45, 0.04, 0.15), (0.53, -0.05, math.pi - 0.1)])
def test_a_tray_stays_level_with_what_stands_on_it(
    pair: BulletWorld, api: TwoArmsApi, place: tuple[float, float, float]
) -> None:
    x, y, yaw = place
    height = SHAPES["tray"].size[2] / 2.0
    pair.reset([Placement("tray", "tray", (x, y, height), yaw), Placement("a", "cube", (x, y + 0.02, 0.026))])
    pair.settle(0.2)
    tilts: list[float] = []
    pair.simulation.capture_every(12, lambda: tilts.append(tilt(pair, "tray")))
    assert api.lift_together("tray", 0.2)
    assert api.carry_together(0.03, 0.03, 0.05)
    assert pair.pose("tray").position == pytest.approx((x + 0.03, y + 0.03, height + 0.25), abs=0.015)
    assert max(tilts) < 5.0
    assert pair.room("tray").contains(pair.pose("cube").position)
    assert pair.violations == ()


@pytest.mark.parametrize(("giver", "taker", "y"), [("left", "right", 0.3), ("right", "left", -0.3)])
def test_a_rod_goes_from_hand_to_hand_in_the_air(
    pair: BulletWorld, api: TwoArmsApi, giver: str, taker: str, y: float
) -> None:
    pair.reset([Placement("rod", "rod", (0.45, y, 0.015), 0.4)])
    assert api.arms[giver].pick("rod")
    lowest: list[float] = []
    pair.simulation.capture_every(24, lambda: lowest.append(pair.pose("rod").position[2]))
    assert api.hand_over(taker) is True
    assert pair.held(taker) == "rod"
    assert pair.held(giver) is None
    pair.settle(0.5)
    assert min(lowest) > 0.06, "it never lay down"
    assert pair.held(taker) == "rod"
    assert pair.violations == ()


def test_letting_go_with_one_hand_leaves_it_in_the_other(pair: BulletWorld, api: TwoArmsApi) -> None:
    assert api.lift_together("beam", 0.15)
    api.arms["left"].open_gripper()
    assert pair.held("left") is None
    assert pair.held("right") == "beam"
    pair.settle(0.3)
    assert pair.pose("beam").position[2] > 0.1


def test_both_tools_arrive_together(pair: BulletWorld, api: TwoArmsApi) -> None:
    assert api.move_together((0.45, 0.2, 0.2), (0.6, -0.25, 0.3), speed=0.4)
    for side, place in (("left", (0.45, 0.2, 0.2)), ("right", (0.6, -0.25, 0.3))):
        assert pair.controllers[side].tool()[:3, 3].tolist() == pytest.approx(place, abs=1e-4)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda api: api.lift_together("board"), NotGraspable, r"0\.200 m wide.*at most 0\.070"),
        (lambda api: api.lift_together("cube"), NotGraspable, r"0\.040 m long; two hands side by side need at least"),
        (lambda api: api.lift_together("zone"), NotGraspable, "flat zone"),
        (lambda api: api.lift_together("beam", -0.1), OutOfReach, "positive"),
        (lambda api: api.lift_together("beam", 0.9), OutOfReach, "z from 0 to 0.7"),
        (lambda api: api.carry_together(0.0, 0.0, 0.1), NothingHeld, "lift_together"),
        (lambda api: api.hand_over("left"), NothingHeld, "pick an object with the other one first"),
        (lambda api: api.hand_over("middle"), OutOfReach, '"left" or "right"'),
        (lambda api: api.move_together((0.5, 0.2, 0.2), (0.5, -0.2, 0.2), speed=2.0), TooFast, r"at most 0\.5"),
        (lambda api: api.move_together((0.5, 0.2, 0.2), (1.5, -0.2, 0.2)), OutOfReach, "workspace"),
        (lambda api: api.move_together((0.4, 0.39, 0.03), (0.5, -0.2, 0.2)), InCollision, "'cube'"),
    ],
)
def test_refusals_move_neither_arm(  # type: ignore[no-untyped-def]
    pair: BulletWorld, api: TwoArmsApi, call, error: type[Exception], message: str
) -> None:
    pair.reset(
        [
            BEAM,
            Placement("a", "cube", (0.4, 0.35, 0.02)),
            Placement("zone", "zone", (0.6, 0.3, 0.0)),
            Placement("board", "board", (0.6, -0.5, 0.015)),
        ]
    )
    before = pair.state_hash()
    with pytest.raises(error, match=message):
        call(api)
    assert pair.state_hash() == before


def test_a_cube_is_too_short_for_two_hands(pair: BulletWorld, api: TwoArmsApi) -> None:
    assert api.arms["left"].pick("cube")
    before = pair.state_hash()
    with pytest.raises(NotGraspable, match="two hands side by side need"):
        api.hand_over("right")
    assert pair.state_hash() == before


def test_a_full_hand_lifts_nothing_more(api: TwoArmsApi) -> None:
    assert api.arms["left"].pick("cube")
    with pytest.raises(AlreadyHolding, match="holds 'cube'"):
        api.lift_together("beam")


def test_programs_reach_each_arm_under_its_side(pair: BulletWorld, api: TwoArmsApi) -> None:
    box = api.toolbox()
    ast.parse(box.stubs())
    assert {"objects", "left.pick", "right.pick", "lift_together", "move_together"} <= set(box.tools)
    with Sandbox(box) as sandbox:
        execution = sandbox.run(
            "assert left.pick('cube')\n"
            "assert left.place_at(0.4, 0.25)\n"
            "assert left.home()\n"
            "assert lift_together('beam', 0.1)\n"
            "try:\n    right.pick('cube')\nexcept AlreadyHolding as refusal:\n    print(refusal)\n"
        )
    assert execution.error is None, execution.error
    assert "holds 'beam'" in execution.stdout


def test_the_stop_path_stops_both(pair: BulletWorld, api: TwoArmsApi) -> None:
    told = api.toolbox().stop()
    assert pair.stopped
    assert "the left arm is at rest at" in told()
    assert "the right arm is at rest at" in told()


def test_one_arm_is_not_two(world: BulletWorld) -> None:
    with pytest.raises(TaskError, match="Franka Emika Panda has not two arms"):
        TwoArmsApi(world)
