"""Where a body may be let go, and on which height it comes to stand."""

from __future__ import annotations

import math
from collections.abc import Iterator

from codeact_envs.bullet.bodies.articulation import Room
from codeact_envs.bullet.bodies.clearance import Obstacle, Prism, overlap

_ROOM_GAP = 0.006  # metres that a body keeps from the walls of a room into which it is put
_ROOM_SHARES = (0.0, 0.33, -0.33, 0.66, -0.66, 1.0, -1.0)
_RELEASE_GAP = 0.003  # metres that a body falls when it is let go


def support(prism: Prism, others: list[Obstacle]) -> float:
    """The height on which a body with this footprint comes to stand, metres."""
    height = 0.0
    for other in others:
        if not other.hollow:
            if overlap(prism, other.prism):
                height = max(height, other.prism.high)
            continue
        farthest = max(math.hypot(x - other.prism.x, y - other.prism.y) for x, y in prism.corners())
        if math.hypot(prism.x - other.prism.x, prism.y - other.prism.y) < other.prism.half_x:
            height = max(height, min(other.wall_height(farthest), other.prism.high))
        elif overlap(prism, other.prism):
            height = max(height, other.prism.high)
    return height


def spots(bowl: Obstacle, half_width: float) -> Iterator[tuple[float, float]]:
    """Places over a bowl where a body may be let go, best first, metres in the world frame.

    Two bodies of that half width lie side by side on its floor.
    """
    prism = bowl.prism
    away = min(half_width + 0.002, max(0.0, 0.75 * prism.half_x - half_width))
    c, s = math.cos(prism.yaw), math.sin(prism.yaw)
    for along, across in ((1.0, 0.0), (-1.0, 0.0), (0.0, 0.0), (0.0, 1.0), (0.0, -1.0)):
        yield (prism.x + away * (along * c - across * s), prism.y + away * (along * s + across * c))


def room_spots(room: Room, yaw: float, carried: Prism) -> list[tuple[float, float]]:
    """Places over a room where a body parallel to it lies inside, nearest to its middle first; metres, world frame."""
    half = max(carried.half_x, carried.half_y) + _ROOM_GAP
    x, y, _ = room.pose.position
    c, s = math.cos(yaw), math.sin(yaw)
    offsets = [
        [share * max(0.0, extent / 2.0 - half) for share in _ROOM_SHARES] for extent in (room.size[0], room.size[1])
    ]
    pairs = [(along, across) for along in offsets[0] for across in offsets[1]]
    if room.round:
        pairs = [pair for pair in pairs if math.hypot(*pair) <= max(offsets[0])]
    pairs.sort(key=lambda pair: round(math.hypot(*pair), 6))
    return [(x + c * along - s * across, y + s * along + c * across) for along, across in pairs]


def release_height(surface: float, below_tool: float) -> float:
    """The tool's height at which a body whose underside is `below_tool` under it is let go above `surface`."""
    return surface + below_tool + _RELEASE_GAP
