"""A robot that moves about on a floor, or above it, as a `World`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from codeact_envs.scenes.specification import Kind
from codeact_envs.tasks.robot_world import RobotWorld
from codeact_envs.tasks.snapshot import FLOOR

if TYPE_CHECKING:
    from codeact_envs.bullet import BulletWorld
    from codeact_envs.bullet.robots.description import Volume


class FloorWorld(RobotWorld):
    """A wheeled base, with or without an arm, or a drone. It begins each episode at the world's origin."""

    heading = (
        "On the floor (centres in metres; x forward, y left, z up; the robot began at the origin, looking along x):"
    )
    ground = FLOOR

    def __init__(
        self,
        kinds: Mapping[str, Kind],
        robot: str,
        perception: str = "privileged",
        tier: str = "high",
        bullet: BulletWorld | None = None,
        keep_out: Sequence[Volume] = (),
    ) -> None:
        super().__init__(kinds, robot, perception, tier, bullet, keep_out)
        from codeact_envs.bullet.engine.camera import Camera

        self.bullet.camera = Camera(eye=(-2.6, -3.4, 3.6), target=(0.7, 0.2, 0.0), field_of_view=56.0, far=20.0)
