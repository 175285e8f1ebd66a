"""Where things are: positions, quaternions and poses."""

from __future__ import annotations

from dataclasses import dataclass

Vector3 = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]


@dataclass(frozen=True)
class Pose:
    """A pose in the world frame: position (x, y, z) in metres and quaternion (x, y, z, w)."""

    position: Vector3
    quaternion: Quaternion
