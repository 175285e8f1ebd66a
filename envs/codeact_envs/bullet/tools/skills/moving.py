"""Moving the hand, and opening and closing it, by hand."""

from __future__ import annotations

import math

from codeact.tools import tool
from codeact_envs.bullet.handling.planner import Place
from codeact_envs.bullet.motion.trajectories import require_short
from codeact_envs.bullet.tools.skills.skill import ArmSkill


class Moving(ArmSkill):
    """Tools that move the hand where they are told, whatever it is for."""

    @tool(effect="read")
    def held(self) -> str | None:
        """Name of the object in the gripper, or None."""
        return self._held()

    @tool(effect="physical")
    def move_to(self, x: float, y: float, z: float, speed: float = 0.25) -> bool:
        """Move the tool centre point to (x, y, z), metres, world frame, hand pointing down. True when it got there.

        Args:
            speed: of straight lines, metres per second, at most 0.5.

        Raises OutOfReach, KeepOut, TooFast, InCollision.
        """
        self._controller.require_speed(speed)
        now = self._planner.place_now()
        self._controller.require_allowed(x, y, z)
        require_short(math.dist(now.position, (x, y, z)) / speed)
        keep = self._planner.natural_yaw(x, y, now.yaw)
        place = Place(x, y, z, keep)
        if self._planner.posture(place) is None:
            place = Place(x, y, z, self._controller.kinematics.bearing(x, y))
        return self._planner.move(place, speed).reached

    @tool(effect="physical")
    def open_gripper(self, width: float | None = None) -> None:
        """Open the gripper fully, or until its pads are `width` metres apart, letting go of what it holds.

        Raises OutOfReach.
        """
        self._open(self._robot.gripper.opening if width is None else width)

    @tool(effect="physical")
    def close_gripper(self, force: float | None = None) -> bool:
        """Close the gripper, with at most `force` newtons of each finger. True when it then holds something.

        Raises TooStrong.
        """
        return self._squeeze(force) is not None and self._held() is not None

    @tool(effect="physical")
    def home(self) -> bool:
        """Move the arm back to its home posture, above the table. True when it got there."""
        self._controller.require_running()
        now = self._planner.place_now()
        height = self._planner.transit_height()
        if now.z < height:
            self._lift(height - now.z)
        return self._controller.move_joints(self._arm.home).reached
