"""Where to take hold of a body."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from codeact_envs.bullet.bodies.articulation import Handle, Room, Space
from codeact_envs.bullet.bodies.body import BodySpec
from codeact_envs.bullet.bodies.clearance import Obstacle, Prism, hand, obstacle, wrap_half_turn
from codeact_envs.bullet.errors import NotGraspable
from codeact_envs.bullet.robots.description import GripperDescription

Array = NDArray[np.float64]

FAR = 0.1  # metres: clearances are not measured beyond it

_ROOM = 0.012  # metres that each pad stays off the body on the way down, where neighbours allow it
_LEAST_ROOM = 0.005
_ROUND_YAWS = 12
_PALM_GAP = 0.005  # metres between the palm and the top of the body
_TIP_GAP = 0.003  # metres between the fingertips and what is below them
_HANDLE_ROOM = 0.008  # metres that each pad stays off a handle: there is not much behind it
_END_INSET = 0.015  # metres between the end of a long body and the finger near it
_BETWEEN_HANDS = 0.1  # metres between two hands that hold one body
_RIM_DEPTH = 0.012  # metres of the tool below a rim that the fingers straddle
_RIM_ROOM = 0.007  # metres that each pad stays off a rim
_RIM_YAWS = 24
_LEANING = 0.01  # of a quaternion's x and y parts: a tenth of a radian or so from upright
_WALL = 0.005  # metres, of cups and mugs
_OWN_MARGIN = 0.001  # metres between the hand and the parts of the body that it does not hold


@dataclass(frozen=True)
class Grasp:
    """A grasp by the hand pointing down.

    Attributes:
        x, y, z: where the tool centre point goes, metres, world frame.
        yaw: of the tool's x axis, radians; the pads move along its y axis.
        opening: metres between the pads on the way in.
    """

    x: float
    y: float
    z: float
    yaw: float
    opening: float

    @property
    def pose(self) -> Array:
        """Of the tool, 4x4, world frame."""
        c, s = math.cos(self.yaw), math.sin(self.yaw)
        return np.array([[c, s, 0.0, self.x], [s, -c, 0.0, self.y], [0.0, 0.0, -1.0, self.z], [0.0, 0.0, 0.0, 1.0]])

    @property
    def approach(self) -> tuple[float, float, float]:
        """The direction in which the hand comes in: a unit vector, world frame."""
        return (0.0, 0.0, -1.0)

    def clearance(self, gripper: GripperDescription, others: Sequence[Obstacle]) -> float:
        """The least distance of the open hand to `others`, metres, to a millimetre; at most `FAR`, 0 where it cuts."""
        prisms = hand(gripper, self.x, self.y, self.z, self.yaw, self.opening)
        near, far = 0.0, FAR
        if not any(body.blocks(prism, far) for body in others for prism in prisms):
            return far
        while far - near > 1e-3:
            middle = (near + far) / 2.0
            if any(body.blocks(prism, middle) for body in others for prism in prisms):
                far = middle
            else:
                near = middle
        return near


@dataclass(frozen=True)
class Graspable:
    """A body as a hand sees it.

    Attributes:
        body: as one obstacle.
        parts: what it consists of; empty where `body` tells all.
        grips: boxes that are meant to be taken hold of, the best first; empty where any place of `body` is as good.
        rim: the opening of what is round and hollow.
    """

    body: Obstacle
    parts: tuple[Obstacle, ...] = ()
    grips: tuple[Space, ...] = ()
    rim: Room | None = None


def grasps(gripper: GripperDescription, thing: Graspable, natural: float) -> Iterator[Grasp]:
    """Grasps of a body from above, best first: near the wrist's natural yaw, and with much room before with little;
    by its rim when it is too wide. The open hand cuts no part of the body.

    Raises:
        NotGraspable: everything that could be taken hold of is wider than the gripper opens.
    """
    name, low = thing.body.prism.name, thing.body.prism.low
    solids = [obstacle(name, BodySpec(name, "box", grip.size), grip.pose) for grip in thing.grips] or [thing.body]
    widest = gripper.opening - 2.0 * _LEAST_ROOM
    found = False
    for solid in solids:
        fitting = [side for side in _sides(solid, natural) if side[1] <= widest]
        fitting.sort(key=lambda side: round(abs(wrap_half_turn(side[0] - natural)), 6))
        prism = solid.prism
        z = _height(gripper, replace(prism, low=max(low, prism.low - gripper.tip_below_tool)))
        higher = (0.0, (prism.high - prism.low) / 4.0) if thing.grips else (0.0,)
        for room in (_ROOM, _LEAST_ROOM):
            for yaw, width in fitting:
                for up in higher:
                    found = True
                    grasp = Grasp(prism.x, prism.y, z + up, yaw, min(gripper.opening, width + 2.0 * room))
                    if not _cuts(gripper, grasp, thing):
                        yield grasp
    for grasp in _rim_grasps(gripper, thing, natural):
        found = True
        if not _cuts(gripper, grasp, thing):
            yield grasp
    if not found:
        narrow = min(width for solid in solids for _, width in _sides(solid, natural))
        raise NotGraspable(
            f"{name!r} is {narrow:.3f} m wide, and the gripper takes at most {widest:.3f} m; it can be pushed"
        )


def _sides(body: Obstacle, natural: float) -> list[tuple[float, float]]:
    """Yaws of the tool across a body, radians, and the body's width there."""
    if body.radius is not None:
        return [(natural + math.pi * k / _ROUND_YAWS, 2.0 * body.radius) for k in range(_ROUND_YAWS)]
    # The pads move along the tool's y axis: across the body's y extent when the two frames are parallel.
    prism = body.prism
    return [(prism.yaw, 2.0 * prism.half_y), (prism.yaw + math.pi / 2.0, 2.0 * prism.half_x)]


