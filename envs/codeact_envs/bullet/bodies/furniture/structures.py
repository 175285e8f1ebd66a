"""What robots that move about must find their way around or through. All of it stands fast."""

from __future__ import annotations

from codeact_envs.bullet.bodies.assembly import Assembly, Hollow, Solid
from codeact_envs.bullet.geometry.poses import Vector3

_FRAME = 0.06  # metres across the bars of a gate


def wall(size: Vector3) -> Assembly:
    return Assembly((Solid("box", size),), anchored=True)


def pillar(size: Vector3) -> Assembly:
    return Assembly((Solid("cylinder", size),), anchored=True)


def gate(size: Vector3) -> Assembly:
    """A square frame on two posts, to fly through along x; as wide as its size y, its top at the size's z."""
    x, y, z = size
    if z < y:
        raise ValueError(f"a gate is at least as high as it is wide, not {size!r}")
    opening = y - 2.0 * _FRAME
    middle = z / 2.0 - _FRAME - opening / 2.0  # of the opening, in the body's frame
    bars = (
        Solid("box", (x, opening, _FRAME), (0.0, 0.0, middle + side * (opening + _FRAME) / 2.0)) for side in (1.0, -1.0)
    )
    posts = (Solid("box", (x, _FRAME, z), (0.0, side * (y - _FRAME) / 2.0, 0.0)) for side in (1.0, -1.0))
    return Assembly((*posts, *bars), anchored=True, hollow=Hollow((0.0, 0.0, middle), (x, opening, opening)))
