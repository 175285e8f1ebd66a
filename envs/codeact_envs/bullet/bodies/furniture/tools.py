"""Tools that a hand takes and uses: a hook, a hammer and a sponge."""

from __future__ import annotations

from codeact_envs.bullet.bodies.assembly import Assembly, Grip, Solid
from codeact_envs.bullet.geometry.poses import Vector3

_HEAD_LENGTH, _HANDLE_WIDTH = 0.034, 0.022  # metres
_HEAD_SHARE = 0.6  # of a hammer's mass


def hook(size: Vector3) -> Assembly:
    """A long bar along x whose far end, on the side of +x, turns off towards +y: an L, lying flat. It is as thick as it
    is high."""
    x, y, thick = size
    bar = Solid("box", (x, thick, thick), (0.0, -(y - thick) / 2.0, 0.0))
    end = Solid("box", (thick, y - thick, thick), ((x - thick) / 2.0, thick / 2.0, 0.0))
    grip = Grip((-0.3 * x, bar.position[1], 0.0), (0.3 * x, thick, thick))
    return Assembly((bar, end), grips=(grip,))


def hammer(size: Vector3) -> Assembly:
    """A handle along x with a head across its end on the side of +x. It lies flat: both have the same underside."""
    x, y, z = size
    head = Solid("box", (_HEAD_LENGTH, y, z), ((x - _HEAD_LENGTH) / 2.0, 0.0, 0.0), share=_HEAD_SHARE, color="gray")
    high = min(_HANDLE_WIDTH, z)
    handle = Solid("box", (x - _HEAD_LENGTH, _HANDLE_WIDTH, high), (-_HEAD_LENGTH / 2.0, 0.0, (high - z) / 2.0))
    grip = Grip(handle.position, (0.8 * handle.size[0], _HANDLE_WIDTH, high))
    return Assembly((handle, head), grips=(grip,), lateral_friction=0.8)


def sponge(size: Vector3) -> Assembly:
    """A block with a rough green layer underneath. It grips what it is pressed on."""
    x, y, z = size
    layer = 0.25 * z
    return Assembly(
        (
            Solid("box", (x, y, z - layer), (0.0, 0.0, layer / 2.0)),
            Solid("box", (x, y, layer), (0.0, 0.0, (layer - z) / 2.0), color="green"),
        ),
        grips=(Grip((0.0, 0.0, 0.0), size),),
        lateral_friction=0.9,
    )
