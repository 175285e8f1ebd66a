"""Conditions on furniture and on how things stand, on scenes written down by hand."""

from __future__ import annotations

import math

import pytest

from codeact_envs.bullet.bodies.articulation import JointState, Room
from codeact_envs.bullet.geometry.poses import Pose
from codeact_envs.scenes import load_scene
from codeact_envs.tasks import Body, Snapshot
from codeact_envs.tasks.conditions import Cast, Reading
from codeact_envs.tasks.conditions.furniture import Inside, JointsKept, Pressed
from codeact_envs.tasks.conditions.standing import Upright

CAST = Cast({"it": ("it",)}, {"times": 2})


def jointed(name: str, share: float, presses: int = 0) -> Body:
    joint = JointState("prismatic", 0.1 * share, 0.0, 0.0, 0.1, presses)
    return Body(name, "red", "drawer", (0.2, 0.2, 0.1), (0.0, 0.0, 0.0), joint=joint)


def scene(*bodies: Body) -> Snapshot:
    return Snapshot({body.name: body for body in bodies})


def test_a_button_may_be_pressed_exactly_as_often_as_drawn() -> None:
    twice = Pressed(what="it", times="$times", exactly=True)
    start = scene(jointed("it", 0.0))
    read = [twice.read(CAST, start, scene(jointed("it", 0.0, presses))) for presses in range(4)]
    assert [reading.met for reading in read] == [False, False, True, False]
    assert [reading.progress for reading in read] == [0.0, 0.475, 1.0, 0.0]


@pytest.mark.parametrize(
    ("other", "met"),
    [(jointed("other", 0.5), True), (jointed("other", 0.65), False), (jointed("other", 0.5, presses=1), False)],
)
def test_joints_of_others_are_left_alone(other: Body, met: bool) -> None:
    kept = JointsKept(but=["it"], within=0.1)
    start = scene(jointed("it", 0.0), jointed("other", 0.5))
    assert kept.read(CAST, start, scene(jointed("it", 1.0, presses=5), other)).met is met


@pytest.mark.parametrize(("angle", "met"), [(0.0, True), (0.19, True), (-0.21, False), (math.pi, False)])
def test_what_leans_is_not_upright(angle: float, met: bool) -> None:
    turned = Body(
        "it", "red", "mug", (0.1, 0.1, 0.1), (0.0, 0.0, 0.0), (math.sin(angle / 2), 0.0, 0.0, math.cos(angle / 2))
    )
    reading = Upright(what="it").read(CAST, scene(turned), scene(turned))
    assert reading == Reading(met, met, float(met))


def test_a_yaw_of_what_stands_does_not_count() -> None:
    turned = Body("it", "red", "mug", (0.1, 0.1, 0.1), (0.0, 0.0, 0.0), (0.0, 0.0, 0.6, 0.8))
    assert Upright(what="it", within=0.001).read(CAST, scene(turned), scene(turned)).met


def test_furniture_faces_the_robot_wherever_it_stands() -> None:
    drawn = load_scene(
        {
            "region": {"x": [0.4, 0.6], "y": [-0.4, 0.4]},
            "clearance": 0.01,
            "kinds": {"drawer": {"shape": "drawer"}},
            "roles": {"drawer": {"kind": "drawer", "color": "red", "facing": "origin", "yaw": [0.1, 0.1]}},
        }
    )
    for seed in range(5):
        (drawer,) = drawn.draw(seed).bodies
        assert drawer.yaw == pytest.approx(math.atan2(drawer.position[1], drawer.position[0]) + 0.1)


def test_a_share_of_things_inside_is_enough_where_one_is_named() -> None:
    room = Room(Pose((0.5, 0.0, 0.05), (0.0, 0.0, 0.0, 1.0)), (0.2, 0.1, 0.1))
    cast = Cast({"balls": ("a", "b", "c", "d", "e"), "pot": ("pot",)}, {})

    def having(count: int) -> Snapshot:
        balls = [
            Body(name, "red", "ball", (0.02, 0.02, 0.02), (0.5 if index < count else 0.9, 0.0, 0.03))
            for index, name in enumerate("abcde")
        ]
        return scene(*balls, Body("pot", "red", "bowl", (0.2, 0.1, 0.1), (0.5, 0.0, 0.05), room=room))

    most = Inside(what="balls", where="pot", share=0.8)
    read = [most.read(cast, having(0), having(count)) for count in range(6)]
    assert [reading.met for reading in read] == [False] * 4 + [True] * 2
    assert [reading.strict for reading in read] == [False] * 5 + [True]
    assert read[3].progress == pytest.approx(0.57)
