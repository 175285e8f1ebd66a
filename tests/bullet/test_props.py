"""Tools, containers and what fits into them: they stand, hold and fit as their descriptions say."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest
from hand import Hand

from codeact.errors import TaskError
from codeact_envs.bullet import BodySpec, BulletWorld, Placement
from codeact_envs.bullet.bodies.shapes import SHAPES
from codeact_envs.bullet.errors import InCollision

BALLS = tuple(f"ball {number}" for number in range(6))
SHAPED = ("hammer", "peg", "hook", "cup", "plug", "socket", "tray", "basket")


def put(shape: str, x: float, y: float, yaw: float = 0.0) -> Placement:
    return Placement(shape, shape, (x, y, SHAPES[shape].size[2] / 2.0), yaw)


@pytest.fixture(scope="module")
def shared() -> Iterator[BulletWorld]:
    specs = [BodySpec(shape, shape, SHAPES[shape].size) for shape in SHAPED]
    with BulletWorld([*specs, *(BodySpec(ball, "ball", SHAPES["ball"].size) for ball in BALLS)]) as world:
        yield world


@pytest.fixture
def world(shared: BulletWorld) -> BulletWorld:
    return shared


@pytest.fixture(scope="module")
def hall() -> Iterator[BulletWorld]:
    """One body of every shape, on a floor."""
    with BulletWorld([BodySpec(shape, shape, kind.size) for shape, kind in SHAPES.items()], robot="husky") as world:
        yield world


def in_rows() -> list[Placement]:
    return [put(shape, 1.5 + index % 6, index // 6 - 2.0, 0.3) for index, shape in enumerate(SHAPES)]


def test_every_shape_stands_still_where_it_is_put_and_as_exactly_again(hall: BulletWorld) -> None:
    hashes = []
    for _ in range(2):
        hall.reset(in_rows())
        hall.settle(1.0)
        hashes.append(hall.state_hash())
    assert hashes[0] == hashes[1]
    for placement in in_rows():
        pose = hall.pose(placement.name)
        x, y, z = placement.position
        assert pose.position == pytest.approx((x, y, z if placement.key != "zone" else 0.0), abs=0.001), placement.key
        assert 2.0 * math.acos(min(1.0, abs(pose.quaternion[3]))) == pytest.approx(0.3, abs=0.002), placement.key


def test_every_shape_is_as_large_as_its_size_says(hall: BulletWorld) -> None:
    hall.reset([put(shape, 1.5 + index % 6, index // 6 - 2.0) for index, shape in enumerate(SHAPES)])
    bullet, client = hall.simulation.bullet, hall.simulation.client
    for shape, kind in SHAPES.items():
        body = hall.body(shape)
        links = range(-1, bullet.getNumJoints(body, physicsClientId=client))
        touchable = [link for link in links if bullet.getCollisionShapeData(body, link, physicsClientId=client)]
        boxes = [bullet.getAABB(body, link, physicsClientId=client) for link in touchable]
        for axis in range(3) if boxes else ():
            extent = max(high[axis] for _, high in boxes) - min(low[axis] for low, _ in boxes)
            assert extent == pytest.approx(kind.size[axis], abs=0.007), (shape, axis)


@pytest.mark.parametrize("shape", [shape for shape, kind in SHAPES.items() if kind.build(kind.size).joint])
@pytest.mark.parametrize("speed", [3.0, -3.0])
def test_a_joint_that_is_struck_stays_between_its_ends(hall: BulletWorld, shape: str, speed: float) -> None:
    hall.reset([Placement(shape, shape, put(shape, 1.5, 0.0).position, joint=0.5)])
    bullet, client = hall.simulation.bullet, hall.simulation.client
    link = next(
        link
        for link in range(bullet.getNumJoints(hall.body(shape), physicsClientId=client))
        if bullet.getJointInfo(hall.body(shape), link, physicsClientId=client)[2] != bullet.JOINT_FIXED
    )
    middle = bullet.getJointState(hall.body(shape), link, physicsClientId=client)[0]
    bullet.resetJointState(hall.body(shape), link, middle, speed, physicsClientId=client)
    for _ in range(24):
        hall.settle(1 / 24)
        joint = hall.joint(shape)
        assert -0.1 * joint.upper <= joint.position <= 1.1 * joint.upper
    assert joint.velocity == pytest.approx(0.0, abs=1e-3)


def test_a_hammer_drives_a_peg_in(world: BulletWorld) -> None:
    world.reset([put("hammer", 0.45, -0.25), put("peg", 0.55, 0.2)])
    hand = Hand(world)
    x, y, z = world.grips("hammer")[0].pose.position
    hand.grip(x + 0.03, y, z, 0.0, opening=0.04)
    assert world.held() == "hammer"
    hand.line(x + 0.03, y, 0.3)
    head_x = world.pose("hammer").position[0] + 0.103
    peg_x, peg_y, peg_z = world.grips("peg")[0].pose.position
    to = peg_x - (head_x - (x + 0.03))
    hand.line(to, peg_y, 0.3)
    assert world.joint("peg").position == pytest.approx(0.0, abs=1e-9)
    drop = world.pose("hammer").position[2] - 0.018 - (peg_z + 0.004)
    for blow in range(3):  # each a little deeper
        before = world.joint("peg").fraction
        hand.line(to, peg_y, 0.3 - drop - 0.034 - 0.006 * blow, 0.1)
        assert world.joint("peg").fraction >= before
        hand.line(to, peg_y, 0.3)
    assert world.joint("peg").fraction > 0.8
    assert world.violations == ()


def test_a_hook_pulls_what_the_hand_does_not_touch(world: BulletWorld) -> None:
    ball = Placement(BALLS[0], "ball", (0.60, -0.1, 0.012))
    world.reset([put("hook", 0.42, -0.2), ball])
    hand = Hand(world)
    x, y, z = world.grips("hook")[0].pose.position
    hand.grip(x, y, z, 0.0, opening=0.04)
    assert world.held() == "hook"
    hand.line(x, y, z + 0.08)
    away_x, away_y = 0.60 + 0.045 - (0.42 + 0.149), -0.1 - (-0.2 + 0.03)
    hand.line(x + away_x, y + away_y, z + 0.08)
    hand.line(x + away_x, y + away_y, z + 0.004)
    hand.line(x + away_x - 0.15, y + away_y, z + 0.004, 0.1)
    assert world.pose("ball").position[0] < 0.52
    assert world.violations == ()


def test_balls_stay_in_a_cup_that_is_carried(world: BulletWorld) -> None:
    spots = [(0.438 + 0.024 * (index % 2), 0.02 + 0.025 * (index // 2)) for index in range(len(BALLS))]
    balls = [Placement(ball, ball, (x, -0.2, z)) for ball, (x, z) in zip(BALLS, spots, strict=True)]
    world.reset([put("cup", 0.45, -0.2), *balls])
    world.settle(1.0)

    def inside() -> int:
        return sum(world.room("cup").contains(world.pose(ball).position) for ball in BALLS)

    assert inside() == len(BALLS)
    hand = Hand(world)
    hand.grip(0.45, -0.2, 0.06, 0.0, opening=0.08)
    assert world.held() == "cup"
    hand.line(0.45, -0.2, 0.25)
    hand.line(0.5, 0.1, 0.25)
    assert inside() == len(BALLS)
    assert world.violations == ()


def test_a_plug_goes_into_its_socket(world: BulletWorld) -> None:
    world.reset([put("plug", 0.5, -0.1), put("socket", 0.5, 0.15)])
    hand = Hand(world)
    x, y, z = world.grips("plug")[0].pose.position
    hand.grip(x, y, z, 0.0, opening=0.045)
    hand.line(x, y, z + 0.1)
    plug_x, plug_y, _ = world.pose("plug").position
    x, y = x + 0.5 - plug_x, y + 0.15 - plug_y
    hand.line(x, y, z + 0.1)
    hand.line(x, y, z + 0.013, 0.05)
    hand.controller.open(0.06)
    hand.line(x, y, z + 0.15)
    world.settle(0.3)
    pose = world.pose("plug")
    assert pose.position == pytest.approx((0.5, 0.15, 0.042), abs=0.002)  # 18 mm deep in a socket of 30 mm
    assert pose.quaternion[3] > math.cos(math.radians(1.5))


def test_a_tray_has_a_bar_for_each_hand(world: BulletWorld) -> None:
    world.reset([put("tray", 0.5, 0.0, math.pi / 2.0)])
    left, right = world.grips("tray")
    assert left.pose.position == pytest.approx((0.5 - 0.223, 0.0, 0.043), abs=0.001)
    assert right.pose.position == pytest.approx((0.5 + 0.223, 0.0, 0.043), abs=0.001)


@pytest.mark.parametrize(
    ("shape", "size", "message"),
    [
        ("ball", (0.03, 0.03, 0.04), "as high as it is wide"),
        ("cup", (0.06, 0.07, 0.08), "a cup is round"),
        ("mug", (0.08, 0.085, 0.08), "y is at least 0.025 m more than its x"),
        ("gate", (0.06, 0.9, 0.6), "at least as high as it is wide"),
        ("tray", (0.2, 0.1, 0.05), "at least 0.1 x 0.2 x 0.03 m"),
    ],
)
def test_wrong_sizes_are_refused(shape: str, size: tuple[float, float, float], message: str) -> None:
    with pytest.raises(TaskError, match=message):
        BodySpec("x", shape, size)


def test_a_drone_flies_through_a_gate_and_not_into_its_frame() -> None:
    with BulletWorld([BodySpec("gate", "gate", SHAPES["gate"].size)], robot="crazyflie") as world:
        world.reset([Placement("gate", "the gate", (1.0, 0.0, 0.7))])
        opening, pilot = world.room("the gate"), world.drone_controller
        assert pilot is not None
        x, y, z = opening.pose.position
        assert (x, y, z) == pytest.approx((1.0, 0.0, 0.95))
        assert pilot.take_off(z).reached
        with pytest.raises(InCollision, match="too near to"):
            pilot.fly_to(2.0, 0.42, z)
        assert pilot.fly_to(2.0, 0.0, z).reached
        assert world.violations == ()
