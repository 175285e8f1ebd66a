"""What a camera gives, whoever made it: pictures with depth, and their geometry. It knows no simulator.

A camera's frame: x to the right in the picture, y down, z into it. A pixel (column u, row v) looks along
((u - cx) / fx, (v - cy) / fy, 1) in that frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Calibration:
    """A camera's geometry when a picture was taken.

    Attributes:
        width, height: pixels.
        intrinsics: (3, 3): fx, 0, cx; 0, fy, cy; 0, 0, 1; pixels.
        extrinsics: (4, 4): the camera's pose in the world frame, metres. It takes points of the camera's frame to the
            world frame; its inverse takes them back.
    """

    width: int
    height: int
    intrinsics: Array
    extrinsics: Array


@dataclass(frozen=True)
class Shot:
    """A picture with depth.

    Attributes:
        rgb: uint8 (height, width, 3).
        depth: float64 (height, width), metres along the camera's z axis; infinite where nothing is.
        bodies: int (height, width), the simulator's numbers of the bodies seen, -1 for none; None unless asked for.
        calibration: of the camera at that moment.
    """

    rgb: NDArray[np.uint8]
    depth: Array
    bodies: NDArray[np.int64] | None
    calibration: Calibration

    def points(self) -> Array:
        """Each pixel's point in the world frame, (height, width, 3), metres; infinite or NaN where nothing is."""
        inside, pose = self.calibration.intrinsics, self.calibration.extrinsics
        height, width = self.depth.shape
        u, v = np.meshgrid(np.arange(width, dtype=float), np.arange(height, dtype=float))
        rays = np.stack(
            [(u - inside[0, 2]) / inside[0, 0], (v - inside[1, 2]) / inside[1, 1], np.ones_like(u)], axis=-1
        )
        with np.errstate(invalid="ignore"):
            points: Array = (rays * self.depth[..., None]) @ pose[:3, :3].T + pose[:3, 3]
        return points


class PictureSource(Protocol):
    """Cameras by name, simulated or real. All raise `UnknownObject` where no camera has the name."""

    def names(self) -> tuple[str, ...]:
        """Of the cameras."""

    def pose(self, name: str) -> Array:
        """Of a camera in the world frame now, (4, 4), metres."""

    def calibration(self, name: str, width: int, height: int) -> Calibration:
        """The geometry of pictures of a size, now."""

    def take(self, name: str, width: int, height: int) -> Shot:
        """A picture. Where the camera measures no depth, that is infinite everywhere."""

    def require_depth(self, name: str) -> None:
        """Raise `NoDepth` unless the camera measures depth."""
