"""Low-poly visual meshes of round bodies: few triangles keep the software renderer fast.

Each is made once: pybullet never gives up the lists that it is handed.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from functools import lru_cache

Point = tuple[float, float]

BOWL_BASE = 0.62  # radius of a bowl's underside, as a share of its rim's
BOWL_WALL = 0.006  # metres
_SEGMENTS = 28


@dataclass(frozen=True)
class Mesh:
    """Triangles as Bullet takes them: vertices and normals (n, 3) in metres, indices three a triangle."""

    vertices: list[list[float]]
    indices: list[int]
    normals: list[list[float]]


@lru_cache(maxsize=256)
def cylinder(radius: float, height: float) -> Mesh:
    """An upright cylinder about its centre; metres."""
    half = height / 2.0
    return _revolve([(0.0, -half), (radius, -half), (radius, half), (0.0, half)])


@lru_cache(maxsize=256)
def sphere(radius: float) -> Mesh:
    """A ball about its centre; metres."""
    steps = _SEGMENTS // 4
    angles = (math.pi * (step / steps - 0.5) for step in range(1, steps))
    ring = ((radius * math.cos(angle), radius * math.sin(angle)) for angle in angles)
    return _revolve([(0.0, -radius), *ring, (0.0, radius)])


@lru_cache(maxsize=256)
def bowl(radius: float, height: float, floor: float) -> Mesh:
    """A bowl, open above, about the centre of its extents. `floor`: how thick its bottom is; metres."""
    return vessel(radius, radius * BOWL_BASE, height, BOWL_WALL, floor)


@lru_cache(maxsize=256)
def vessel(radius: float, base: float, height: float, wall: float, floor: float) -> Mesh:
    """A round vessel, open above, that widens from the radius `base` to `radius`, about the centre of its extents.
    `wall` and `floor`: how thick they are; metres."""
    half = height / 2.0
    inner = base - wall + (radius - base) / height * floor
    outline = [(0.0, -half), (base, -half), (radius, half), (radius - wall, half)]
    return _revolve([*outline, (inner, -half + floor), (0.0, -half + floor)])


def _revolve(outline: list[Point]) -> Mesh:
    """Turn an outline of (radius, z), counter-clockwise seen with z up, about z. Each stretch has its own normals."""
    vertices: list[list[float]] = []
    normals: list[list[float]] = []
    indices: list[int] = []
    for (r0, z0), (r1, z1) in itertools.pairwise(outline):
        length = math.hypot(r1 - r0, z1 - z0)
        out, up = (z1 - z0) / length, -(r1 - r0) / length
        first = len(vertices)
        for segment in range(_SEGMENTS + 1):
            angle = 2.0 * math.pi * segment / _SEGMENTS
            c, s = math.cos(angle), math.sin(angle)
            vertices += [[r0 * c, r0 * s, z0], [r1 * c, r1 * s, z1]]
            normals += [[out * c, out * s, up]] * 2
        for segment in range(_SEGMENTS):
            a = first + 2 * segment
            if r0 > 0.0:
                indices += [a, a + 2, a + 1]
            if r1 > 0.0:
                indices += [a + 1, a + 2, a + 3]
    return Mesh(vertices, indices, normals)
