"""Every shape that a body can have: its usual and its least size, its usual mass, and what it is made of."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from codeact_envs.bullet.bodies.assembly import Assembly, Joint, Solid
from codeact_envs.bullet.bodies.furniture import (
    button,
    containers,
    door,
    drawer,
    fitting,
    fixtures,
    knob,
    structures,
    tools,
)
from codeact_envs.bullet.geometry.poses import Vector3


@dataclass(frozen=True)
class ShapeKind:
    """A shape.

    Attributes:
        title: what it is, in a few words.
        build: makes it from its full extents (x, y, z), metres; a `ValueError` says what is wrong with them.
        size: its usual full extents, metres.
        mass: its usual mass, kilograms; of its moving part where it stands fast.
        least: the smallest extents with which it can be made, metres.
        round: seen from above it is a circle, so x = y.
        ball: it is as high as it is wide, too.
        solid: things touch it.
    """

    title: str
    build: Callable[[Vector3], Assembly]
    size: Vector3
    mass: float = 0.05
    least: Vector3 = (0.0, 0.0, 0.0)
    round: bool = False
    ball: bool = False
    solid: bool = True

    def assembly(self, size: Vector3) -> Assembly:
        """As `build`, made once for each size."""
        return _built(self.build, size)

    def radius(self, size: Vector3) -> float:
        """Of the circle around its middle seen from above, with everything that its joint may move, metres."""
        if self.round:
            return size[0] / 2.0
        assembly = self.assembly(size)
        still = math.hypot(size[0], size[1]) / 2.0
        return still if assembly.joint is None else max(still, _swept(assembly.joint, assembly.moving))

    def problem(self, name: str, size: Vector3) -> str | None:
        """What is wrong with a size, or None."""
        if len(size) != 3 or min(size) <= 0.0:
            return f"size must be three positive lengths in metres, not {size!r}"
        if self.round and not math.isclose(size[0], size[1]):
            return f"a {name} is round, but its size has x {size[0]}, y {size[1]}"
        if self.ball and not math.isclose(size[0], size[2]):
            return f"a {name} is as high as it is wide, but its size has x {size[0]}, z {size[2]}"
        if any(extent < least for extent, least in zip(size, self.least, strict=True)):
            return f"a {name} is at least {' x '.join(f'{least:g}' for least in self.least)} m, not {size!r}"
        try:
            self.build(size)
        except ValueError as error:
            return str(error)
        return None


@lru_cache(maxsize=256)
def _built(build: Callable[[Vector3], Assembly], size: Vector3) -> Assembly:
    return build(size)


@lru_cache(maxsize=256)
def _swept(joint: Joint, moving: tuple[Solid, ...]) -> float:
    """How far from the middle a joint brings a part at its end, seen from above, metres."""
    places = [
        (math.hypot(solid.size[0], solid.size[1]) / 2.0, joint.carried(joint.travel * step / 8, solid.position))
        for solid in moving
        for step in range(9)
    ]
    return max(math.hypot(x, y) + corner for corner, (x, y, _) in places)


def _box(size: Vector3) -> Assembly:
    return Assembly((Solid("box", size),), spinning_friction=0.0)


def _cylinder(size: Vector3) -> Assembly:
    return Assembly((Solid("cylinder", size),), rolling_friction=0.0005)


def _ball(size: Vector3) -> Assembly:
    return Assembly((Solid("sphere", size),), rolling_friction=0.0005)


def _puck(size: Vector3) -> Assembly:
    """A disc of something slippery; on the table, whose own coefficient is 0.8, it slides with 0.01."""
    return Assembly((Solid("cylinder", size),), lateral_friction=0.0125, rolling_friction=0.0)


def _capped_block(size: Vector3) -> Assembly:
    """A block with a gray layer on top, so that it is seen which way up it stands."""
    x, y, z = size
    layer = 0.2 * z
    return Assembly(
        (
            Solid("box", (x, y, z - layer), (0.0, 0.0, -layer / 2.0)),
            Solid("box", (x, y, layer), (0.0, 0.0, (z - layer) / 2.0), color="gray"),
        ),
        spinning_friction=0.0,
    )


SHAPES: dict[str, ShapeKind] = {
    "box": ShapeKind("a block", _box, (0.04, 0.04, 0.04)),
    "cylinder": ShapeKind("an upright cylinder", _cylinder, (0.05, 0.05, 0.06), round=True),
    "puck": ShapeKind("a slippery disc", _puck, (0.07, 0.07, 0.03), 0.08, round=True),
    "capped_block": ShapeKind("a block with a gray top", _capped_block, (0.05, 0.05, 0.05), 0.08),
    "ball": ShapeKind("a ball", _ball, (0.024, 0.024, 0.024), 0.005, ball=True, round=True),
    "zone": ShapeKind("a mark on the ground, drawn only", _box, (0.1, 0.1, 0.002), solid=False),
    "bowl": ShapeKind("a bowl, open above", containers.bowl, (0.16, 0.16, 0.05), 0.2, round=True),
    "plate": ShapeKind("a plate", containers.plate, (0.18, 0.18, 0.02), 0.3, (0.08, 0.08, 0.01), round=True),
    "cup": ShapeKind("a cup", containers.cup, (0.07, 0.07, 0.09), 0.1, (0.03, 0.03, 0.02), round=True),
    "mug": ShapeKind("a cup with a handle", containers.mug, (0.075, 0.115, 0.09), 0.2, (0.04, 0.07, 0.05)),
    "basket": ShapeKind("a box without a lid", containers.basket, (0.24, 0.18, 0.08), 0.3, (0.05, 0.05, 0.02)),
    "tray": ShapeKind("a tray with two bars", containers.tray, (0.24, 0.46, 0.05), 0.5, (0.1, 0.2, 0.03)),
    "drawer": ShapeKind("a cabinet with a drawer", drawer.drawer, drawer.SIZE, drawer.MASS, drawer.LEAST),
    "door": ShapeKind("a cabinet with a door", door.door, door.SIZE, door.MASS, door.LEAST),
    "button": ShapeKind("a push button on a base", button.button, button.SIZE, button.MASS, button.LEAST),
    "knob": ShapeKind("a knob that turns", knob.knob, knob.SIZE, knob.MASS, knob.LEAST),
    "hook": ShapeKind("an L to pull things nearer", tools.hook, (0.32, 0.13, 0.022), 0.12, (0.1, 0.05, 0.01)),
    "hammer": ShapeKind("a hammer", tools.hammer, (0.24, 0.09, 0.036), 0.25, (0.12, 0.04, 0.02)),
    "sponge": ShapeKind("a sponge", tools.sponge, (0.10, 0.065, 0.03), 0.03),
    "peg": ShapeKind("a peg in a block", fitting.peg, (0.08, 0.08, 0.10), fitting.PEG_MASS, (0.05, 0.05, 0.06)),
    "plug": ShapeKind("a plug with two prongs", fitting.plug, (0.04, 0.03, 0.06), 0.06, (0.034, 0.02, 0.04)),
    "socket": ShapeKind("a socket for a plug", fitting.socket, (0.10, 0.08, 0.03), 1.0, (0.05, 0.04, 0.02)),
    "kit_board": ShapeKind("a board with two holes", fitting.kit_board, (0.12, 0.20, 0.02), 1.0, (0.08, 0.14, 0.01)),
    "frame": ShapeKind("a frame around a hole", fixtures.frame, (0.11, 0.13, 0.02), 1.0, (0.06, 0.08, 0.01)),
    "bracket": ShapeKind("an L of low walls", fixtures.bracket, (0.12, 0.10, 0.012), 1.0, (0.05, 0.05, 0.005)),
    "wall": ShapeKind("a wall that stands fast", structures.wall, (0.1, 1.0, 0.5), 1.0),
    "pillar": ShapeKind("a pillar that stands fast", structures.pillar, (0.2, 0.2, 1.0), 1.0, round=True),
    "gate": ShapeKind("a gate to fly through", structures.gate, (0.06, 0.9, 1.4), 1.0, (0.02, 0.3, 0.3)),
}
