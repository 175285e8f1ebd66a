"""Pouring what is in a cup into something else."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from codeact.tools import tool
from codeact_envs.bullet.bodies.articulation import Room
from codeact_envs.bullet.bodies.clearance import obstacle
from codeact_envs.bullet.bodies.furniture.containers import RING_PIECES
from codeact_envs.bullet.bodies.parts import anchored
from codeact_envs.bullet.errors import InCollision, KeepOut, NotGraspable, OutOfReach
from codeact_envs.bullet.geometry.rotations import matrix_of, roll_pitch_yaw
from codeact_envs.bullet.handling.free_motion import FreeMotion
from codeact_envs.bullet.motion.kinematics import turned
from codeact_envs.bullet.tools.skills.skill import SETTLE_S, ArmSkill

Array = NDArray[np.float64]

_DOWN = 0.2  # radians by which the hand that holds a cup from the side looks down
_FLAT = 2.0 * math.pi / RING_PIECES  # between the flat sides of a cup: a pad on an edge gets caught there
_BEARINGS = (0.0, 0.5, -0.5, 1.0, -1.0, 1.5, -1.5, 2.0, -2.0)  # of the hand, radians from that of the cup
_GRIP_HEIGHT = 0.72  # share of its height at which a cup is taken
_PALM_GAP = 0.002  # metres between the palm and the cup
_GRIP_FORCE = 15.0  # newtons
_BACK = 0.10  # metres before the cup from which the hand comes in
_ROOM = 0.008  # metres that each pad stays off the cup on the way in
_ROLL = 2.6  # radians by which the hand rolls: it tips the cup over by about 140 degrees
_ABOVE_RIM = 0.025  # metres of the lip above what is poured into
_RAISED = 0.14  # metres of the cup's underside on its way across, at least
_CARRY_SPEED, _TIP_SPEED = 0.2, 0.12  # metres per second; the second of a circle of _TIP_RADIUS
_EMPTY_SPEED = 0.35
_TIP_RADIUS = 0.1
_POINTS = 24  # of the hand's way while it rolls
_DRIPPING_S = 1.0
_MARGIN = 0.002  # metres between the arm and everything on its way
_LET_FALL = 0.003  # metres that the cup falls when it is let go
_UPRIGHT, _STANDS = 0.3, 0.01  # radians; metres of its height


@dataclass(frozen=True)
class _Way:
    """A smooth way of the tool.

    Attributes:
        joints: positions along it, (n, joints), radians.
        length: metres.
    """

    joints: Array
    length: float

    def back(self) -> _Way:
        return _Way(self.joints[::-1], self.length)


@dataclass(frozen=True)
class _Pour:
    """One way to pour.

    Attributes:
        grasp, up, across, roll: to the cup, up, over the other thing, and while the hand tips the cup over.
    """

    grasp: _Way
    up: _Way
    across: _Way
    roll: _Way


class Pouring(ArmSkill):
    """The tool that empties a cup into something."""

    @tool(effect="physical")
    def pour(self, name: str, target: str) -> bool:
        """Grasp a cup or a mug from the side, carry it level over `target`, tip it over so that what is in it falls out
        there, and set it back where it stood. True when it is empty and stands there again; False with the cup still
        in the gripper when something was in the way.

        Raises AlreadyHolding, NotGraspable (it is no cup, or too wide), OutOfReach, InCollision, UnknownObject.
        """
        perception = self._perception
        name, target = perception.resolve(name), perception.resolve(target)
        room = self._pourable(name, target)
        self._require_empty(f"pouring from {name!r}")
        contents, stood = self._contents(name), perception.pose(name).position[2]
        free = FreeMotion(self._world, self._name, perception)
        free.look([name, *contents])
        plan = self._plan(free, name, target, room)
        self._open(min(self._robot.gripper.opening, perception.size(name)[0] + 2.0 * _ROOM))
        if not free.to_joints(plan.grasp.joints[0], contents).reached or not self._follow(plan.grasp, _CARRY_SPEED):
            return False
        self._squeeze(_GRIP_FORCE)
        held = self._held() == name
        if held and not self._tip_over(plan):
            return False
        self._open(self._robot.gripper.opening)
        self._perception.settle(SETTLE_S)
        self._withdraw()
        with contextlib.suppress(
            OutOfReach, KeepOut, InCollision
        ):  # where no way home is found, the hand stays beside the cup
            free.to_joints(self._arm.home)
        stands = self._leans(name) <= _UPRIGHT and abs(self._perception.pose(name).position[2] - stood) <= _STANDS
        return held and not self._contents(name) and stands

    def _withdraw(self) -> None:
        """Back from the cup that was let go, and up."""
        here = self._controller.tool()
        back = here @ _ahead(-_BACK)
        over = back.copy()
        over[2, 3] += _RAISED
        for start, end, length in ((here, back, _BACK), (back, over, _RAISED)):
            self._controller.move_through(_line(start, end)[1:], length, _CARRY_SPEED)

    def _tip_over(self, plan: _Pour) -> bool:
        """Up, across, over, and the same way back. Whether all of it was done."""
        ways = [(plan.up, _CARRY_SPEED), (plan.across, _CARRY_SPEED), (plan.roll, _TIP_SPEED)]
        for way, speed in ways:
            if not self._follow(way, speed):
                return False
        self._perception.settle(_DRIPPING_S)
        for way in (plan.roll, plan.across):
            if not self._follow(way.back(), _EMPTY_SPEED):
                return False
        return self._set_down()

    def _set_down(self) -> bool:
        """Straight down until the cup almost stands."""
        name = self._held()
        if name is None:
            return False
        here = self._controller.tool()
        end = here.copy()
        down = self._underside(name) - _LET_FALL
        end[2, 3] -= down
        return self._controller.move_through(_line(here, end)[1:], abs(down), _CARRY_SPEED).reached

    def _pourable(self, name: str, target: str) -> Room:
        """The room in a cup."""
        perception = self._perception
        spec, room = perception.spec(name), perception.room(name)
        if room is None or not room.round or anchored(spec) or spec.size[2] < 0.5 * spec.size[0]:
            raise NotGraspable(f"{name!r} is nothing to pour from: that is a cup or a mug")
        if name == target:
            raise InCollision(f"{name!r} cannot be poured into itself")
        gripper, over = self._robot.gripper, (1.0 - _GRIP_HEIGHT) * spec.size[2] * math.sin(_DOWN)
        widest = min(
            gripper.opening - 2.0 * _ROOM, 2.0 * (gripper.palm_above_tool - _PALM_GAP - over) / math.cos(_DOWN)
        )
        if spec.size[0] > widest:
            raise NotGraspable(
                f"{name!r} is {spec.size[0]:.3f} m wide; from the side the hand takes at most {widest:.3f} m"
            )
        if self._leans(name) > _UPRIGHT:
            raise NotGraspable(f"{name!r} does not stand upright")
        return room

    def _contents(self, name: str) -> list[str]:
        perception, room = self._perception, self._perception.room(name)
        names = (other for other in perception.names() if other != name)
        return [other for other in names if room is not None and room.contains(perception.pose(other).position)]

    def _leans(self, name: str) -> float:
        x, y, _, _ = self._perception.pose(name).quaternion
        return math.acos(max(-1.0, 1.0 - 2.0 * (x * x + y * y)))

    def _plan(self, free: FreeMotion, name: str, target: str, room: Room) -> _Pour:
        """The first way to pour that the arm can go and that meets nothing, from a free posture before the cup.

        Raises:
            OutOfReach, InCollision: there is none.
        """
        met: str | None = None
        reached = False
        for grasp, roll in self._candidates(name, target, room):
            before = grasp[0].copy()
            for start in free.postures(before):
                ways: list[_Way] = []
                q = start
                for way in (_line(before, grasp[0] @ _ahead(_BACK)), *roll):
                    found = self._controller.kinematics.through(q, way[1:])
                    if found is None:
                        break
                    ways.append(_Way(found[0], _length(way)))
                    q = found[0][-1]
                else:
                    reached = True
                    pairs = pairwise(np.vstack([way.joints for way in ways]))
                    hit = next((hit for a, b in pairs if (hit := free.model.line_hit(a, b, _MARGIN))), None)
                    if hit is None:
                        return _Pour(*ways)
                    met = met or (free.name_of(hit.body) if hit.body is not None else None)
        if reached:
            raise InCollision(
                f"on the way to pour from {name!r} into {target!r} the arm would hit {met or 'the table'!r}"
            )
        raise OutOfReach(
            f"the arm cannot take {name!r} from the side and tip it over {target!r}; move one of them nearer"
        )

    def _candidates(self, name: str, target: str, room: Room) -> Iterator[tuple[list[Array], list[list[Array]]]]:
        """Poses before the cup, and the ways up, across and over from there, by bearing of the hand and side."""
        perception = self._perception
        cup, goal = (obstacle(each, perception.spec(each), perception.pose(each)).prism for each in (name, target))
        x, y, _ = room.pose.position
        into = perception.room(target)
        goal_x, goal_y = (goal.x, goal.y) if into is None else into.pose.position[:2]
        height, radius = cup.high - cup.low, perception.size(name)[0] / 2.0
        grip = _GRIP_HEIGHT * height
        centre = np.array([x, y, cup.low + grip])
        rim = goal.high
        natural = self._controller.kinematics.bearing(x, y)
        yaw = roll_pitch_yaw(matrix_of(room.pose))[2]
        for bearing in _BEARINGS:
            facing = _facing(yaw + _FLAT * round((natural + bearing - yaw) / _FLAT))
            pose = np.eye(4)
            pose[:3, :3], pose[:3, 3] = facing, centre
            for side in (1.0, -1.0):
                steps = [
                    _tipped(facing, side * _ROLL * index / _POINTS, side, grip, height, radius)
                    for index in range(_POINTS + 1)
                ]
                roll = []
                for rotation, lip, lowest in steps:
                    over = np.eye(4)
                    over[:3, :3] = rotation
                    above = max(-lowest, self._below(rotation))
                    over[:3, 3] = (goal_x - lip[0], goal_y - lip[1], rim + _ABOVE_RIM + above)
                    roll.append(over)
                carried = pose.copy()
                carried[2, 3] = max(roll[0][2, 3], rim + _ABOVE_RIM + grip, _RAISED + grip)
                across = carried.copy()
                across[:2, 3] = roll[0][:2, 3]
                roll[0] = across
                yield [pose @ _ahead(-_BACK)], [_line(pose, carried), _line(carried, across), roll]

    def _below(self, rotation: Array) -> float:
        """How far the palm reaches below the tool, metres."""
        gripper = self._robot.gripper
        half_x, half_y = (extent / 2.0 for extent in gripper.palm_size)
        x, y, approach = (abs(float(value)) for value in rotation[2])
        return half_x * x + half_y * y - gripper.palm_above_tool * approach

    def _follow(self, way: _Way, speed: float) -> bool:
        return self._controller.move_along(way.joints, way.length, speed).reached


def _facing(bearing: float) -> Array:
    """Axes of a tool that looks towards `bearing` and down a little, its pads moving level. (3, 3), world frame."""
    c, s = math.cos(bearing), math.sin(bearing)
    approach = np.array([c * math.cos(_DOWN), s * math.cos(_DOWN), -math.sin(_DOWN)])
    level = np.array([s, -c, 0.0])
    return np.column_stack([np.cross(level, approach), level, approach])


def _ahead(by: float) -> Array:
    """`by` metres along the approach, as a motion in the tool's own frame."""
    motion = np.eye(4)
    motion[2, 3] = by
    return motion


