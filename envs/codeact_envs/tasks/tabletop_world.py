"""A robot at a table as a `World`."""

from __future__ import annotations

from codeact_envs.tasks.robot_world import RobotWorld
from codeact_envs.tasks.snapshot import TABLE


class TabletopWorld(RobotWorld):
    """One arm or several behind a table."""

    heading = "On the table (centres in metres; x forward, y left, z up from the table top, seen from the robot):"
    ground = TABLE
