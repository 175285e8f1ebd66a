"""Rotations as matrices, quaternions (x, y, z, w), and turns: an axis (3,) as long as the angle in radians."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from codeact_envs.bullet.geometry.poses import Pose, Quaternion, Vector3

Array = NDArray[np.float64]


def rotation_matrix(quaternion: tuple[float, float, float, float]) -> list[list[float]]:
    x, y, z, w = quaternion
    return [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]


def quaternion_of(rotation: Array) -> Quaternion:
    """The quaternion of a rotation matrix (3, 3), w not negative: Shepperd's method, by the largest of four parts."""
    (a, b, c), (d, e, f), (g, h, i) = rotation.tolist()
    parts = [1.0 + a - e - i, 1.0 - a + e - i, 1.0 - a - e + i, 1.0 + a + e + i]
    rows = [
        (parts[0], b + d, c + g, h - f),
        (b + d, parts[1], f + h, c - g),
        (c + g, f + h, parts[2], d - b),
        (h - f, c - g, d - b, parts[3]),
    ]
    largest = parts.index(max(parts))
    scale = 0.5 / math.sqrt(parts[largest])
    if rows[largest][3] < 0.0:
        scale = -scale
    x, y, z, w = (value * scale for value in rows[largest])
    return (x, y, z, w)


def from_roll_pitch_yaw(rotation: Vector3) -> Quaternion:
    """The quaternion of a turn about x, then y, then z, each an axis of the fixed frame; radians."""
    (sx, sy, sz), (cx, cy, cz) = (
        tuple(function(angle / 2.0) for angle in rotation) for function in (math.sin, math.cos)
    )
    return (
        sx * cy * cz - cx * sy * sz,
        cx * sy * cz + sx * cy * sz,
        cx * cy * sz - sx * sy * cz,
        cx * cy * cz + sx * sy * sz,
    )


def roll_pitch_yaw(matrix: Array) -> tuple[float, float, float]:
    """The turn of a matrix (3, 3) or (4, 4) as `from_roll_pitch_yaw` takes it; the pitch lies within a quarter turn."""
    (a, b, _), (d, e, _), (g, h, i) = matrix[:3, :3].tolist()
    cosine = math.hypot(a, d)
    if cosine < 1e-12:  # roll and yaw turn about one axis
        return (0.0, math.atan2(-g, cosine), math.atan2(-b, e))
    return (math.atan2(h, i), math.atan2(-g, cosine), math.atan2(d, a))


def turn_between(now: Array, goal: Array) -> Array:
    """The turn in the world frame, of at most half a revolution, that leads from one rotation matrix to another."""
    x, y, z, w = quaternion_of(goal @ now.T)
    sine = math.sqrt(x * x + y * y + z * z)
    if sine < 1e-12:
        return np.zeros(3)
    return np.array([x, y, z]) * (2.0 * math.atan2(sine, w) / sine)


def pose_of(matrix: Array) -> Pose:
    """A pose given as a matrix (4, 4)."""
    x, y, z = matrix[:3, 3].tolist()
    return Pose((x, y, z), quaternion_of(matrix[:3, :3]))


def matrix_of(pose: Pose) -> Array:
    """A pose as a matrix (4, 4)."""
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = rotation_matrix(pose.quaternion), pose.position
    return matrix
