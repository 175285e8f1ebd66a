"""A push button on a base: it gives way when it is pressed from above and comes back when it is let go."""

from __future__ import annotations

from codeact_envs.bullet.bodies.assembly import Assembly, Grip, Joint, Solid
from codeact_envs.bullet.geometry.poses import Vector3

SIZE = (0.10, 0.10, 0.06)
LEAST = (0.05, 0.05, 0.03)
MASS = 0.05  # kilograms, of the cap
_CAP = 0.55  # its diameter, as a share of the base's narrower side
_TRAVEL = 0.22  # as a share of the height
_RIM = 0.005  # metres of the cap that stay above the base when it is pressed
_SPRING = 4.0  # newtons
_DAMPING = 2.0  # newton seconds per metre
_BASE = "gray"


def button(size: Vector3) -> Assembly:
    """A base that stands fast and a cap on a spring that pushes with the same force everywhere."""
    x, y, height = size
    travel, top = _TRAVEL * height, height / 2.0
    base = height - travel - _RIM
    across = _CAP * min(x, y)
    above = travel + _RIM
    cap = Solid("cylinder", (across, across, above), (0.0, 0.0, top - above / 2.0))
    return Assembly(
        (Solid("box", (x, y, base), (0.0, 0.0, -top + base / 2.0), color=_BASE),),
        (cap,),
        Joint("prismatic", (0.0, 0.0, -1.0), travel, 0.0, spring=_SPRING, damping=_DAMPING, counts=True),
        anchored=True,
        grips=(Grip(cap.position, cap.size),),
    )
