"""Furniture: parts that slide and turn, by hand and by drawing, as exactly as everything else in a world."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest
from hand import Hand

from codeact.errors import TaskError
from codeact_envs.bullet import BodySpec, BulletWorld, Placement
from codeact_envs.bullet.bodies.shapes import SHAPES
from codeact_envs.bullet.errors import NotArticulated, NotHollow, UnknownObject

SPECS = (
    BodySpec("drawer", "drawer", SHAPES["drawer"].size, color="red"),
    BodySpec("cube", "box", (0.04, 0.04, 0.04), color="blue"),
    *(BodySpec(shape, shape, SHAPES[shape].size, color="green") for shape in ("door", "button", "knob")),
)
CABINET = Placement("drawer", "red drawer", (0.62, 0.0, SHAPES["drawer"].size[2] / 2.0))
CUBE = Placement("cube", "blue cube", (0.45, 0.25, 0.02))


def standing(shape: str, x: float, y: float, yaw: float = 0.0, joint: float = 0.0) -> Placement:
    return Placement(shape, f"green {shape}", (x, y, SHAPES[shape].size[2] / 2.0), yaw, joint=joint)


@pytest.fixture(scope="module")
def shared() -> Iterator[BulletWorld]:
    with BulletWorld(SPECS) as world:
        yield world


@pytest.fixture
def room(shared: BulletWorld) -> BulletWorld:
    shared.reset([CABINET, CUBE])
    return shared


def test_a_closed_drawer_stays_closed(room: BulletWorld) -> None:
    room.settle(1.0)
    joint = room.joint("red drawer")
    assert (joint.kind, joint.position, joint.lower, joint.fraction) == ("prismatic", 0.0, 0.0, 0.0)
    assert joint.upper == pytest.approx(0.142, abs=0.001)


def test_the_arm_opens_a_drawer_by_its_handle_and_pushes_it_shut(room: BulletWorld) -> None:
    hand, handle = Hand(room), room.handle("red drawer")
    x, y, z = handle.pose.position
    hand.grip(x, y, z, math.pi / 2.0)
    assert room.held() == "red drawer"
    hand.line(x + 0.13 * handle.axis[0], y, z)
    assert room.joint("red drawer").fraction > 0.88
    assert room.handle("red drawer").pose.position == pytest.approx((x - 0.13, y, z), abs=0.003)
    hand.controller.open(0.04)
    hand.line(x - 0.13, y, z + 0.15)
    hand.controller.open(0.0)
    hand.jump(x - 0.165, y, z + 0.15, 0.0)
    hand.line(x - 0.165, y, z)
    hand.line(x, y, z)
    assert room.joint("red drawer").fraction < 0.05
    assert room.violations == ()


def test_a_drawer_holds_what_lies_in_it_and_takes_it_along(room: BulletWorld) -> None:
    inside = Placement("cube", "blue cube", (0.53, 0.0, 0.06))
    room.reset([Placement("drawer", "red drawer", CABINET.position, joint=1.0), inside])
    room.settle(0.5)
    assert room.joint("red drawer").fraction == pytest.approx(1.0, abs=0.01)
    assert room.room("red drawer").contains(room.pose("blue cube").position)
    hand = Hand(room)
    x, y, z = room.handle("red drawer").pose.position
    hand.controller.open(0.0)
    hand.jump(x - 0.03, y, z + 0.15, 0.0)
    hand.line(x - 0.03, y, z)
    hand.line(x + 0.12, y, z)
    assert room.joint("red drawer").fraction < 0.1
    assert room.pose("blue cube").position[0] > 0.64
    assert room.room("red drawer").contains(room.pose("blue cube").position)


def test_a_turned_cabinet_has_its_handle_where_it_faces(room: BulletWorld) -> None:
    room.reset([Placement("drawer", "red drawer", (0.5, 0.3, 0.07), yaw=math.pi / 2.0, joint=0.5), CUBE])
    handle = room.handle("red drawer")
    assert handle.axis == pytest.approx((0.0, -1.0, 0.0))
    half = 0.5 * room.joint("red drawer").upper
    assert handle.pose.position == pytest.approx((0.5, 0.3 - 0.135 + 0.007 - half, 0.12))
    assert handle.size == pytest.approx((0.014, 0.11, 0.014))


def test_the_arm_opens_a_door_by_its_handle(room: BulletWorld) -> None:
    room.reset([standing("door", 0.62, -0.1)])
    hand, handle = Hand(room), room.handle("green door")
    x, y, z = handle.pose.position
    hinge_x, hinge_y, _ = handle.origin
    assert (handle.kind, handle.axis) == ("revolute", (0.0, 0.0, -1.0))
    hand.grip(x, y, z, 0.0)
    assert room.held() == "green door"
    radius, start = math.hypot(x - hinge_x, y - hinge_y), math.atan2(y - hinge_y, x - hinge_x)
    for angle in (0.15, 0.3, 0.45):
        place = (hinge_x + radius * math.cos(start - angle), hinge_y + radius * math.sin(start - angle), z)
        hand.line(*place)
    assert room.joint("green door").position == pytest.approx(0.45, abs=0.05)
    assert room.handle("green door").pose.position == pytest.approx(place, abs=0.01)
    assert room.violations == ()


def test_a_button_counts_its_presses_and_comes_back(room: BulletWorld) -> None:
    room.reset([standing("button", 0.45, 0.2)])
    hand, handle = Hand(room), room.handle("green button")
    x, y, z = handle.pose.position
    above = z + handle.size[2] / 2.0 + 0.02  # of the tool centre point, 9 mm above the tips of the fingers
    assert handle.axis == (0.0, 0.0, -1.0)
    hand.controller.open(0.0)
    hand.jump(x, y, above, 0.0)
    for presses in (1, 2):
        hand.line(x, y, above - 0.023, 0.05)
        down = room.joint("green button")
        assert down.fraction > 0.8
        assert down.presses == presses
        state, pressed = room.save_state(), room.state_hash()
        hand.line(x, y, above, 0.05)
        assert room.joint("green button").fraction == pytest.approx(0.0, abs=0.01)
        assert room.joint("green button").presses == presses
    room.restore_state(state)
    assert room.state_hash() == pressed
    with room.branch() as other:
        assert other.state_hash() == pressed
        assert other.joint("green button").presses == 2
    room.reset([standing("button", 0.45, 0.2)])
    assert room.joint("green button").presses == 0


def test_a_press_is_seen_whoever_watches(room: BulletWorld) -> None:
    """Also where time passes in long stretches, and while pictures are taken."""
    hashes = set()
    for fps in (None, 7, 60):
        room.reset([standing("button", 0.45, 0.2), Placement("cube", "blue cube", (0.45, 0.2, 0.5))])
        room.record(fps, 32, 24)
        room.settle(1.0)  # the cube falls on it
        assert room.joint("green button").presses == 1
        hashes.add(room.state_hash())
    room.record(None)
    assert len(hashes) == 1


def test_the_arm_turns_a_knob(room: BulletWorld) -> None:
    room.reset([standing("knob", 0.5, 0.2)])
    hand, handle = Hand(room), room.handle("green knob")
    x, y, z = handle.pose.position
    hand.grip(x, y, z, 0.0)
    assert room.held() == "green knob"
    assert hand.controller.move_twist(np.zeros(3), np.array(handle.axis), 1.7).reached
    hand.controller.open(0.04)
    hand.line(x, y, z + 0.1)
    room.settle(0.2)
    assert room.joint("green knob").fraction > 0.8
    assert room.joint("green knob").velocity == pytest.approx(0.0, abs=1e-6)
    turned = room.handle("green knob").pose.quaternion
    assert 2.0 * math.atan2(turned[2], turned[3]) == pytest.approx(-room.joint("green knob").position)
    assert room.violations == ()


@pytest.mark.parametrize("shape", ["drawer", "door", "knob"])
def test_what_is_half_open_stays_so(room: BulletWorld, shape: str) -> None:
    key = "red drawer" if shape == "drawer" else f"green {shape}"
    room.reset([Placement(shape, key, (0.55, 0.0, SHAPES[shape].size[2] / 2.0), 0.4, joint=0.5)])
    room.settle(1.0)
    assert room.joint(key).fraction == pytest.approx(0.5, abs=1e-6)


def test_states_branches_and_hashes_know_the_joint(room: BulletWorld) -> None:
    closed = room.state_hash()
    room.reset([Placement("drawer", "red drawer", CABINET.position, joint=0.6), CUBE])
    opened, state = room.state_hash(), room.save_state()
    assert opened != closed
    with room.branch() as other:
        assert other.state_hash() == opened
        assert other.joint("red drawer").fraction == pytest.approx(0.6)
    room.reset([CABINET, CUBE])
    assert room.state_hash() == closed
    room.restore_state(state)
    assert room.state_hash() == opened
    state.release()


def test_what_happened_before_leaves_no_trace_in_a_drawer(room: BulletWorld) -> None:
    def pull(world: BulletWorld) -> str:
        hand = Hand(world)
        x, y, z = world.handle("red drawer").pose.position
        hand.grip(x, y, z, math.pi / 2.0)
        hand.line(x - 0.08, y, z)
        return world.state_hash()

    first = pull(room)
    room.reset([Placement("drawer", "red drawer", (0.6, 0.1, 0.07), 0.4, joint=0.9), CUBE])
    room.settle(0.3)
    room.reset([CUBE])
    room.settle(0.3)
    room.reset([CABINET, CUBE])
    assert pull(room) == first
    with BulletWorld(SPECS) as fresh:
        fresh.reset([CABINET, CUBE])
        assert pull(fresh) == first


def test_who_asks_for_what_is_not_there_is_told_what_is(room: BulletWorld) -> None:
    with pytest.raises(NotArticulated, match=r"'blue cube' has nothing that opens.*there are red drawer"):
        room.joint("blue cube")
    with pytest.raises(NotArticulated):
        room.handle("blue cube")
    with pytest.raises(NotHollow, match="nothing can be put into 'blue cube'; there are red drawer"):
        room.room("blue cube")
    with pytest.raises(UnknownObject, match="did you mean 'red drawer'"):
        room.joint("red draw")


def test_wrong_furniture_is_refused(room: BulletWorld) -> None:
    with pytest.raises(TaskError, match=r"a drawer is at least 0.2 x 0.18 x 0.1 m"):
        BodySpec("x", "drawer", (0.1, 0.1, 0.1))
    with pytest.raises(TaskError, match=r"joint at 1.5; give a share of its travel in \[0, 1\]"):
        room.reset([Placement("drawer", "red drawer", CABINET.position, joint=1.5)])
