"""The work area: the rectangle of the table in front of an arm that has names for its corners, sides and middle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from types import MappingProxyType

Span = tuple[float, float]

_X: Span = (0.30, 0.66)
_Y: Span = (-0.42, 0.42)
_BORDER = 0.12  # metres, the depth of a side, and the edge of a corner


@dataclass(frozen=True)
class Area:
    """A rectangle on the table: its center (x, y), and from where to where it goes along x and along y; metres, world
    frame."""

    center: tuple[float, float]
    x: tuple[float, float]
    y: tuple[float, float]


def holds(area: Area, x: float, y: float) -> bool:
    """Whether a point on the table lies in an area."""
    return area.x[0] <= x <= area.x[1] and area.y[0] <= y <= area.y[1]


def _area(x: Span, y: Span) -> Area:
    return Area((round((x[0] + x[1]) / 2.0, 6), round((y[0] + y[1]) / 2.0, 6)), x, y)


def _named() -> dict[str, Area]:
    rows = {"front": (_X[0], _X[0] + _BORDER), "back": (_X[1] - _BORDER, _X[1])}
    columns = {"left": (_Y[1] - _BORDER, _Y[1]), "right": (_Y[0], _Y[0] + _BORDER)}
    corners = {f"{row} {column} corner": _area(rows[row], columns[column]) for row, column in product(rows, columns)}
    sides = {f"{row} side": _area(x, _Y) for row, x in rows.items()}
    sides |= {f"{column} side": _area(_X, y) for column, y in columns.items()}
    middle = _area((_X[0] + _BORDER, _X[1] - _BORDER), (_Y[0] + _BORDER, _Y[1] - _BORDER))
    return {**corners, **sides, "middle": middle, "work area": _area(_X, _Y)}


# As the robot sees them: left is +y, the front is nearest to the robot. A side has the corners at its two ends.
AREAS: Mapping[str, Area] = MappingProxyType(_named())
CORNERS = tuple(name for name in AREAS if name.endswith("corner"))
SIDES = tuple(name for name in AREAS if name.endswith("side"))
