"""What is too tall to be passed over is passed by, and what perception does not show is not known."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest

from codeact_envs.bullet import BodySpec, BulletWorld, Placement, TabletopApi
from codeact_envs.bullet.errors import InCollision
from codeact_envs.bullet.handling.free_motion import FreeMotion
from codeact_envs.bullet.perception.view import Privileged, perceive

SPECS = (
    BodySpec("wall", "box", (0.3, 0.04, 0.68), 30.0, "gray"),
    BodySpec("long wall", "wall", (0.7, 0.04, 0.7)),
    BodySpec("cube", "box", (0.04, 0.04, 0.04), 0.05, "red"),
)
WALL = Placement("wall", "wall", (0.57, 0.0, 0.34))
CUBE = Placement("cube", "cube", (0.5, 0.25, 0.02))


@pytest.fixture(scope="module")
def shared() -> Iterator[BulletWorld]:
    with BulletWorld(SPECS) as world:
        yield world


@pytest.fixture
def walled(shared: BulletWorld) -> BulletWorld:
    shared.reset([WALL, CUBE])
    return shared


def unmoved(world: BulletWorld) -> bool:
    return world.pose("wall").position == pytest.approx(WALL.position, abs=1e-3)


def test_a_cube_is_carried_around_a_tall_wall(walled: BulletWorld) -> None:
    api = TabletopApi(walled)
    assert api.pick("cube")
    assert api.place_at(0.5, -0.25)
    x, y, _ = walled.pose("cube").position
    assert math.hypot(x - 0.5, y + 0.25) < 0.01
    assert unmoved(walled)
    assert walled.violations == ()


def test_the_hand_moves_from_one_side_to_the_other_and_back(walled: BulletWorld) -> None:
    api = TabletopApi(walled)
    assert api.move_to(0.55, 0.25, 0.1)
    assert api.move_to(0.55, -0.25, 0.1)
    assert api.move_to(0.55, 0.2, 0.3)
    assert unmoved(walled)
    assert walled.violations == ()


def test_it_goes_the_same_way_again(walled: BulletWorld) -> None:
    hashes = []
    for _ in range(2):
        walled.reset([WALL, CUBE])
        api = TabletopApi(walled)
        api.move_to(0.55, 0.25, 0.1)
        api.move_to(0.55, -0.25, 0.1)
        hashes.append(walled.state_hash())
    assert hashes[0] == hashes[1]


def test_where_there_is_no_way_it_is_refused_and_nothing_moves(walled: BulletWorld) -> None:
    walled.reset([Placement("long wall", "wall", (0.47, -0.22, 0.35)), CUBE])
    api = TabletopApi(walled)
    assert api.pick("cube")
    before = walled.state_hash()
    with pytest.raises(InCollision, match="no way past 'wall'"):
        api.move_to(0.5, -0.38, 0.1)
    with pytest.raises(InCollision, match="no way past 'wall'"):
        api.place_at(0.5, -0.38)
    assert walled.state_hash() == before
    assert walled.violations == ()


def test_what_is_not_shown_is_not_known(walled: BulletWorld) -> None:
    class Blind(Privileged):
        def names(self) -> tuple[str, ...]:
            return ("cube",)

    seeing, blind = (FreeMotion(walled, perception=kind(walled)) for kind in (Privileged, Blind))
    pose = walled.controller.tool()
    pose[:3, 3] = (0.57, 0.0, 0.3)
    q = walled.controller.kinematics.inverse(pose, [walled.arm.home], restarts=20)
    assert q is not None
    for free in (seeing, blind):
        free.look()
    hit = seeing.model.hit(q)
    assert hit is not None
    assert hit.body is not None
    assert seeing.name_of(hit.body) == "wall"
    assert blind.model.hit(q) is None


def test_the_shown_truth_is_the_truth(walled: BulletWorld) -> None:
    told, shown = FreeMotion(walled), FreeMotion(walled, perception=perceive("privileged", walled))
    for free in (told, shown):
        free.look()
    pose, kinematics = walled.controller.tool(), walled.controller.kinematics
    for y in (0.3, 0.2, 0.1, 0.08, 0.06, 0.0, -0.07, -0.12, -0.3):
        pose[:3, 3] = (0.55, y, 0.2)
        q = kinematics.inverse(pose, [walled.arm.home], restarts=20)
        assert q is not None
        assert told.model.free(q) == shown.model.free(q)
