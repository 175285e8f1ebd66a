"""What fits into something else: a peg that is hammered into its block, a plug and its socket, and a board with holes
for blocks."""

from __future__ import annotations

from codeact_envs.bullet.bodies.assembly import Assembly, Grip, Hollow, Joint, Solid
from codeact_envs.bullet.geometry.poses import Vector3

PEG_MASS = 0.05  # kilograms
_PEG, _PEG_HEAD, _PEG_HEAD_HEIGHT = 0.020, 0.034, 0.008  # metres
_PEG_TRAVEL = 0.35  # as a share of the height
_PEG_FRICTION = 30.0  # newtons
_PEG_DAMPING = 1.0  # newton seconds per metre
_PRONG = (0.006, 0.016, 0.018)  # metres
_PRONG_AWAY = 0.012  # of each prong's middle from the plug's
_PLAY = 0.0015  # metres between a prong and its slot, on each side
_BLOCK_HOLE = 0.004  # the same, between a block and its hole


def peg(size: Vector3) -> Assembly:
    """A block that stands fast with a peg that sticks out of it and goes in under blows or pressure from above."""
    x, y, height = size
    travel, top = _PEG_TRAVEL * height, height / 2.0
    block = height - travel - _PEG_HEAD_HEIGHT
    head = Solid("cylinder", (_PEG_HEAD, _PEG_HEAD, _PEG_HEAD_HEIGHT), (0.0, 0.0, top - _PEG_HEAD_HEIGHT / 2.0))
    pin = Solid("cylinder", (_PEG, _PEG, travel), (0.0, 0.0, top - _PEG_HEAD_HEIGHT - travel / 2.0))
    return Assembly(
        (Solid("box", (x, y, block), (0.0, 0.0, -top + block / 2.0), color="brown"),),
        (pin, head),
        Joint("prismatic", (0.0, 0.0, -1.0), travel, _PEG_FRICTION, damping=_PEG_DAMPING),
        anchored=True,
        grips=(Grip(head.position, head.size),),
    )


def plug(size: Vector3) -> Assembly:
    """A body over two prongs that point down, apart along x. It stands on them."""
    x, y, z = size
    body = z - _PRONG[2]
    return Assembly(
        (
            Solid("box", (x, y, body), (0.0, 0.0, _PRONG[2] / 2.0)),
            *(
                Solid("box", _PRONG, (side * _PRONG_AWAY, 0.0, (_PRONG[2] - z) / 2.0), color="gray")
                for side in (1.0, -1.0)
            ),
        ),
        grips=(Grip((0.0, 0.0, _PRONG[2] / 2.0), (x, y, body)),),
    )


def socket(size: Vector3) -> Assembly:
    """A block that stands fast with two slots for a plug's prongs, apart along x; higher than they are long."""
    x, y, z = size
    slot_x, slot_y = _PRONG[0] + 2.0 * _PLAY, _PRONG[1] + 2.0 * _PLAY
    outer = _PRONG_AWAY + slot_x / 2.0  # x of the far side of a slot
    inner = _PRONG_AWAY - slot_x / 2.0
    side = x / 2.0 - outer
    return Assembly(
        (
            Solid("box", (2.0 * inner, slot_y, z)),
            *(Solid("box", (side, slot_y, z), (end * (outer + side / 2.0), 0.0, 0.0)) for end in (1.0, -1.0)),
            *(Solid("box", (x, (y - slot_y) / 2.0, z), (0.0, end * (y + slot_y) / 4.0, 0.0)) for end in (1.0, -1.0)),
        ),
        anchored=True,
        hollow=Hollow((0.0, 0.0, 0.0), (2.0 * outer, slot_y, z)),
        lateral_friction=0.3,
    )


def kit_board(size: Vector3) -> Assembly:
    """A board that stands fast with two holes along y: a square one on the side of +y and, on the side of -y, one that
    is half as wide; `HOLES` says for which blocks."""
    x, y, z = size
    floor = 0.004
    (wide, _, _), (narrow_x, narrow_y, _) = (_hole(block) for block in HOLES)
    half = y / 2.0
    # Five strips across y: rim, hole, web, hole, rim.
    web = (y - wide - narrow_y) / 3.0
    edges = [half, half - web, half - web - wide, half - 2.0 * web - wide, half - 2.0 * web - wide - narrow_y, -half]
    wall, middle = z - floor, floor / 2.0

    def strip(top: float, bottom: float, left: float, right: float) -> Solid:
        return Solid("box", (right - left, top - bottom, wall), ((left + right) / 2.0, (top + bottom) / 2.0, middle))

    solids = [Solid("box", (x, y, floor), (0.0, 0.0, (floor - z) / 2.0), color="gray")]
    solids += [strip(edges[row], edges[row + 1], -x / 2.0, x / 2.0) for row in (0, 2, 4)]
    for row, across in ((1, wide), (3, narrow_x)):
        solids.append(strip(edges[row], edges[row + 1], -x / 2.0, -across / 2.0))
        solids.append(strip(edges[row], edges[row + 1], across / 2.0, x / 2.0))
    return Assembly(tuple(solids), anchored=True)


HOLES: tuple[Vector3, Vector3] = ((0.05, 0.05, 0.03), (0.06, 0.03, 0.03))


def _hole(block: Vector3) -> Vector3:
    x, y, z = block
    return (x + 2.0 * _BLOCK_HOLE, y + 2.0 * _BLOCK_HOLE, z)
