"""A robot that moves about on a floor, or above it, as a `World`."""

from __future__ import annotations

from codeact_envs.tasks.robot_world import RobotWorld
from codeact_envs.tasks.snapshot import FLOOR


class FloorWorld(RobotWorld):
    """A wheeled base, with or without an arm, or a drone. It begins each episode at the world's origin."""

    heading = (
        "On the floor (centres in metres; x forward, y left, z up; the robot began at the origin, looking along x):"
    )
    ground = FLOOR
