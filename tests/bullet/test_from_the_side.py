"""Grasps from the side, where a roof leaves no hand in from above: by geometry, and with the arm."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest

from codeact_envs.bullet import BodySpec, BulletWorld, Placement, TabletopApi
from codeact_envs.bullet.bodies.articulation import Room, Space
from codeact_envs.bullet.bodies.clearance import obstacle
from codeact_envs.bullet.errors import InCollision
from codeact_envs.bullet.geometry.poses import Pose
from codeact_envs.bullet.geometry.rotations import rotation_matrix
from codeact_envs.bullet.handling.grasping import Graspable
from codeact_envs.bullet.handling.side_grasping import side_grasps
from codeact_envs.bullet.robots.description import load_arm

CAN = (0.05, 0.05, 0.10)
BAR = (0.03, 0.04, 0.12)
CUP = (0.06, 0.06, 0.09)
SPECS = (
    BodySpec("can", "cylinder", CAN, 0.06, "red"),
    BodySpec("bar", "box", BAR, 0.08, "green"),
    BodySpec("cup", "cup", CUP, 0.1, "blue"),
    BodySpec("cube", "box", (0.04, 0.04, 0.04), 0.05, "yellow"),
    BodySpec("roof", "wall", (0.24, 0.24, 0.02)),
    BodySpec("zone", "zone", (0.1, 0.1, 0.002), color="cyan"),
    BodySpec("bowl", "bowl", (0.16, 0.16, 0.05), 0.2, "orange"),
)
SPOT = (0.6, -0.2)
MUG = (0.075, 0.115, 0.09)


@pytest.fixture(scope="module")
def world() -> Iterator[BulletWorld]:
    with BulletWorld(SPECS) as made:
        yield made


def under_a_roof(key: str, size: tuple[float, float, float], *besides: Placement) -> list[Placement]:
    x, y = SPOT
    return [
        Placement(key, key, (x, y, size[2] / 2.0), 2.0),
        Placement("roof", "roof", (x, y, size[2] + 0.04)),
        Placement("zone", "zone", (0.45, 0.3, 0.0)),
        *besides,
    ]


def graspable(shape: str, size: tuple[float, float, float]) -> Graspable:
    spec = BodySpec("it", shape, size)
    return Graspable(obstacle("it", spec, Pose((0.5, 0.0, size[2] / 2.0), (0.0, 0.0, 0.0, 1.0))))


@pytest.mark.parametrize(("shape", "size"), [("cylinder", CAN), ("box", BAR)])
def test_a_level_hand_keeps_off_the_table_and_has_its_whole_pads_on_the_body(
    world: BulletWorld, shape: str, size: tuple[float, float, float]
) -> None:
    gripper, found = world.robot.gripper, list(side_grasps(world.robot.gripper, graspable(shape, size), 0.0))
    assert found[0].approach == pytest.approx((1.0, 0.0, 0.0)), "from the robot's side first"
    for grasp in found:
        for pose in grasp.poses():
            assert np.linalg.det(pose) == pytest.approx(1.0)
            assert pose[:3, 2].tolist() == pytest.approx(grasp.approach)
            assert pose[2, 1] == pytest.approx(0.0), "the pads move level"
        assert min(prism.low for prism in grasp.hand(gripper)) > 0.0
        assert grasp.z + gripper.finger_width / 2.0 <= size[2]
        assert not any(graspable(shape, size).body.blocks(prism, 0.002) for prism in grasp.hand(gripper))


@pytest.mark.parametrize(
    ("shape", "size"), [("box", (0.04, 0.04, 0.04)), ("cylinder", (0.09, 0.09, 0.12)), ("box", (0.01, 0.09, 0.12))]
)
def test_what_is_too_low_too_wide_or_too_thin_for_a_level_hand_has_no_such_grasp(
    world: BulletWorld, shape: str, size: tuple[float, float, float]
) -> None:
    assert not list(side_grasps(world.robot.gripper, graspable(shape, size), 0.0))


@pytest.mark.parametrize(("key", "size"), [("bar", BAR), ("cup", CUP)])
def test_what_stands_under_a_low_roof_is_drawn_out(
    world: BulletWorld, key: str, size: tuple[float, float, float]
) -> None:
    world.reset(under_a_roof(key, size))
    api = TabletopApi(world)
    assert api.pick(key)
    assert world.held() == key
    x, y, z = world.pose(key).position
    assert math.hypot(x - SPOT[0], y - SPOT[1]) > 0.05
    assert z > size[2] / 2.0 + 0.005
    assert abs(world.controller.tool()[2, 2]) < 0.1, "the hand lies level"
    assert world.violations == ()


def test_what_is_held_from_the_side_stands_again_where_it_is_put(world: BulletWorld) -> None:
    world.reset(under_a_roof("can", CAN, Placement("bowl", "bowl", (0.45, 0.1, 0.025))))
    api = TabletopApi(world)
    assert api.pick("can")
    before = world.state_hash()
    with pytest.raises(InCollision, match=r"held from its side.*pick it from above"):
        api.place_on("bowl")
    assert world.state_hash() == before
    assert api.place_on("zone")
    assert world.pose("can").position == pytest.approx((0.45, 0.3, CAN[2] / 2.0), abs=0.01)
    assert world.held() is None
    assert world.controller.tool()[2, 2] < -0.9, "the hand points down again"
    assert world.violations == ()


def test_a_body_that_something_stands_on_is_still_refused(world: BulletWorld) -> None:
    x, y = SPOT
    world.reset([Placement("can", "can", (x, y, 0.05)), Placement("cube", "cube", (x, y, 0.12))])
    world.settle(0.2)
    before = world.state_hash()
    with pytest.raises(InCollision, match="the hand would hit 'cube'; move 'cube' away first"):
        TabletopApi(world).pick("can")
    assert world.state_hash() == before


def test_a_grasp_from_above_comes_first(world: BulletWorld) -> None:
    world.reset([Placement("can", "can", (*SPOT, 0.05))])
    assert TabletopApi(world).pick("can")
    assert world.controller.tool()[2, 2] < -0.9


@pytest.mark.parametrize(("robot", "fits"), [("panda", False), ("xarm6", False), ("so101", False), ("kuka_iiwa", True)])
def test_a_mug_is_taken_from_the_side_by_the_one_gripper_that_opens_so_far(robot: str, fits: bool) -> None:
    spec = BodySpec("mug", "mug", MUG)
    upright = (0.0, 0.0, 0.0, 1.0)
    middle = Pose((0.5, -0.02, 0.045), upright)
    thing = Graspable(
        obstacle("mug", spec, Pose((0.5, 0.0, 0.045), upright)),
        grips=(Space(middle, (MUG[0], MUG[0], MUG[2])),),
        rim=Room(middle, (0.065, 0.065, 0.085), True),
    )
    assert bool(list(side_grasps(load_arm(robot).gripper, thing, 0.0))) is fits


@pytest.fixture(scope="module")
def kuka() -> Iterator[BulletWorld]:
    specs = (BodySpec("mug", "mug", MUG), *(spec for spec in SPECS if spec.key in ("roof", "zone")))
    with BulletWorld(specs, robot="kuka_iiwa") as made:
        yield made


def mug_under_a_roof(kuka: BulletWorld, gap: float) -> TabletopApi:
    kuka.reset(
        [
            Placement("mug", "mug", (0.5955, -0.1381, MUG[2] / 2.0), -2.846),
            Placement("roof", "roof", (0.5955, -0.1381, MUG[2] + gap)),
            Placement("zone", "zone", (0.4033, 0.3033, 0.0)),
        ]
    )
    kuka.settle(0.3)
    return TabletopApi(kuka)


def test_what_cannot_be_raised_under_its_roof_is_not_dragged_out(kuka: BulletWorld) -> None:
    api = mug_under_a_roof(kuka, 0.04)
    before = kuka.state_hash()
    with pytest.raises(InCollision, match="the hand would hit 'roof'; move 'roof' away first"):
        api.pick("mug")
    assert kuka.state_hash() == before


def test_what_comes_to_lean_in_the_hand_is_put_down_all_the_same(kuka: BulletWorld) -> None:
    api = mug_under_a_roof(kuka, 0.08)
    assert api.pick("mug")
    api.place_on("zone")
    assert kuka.held() is None
    pose = kuka.pose("mug")
    assert rotation_matrix(pose.quaternion)[2][2] > 0.999, "it stands"
    assert pose.position[2] == pytest.approx(MUG[2] / 2.0, abs=0.002)
    assert kuka.violations == ()
