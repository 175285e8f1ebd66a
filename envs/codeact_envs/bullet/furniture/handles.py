"""Handles: a bar on two posts, with room behind it for a finger."""

from __future__ import annotations

from codeact_envs.bullet.assembly import Grip, Solid, Vector3

BAR = 0.014  # metres, both ways across a bar: a gripper takes it from above, from the front, or hooks in behind it
ROOM = 0.042  # metres between a bar and the panel that it is fixed to
DEPTH = BAR + ROOM
_POST = 0.010
_COLOR = "gray"


def bar_along_y(front: float, y: float, z: float, length: float) -> tuple[tuple[Solid, ...], Grip]:
    """A bar along y in front of a panel whose front is the plane x = `front`; the handle lies on the side of -x."""
    return _bar(front, y, z, (BAR, length, BAR), ((0.0, 1.0, 0.0), (0.0, -1.0, 0.0)), length)


def bar_along_z(front: float, y: float, z: float, length: float) -> tuple[tuple[Solid, ...], Grip]:
    """The same, upright."""
    return _bar(front, y, z, (BAR, BAR, length), ((0.0, 0.0, 1.0), (0.0, 0.0, -1.0)), length)


def _bar(
    front: float, y: float, z: float, size: Vector3, ends: tuple[Vector3, Vector3], length: float
) -> tuple[tuple[Solid, ...], Grip]:
    x = front - ROOM - BAR / 2.0
    away = (length - _POST) / 2.0
    posts = (
        Solid(
            "box",
            (ROOM, _POST, _POST),
            (front - ROOM / 2.0, y + end[1] * away, z + end[2] * away),
            color=_COLOR,
        )
        for end in ends
    )
    inner = length - 2.0 * _POST
    grip = Grip((x, y, z), (size[0], inner if ends[0][1] else size[1], inner if ends[0][2] else size[2]))
    return (Solid("box", size, (x, y, z), color=_COLOR), *posts), grip
