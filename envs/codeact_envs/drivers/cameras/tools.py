"""Pictures of real cameras for programs: the tools that they have in simulation, and what is found in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from PIL import Image

from codeact.tools import Toolbox, tool
from codeact_envs.bullet.errors import NoDepth, UnknownObject
from codeact_envs.bullet.geometry.rotations import matrix_of
from codeact_envs.bullet.perception.camera_tier import HEIGHT, WIDTH
from codeact_envs.bullet.perception.camera_tools import PICTURE_ERRORS, PICTURE_TOOLS, PictureApi
from codeact_envs.bullet.perception.detector import Detection, OrientedBox, look
from codeact_envs.bullet.perception.pictures import Calibration, Shot
from codeact_envs.drivers.errors import ConnectionLost, DriverError
from codeact_envs.drivers.protocols import Array, Camera, CameraFrame


class RealPictures:
    """Real cameras by name, as `PictureApi` takes them: any size is made from the camera's own.

    Args:
        cameras: by name.
        base: the pose (4, 4) of the robot's base in the world frame.
        tool: what gives the measured pose (4, 4) of the tool centre point in the world frame.
    """

    def __init__(self, cameras: Mapping[str, Camera], base: Array, tool: Callable[[], Array]) -> None:
        self._cameras, self._base, self._tool = dict(cameras), base, tool

    def names(self) -> tuple[str, ...]:
        """See `PictureSource`."""
        return tuple(self._cameras)

    def pose(self, name: str) -> Array:
        """See `PictureSource`."""
        return self._pose(self._camera(name), self._camera(name).take())

    def calibration(self, name: str, width: int, height: int) -> Calibration:
        """See `PictureSource`."""
        camera = self._camera(name)
        frame = camera.take()
        return Calibration(width, height, resized_intrinsics(frame, width, height), self._pose(camera, frame))

    def take(self, name: str, width: int, height: int) -> Shot:
        """See `PictureSource`."""
        camera = self._camera(name)
        frame = camera.take()
        calibration = Calibration(width, height, resized_intrinsics(frame, width, height), self._pose(camera, frame))
        rgb = np.asarray(Image.fromarray(frame.rgb).resize((width, height), Image.Resampling.BILINEAR))
        return Shot(rgb, _resized_depth(frame, width, height), None, calibration)

    def require_depth(self, name: str) -> None:
        """See `PictureSource`."""
        if not self._camera(name).measures_depth:
            others = self.deep()
            raise NoDepth(
                f"camera {name!r} measures no depth; "
                + (f"{', '.join(others)} does" if others else "rgb, intrinsics and pose are what there is")
            )

    def deep(self) -> tuple[str, ...]:
        """Names of the cameras that measure depth."""
        return tuple(name for name, camera in self._cameras.items() if camera.measures_depth)

    def _camera(self, name: str) -> Camera:
        if name not in self._cameras:
            raise UnknownObject(f"no camera is called {name!r}; there are {', '.join(self._cameras)}")
        return self._cameras[name]

    def _pose(self, camera: Camera, frame: CameraFrame) -> Array:
        return (self._tool() if camera.fixed_to == "tool" else self._base) @ matrix_of(frame.pose)


def resized_intrinsics(frame: CameraFrame, width: int, height: int) -> Array:
    """The camera matrix of a frame's picture when that is made so large. The middle of the first pixel is (0, 0)."""
    across, down = width / frame.rgb.shape[1], height / frame.rgb.shape[0]
    matrix = np.diag([across, down, 1.0]) @ frame.intrinsics
    matrix[:2, 2] += (across - 1.0) / 2.0, (down - 1.0) / 2.0
    return matrix


def _resized_depth(frame: CameraFrame, width: int, height: int) -> Array:
    """Of the nearest pixel: a mean of two distances is one at which nothing is."""
    if frame.depth is None:
        return np.full((height, width), np.inf)
    rows = ((np.arange(height) + 0.5) * frame.depth.shape[0] / height).astype(np.intp)
    columns = ((np.arange(width) + 0.5) * frame.depth.shape[1] / width).astype(np.intp)
    depth: Array = frame.depth[rows[:, None], columns].astype(float)
    return depth


class RealPictureApi(PictureApi):
    """Take pictures, and find things in them; neither moves anything.

    A camera's frame: x to the right in the picture, y down, z into it. The pixel in column u and row v that is `depth`
    metres away shows the point ((u - cx) / fx * depth, (v - cy) / fy * depth, depth) of that frame.

    Args:
        pictures: of the cameras.
        robot: what gives the space that the robot itself takes now.
    """

    def __init__(self, pictures: RealPictures, robot: Callable[[], Sequence[OrientedBox]]) -> None:
        super().__init__(pictures)
        self._pictures, self._robot = pictures, robot

    @tool(effect="read")
    def detect(self) -> list[Detection]:
        """The things that stand on the table now, the highest first, found by colour and shape in the pictures of all
        cameras that measure depth. Each has `shape` ("box", "cylinder", "bowl", or "zone" for what is flat), `color`,
        `size` (x, y, z) in metres, `position` of its centre and `yaw`, both in the world frame, and `confidence` from 0
        to 1. Raises NoDepth."""
        shots = [self._pictures.take(name, WIDTH, HEIGHT) for name in self._pictures.deep()]
        return list(look(shots, self._robot()).detections)


REAL_PICTURE_TOOLS = (*PICTURE_TOOLS, "detect")


def picture_tools(pictures: RealPictures, robot: Callable[[], Sequence[OrientedBox]]) -> Toolbox:
    """The tools in the group `camera`; `robot` as for `RealPictureApi`. Without depth nothing can be detected."""
    errors = (*PICTURE_ERRORS, DriverError, ConnectionLost)
    allow = REAL_PICTURE_TOOLS if pictures.deep() else PICTURE_TOOLS
    return Toolbox.of(RealPictureApi(pictures, robot), allow=allow, name="camera", errors=errors)
