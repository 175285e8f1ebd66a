"""A cabinet with one drawer that slides out at the front, towards -x."""

from __future__ import annotations

from codeact_envs.bullet.bodies.assembly import Assembly, Hollow, Joint, Solid
from codeact_envs.bullet.bodies.furniture.handles import DEPTH, bar_along_y
from codeact_envs.bullet.geometry.poses import Vector3

SIZE = (0.27, 0.26, 0.14)
LEAST = (0.20, 0.18, 0.10)
MASS = 0.8  # kilograms, of the drawer
_WALL = 0.010  # metres, of the cabinet
_PANEL = 0.012  # thickness of the drawer's front
_SIDE = 0.006  # thickness of the drawer's other sides and its floor
_GAP = 0.003  # between drawer and cabinet
_OPENS = 0.75  # share of its length that the drawer slides out
_FRICTION = 3.0  # newtons
_DAMPING = 5.0  # newton seconds per metre
_CASE = "brown"


def drawer(size: Vector3) -> Assembly:
    """A cabinet that stands fast, with a drawer and a bar as its handle. `size` includes the handle."""
    depth, width, height = size
    back, side, top = depth / 2.0, width / 2.0, height / 2.0
    front = -back + DEPTH  # the front of the drawer's panel
    case_front = front + _PANEL
    case = back - case_front
    middle = (back + case_front) / 2.0
    solids = (
        Solid("box", (case, width, _WALL), (middle, 0.0, -top + _WALL / 2.0), color=_CASE),
        Solid("box", (case, width, _WALL), (middle, 0.0, top - _WALL / 2.0), color=_CASE),
        *(
            Solid("box", (case, _WALL, height - 2.0 * _WALL), (middle, y, 0.0), color=_CASE)
            for y in (side - _WALL / 2.0, -side + _WALL / 2.0)
        ),
        Solid("box", (_WALL, width - 2.0 * _WALL, height - 2.0 * _WALL), (back - _WALL / 2.0, 0.0, 0.0), color=_CASE),
    )
    length, half_width = case - _WALL - _GAP, side - _WALL - _GAP
    floor = -top + _WALL + _GAP
    tall = 0.7 * (height - 2.0 * _WALL)
    center = case_front + length / 2.0
    handle, grip = bar_along_y(front, 0.0, top - 0.02, 0.5 * width)
    moving = (
        Solid("box", (_PANEL, width, height), (front + _PANEL / 2.0, 0.0, 0.0)),
        Solid("box", (length, 2.0 * half_width, _SIDE), (center, 0.0, floor + _SIDE / 2.0)),
        *(
            Solid("box", (length, _SIDE, tall), (center, y, floor + tall / 2.0))
            for y in (half_width - _SIDE / 2.0, -half_width + _SIDE / 2.0)
        ),
        Solid(
            "box",
            (_SIDE, 2.0 * (half_width - _SIDE), tall),
            (case_front + length - _SIDE / 2.0, 0.0, floor + tall / 2.0),
        ),
        *handle,
    )
    room = (length - _SIDE, 2.0 * (half_width - _SIDE), tall - _SIDE)
    return Assembly(
        solids,
        moving,
        Joint("prismatic", (-1.0, 0.0, 0.0), _OPENS * length, _FRICTION, damping=_DAMPING),
        anchored=True,
        grips=(grip,),
        hollow=Hollow((center - _SIDE / 2.0, 0.0, floor + _SIDE + room[2] / 2.0), room, moves=True),
    )
