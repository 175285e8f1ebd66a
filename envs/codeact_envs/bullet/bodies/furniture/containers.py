"""What things are put into or onto: a bowl, a plate, a cup, a mug, a basket and a tray. Their walls are rings or frames
of convex pieces, so that things can lie inside."""

from __future__ import annotations

import math

from codeact_envs.bullet.bodies import meshes
from codeact_envs.bullet.bodies.assembly import Assembly, Grip, Hollow, Solid
from codeact_envs.bullet.bodies.furniture.handles import BAR, DEPTH, ROOM
from codeact_envs.bullet.geometry.poses import Vector3

_BOWL_PIECES, RING_PIECES = 10, 12  # the flat sides of a bowl, and of a cup, a mug or a plate
_PLATE_BASE = 0.7  # radius of a plate's underside, as a share of its rim's
_PLATE_WALL, _CUP_WALL, _BOARD = 0.005, 0.005, 0.006  # metres
_MUG_HANDLE, _MUG_BAR = 0.035, 0.010  # metres: how far a mug's handle stands out, and across its bars
_POST = 0.010


def bowl_floor(size: Vector3) -> float:
    """Height of a bowl's inner floor above its underside, metres."""
    return min(0.008, 0.2 * size[2])


def bowl(size: Vector3) -> Assembly:
    radius, height, floor = size[0] / 2.0, size[2], bowl_floor(size)
    base = radius * meshes.BOWL_BASE
    walls = _leaning_ring(radius, base, height, meshes.BOWL_WALL, _BOWL_PIECES, share=0.5, friction=0.5)
    bottom = Solid("cylinder", (2.0 * base, 2.0 * base, floor), (0.0, 0.0, -height / 2.0 + floor / 2.0), share=0.5)
    return Assembly(
        (bottom, *walls),
        mesh=meshes.bowl(radius, height, floor),
        hollow=Hollow((0.0, 0.0, floor / 2.0), (2.0 * base, 2.0 * base, height - floor), round=True),
        lateral_friction=0.9,
    )


def plate(size: Vector3) -> Assembly:
    radius, height = size[0] / 2.0, size[2]
    base, floor = radius * _PLATE_BASE, min(_PLATE_WALL, 0.4 * size[2])
    walls = _leaning_ring(radius, base, height, _PLATE_WALL, RING_PIECES, share=0.5, inset=0.5 * _PLATE_WALL)
    bottom = Solid("cylinder", (2.0 * base, 2.0 * base, floor), (0.0, 0.0, -height / 2.0 + floor / 2.0), share=0.5)
    return Assembly(
        (bottom, *walls),
        mesh=meshes.vessel(radius, base, height, _PLATE_WALL, floor),
        hollow=Hollow((0.0, 0.0, floor / 2.0), (2.0 * base, 2.0 * base, height - floor), round=True),
        lateral_friction=0.9,
    )


def _leaning_ring(
    radius: float,
    base: float,
    height: float,
    thickness: float,
    pieces: int,
    share: float,
    friction: float | None = None,
    inset: float = 0.0,
) -> tuple[Solid, ...]:
    """A wall that widens from the radius `base` at the bottom to `radius` at the rim, outside. `inset`: how far its
    pieces end from bottom and rim, where it leans so much that their corners would stick out."""
    lean, slant = math.atan2(radius - base, height), math.hypot(radius - base, height)
    middle = (radius + base) / 2.0 - thickness / (2.0 * math.cos(lean))
    if inset:  # lowered into the wall, not only moved inwards
        middle = (radius + base) / 2.0 - thickness / 2.0 * math.cos(lean)
    up = thickness / 2.0 * math.sin(lean) if inset else 0.0
    size = (thickness, 2.0 * radius * math.tan(math.pi / pieces), slant * 0.97 - 2.0 * inset)
    return tuple(
        Solid(
            "box",
            size,
            (middle * math.cos(angle), middle * math.sin(angle), up),
            (0.0, lean, angle),
            share=share / pieces,
            friction=friction,
            drawn=False,
        )
        for angle in (2.0 * math.pi * piece / pieces for piece in range(pieces))
    )


def cup(size: Vector3) -> Assembly:
    """Upright, round, open above."""
    body = _beaker(size[0] / 2.0, size[2], 0.0)
    return Assembly(
        body,
        mesh=meshes.vessel(size[0] / 2.0, size[0] / 2.0, size[2], _CUP_WALL, _BOARD),
        grips=(Grip((0.0, 0.0, 0.0), size),),
        hollow=_in_beaker(size[0] / 2.0, size[2], 0.0),
    )


