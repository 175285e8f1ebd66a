"""Pictures of real cameras for programs: the tools that they have in simulation."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from PIL import Image

from codeact.tools import Toolbox
from codeact_envs.bullet.errors import NoDepth, UnknownObject
from codeact_envs.bullet.geometry.rotations import matrix_of
from codeact_envs.bullet.perception.camera_tools import PICTURE_ERRORS, PICTURE_TOOLS, PictureApi
from codeact_envs.bullet.perception.cameras import Calibration, Shot
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
            others = [other for other, camera in self._cameras.items() if camera.measures_depth]
            raise NoDepth(
                f"camera {name!r} measures no depth; "
                + (f"{', '.join(others)} does" if others else "rgb, intrinsics and pose are what there is")
            )

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


def picture_tools(pictures: RealPictures) -> Toolbox:
    """The tools in the group `camera`."""
    errors = (*PICTURE_ERRORS, DriverError, ConnectionLost)
    return Toolbox.of(PictureApi(pictures), allow=PICTURE_TOOLS, name="camera", errors=errors)
