"""Pictures for programs: their geometry is true, they tell no true names where they should not, and change nothing."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest

import codeact_envs  # noqa: F401
from codeact_envs.bullet import BulletWorld, TabletopApi
from codeact_envs.bullet.errors import OutOfReach, UnknownObject
from codeact_envs.bullet.perception.camera_tools import CameraApi
from codeact_envs.bullet.perception.cameras import Cameras

FIND = """
import numpy as np

name = "overhead"
depth, rgb = camera.depth(name), camera.rgb(name).astype(int)
inside, pose = camera.intrinsics(name), camera.pose(name)
v, u = np.nonzero((rgb[..., 0] > 2 * rgb[..., 1]) & (rgb[..., 0] > 2 * rgb[..., 2]) & np.isfinite(depth))
z = depth[v, u]
points = np.stack([(u - inside[0, 2]) / inside[0, 0] * z, (v - inside[1, 2]) / inside[1, 1] * z, z, np.ones_like(z)])
x, y, top, _ = pose @ points
high = top > top.max() - 0.004
finish([float((np.min(a[high]) + np.max(a[high])) / 2) for a in (x, y)])
"""


@pytest.fixture
def camera(world: BulletWorld) -> CameraApi:
    return CameraApi(world, named=True)


def test_a_program_finds_a_cube_from_depth_and_matrices_within_a_centimetre() -> None:
    env = gymnasium.make("CodeAct/PickPlace-v0", tier="low", perception="camera").unwrapped
    seen = 0
    for seed in range(12):
        env.reset(seed=seed)
        red = [body for body in env._make_world().snapshot().bodies.values() if body.color == "red"]
        if not red:
            continue
        info = env.step(FIND)[4]
        assert info["execution"].error is None
        assert info["answer"] == pytest.approx(red[0].position[:2], abs=0.01)
        seen += 1
    assert seen >= 3
    env.close()


def test_the_cloud_of_every_camera_lies_on_what_is_there(world: BulletWorld, camera: CameraApi) -> None:
    assert camera.names() == ["overhead", "front", "left", "right", "hand"]
    for name in camera.names():
        cloud, seen = camera.point_cloud(name), camera.segmentation(name)
        assert cloud.shape == (240, 320, 3)
        for label, thing in seen.names.items():
            points = cloud[seen.labels == label]
            if len(points) < 30 or thing in ("bowl", "zone"):
                continue
            away = np.linalg.norm(points - np.array(world.pose(thing).position), axis=1)
            assert float(np.median(away)) < 0.05, (name, thing)
    assert len(camera.segmentation("overhead").names) == 6


def test_the_hand_camera_moves_with_the_hand(world: BulletWorld, camera: CameraApi, api: TabletopApi) -> None:
    before = camera.pose("hand")
    assert before[2, 2] == pytest.approx(-1.0, abs=1e-6), "it looks along the hand, down"
    x, y, _ = world.pose("green cube").position
    assert api.move_to(x - 0.1, y, 0.35)
    after = camera.pose("hand")
    moved = world.controller.tool()
    assert np.linalg.norm(after[:3, 3] - before[:3, 3]) > 0.1
    assert np.linalg.norm(after[:3, 3] - moved[:3, 3]) == pytest.approx(np.hypot(0.07, 0.1034 - 0.02), abs=2e-3)
    seen = camera.segmentation("hand")
    label = next(number for number, name in seen.names.items() if name == "green cube")
    points = camera.point_cloud("hand")[seen.labels == label]
    assert points.mean(axis=0)[:2] == pytest.approx((x, y), abs=0.01)
    assert float(points[:, 2].max()) == pytest.approx(0.04, abs=0.003)
    inside, depth = camera.intrinsics("hand"), camera.depth("hand")
    v, u = (int(index.mean()) for index in np.nonzero(seen.labels == label))
    ray = np.array([(u - inside[0, 2]) / inside[0, 0], (v - inside[1, 2]) / inside[1, 1], 1.0]) * depth[v, u]
    assert after[:3, :3] @ ray + after[:3, 3] == pytest.approx(camera.point_cloud("hand")[v, u], abs=1e-4)


def test_without_names_the_numbers_tell_nothing(world: BulletWorld) -> None:
    named, nameless = (CameraApi(world, named=value).segmentation("overhead") for value in (True, False))
    assert nameless.names == {}
    assert np.array_equal(named.labels, nameless.labels)
    appearing = [label for label in dict.fromkeys(nameless.labels.ravel().tolist()) if label]
    assert appearing == sorted(appearing) == list(range(1, 7))


def test_pictures_change_nothing(world: BulletWorld, camera: CameraApi, api: TabletopApi) -> None:
    assert api.pick("red cube")
    plain = world.state_hash()
    world.reset(world.layout())
    for name in camera.names():
        camera.rgb(name, 64, 48)
        camera.pose(name)
    assert api.pick("red cube")
    assert world.state_hash() == plain


def test_what_cannot_be_taken_is_refused(camera: CameraApi) -> None:
    with pytest.raises(UnknownObject, match=r"no camera is called 'top'; there are overhead, front"):
        camera.rgb("top")
    with pytest.raises(OutOfReach, match="at most 307,200 pixels"):
        camera.rgb("hand", 2000, 2000)


@pytest.mark.parametrize(
    ("robot", "names"),
    [("two_pandas", ("left_hand", "right_hand")), ("husky_panda", ("hand", "front")), ("crazyflie", ("front",))],
)
def test_every_robot_has_its_own_cameras(robot: str, names: tuple[str, ...]) -> None:
    with BulletWorld([], robot=robot) as world:
        cameras = Cameras(world)
        assert cameras.names()[-len(names) :] == names
        shot = cameras.take(names[-1], 64, 48)
        assert np.isfinite(shot.depth).any()
        if robot == "crazyflie":
            assert cameras.pose("front")[:3, 2] == pytest.approx((1.0, 0.0, 0.0), abs=1e-6), "it looks ahead"