def mug(size: Vector3) -> Assembly:
    """A cup with a handle on the side of +y; `size` includes it, so y is larger than x."""
    x, y, z = size
    radius, middle = x / 2.0, -(y - x) / 2.0
    out = y - x
    if out < 0.025:
        raise ValueError(f"a mug's y is at least 0.025 m more than its x, for the handle; not {size!r}")
    outer = middle + radius + out - _MUG_BAR / 2.0
    handle = (
        Solid("box", (_MUG_BAR, _MUG_BAR, 0.6 * z), (0.0, outer, 0.0)),
        *(
            Solid(
                "box",
                (_MUG_BAR, out - _MUG_BAR + _CUP_WALL, _MUG_BAR),
                (0.0, middle + radius + (out - _MUG_BAR - _CUP_WALL) / 2.0, side * (0.3 * z - _MUG_BAR / 2.0)),
            )
            for side in (1.0, -1.0)
        ),
    )
    return Assembly(
        (*_beaker(radius, z, middle), *handle),
        mesh=meshes.vessel(radius, radius, z, _CUP_WALL, _BOARD),
        mesh_position=(0.0, middle, 0.0),
        grips=(Grip((0.0, middle, 0.0), (x, x, z)), Grip(handle[0].position, handle[0].size)),
        hollow=_in_beaker(radius, z, middle),
    )


def _beaker(radius: float, height: float, y: float) -> tuple[Solid, ...]:
    """A floor and an upright ring, about an axis at `y`."""
    floor = Solid("cylinder", (2.0 * radius, 2.0 * radius, _BOARD), (0.0, y, -height / 2.0 + _BOARD / 2.0), drawn=False)
    inner = radius - _CUP_WALL
    size = (_CUP_WALL, 2.0 * radius * math.tan(math.pi / RING_PIECES), height - _BOARD)
    ring = (
        Solid(
            "box",
            size,
            (
                (inner + _CUP_WALL / 2.0) * math.cos(angle),
                y + (inner + _CUP_WALL / 2.0) * math.sin(angle),
                _BOARD / 2.0,
            ),
            (0.0, 0.0, angle),
            drawn=False,
        )
        for angle in (2.0 * math.pi * piece / RING_PIECES for piece in range(RING_PIECES))
    )
    return (floor, *ring)


def _in_beaker(radius: float, height: float, y: float) -> Hollow:
    across = 2.0 * (radius - _CUP_WALL)
    return Hollow((0.0, y, _BOARD / 2.0), (across, across, height - _BOARD), round=True)


def basket(size: Vector3) -> Assembly:
    """A box without a lid."""
    x, y, z = size
    room = (x - 2.0 * _BOARD, y - 2.0 * _BOARD, z - _BOARD)
    return Assembly(_boards(size, 0.0), grips=_rims(size), hollow=Hollow((0.0, 0.0, _BOARD / 2.0), room))


def tray(size: Vector3) -> Assembly:
    """A flat box without a lid, with a bar at both ends, on the sides of +y and -y: one for each of two hands. `size`
    includes the bars."""
    x, y, z = size
    inner = (x, y - 2.0 * DEPTH, z)
    height = z / 2.0 - BAR / 2.0
    length = 0.6 * x
    solids, grips = list(_boards(inner, 0.0)), []
    for side in (1.0, -1.0):
        away = side * (y - BAR) / 2.0
        solids.append(Solid("box", (length, BAR, BAR), (0.0, away, height), color="gray"))
        grips.append(Grip((0.0, away, height), (length - 2.0 * _POST, BAR, BAR)))
        solids.extend(
            Solid(
                "box",
                (_POST, ROOM, _POST),
                (end * (length - _POST) / 2.0, side * (inner[1] + ROOM) / 2.0, height),
                color="gray",
            )
            for end in (1.0, -1.0)
        )
    room = (inner[0] - 2.0 * _BOARD, inner[1] - 2.0 * _BOARD, z - _BOARD)
    return Assembly(tuple(solids), grips=tuple(grips), hollow=Hollow((0.0, 0.0, _BOARD / 2.0), room))


def _boards(size: Vector3, y: float) -> tuple[Solid, ...]:
    """A floor and four walls."""
    across, along, height = size
    wall, middle = height - _BOARD, _BOARD / 2.0
    return (
        Solid("box", (across, along, _BOARD), (0.0, y, -height / 2.0 + _BOARD / 2.0)),
        *(
            Solid("box", (across, _BOARD, wall), (0.0, y + side * (along - _BOARD) / 2.0, middle))
            for side in (1.0, -1.0)
        ),
        *(
            Solid("box", (_BOARD, along - 2.0 * _BOARD, wall), (side * (across - _BOARD) / 2.0, y, middle))
            for side in (1.0, -1.0)
        ),
    )


def _rims(size: Vector3) -> tuple[Grip, ...]:
    """The middle of each wall of a box without a lid, for fingers inside and outside of it."""
    x, y, z = size
    long_x, long_y = ((0.5 * x, _BOARD, z - _BOARD), (_BOARD, 0.5 * y, z - _BOARD))
    return (
        *(Grip((0.0, side * (y - _BOARD) / 2.0, _BOARD / 2.0), long_x) for side in (1.0, -1.0)),
        *(Grip((side * (x - _BOARD) / 2.0, 0.0, _BOARD / 2.0), long_y) for side in (1.0, -1.0)),
    )
