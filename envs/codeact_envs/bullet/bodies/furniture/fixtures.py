"""What a block is fitted into: a frame around a hole, and a bracket for its corner. They stand fast."""

from __future__ import annotations

from codeact_envs.bullet.bodies.assembly import Assembly, Solid
from codeact_envs.bullet.geometry.poses import Vector3

PLAY = 0.003  # metres between a peg and the sides of its hole
PEG: Vector3 = (0.03, 0.05, 0.07)
BRACKET_WALL = 0.012  # metres, across


def frame(size: Vector3) -> Assembly:
    """A frame with a hole through its middle for a peg of 30 x 50 mm, the longer side along y."""
    x, y, z = size
    hole_x, hole_y = PEG[0] + 2.0 * PLAY, PEG[1] + 2.0 * PLAY
    side_x, side_y = (x - hole_x) / 2.0, (y - hole_y) / 2.0
    if min(side_x, side_y) <= 0.0:
        raise ValueError(f"a frame is wider than its hole, {hole_x:g} x {hole_y:g} m; not {size!r}")
    return Assembly(
        (
            *(Solid("box", (side_x, y, z), (end * (hole_x + side_x) / 2.0, 0.0, 0.0)) for end in (1.0, -1.0)),
            *(Solid("box", (hole_x, side_y, z), (0.0, end * (hole_y + side_y) / 2.0, 0.0)) for end in (1.0, -1.0)),
        ),
        anchored=True,
        lateral_friction=0.3,
    )


def bracket(size: Vector3) -> Assembly:
    """Two low walls that meet in a corner, on the sides of -x and -y: an L."""
    x, y, z = size
    wall = BRACKET_WALL
    return Assembly(
        (
            Solid("box", (x, wall, z), (0.0, (wall - y) / 2.0, 0.0)),
            Solid("box", (wall, y - wall, z), ((wall - x) / 2.0, wall / 2.0, 0.0)),
        ),
        anchored=True,
        lateral_friction=0.3,
    )
