"""Cameras of a real robot: the check, calibrations, a source that FFmpeg reads, and what programs get of them.

No camera is at hand where these run. FFmpeg's own test source and a film stand in its place: they come through the same
code but for the name of FFmpeg's input device.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from codeact import Sandbox
from codeact.errors import TaskError
from codeact_envs.bullet import BodySpec, BulletWorld, Placement
from codeact_envs.bullet.errors import NoDepth, UnknownObject
from codeact_envs.bullet.geometry.poses import Pose
from codeact_envs.bullet.perception.camera_tier import CameraTier
from codeact_envs.drivers import (
    Camera,
    CameraCalibration,
    CameraFrame,
    ConnectionLost,
    DriverError,
    RealArm,
    SimulatedCamera,
    VideoCamera,
    check_driver,
    connect,
    connect_camera,
)
from codeact_envs.drivers.cameras.calibration import Rectifier, distorted
from codeact_envs.drivers.cameras.tools import RealPictures, resized_intrinsics

DOWN = (1.0, 0.0, 0.0, 0.0)  # x as the base's x, z down
CALIBRATION = CameraCalibration(320, 240, 300.0, 300.0, 159.5, 119.5, (0.4, 0.0, 0.6), DOWN)
TEST_SOURCE = "lavfi:testsrc2=size=320x240:rate=30,realtime"


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half a second of one colour, then of another."""
    import av

    path = tmp_path_factory.mktemp("film") / "film.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=20)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for index in range(20):
            picture = np.full((240, 320, 3), (200, 30, 30) if index < 10 else (30, 30, 200), np.uint8)
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


@pytest.fixture
def dry() -> Iterator[RealArm]:
    with connect("panda:dry-run") as robot:
        yield robot


def test_a_camera_that_ffmpeg_reads_passes_the_check() -> None:
    camera = VideoCamera(TEST_SOURCE, CALIBRATION)
    assert check_driver(camera) == []
    camera.close()


def test_the_simulated_camera_passes_the_check(dry: RealArm) -> None:
    assert check_driver(SimulatedCamera(dry.world, "front")) == []
    with pytest.raises(UnknownObject, match="no camera is called 'back'"):
        SimulatedCamera(dry.world, "back")


class Queueing:
    """Gives the frames that came since it was asked last, the oldest first, as a camera that nobody reads on."""

    fixed_to, measures_depth = "base", False

    def __init__(self) -> None:
        self._due = time.monotonic() - 0.5

    def take(self) -> CameraFrame:
        self._due += 0.03
        picture = np.zeros((240, 320, 3), np.uint8)
        return CameraFrame(picture, None, CALIBRATION.intrinsics, CALIBRATION.pose, self._due)

    def reconnect(self) -> None: ...

    def close(self) -> None: ...


class Careless(Queueing):
    """Says that it measures depth; its matrix is of a larger picture; it cannot be closed."""

    measures_depth = True

    def take(self) -> CameraFrame:
        picture, depth = np.zeros((120, 160, 3), np.uint8), np.zeros((120, 160), np.float32)
        pose = Pose((0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 2.0))
        return CameraFrame(picture, depth, CALIBRATION.intrinsics * [[1], [1], [1]], pose, time.monotonic())


class Open(Queueing):
    def take(self) -> CameraFrame:
        return replace(super().take(), time_s=time.monotonic())


@pytest.mark.parametrize(
    ("kind", "findings"),
    [
        (Queueing, ["take().time_s: -0."]),
        (Careless, ["take().depth: metres above 0", "take().pose: its quaternion"]),
        (Open, ["close(): take() must raise ConnectionLost"]),
    ],
)
def test_broken_rules_are_found(kind: type[Queueing], findings: list[str]) -> None:
    found = check_driver(kind())  # type: ignore[arg-type]
    assert len(found) == len(findings)
    for finding, line in zip(findings, found, strict=True):
        assert line.startswith(finding), found


def test_a_film_plays_at_its_own_pace_and_ends(film: Path) -> None:
    began = time.monotonic()
    camera = connect_camera(f"camera:{film}", CALIBRATION)
    assert camera.take().rgb[120, 160] == pytest.approx((200, 30, 30), abs=8)
    time.sleep(max(0.0, began + 0.65 - time.monotonic()))
    frame = camera.take()
    assert frame.rgb[120, 160] == pytest.approx((30, 30, 200), abs=8)  # what is there now, not what came next
    assert frame.time_s > began + 0.6
    time.sleep(0.5)
    with pytest.raises(ConnectionLost, match=r"gives no more frames \(it has ended\).*reconnect"):
        camera.take()
    camera.reconnect()
    assert camera.take().rgb[120, 160] == pytest.approx((200, 30, 30), abs=8)
    camera.close()
    with pytest.raises(ConnectionLost, match="is closed; reconnect"):
        camera.take()


