"""Where to take hold of a body, and where to let it go."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from codeact_envs.bullet.articulation import Handle, Room
from codeact_envs.bullet.clearance import Obstacle, Prism, overlap, wrap_half_turn
from codeact_envs.bullet.errors import NotGraspable
from codeact_envs.bullet.robots.description import GripperDescription

_ROOM = 0.012  # metres that each pad stays off the body on the way down, where neighbours allow it
_LEAST_ROOM = 0.005
_ROUND_YAWS = 12
_PALM_GAP = 0.005  # metres between the palm and the top of the body
_TIP_GAP = 0.003  # metres between the fingertips and what is below them
_HANDLE_ROOM = 0.008  # metres that each pad stays off a handle: there is not much behind it
_END_INSET = 0.015  # metres between the end of a long body and the finger near it
_BETWEEN_HANDS = 0.1  # metres between two hands that hold one body
_ROOM_GAP = 0.006  # metres that a body keeps from the walls of a room into which it is put
_ROOM_SHARES = (0.0, 0.33, -0.33, 0.66, -0.66, 1.0, -1.0)
_RELEASE_GAP = 0.003  # metres that a body falls when it is let go


@dataclass(frozen=True)
class Grasp:
    """A grasp from above: the tool's yaw in radians, its height, the pads' distance on the way down, metres."""

    yaw: float
    z: float
    opening: float


def grasps(gripper: GripperDescription, body: Obstacle, natural: float) -> Iterator[Grasp]:
    """Grasps of a body from above, best first: near the wrist's natural yaw, and with much room before with little.

    Raises:
        NotGraspable: every side of it is wider than the gripper opens.
    """
    prism = body.prism
    widest = gripper.opening - 2.0 * _LEAST_ROOM
    if body.radius is not None:
        sides = [(natural + math.pi * k / _ROUND_YAWS, 2.0 * body.radius) for k in range(_ROUND_YAWS)]
    else:
        # The pads move along the tool's y axis: across the body's y extent when the two frames are parallel.
        sides = [(prism.yaw, 2.0 * prism.half_y), (prism.yaw + math.pi / 2.0, 2.0 * prism.half_x)]
    fitting = [(yaw, width) for yaw, width in sides if width <= widest]
    if not fitting:
        narrow = min(width for _, width in sides)
        raise NotGraspable(
            f"{prism.name!r} is {narrow:.3f} m wide, and the gripper takes at most {widest:.3f} m; it can be pushed"
        )
    fitting.sort(key=lambda side: round(abs(wrap_half_turn(side[0] - natural)), 6))
    z = _height(gripper, prism)
    for room in (_ROOM, _LEAST_ROOM):
        for yaw, width in fitting:
            yield Grasp(yaw, z, min(gripper.opening, width + 2.0 * room))


def _height(gripper: GripperDescription, prism: Prism) -> float:
    """Of the tool at a grasp from above: the middle, unless the palm or the fingertips would touch something."""
    lowest = prism.low + gripper.tip_below_tool + _TIP_GAP
    return max((prism.low + prism.high) / 2.0, prism.high - gripper.palm_above_tool + _PALM_GAP, lowest)


def end_grasps(gripper: GripperDescription, body: Obstacle) -> tuple[tuple[float, float, Grasp], ...]:
    """Grasps from above near the two ends of a long body, across it: the tool's x and y, metres, and the grasp.

    Raises:
        NotGraspable: it is too wide for the gripper, or too short for two of them.
    """
    prism = body.prism
    along, half_length, half_width = prism.yaw, prism.half_x, prism.half_y
    if half_length < half_width:
        along, half_length, half_width = prism.yaw + math.pi / 2.0, half_width, half_length
    widest = gripper.opening - 2.0 * _LEAST_ROOM
    if 2.0 * half_width > widest:
        raise NotGraspable(
            f"{prism.name!r} is {2.0 * half_width:.3f} m wide, and each gripper takes at most {widest:.3f} m"
        )
    from_middle = half_length - gripper.finger_width / 2.0 - _END_INSET
    shortest = gripper.palm_size[0] + _BETWEEN_HANDS
    if 2.0 * from_middle < shortest:
        raise NotGraspable(
            f"{prism.name!r} is {2.0 * half_length:.3f} m long; two hands side by side need at least "
            f"{shortest + gripper.finger_width + 2.0 * _END_INSET:.3f} m"
        )
    c, s = from_middle * math.cos(along), from_middle * math.sin(along)
    grasp = Grasp(along, _height(gripper, prism), min(gripper.opening, 2.0 * (half_width + _ROOM)))
    return (prism.x + c, prism.y + s, grasp), (prism.x - c, prism.y - s, grasp)


def handle_grasps(gripper: GripperDescription, handle: Handle, natural: float) -> Iterator[Grasp]:
    """Grasps from above of what a joint moves: across its grip, best first as for `grasps`.

    Raises:
        NotGraspable: the grip is wider than the gripper opens.
    """
    _, _, qz, qw = handle.pose.quaternion
    yaw, (size_x, size_y, size_z) = 2.0 * math.atan2(qz, qw), handle.size
    widest = gripper.opening - 2.0 * _LEAST_ROOM
    sides = [(turn, width) for turn, width in ((yaw, size_y), (yaw + math.pi / 2.0, size_x)) if width <= widest]
    if not sides:
        raise NotGraspable(
            f"the grip is {min(size_x, size_y):.3f} m wide, and the gripper takes at most {widest:.3f} m"
        )
    # On a long bar the pads keep off its ends, so that its sides come first.
    sides.sort(key=lambda side: (round(side[1], 6), round(abs(wrap_half_turn(side[0] - natural)), 6)))
    middle = handle.pose.position[2]
    lowest = max(middle, middle + size_z / 2.0 - gripper.palm_above_tool + _PALM_GAP)
    for turn, width in sides:
        for room in (_HANDLE_ROOM, _LEAST_ROOM):
            for higher in (0.0, size_z / 4.0):
                yield Grasp(turn, lowest + higher, min(gripper.opening, width + 2.0 * room))


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
