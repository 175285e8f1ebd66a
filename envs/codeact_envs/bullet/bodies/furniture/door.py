"""A cabinet with a door at its front, hinged on the side of +y, that swings open towards -x."""

from __future__ import annotations

from codeact_envs.bullet.bodies.assembly import Assembly, Hollow, Joint, Solid
from codeact_envs.bullet.bodies.furniture.handles import DEPTH, bar_along_z
from codeact_envs.bullet.geometry.poses import Vector3

SIZE = (0.24, 0.24, 0.24)
LEAST = (0.16, 0.16, 0.14)
MASS = 0.6  # kilograms, of the door
_WALL = 0.010  # metres, of the cabinet
_PANEL = 0.014  # thickness of the door
_SWING = 1.75  # radians, 100 degrees
_FRICTION = 0.1  # newton metres
_DAMPING = 0.1  # newton metre seconds per radian
_HANDLE = 0.07  # length of the handle: short, so that a hand above it stays clear of its upper post
_INSET = 0.03  # of the handle from the door's free edge
_CASE = "brown"


def door(size: Vector3) -> Assembly:
    """A cabinet that stands fast, with a door and an upright round bar as its handle. `size` includes the handle."""
    depth, width, height = size
    back, side, top = depth / 2.0, width / 2.0, height / 2.0
    front = -back + DEPTH  # of the door
    case_front = front + _PANEL
    case, middle = back - case_front, (back + case_front) / 2.0
    solids = (
        *(
            Solid("box", (case, width, _WALL), (middle, 0.0, z), color=_CASE)
            for z in (-top + _WALL / 2.0, top - _WALL / 2.0)
        ),
        *(
            Solid("box", (case, _WALL, height - 2.0 * _WALL), (middle, y, 0.0), color=_CASE)
            for y in (side - _WALL / 2.0, -side + _WALL / 2.0)
        ),
        Solid("box", (_WALL, width - 2.0 * _WALL, height - 2.0 * _WALL), (back - _WALL / 2.0, 0.0, 0.0), color=_CASE),
    )
    handle, grip = bar_along_z(front, -side + _INSET, top - _HANDLE / 2.0 - 0.01, _HANDLE)
    panel = Solid("box", (_PANEL, width, height), (front + _PANEL / 2.0, 0.0, 0.0))
    inside = (case - _WALL, width - 2.0 * _WALL, height - 2.0 * _WALL)
    return Assembly(
        solids,
        (panel, *handle),
        Joint("revolute", (0.0, 0.0, -1.0), _SWING, _FRICTION, (front + _PANEL, side, 0.0), damping=_DAMPING),
        anchored=True,
        grips=(grip,),
        hollow=Hollow((case_front + inside[0] / 2.0, 0.0, 0.0), inside),
    )
