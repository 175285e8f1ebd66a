"""What is seen in pictures alone, held against the truth; and that looking changes nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest

from codeact_envs.bullet import BulletWorld, TabletopApi
from codeact_envs.bullet.perception.camera_tier import CameraTier
from codeact_envs.bullet.perception.cameras import Cameras
from codeact_envs.bullet.perception.noisy import Noisy


def test_pictures_are_the_same_again_and_change_nothing(world: BulletWorld) -> None:
    before, cameras = world.state_hash(), Cameras(world)
    one, other = (cameras.take("overhead", 80, 60) for _ in range(2))
    assert np.array_equal(one.rgb, other.rgb)
    assert np.array_equal(one.depth, other.depth)
    assert one.bodies is None
    assert world.state_hash() == before


@pytest.mark.parametrize("name", ["overhead", "front", "left", "right"])
def test_the_matrices_put_the_table_where_it_is(world: BulletWorld, name: str) -> None:
    shot = Cameras(world).take(name, 160, 120, bodies=True)
    heights = shot.points()[shot.bodies == world.table][:, 2]
    assert abs(float(np.median(heights))) < 0.001


def test_things_are_found_by_colour_and_shape(world: BulletWorld) -> None:
    before, camera = world.state_hash(), CameraTier(world)
    named = {"red block": "red cube", "green block": "green cube", "blue block": "blue cube"}
    named |= {"purple cylinder": "can", "yellow bowl": "bowl", "cyan zone": "zone"}
    assert set(camera.names()) == set(named)
    for name, true in named.items():
        assert math.dist(camera.pose(name).position, world.pose(true).position) < 0.003, name
        assert np.allclose(camera.size(name)[:2], world.size(true)[:2], atol=0.003), name
    assert world.state_hash() == before


def test_what_is_carried_is_followed(world: BulletWorld) -> None:
    camera, api = CameraTier(world), TabletopApi(world)
    assert "red block" in camera.names()
    assert api.pick("red cube")
    assert world.name_of(world.body("red cube")) == "red cube"
    api.place_on("green cube")
    world.settle(0.5)
    camera.gripper_moved()
    assert math.dist(camera.pose("red block").position, world.pose("red cube").position) < 0.004
    assert camera.rests("red block", "green block")


def test_noise_is_the_same_again_and_some_things_are_missed(world: BulletWorld) -> None:
    noisy, again = Noisy(world), Noisy(world)
    noisy.reset()
    again.reset()
    seen, errors = 0, []
    for _ in range(30):
        world.settle(0.1)
        assert noisy.visible() == again.visible()
        for name in noisy.visible():
            assert noisy.pose(name) == again.pose(name)
            errors += [a - b for a, b in zip(noisy.pose(name).position, world.pose(name).position, strict=True)]
            seen += 1
    assert 0.8 < seen / (30 * len(world.names())) < 1.0
    assert 0.002 < float(np.std(errors)) < 0.004
