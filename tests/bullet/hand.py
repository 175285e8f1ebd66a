"""The arm, moved by hand: no planner, no tools."""

from __future__ import annotations

import math

import numpy as np

from codeact_envs.bullet import BulletWorld


class Hand:
    def __init__(self, world: BulletWorld) -> None:
        self.controller = world.controller

    def jump(self, x: float, y: float, z: float, yaw: float) -> None:
        """Turn the joints until the tool is there, pointing down."""
        c, s = math.cos(yaw), math.sin(yaw)
        pose = np.array([[c, s, 0.0, x], [s, -c, 0.0, y], [0.0, 0.0, -1.0, z], [0.0, 0.0, 0.0, 1.0]])
        kinematics = self.controller.kinematics
        q = kinematics.inverse(pose, kinematics.seeds(x, y, yaw), restarts=20)
        assert q is not None
        assert self.controller.move_joints(q).reached

    def line(self, x: float, y: float, z: float, speed: float = 0.15) -> None:
        self.controller.move_line((x, y, z), speed)

    def grip(self, x: float, y: float, z: float, yaw: float, opening: float = 0.03) -> None:
        """Take hold of what is there, from above. The pads move along y at yaw 0."""
        self.controller.open(opening)
        self.jump(x, y, z + 0.12, yaw)
        self.line(x, y, z)
        self.controller.squeeze()
