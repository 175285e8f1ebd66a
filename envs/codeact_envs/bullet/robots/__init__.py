"""Descriptions of robots: one YAML file each, read into frozen dataclasses. A class by kind drives them."""

from __future__ import annotations

from codeact_envs.bullet.robots.conformance import check_robot as check_robot
from codeact_envs.bullet.robots.description import ArmDescription as ArmDescription
from codeact_envs.bullet.robots.description import ArmsDescription as ArmsDescription
from codeact_envs.bullet.robots.description import BaseDescription as BaseDescription
from codeact_envs.bullet.robots.description import DroneDescription as DroneDescription
from codeact_envs.bullet.robots.description import MobileArmDescription as MobileArmDescription
from codeact_envs.bullet.robots.description import RobotDescription as RobotDescription
from codeact_envs.bullet.robots.description import load_arm as load_arm
from codeact_envs.bullet.robots.description import load_robot as load_robot
from codeact_envs.bullet.robots.description import robot_names as robot_names

__all__ = [
    "ArmDescription",
    "ArmsDescription",
    "BaseDescription",
    "DroneDescription",
    "MobileArmDescription",
    "RobotDescription",
    "check_robot",
    "load_arm",
    "load_robot",
    "robot_names",
]
