"""What must be known of a camera before its pixels are places: its lens and where it is fixed, in a YAML file."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from codeact.errors import TaskError
from codeact.yaml_files import read_yaml
from codeact_envs.bullet.geometry.poses import Pose
from codeact_envs.bullet.robots.description import validated
from codeact_envs.drivers.protocols import Array

_LARGEST = 8192  # pixels on a side


@dataclass(frozen=True)
class CameraCalibration:
    """One camera, as a calibration with a chessboard finds it.

    Attributes:
        width, height: of its pictures, pixels.
        fx, fy, cx, cy: focal lengths and principal point, pixels; the middle of the first pixel is (0, 0).
        position, quaternion: of the camera in the frame that it is fixed to: metres, and (x, y, z, w). Its x axis looks
            to the right in the picture, y down, z into it.
        fixed_to: "base", the frame of the robot's base; or "tool", that of the tool centre point.
        distortion: k1, k2, p1, p2, k3 of Brown's model, as OpenCV and ROS's `plumb_bob` have it; zeros for none.
    """

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    position: tuple[float, float, float]
    quaternion: tuple[float, float, float, float]
    fixed_to: Literal["base", "tool"] = "base"
    distortion: tuple[float, float, float, float, float] = (0.0, 0.0, 0.0, 0.0, 0.0)

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012  a misspelt key must not be silently left out

    def __post_init__(self) -> None:
        if not (16 <= self.width <= _LARGEST and 16 <= self.height <= _LARGEST):
            raise ValueError(f"width and height must lie from 16 to {_LARGEST} pixels")
        numbers = (self.fx, self.fy, self.cx, self.cy, *self.position, *self.quaternion, *self.distortion)
        if not all(map(math.isfinite, numbers)):
            raise ValueError("all numbers must be finite")
        if self.fx <= 0.0 or self.fy <= 0.0:
            raise ValueError("fx and fy must be above 0")
        if not (0.0 <= self.cx < self.width and 0.0 <= self.cy < self.height):
            raise ValueError("(cx, cy) must lie in the picture")
        if abs(math.hypot(*self.quaternion) - 1.0) > 1e-3:
            raise ValueError("quaternion must be of length 1: x, y, z, w")

    @staticmethod
    def load(path: str | Path) -> CameraCalibration:
        """Read a calibration file.

        Raises:
            TaskError: there is no such file, or it is wrong; the message names the key.
        """
        source = Path(path)
        data = read_yaml(source, TaskError)
        if not isinstance(data, dict):
            raise TaskError(f"{source}: a camera's calibration is a mapping with width, height, fx, fy, cx, cy, ...")
        return validated(source, CameraCalibration, data)

    @property
    def intrinsics(self) -> Array:
        """The camera matrix (3, 3)."""
        return np.array([[self.fx, 0.0, self.cx], [0.0, self.fy, self.cy], [0.0, 0.0, 1.0]])

    @property
    def pose(self) -> Pose:
        """In the frame that it is fixed to."""
        return Pose(self.position, self.quaternion)


class Rectifier:
    """Takes the bend of the lens out of pictures: what it gives is what a pinhole with the same matrix would see. What
    lay outside of the picture is black.

    Source: D. C. Brown, "Decentering distortion of lenses", Photogrammetric Engineering 32, 1966, in OpenCV's
    parameters.
    """

    def __init__(self, calibration: CameraCalibration) -> None:
        self._idle = not any(calibration.distortion)
        if self._idle:
            return
        width, height = calibration.width, calibration.height
        u, v = np.meshgrid(np.arange(width, dtype=float), np.arange(height, dtype=float))
        columns, rows = distorted(calibration, u, v)
        inside = (columns >= 0.0) & (columns <= width - 1.0) & (rows >= 0.0) & (rows <= height - 1.0)
        left = np.clip(np.floor(columns), 0, width - 2).astype(np.intp)
        top = np.clip(np.floor(rows), 0, height - 2).astype(np.intp)
        across, down = np.clip(columns - left, 0.0, 1.0), np.clip(rows - top, 0.0, 1.0)
        self._corners = [(top + y) * width + left + x for y in (0, 1) for x in (0, 1)]
        shares = [(1.0 - across) * (1.0 - down), across * (1.0 - down), (1.0 - across) * down, across * down]
        self._shares = [np.where(inside, share, 0.0).astype(np.float32)[..., None] for share in shares]

    def __call__(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A picture (height, width, 3) without the bend."""
        if self._idle:
            return rgb
        pixels = rgb.reshape(-1, 3).astype(np.float32)
        straight = np.zeros((*rgb.shape[:2], 3), np.float32)
        for corner, share in zip(self._corners, self._shares, strict=True):
            straight += share * pixels[corner]
        return np.rint(straight).astype(np.uint8)


def distorted(calibration: CameraCalibration, u: Array, v: Array) -> tuple[Array, Array]:
    """Where the lens puts what a pinhole would show at (u, v): column and row, pixels."""
    k1, k2, p1, p2, k3 = calibration.distortion
    x, y = (u - calibration.cx) / calibration.fx, (v - calibration.cy) / calibration.fy
    square = x * x + y * y
    radial = 1.0 + square * (k1 + square * (k2 + square * k3))
    bent_x = x * radial + 2.0 * p1 * x * y + p2 * (square + 2.0 * x * x)
    bent_y = y * radial + p1 * (square + 2.0 * y * y) + 2.0 * p2 * x * y
    return calibration.fx * bent_x + calibration.cx, calibration.fy * bent_y + calibration.cy
