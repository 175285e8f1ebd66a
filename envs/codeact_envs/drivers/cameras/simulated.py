"""A camera of a simulated world behind the face of a real one: for a dry run, and as an example."""

from __future__ import annotations

import time
from typing import Literal

import numpy as np

from codeact_envs.bullet.geometry.poses import Pose
from codeact_envs.bullet.geometry.rotations import quaternion_of
from codeact_envs.bullet.perception.cameras import Cameras
from codeact_envs.bullet.world import BulletWorld
from codeact_envs.drivers.errors import ConnectionLost
from codeact_envs.drivers.protocols import CameraFrame


class SimulatedCamera:
    """Takes its pictures in a world with one arm. To be used by the thread that moves the world.

    Args:
        world: whose camera.
        name: of the camera, as programs there call it: "front", "hand".
        width, height: pixels.

    Raises:
        UnknownObject: the world has no such camera.
    """

    fixed_to: Literal["base", "tool"] = "base"  # where one on the hand is now, is told in the frame of the base, too
    measures_depth = True

    def __init__(self, world: BulletWorld, name: str, width: int = 640, height: int = 480) -> None:
        self._world, self._name, self._size = world, name, (width, height)
        self._cameras = Cameras(world)
        self._cameras.pose(name)
        self._open = True

    def take(self) -> CameraFrame:
        """See `Camera.take`."""
        if not self._open:
            raise ConnectionLost(f"the simulated camera {self._name!r} is closed; reconnect() opens it again")
        shot = self._cameras.take(self._name, *self._size)
        pose = np.linalg.inv(self._world.controller.kinematics.base) @ shot.calibration.extrinsics
        x, y, z = pose[:3, 3].tolist()
        place = Pose((x, y, z), quaternion_of(pose[:3, :3]))
        return CameraFrame(
            shot.rgb, shot.depth.astype(np.float32), shot.calibration.intrinsics, place, time.monotonic()
        )

    def reconnect(self) -> None:
        """See `Camera.reconnect`."""
        self._open = True

    def close(self) -> None:
        """See `Camera.close`."""
        self._open = False