def _rim_grasps(gripper: GripperDescription, thing: Graspable, natural: float) -> Iterator[Grasp]:
    """With one finger inside and one outside of a round, upright wall: easiest on the wrist first."""
    if thing.rim is None or thing.body.hollow:  # a bowl's wall leans, and slips out between upright pads
        return
    if thing.rim.pose.quaternion[0] ** 2 + thing.rim.pose.quaternion[1] ** 2 > _LEANING:
        return
    x, y, _ = thing.rim.pose.position
    prism, radius = thing.body.prism, (thing.rim.size[0] + _WALL) / 2.0
    z = max(prism.high - _RIM_DEPTH, prism.low + gripper.tip_below_tool + _TIP_GAP)
    bearings = [natural + math.tau * k / _RIM_YAWS for k in range(_RIM_YAWS)]
    bearings.sort(key=lambda bearing: round(abs(wrap_half_turn(bearing + math.pi / 2.0 - natural)), 6))
    for bearing in bearings:
        c, s = math.cos(bearing), math.sin(bearing)
        yield Grasp(x + radius * c, y + radius * s, z, bearing + math.pi / 2.0, _WALL + 2.0 * _RIM_ROOM)


def _cuts(gripper: GripperDescription, grasp: Grasp, thing: Graspable) -> bool:
    prisms = hand(gripper, grasp.x, grasp.y, grasp.z, grasp.yaw, grasp.opening)
    return any(part.blocks(prism, _OWN_MARGIN) for part in thing.parts for prism in prisms)


def _height(gripper: GripperDescription, prism: Prism) -> float:
    """Of the tool at a grasp from above: the middle, unless the palm or the fingertips would touch something."""
    lowest = prism.low + gripper.tip_below_tool + _TIP_GAP
    return max((prism.low + prism.high) / 2.0, prism.high - gripper.palm_above_tool + _PALM_GAP, lowest)


def pair_of_grasps(gripper: GripperDescription, thing: Graspable) -> tuple[Grasp, Grasp]:
    """Grasps for two hands: by the two grips that are meant for them, or near the two ends of a long body.

    Raises:
        NotGraspable: it is too wide for the gripper, or too short for two hands.
    """
    if len(thing.grips) < 2:
        return end_grasps(gripper, thing.body)
    pairs = [(one, other) for index, one in enumerate(thing.grips) for other in thing.grips[index + 1 :]]
    farthest = max(pairs, key=lambda pair: round(math.dist(pair[0].pose.position, pair[1].pose.position), 6))
    found = [next(grasps(gripper, replace(thing, grips=(grip,), rim=None), 0.0), None) for grip in farthest]
    if found[0] is None or found[1] is None:
        raise NotGraspable(f"two hands find no place at {thing.body.prism.name!r} where they fit")
    return found[0], found[1]


def end_grasps(gripper: GripperDescription, body: Obstacle) -> tuple[Grasp, Grasp]:
    """Grasps from above near the two ends of a long body, across it.

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
    z, opening = _height(gripper, prism), min(gripper.opening, 2.0 * (half_width + _ROOM))
    one, other = ((prism.x + sign * c, prism.y + sign * s) for sign in (1.0, -1.0))
    return Grasp(*one, z, along, opening), Grasp(*other, z, along, opening)


def handle_grasps(gripper: GripperDescription, handle: Handle, natural: float) -> Iterator[Grasp]:
    """Grasps from above of what a joint moves: across its grip, best first as for `grasps`.

    Raises:
        NotGraspable: the grip is wider than the gripper opens.
    """
    x, y, middle = handle.pose.position
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
    lowest = max(middle, middle + size_z / 2.0 - gripper.palm_above_tool + _PALM_GAP)
    for turn, width in sides:
        for room in (_HANDLE_ROOM, _LEAST_ROOM):
            for higher in (0.0, size_z / 4.0):
                yield Grasp(x, y, lowest + higher, turn, min(gripper.opening, width + 2.0 * room))
