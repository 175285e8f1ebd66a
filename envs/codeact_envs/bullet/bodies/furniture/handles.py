"""Handles: a bar on two posts, with room behind it for a finger."""

from __future__ import annotations

from codeact_envs.bullet.bodies.assembly import Grip, Solid
from codeact_envs.bullet.geometry.poses import Vector3

BAR = 0.014  # metres, both ways across a bar: a gripper takes it from above, from the front, or hooks in behind it
ROOM = 0.042  # metres between a bar and the panel that it is fixed to
DEPTH = BAR + ROOM
_POST = 0.010
_COLOR = "gray"


def bar_along_y(front: float, y: float, z: float, length: float) -> tuple[tuple[Solid, ...], Grip]:
    """A square bar along y in front of a panel whose front is the plane x = `front`, on the side of -x. The grip is
    what lies between its posts."""
    x, away = front - DEPTH + BAR / 2.0, (length - _POST) / 2.0
    posts = (_post(front, y + side * away, z) for side in (1.0, -1.0))
    bar = Solid("box", (BAR, length, BAR), (x, y, z), color=_COLOR)
    return (bar, *posts), Grip((x, y, z), (BAR, length - 2.0 * _POST, BAR))


def bar_along_z(front: float, y: float, z: float, length: float) -> tuple[tuple[Solid, ...], Grip]:
    """The same, upright and round, so that a hand that holds it can stay as it is while a door turns."""
    x, away = front - DEPTH + BAR / 2.0, (length - _POST) / 2.0
    posts = (_post(front, y, z + side * away) for side in (1.0, -1.0))
    bar = Solid("cylinder", (BAR, BAR, length), (x, y, z), color=_COLOR)
    return (bar, *posts), Grip((x, y, z), (BAR, BAR, length - 2.0 * _POST))


def _post(front: float, y: float, z: float) -> Solid:
    size: Vector3 = (ROOM + BAR / 2.0, _POST, _POST)  # into the bar
    return Solid("box", size, (front - size[0] / 2.0, y, z), color=_COLOR)