def test_what_does_not_work_is_said(film: Path, tmp_path: Path) -> None:
    with pytest.raises(ConnectionLost, match="there is no /dev/video77: plug the camera in"):
        connect_camera("camera:/dev/video77", CALIBRATION)
    text = tmp_path / "text.mp4"
    text.write_text("no film")
    with pytest.raises(ConnectionLost, match="does not work as a camera"):
        connect_camera(f"camera:{text}", CALIBRATION)
    with pytest.raises(DriverError, match="320 x 240 pixels, and was calibrated with 640 x 480"):
        connect_camera(f"camera:{film}", replace(CALIBRATION, width=640, height=480))
    with pytest.raises(TaskError, match="camera:/dev/video0"):
        connect_camera("/dev/video0", CALIBRATION)
    with pytest.raises(TaskError, match="connect_camera"):
        connect("camera:/dev/video0")


def test_a_camera_that_falls_silent_is_told() -> None:
    with pytest.raises(ConnectionLost, match=r"gave no frame for 0\.3 s"):
        VideoCamera("lavfi:testsrc2=size=320x240:rate=1,realtime", CALIBRATION, timeout=0.3)


# Calibration

GOOD = """
width: 640
height: 480
fx: 610.2
fy: 611.0
cx: 318.9
cy: 244.1
distortion: [0.08, -0.2, 0.001, 0.0005, 0.1]
fixed_to: tool
position: [0.05, 0.0, -0.06]
quaternion: [0.0, 0.0, 0.7071068, 0.7071068]
"""


def test_a_calibration_is_read(tmp_path: Path) -> None:
    path = tmp_path / "camera.yaml"
    path.write_text(GOOD)
    found = CameraCalibration.load(path)
    assert found.fixed_to == "tool"
    assert found.intrinsics.tolist() == [[610.2, 0.0, 318.9], [0.0, 611.0, 244.1], [0.0, 0.0, 1.0]]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("fx: 610.2", "fx: -1", "fx and fy must be above 0"),
        ("fx: 610.2", "fx: .nan", "finite"),
        ("cx: 318.9", "cx: 1000", r"\(cx, cy\) must lie in the picture"),
        ("0.7071068, 0.7071068", "0.7, 0.1", "length 1"),
        ("fixed_to: tool", "fixed_to: hand", "fixed_to: .*'base' or 'tool'"),
        ("width: 640", "width: 1000000", "from 16 to 8192"),
        ("width: 640\n", "", "width: .*required"),
        ("width: 640", "widht: 640\nwidth: 640", "widht"),
        ("fx: 610.2", "fx: 1\nfx: 2", "'fx' is there twice"),
        ("distortion: [0.08, -0.2, 0.001, 0.0005, 0.1]", "distortion: [0.1]", "distortion"),
    ],
)
def test_a_wrong_calibration_names_the_key(tmp_path: Path, old: str, new: str, says: str) -> None:
    path = tmp_path / "camera.yaml"
    assert old in GOOD
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(TaskError, match=says):
        CameraCalibration.load(path)


