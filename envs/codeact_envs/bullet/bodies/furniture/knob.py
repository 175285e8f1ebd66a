"""A knob that turns about the vertical axis, clockwise seen from above, with a bar on it to take hold of."""

from __future__ import annotations

from codeact_envs.bullet.bodies.assembly import Assembly, Grip, Joint, Solid
from codeact_envs.bullet.geometry.poses import Vector3

SIZE = (0.10, 0.10, 0.075)
LEAST = (0.06, 0.06, 0.05)
MASS = 0.1  # kilograms, of what turns
_TRAVEL = 2.0  # radians
_FRICTION = 0.05  # newton metres
_DAMPING = 0.002  # newton metre seconds per radian
_BAR = 0.018  # metres, across the bar
_BAR_HEIGHT = 0.035
_DISC = 0.008
_BASE = "gray"


def knob(size: Vector3) -> Assembly:
    """A base that stands fast, a disc on it and on that a bar, which lies along x at position 0; a white mark shows
    its end on the side of -x."""
    x, y, height = size
    top, across = height / 2.0, 0.85 * min(x, y)
    base = height - _BAR_HEIGHT - _DISC
    bar = Solid("box", (0.8 * across, _BAR, _BAR_HEIGHT), (0.0, 0.0, top - _BAR_HEIGHT / 2.0))
    mark = Solid(
        "box", (0.25 * across, 0.3 * _BAR, 0.001), (-0.25 * across, 0.0, top + 0.0002), color="white", touches=False
    )
    return Assembly(
        (Solid("box", (x, y, base), (0.0, 0.0, -top + base / 2.0), color=_BASE),),
        (Solid("cylinder", (across, across, _DISC), (0.0, 0.0, -top + base + _DISC / 2.0)), bar, mark),
        Joint("revolute", (0.0, 0.0, -1.0), _TRAVEL, _FRICTION, damping=_DAMPING),
        anchored=True,
        grips=(Grip(bar.position, bar.size),),
    )
