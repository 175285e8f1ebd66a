"""Grasps by geometry: the hand cuts nothing on its way in, and what it lifts it keeps."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator

import numpy as np
import pytest

from codeact.errors import Refused
from codeact_envs.bullet import BodySpec, BulletWorld, Placement, TabletopApi
from codeact_envs.bullet.bodies.clearance import hand, obstacle
from codeact_envs.bullet.bodies.shapes import SHAPES
from codeact_envs.bullet.errors import NotGraspable
from codeact_envs.bullet.geometry.poses import Pose
from codeact_envs.bullet.handling.grasping import FAR, Grasp, Graspable, grasps

SHAPE_NAMES = ("box", "cylinder", "cup", "mug", "basket", "hook", "hammer", "sponge", "plug")
TRIALS = 4
SPECS = (
    *(BodySpec(shape, shape, SHAPES[shape].size) for shape in (*SHAPE_NAMES, "bowl", "plate", "drawer")),
    *(BodySpec(f"neighbour {index}", "box", (0.05, 0.05, 0.05), 0.1) for index in range(3)),
)


@pytest.fixture(scope="module")
def shared() -> Iterator[BulletWorld]:
    with BulletWorld(SPECS) as world:
        yield world


@pytest.fixture
def table(shared: BulletWorld) -> Iterator[BulletWorld]:
    yield shared
    shared.simulation.capture_every(0, None)


def scene(shape: str, drawn: random.Random) -> list[Placement]:
    """The body somewhere within easy reach, and up to three neighbours near it."""
    size = SHAPES[shape].size
    radius, bearing = drawn.uniform(0.4, 0.62), drawn.uniform(-0.6, 0.6)
    x, y = radius * math.cos(bearing), radius * math.sin(bearing)
    placed = [Placement(shape, shape, (x, y, size[2] / 2.0), drawn.uniform(-math.pi, math.pi))]
    away = math.hypot(size[0], size[1]) / 2.0 + 0.036
    for index in range(3):
        distance, angle = away + drawn.uniform(0.03, 0.08), drawn.uniform(-math.pi, math.pi)
        place = (x + distance * math.cos(angle), y + distance * math.sin(angle), 0.025)
        if all(math.dist(place[:2], other.position[:2]) > 0.08 for other in placed[1:]):
            name = f"neighbour {index}"
            placed.append(Placement(name, name, place, drawn.uniform(-math.pi, math.pi)))
    return placed


def touched_before_the_grip(world: BulletWorld, found: set[str]) -> None:
    if world.arm.squeezing or world.arm.finger < 1e-3:
        return
    contacts = world.simulation.bullet.getContactPoints(bodyA=world.arm.body, physicsClientId=world.simulation.client)
    found.update(name for contact in contacts if (name := world.name_of(contact[2])) and contact[8] < 0.0)


@pytest.mark.parametrize("shape", SHAPE_NAMES)
def test_what_is_grasped_anywhere_is_lifted_and_kept(table: BulletWorld, shape: str) -> None:
    api, drawn = TabletopApi(table), random.Random(shape)
    lifted, refused = 0, 0
    for _ in range(TRIALS):
        table.reset(scene(shape, drawn))
        table.settle(0.2)
        below, touched = table.pose(shape).position[2], set[str]()
        table.simulation.capture_every(6, lambda found=touched: touched_before_the_grip(table, found))  # type: ignore[misc]
        try:
            held = api.pick(shape)
        except Refused:
            refused += 1
            continue
        table.simulation.capture_every(0, None)
        assert not touched, f"the open hand touched {touched}"
        table.settle(0.5)
        lifted += held and table.held() == shape and table.pose(shape).position[2] > below + 0.05
        assert table.violations == ()
    assert lifted >= 0.95 * (TRIALS - refused)
    assert refused <= TRIALS // 2, "neighbours leave room on some side"


def shape_at(shape: str, yaw: float = 0.0) -> Graspable:
    spec = BodySpec("it", shape, SHAPES[shape].size)
    pose = Pose((0.5, 0.0, spec.size[2] / 2.0), (0.0, 0.0, math.sin(yaw / 2.0), math.cos(yaw / 2.0)))
    return Graspable(obstacle("it", spec, pose))


@pytest.mark.parametrize("yaw", [0.0, 0.4, -1.1, 2.0])
def test_a_grasp_is_a_pose_that_comes_in_along_its_own_z(shared: BulletWorld, yaw: float) -> None:
    for grasp in grasps(shared.robot.gripper, shape_at("box", yaw), 0.0):
        assert grasp.pose[:3, :3] @ grasp.pose[:3, :3].T == pytest.approx(np.eye(3))
        assert np.linalg.det(grasp.pose) == pytest.approx(1.0)
        assert grasp.pose[:3, 2].tolist() == pytest.approx(grasp.approach)
        assert math.sin(2.0 * (grasp.yaw - yaw)) == pytest.approx(0.0, abs=1e-9), "across two of its sides"


def test_grasps_with_much_room_come_before_those_with_little(shared: BulletWorld) -> None:
    openings = [grasp.opening for grasp in grasps(shared.robot.gripper, shape_at("box"), 0.0)]
    assert openings == sorted(openings, reverse=True)
    assert openings[0] > openings[-1] > 0.04


def test_clearance_is_the_distance_to_the_nearest_neighbour(shared: BulletWorld) -> None:
    gripper = shared.robot.gripper
    grasp = Grasp(0.5, 0.0, 0.02, 0.0, 0.06)
    outer = max(prism.y + prism.half_y for prism in hand(gripper, 0.5, 0.0, 0.02, 0.0, 0.06) if "finger" in prism.name)
    for gap in (0.003, 0.01, 0.02):
        block = obstacle(
            "block", BodySpec("b", "box", (0.04, 0.04, 0.03)), Pose((0.5, outer + gap + 0.02, 0.015), (0, 0, 0, 1))
        )
        assert grasp.clearance(gripper, [block]) == pytest.approx(gap, abs=1e-3)
    assert grasp.clearance(gripper, []) == FAR
    inside = obstacle("block", BodySpec("b", "box", (0.04, 0.04, 0.03)), Pose((0.5, outer, 0.015), (0, 0, 0, 1)))
    assert grasp.clearance(gripper, [inside]) == 0.0


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ("bowl", r"0\.160 m wide.*at most 0\.070"),
        ("plate", "finds no place at 'plate' where it fits"),
        ("drawer", "stands fast"),
    ],
)
def test_what_no_hand_can_lift_is_refused(table: BulletWorld, shape: str, message: str) -> None:
    table.reset([Placement(shape, shape, (0.5, 0.0, SHAPES[shape].size[2] / 2.0))])
    before = table.state_hash()
    with pytest.raises(NotGraspable, match=message):
        TabletopApi(table).pick(shape)
    assert table.state_hash() == before


def test_a_mug_goes_onto_a_plate_and_a_cube_into_a_basket(table: BulletWorld) -> None:
    table.reset(
        [
            Placement("mug", "mug", (0.45, 0.2, 0.045), 0.7),
            Placement("plate", "plate", (0.55, -0.1, 0.01)),
            Placement("basket", "basket", (0.5, -0.38, 0.04)),
            Placement("box", "cube", (0.6, 0.2, 0.02)),
        ]
    )
    api = TabletopApi(table)
    assert api.pick("mug")
    assert api.place_on("plate")
    assert table.contacts("mug", "plate")
    assert api.pick("cube")
    assert api.place_on("basket")
    assert table.room("basket").contains(table.pose("cube").position)
    assert table.violations == ()


def test_a_second_thing_comes_beside_the_first_where_a_basket_has_little_room(table: BulletWorld) -> None:
    table.reset(
        [
            Placement("basket", "basket", (0.478, 0.134, 0.04), 0.4),
            Placement("box", "cube", (0.478, 0.134, 0.027)),
            Placement("cylinder", "can", (0.4, -0.2, SHAPES["cylinder"].size[2] / 2.0)),
        ]
    )
    api = TabletopApi(table)
    assert api.pick("can")
    assert api.place_on("basket")
    assert not table.contacts("can", "cube")
    assert table.pose("can").position[2] < 0.06, "on the floor, not on the cube"


def test_what_lies_in_a_basket_comes_along(table: BulletWorld) -> None:
    table.reset([Placement("basket", "basket", (0.5, -0.1, 0.04)), Placement("box", "cube", (0.5, -0.1, 0.027))])
    table.settle(0.2)
    api = TabletopApi(table)
    assert api.pick("basket")
    assert api.place_at(0.5, 0.25)
    assert table.room("basket").contains(table.pose("cube").position)
    assert table.violations == ()