def test_a_lens_is_taken_out_of_pictures() -> None:
    """A picture whose brightness is smooth in the pinhole's coordinates, bent by the lens, comes out straight."""
    calibration = replace(CALIBRATION, distortion=(0.12, -0.05, 0.002, -0.001, 0.01))
    v, u = np.mgrid[0:240, 0:320].astype(float)
    columns, rows = distorted(calibration, u, v)

    def straight(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        return 120.0 + 0.2 * u + 0.1 * v

    # The bent picture at (column, row): find the pinhole's (u, v) that lands there, by fixed-point iteration.
    pinhole_u, pinhole_v = u.copy(), v.copy()
    for _ in range(50):
        at_u, at_v = distorted(calibration, pinhole_u, pinhole_v)
        pinhole_u, pinhole_v = pinhole_u + u - at_u, pinhole_v + v - at_v
    bent = np.repeat(np.rint(straight(pinhole_u, pinhole_v)).astype(np.uint8)[..., None], 3, axis=2)
    made = Rectifier(calibration)(bent)[..., 0].astype(float)
    inside = (columns >= 0) & (columns <= 319) & (rows >= 0) & (rows <= 239)
    assert 0.5 < inside.mean() < 1.0
    assert np.abs(made - straight(u, v))[inside].max() <= 1.5
    assert np.abs(bent[..., 0].astype(float) - straight(u, v)).max() > 2.0
    assert not made[~inside].any()


def test_a_matrix_follows_the_size_of_the_picture() -> None:
    frame = CameraFrame(np.zeros((240, 320, 3), np.uint8), None, CALIBRATION.intrinsics, CALIBRATION.pose, 0.0)
    matrix = resized_intrinsics(frame, 160, 60)
    assert matrix[0].tolist() == [150.0, 0.0, 79.5]  # the middle of the picture stays its middle
    assert matrix[1].tolist() == [0.0, 75.0, 29.5]


# What programs get


def test_programs_of_a_real_arm_see(dry: RealArm) -> None:
    dry.add_camera("front", SimulatedCamera(dry.world, "front"))
    dry.add_camera("desk", VideoCamera(TEST_SOURCE, CALIBRATION))
    dry.add_camera("wrist", VideoCamera(TEST_SOURCE, replace(CALIBRATION, fixed_to="tool")))
    with pytest.raises(TaskError, match="already"):
        dry.add_camera("desk", SimulatedCamera(dry.world, "front"))
    with Sandbox(dry.toolbox()) as sandbox:
        result = sandbox.run(
            "assert camera.rgb('desk', width=160, height=120).shape == (120, 160, 3)\n"
            "assert camera.rgb('desk').std() > 20\n"
            "cloud = camera.point_cloud('front')\n"
            "try:\n"
            "    camera.depth('desk')\n"
            "except NoDepth as refusal:\n"
            "    print(refusal)\n"
            "tool = arm.tool_pose().position\n"
            "matrix = camera.intrinsics('desk', 160, 120)\n"
            "(camera.names(), camera.pose('desk'), camera.pose('wrist'), tool, cloud, matrix)"
        )
    assert result.ok, result.error
    names, desk, wrist, tool, cloud, matrix = result.value
    assert names == ["front", "desk", "wrist"]
    assert result.stdout == "camera 'desk' measures no depth; front does\n"
    assert desk[:3, 3] == pytest.approx((0.4, 0.0, 0.6))
    assert desk[:3, 2] == pytest.approx((0.0, 0.0, -1.0))
    # The hand looks down, and the camera is mounted the other way round: 0.6 m along the hand's axis is below it.
    assert wrist[:3, 3] == pytest.approx((tool[0] + 0.4, tool[1], tool[2] - 0.6), abs=5e-3)
    assert matrix[0, 2] == pytest.approx(79.5)
    table = cloud[np.isfinite(cloud).all(axis=-1)]
    assert np.abs(table[:, 2]).min() < 2e-3


@pytest.fixture(scope="module")
def furnished() -> Iterator[BulletWorld]:
    """What the cameras see: the models of the arms below know nothing of it."""
    bodies = [
        BodySpec("cube", "box", (0.04, 0.04, 0.04), color="red"),
        BodySpec("can", "cylinder", (0.05, 0.05, 0.08), color="blue"),
    ]
    with BulletWorld(bodies) as world:
        world.reset([Placement("cube", "a", (0.45, 0.15, 0.02)), Placement("can", "b", (0.55, -0.2, 0.04))])
        yield world


def test_things_are_found_in_pictures_alone(dry: RealArm, furnished: BulletWorld) -> None:
    for name in ("overhead", "left"):
        dry.add_camera(name, SimulatedCamera(furnished, name, 400, 300))
    dry.add_camera("desk", VideoCamera(TEST_SOURCE, CALIBRATION))
    with Sandbox(dry.toolbox()) as sandbox:
        result = sandbox.run(
            "found = {thing.color: thing for thing in camera.detect()}\n"
            "[(name, found[name].shape, found[name].position, found[name].size) for name in sorted(found)]"
        )
    assert result.ok, result.error
    (blue, can, at, size), (red, cube, where, _) = result.value
    assert (blue, can, red, cube) == ("blue", "cylinder", "red", "box"), "and nothing of the arm"
    assert at == pytest.approx((0.55, -0.2, 0.04), abs=4e-3)
    assert size == pytest.approx((0.05, 0.05, 0.08), abs=6e-3)
    assert where == pytest.approx((0.45, 0.15, 0.02), abs=4e-3)


def test_the_camera_tier_takes_any_cameras(dry: RealArm, furnished: BulletWorld) -> None:
    cameras: dict[str, Camera] = {name: SimulatedCamera(furnished, name, 400, 300) for name in ("overhead", "left")}
    base, home = dry.world.controller.kinematics.base, dry.world.controller.tool()
    tier = CameraTier(dry.world, RealPictures(cameras, base, lambda: home), tuple(cameras))
    assert set(tier.names()) == {"red block", "blue cylinder"}
    assert tier.find("the block left of the cylinder") == "red block"
    blind = {"desk": VideoCamera(TEST_SOURCE, CALIBRATION)}
    with pytest.raises(NoDepth, match="measures no depth"):
        CameraTier(dry.world, RealPictures(blind, base, lambda: home), tuple(blind))


def test_without_depth_nothing_is_detected(dry: RealArm) -> None:
    dry.add_camera("desk", VideoCamera(TEST_SOURCE, CALIBRATION))
    assert "detect" not in dry.toolbox().stubs()
    assert "rgb" in dry.toolbox().stubs()


def test_closing_the_arm_closes_its_cameras() -> None:
    camera = VideoCamera(TEST_SOURCE, CALIBRATION)
    with connect("panda:dry-run") as robot:
        robot.add_camera("desk", camera)
    with pytest.raises(ConnectionLost):
        camera.take()


def test_no_depth_names_what_there_is() -> None:
    from codeact_envs.bullet.perception.camera_tools import PictureApi

    pictures = RealPictures({"desk": VideoCamera(TEST_SOURCE, CALIBRATION)}, np.eye(4), lambda: np.eye(4))
    with pytest.raises(NoDepth, match="rgb, intrinsics and pose are what there is"):
        PictureApi(pictures).depth("desk")
    with pytest.raises(UnknownObject, match="there are desk"):
        PictureApi(pictures).rgb("front")
