"""Every shape that a body can have: its usual and its least size, its usual mass, and what it is made of."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from codeact_envs.bullet import meshes
from codeact_envs.bullet.assembly import Assembly, Solid, Vector3
from codeact_envs.bullet.furniture import button, door, drawer, knob

_BOWL_PIECES = 10


@dataclass(frozen=True)
class ShapeKind:
    """A shape.

    Attributes:
        title: what it is, in a few words.
        build: makes it from its full extents (x, y, z), metres.
        size: its usual full extents, metres.
        mass: its usual mass, kilograms; of its moving part where it stands fast.
        least: the smallest extents with which it can be made, metres.
        round: seen from above it is a circle, so x = y.
        solid: things touch it.
    """

    title: str
    build: Callable[[Vector3], Assembly]
    size: Vector3
    mass: float = 0.05
    least: Vector3 = (0.0, 0.0, 0.0)
    round: bool = False
    solid: bool = True

    def problem(self, name: str, size: Vector3) -> str | None:
        """What is wrong with a size, or None."""
        if len(size) != 3 or min(size) <= 0.0:
            return f"size must be three positive lengths in metres, not {size!r}"
        if self.round and not math.isclose(size[0], size[1]):
            return f"a {name} is round, but its size has x {size[0]}, y {size[1]}"
        if any(extent < least for extent, least in zip(size, self.least, strict=True)):
            return f"a {name} is at least {' x '.join(f'{least:g}' for least in self.least)} m, not {size!r}"
        return None


def bowl_floor(size: Vector3) -> float:
    """Height of a bowl's inner floor above its underside, metres."""
    return min(0.008, 0.2 * size[2])


def _box(size: Vector3) -> Assembly:
    return Assembly((Solid("box", size),), spinning_friction=0.0)


def _cylinder(size: Vector3) -> Assembly:
    return Assembly((Solid("cylinder", size),), rolling_friction=0.0005)


def _bowl(size: Vector3) -> Assembly:
    """A floor and a ring of leaning boxes: convex pieces, so that things can lie inside."""
    radius, height, floor = size[0] / 2.0, size[2], bowl_floor(size)
    base, thickness = radius * meshes.BOWL_BASE, meshes.BOWL_WALL
    lean = math.atan2(radius - base, height)
    slant = math.hypot(radius - base, height)
    middle = (radius + base) / 2.0 - thickness / (2.0 * math.cos(lean))
    wall = (thickness, 2.0 * radius * math.tan(math.pi / _BOWL_PIECES), slant * 0.97)
    angles = [2.0 * math.pi * piece / _BOWL_PIECES for piece in range(_BOWL_PIECES)]
    bottom = Solid("cylinder", (2.0 * base, 2.0 * base, floor), (0.0, 0.0, -height / 2.0 + floor / 2.0), share=0.5)
    walls = (
        Solid(
            "box",
            wall,
            (middle * math.cos(angle), middle * math.sin(angle), 0.0),
            (0.0, lean, angle),
            share=0.5 / _BOWL_PIECES,
            friction=0.5,
            drawn=False,
        )
        for angle in angles
    )
    mesh = meshes.bowl(radius, height, floor)
    return Assembly((bottom, *walls), mesh=mesh, lateral_friction=0.9)


SHAPES: dict[str, ShapeKind] = {
    "box": ShapeKind("a block", _box, (0.04, 0.04, 0.04)),
    "cylinder": ShapeKind("an upright cylinder", _cylinder, (0.05, 0.05, 0.06), round=True),
    "bowl": ShapeKind("a bowl, open above", _bowl, (0.16, 0.16, 0.05), 0.2, round=True),
    "zone": ShapeKind("a mark on the ground, drawn only", _box, (0.1, 0.1, 0.002), solid=False),
    "drawer": ShapeKind("a cabinet with a drawer", drawer.drawer, drawer.SIZE, drawer.MASS, drawer.LEAST),
    "door": ShapeKind("a cabinet with a door", door.door, door.SIZE, door.MASS, door.LEAST),
    "button": ShapeKind("a push button on a base", button.button, button.SIZE, button.MASS, button.LEAST),
    "knob": ShapeKind("a knob that turns", knob.knob, knob.SIZE, knob.MASS, knob.LEAST),
}