def _tipped(
    facing: Array, angle: float, side: float, grip: float, height: float, radius: float
) -> tuple[Array, Array, float]:
    """A tool rolled by `angle` about its approach: its axes, and from the tool to the lip over which the cup pours, and
    the lowest height of the cup below or above the tool."""
    rotation = turned(facing[:, 2] * angle)
    axis = rotation @ np.array([0.0, 0.0, 1.0])
    towards = rotation @ (np.cross(facing[:, 2], [0.0, 0.0, side]) / math.cos(_DOWN))
    lip = axis * (height - grip) + towards * radius
    across = radius * math.sqrt(max(0.0, 1.0 - float(axis[2]) ** 2))
    lowest = min(-grip * float(axis[2]), (height - grip) * float(axis[2])) - across
    return rotation @ facing, lip, lowest


def _line(start: Array, end: Array) -> list[Array]:
    """Poses from one to another of the same orientation, both included."""
    count = max(3, math.ceil(math.dist(start[:3, 3], end[:3, 3]) / 0.03))
    poses = []
    for index in range(count + 1):
        pose = start.copy()
        pose[:3, 3] += (end[:3, 3] - start[:3, 3]) * index / count
        poses.append(pose)
    return poses


def _length(poses: list[Array]) -> float:
    """Of a way of the tool, metres; a turn counts as a part of a circle of `_TIP_RADIUS`."""
    return sum(max(math.dist(a[:3, 3], b[:3, 3]), _TIP_RADIUS * _angle(a, b)) for a, b in pairwise(poses))


def _angle(a: Array, b: Array) -> float:
    """Between two orientations, radians."""
    return math.acos(min(1.0, max(-1.0, (float(np.trace(a[:3, :3].T @ b[:3, :3])) - 1.0) / 2.0)))
