"""Descriptions of robots: one YAML file each, read into frozen dataclasses. A class by kind drives them."""

from __future__ import annotations

from codeact_envs.bullet.robots.description import ArmDescription as ArmDescription
from codeact_envs.bullet.robots.description import load_robot as load_robot

__all__ = ["ArmDescription", "load_robot"]
