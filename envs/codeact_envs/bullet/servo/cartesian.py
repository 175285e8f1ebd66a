"""The tool moved by displacements in the world frame, with the orientation of the hand kept."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from codeact_envs.bullet.servo.base import DURATION, HASTE, NO_CUT, Servo, Vector, toward

if TYPE_CHECKING:
    from codeact_envs.bullet.robots.description import Volume
    from codeact_envs.bullet.world import BulletWorld

Array = NDArray[np.float64]
Rows = list[Vector]

SCALE = 0.04  # metres a step, for an action of 1

_ACCELERATION = 3.0  # metres per second squared, of each axis of the tool, while it changes its velocity
_BRAKING = 1.5  # the same, on which the tool relies to come to rest before a wall: always possible inside the workspace
_OVERSHOOT = 0.0015  # metres: braking fills whole steps, and so takes up to 1.3 mm more than it would need
_DAMPING = 1e-9 * np.eye(6)
_POSTURE_GAIN = 0.5  # 1/s: how fast the elbow is drawn back to the home posture, where the tool does not feel it
# Metres and radians between the tool and where the step should bring it: a Newton step from here leaves about 1e-5.
_NEAR = 6e-4
_NEWTON_STEPS = 4
_CALM = 0.25  # of the acceleration, for a tool that slows down because a joint comes near its limit
# How many radians the joints move for a metre of the tool, in its worst direction: where to look for the end of the
# reach, and where it is. About 5 in the middle of the workspace.
_GAIN_NEAR, _GAIN_LIMIT = 7.0, 12.0
_REACH_SCALE = 1.0  # metres: 1 / (2 L) for links of L = 0.5 m
_EDGE_BRAKING = 0.3  # metres per second squared, toward the end of the reach
_PROBE = 0.0005  # metres
_SHOULDER = np.array([0.0, 0.0, 0.3])  # metres, roughly: to tell out from in
_TURN = 0.01  # radians a step by which a tool that was turned is turned back


class CartesianServo(Servo):
    """The tool keeps the orientation that it has at the reset, and moves by (dx, dy, dz) in the world frame.

    An action of 1 along an axis is `SCALE` metres a step. The three together never ask for more than the robot's limit
    of the tool's speed.
    """

    # Most of this runs on three or seven numbers at a time, where plain floats are faster than arrays.

    def __init__(self, world: BulletWorld) -> None:
        self._orientation: Rows
        self._position: Vector
        self._home: tuple[Rows, Vector, Rows, Vector] | None = None
        super().__init__(world, 3)
        # Of each joint: lower and upper limit, velocity, and twice what it brakes with before a limit.
        self._rooms = [
            (lower, upper, fastest, 2.0 * _CALM * acceleration)
            for lower, upper, fastest, acceleration in self._joint_limits
        ]
        self._home_joints: Vector = self._arm.home.tolist()
        if self._arm.commanded.tolist() == self._home_joints:  # where every episode begins
            self._home = (self._orientation, self._position, self._inverse, self._drift)

    def reset(self) -> None:
        super().reset()
        self._upright = self._orientation

    def _rest(self) -> None:
        at = self._arm.commanded.tolist()
        self.velocity = [0.0] * len(at)
        self._tool_velocity: Vector = [0.0, 0.0, 0.0]
        self._along: Vector = self.velocity
        if self._home is None or at != self._home_joints:
            self._stand_at(at)
        else:
            self._orientation, self._position, self._inverse, self._drift = self._home

    def _stand_at(self, joints: Vector) -> None:
        pose = self._kinematics.pose(joints)
        self._orientation, self._position = [row[:3] for row in pose[:3]], [row[3] for row in pose[:3]]
        self._inverse, self._drift = self._smallest_motion(joints)

    def _smallest_motion(self, joints: Vector) -> tuple[Rows, Vector]:
        """The matrix (joints, 6) from a twist in the tool's frame to the smallest joint motion that makes it, and the
        joint velocities that draw the elbow home and leave the tool where it is."""
        jacobian = self._kinematics.jacobian(joints)
        inverse = jacobian.T.dot(np.linalg.inv(jacobian.dot(jacobian.T) + _DAMPING))
        home = _POSTURE_GAIN * (self._arm.home - joints)
        return inverse.tolist(), (home - inverse.dot(jacobian.dot(home))).tolist()

    def _plan(self, begin: Vector, request: Vector) -> tuple[Vector, Vector]:
        wanted = [value * (SCALE / DURATION) for value in request]
        asked = _turning(self._inverse, _in_frame(self._orientation, wanted))
        share = max(
            math.hypot(*wanted) / self._speed,
            self._share_of_limits(begin, asked) * HASTE,
            self._share_of_point_speed(begin, asked) * HASTE,
        )
        if share > 1.0:
            self.cuts["speed"] += 1
            wanted = [value / share for value in wanted]
            asked = [value / share for value in asked]
        edge = self._edge(begin)
        now = self._tool_velocity
        change = [a - b for a, b in zip(wanted, now, strict=True)]
        joints = max(abs(a - b) / limit[3] for a, b, limit in zip(asked, self._along, self._joint_limits, strict=True))
        share = max(DURATION, max(map(abs, change)) / _ACCELERATION, joints * HASTE) / DURATION
        for less in (1.0, 2.0, 4.0):
            velocity, wall = self._inside([a + b / (less * share) for a, b in zip(now, change, strict=True)], edge)
            found = self._reach(begin, velocity)
            if found is not None:
                break
        else:
            wall = "joint_limits"
            found = self._reach(begin, self._braked())
        if wall is not None:
            self.cuts[wall] += 1
        return self._to_rest(begin) if found is None else found

    def _to_rest(self, begin: Vector) -> tuple[Vector, Vector]:
        found = self._slower(begin)
        self._follow_joints(*found)
        return found

    def _share_of_limits(self, begin: Vector, velocity: Vector) -> float:
        """How much of what is allowed the joints would need: of their velocity, or to come to rest before a limit."""
        return max(
            [
                abs(speed) / min(fastest, math.sqrt(max(upper - at if speed > 0.0 else at - lower, 1e-6) * braking))
                for at, speed, (lower, upper, fastest, braking) in zip(begin, velocity, self._rooms, strict=True)
            ]
        )

    def _edge(self, begin: Vector) -> tuple[Vector, float] | None:
        """Where the arm's reach ends, when that is near: the direction, and how fast the tool may move along it.

        Toward a stretched arm the joints must move ever faster for the same motion of the tool, as one over the square
        root of the distance that is left; so this gain tells the distance.
        """
        if sum([a * a + b * b + c * c for a, b, c, _, _, _ in self._inverse]) < _GAIN_NEAR**2:
            return None
        to_joints = np.array(self._inverse)[:, :3] @ np.array(self._orientation).T
        squares, directions = np.linalg.eigh(to_joints.T @ to_joints)
        square, outward = float(squares[-1]), directions[:, -1]
        if float(outward @ (np.array(self._position) - _SHOULDER)) < 0.0:
            outward = -outward
        if square < _GAIN_LIMIT**2:
            beyond = self._kinematics.jacobian((begin + to_joints @ outward * _PROBE).tolist())
            inverse = beyond.T @ np.linalg.inv(beyond @ beyond.T + _DAMPING)
            if float(np.linalg.norm(inverse[:, :3], 2)) ** 2 < square:
                return None  # the arm is folded, and this is the way out
        room = max(1e-4, (1.0 / square - 1.0 / _GAIN_LIMIT**2) * _REACH_SCALE)
        return outward.tolist(), max(0.0, toward(room, float(outward @ self._tool_velocity), _EDGE_BRAKING))

    def _inside(self, velocity: Vector, edge: tuple[Vector, float] | None) -> tuple[Vector, str | None]:
        """Cut a velocity so that the tool can still come to rest before every wall; says which wall it was."""
        wall = None
        if edge is not None:
            direction, most = edge
            beyond = sum(a * b for a, b in zip(direction, velocity, strict=True)) - most
            if beyond > 0.0:
                velocity = [a - beyond * b for a, b in zip(velocity, direction, strict=True)]
                wall = "joint_limits"
        position, now = self._position, self._tool_velocity
        cut = []
        for x, speed, wanted, low, high in zip(position, now, velocity, self._low, self._high, strict=True):
            inside = wanted
            # Most of the time there is more room than the tool will ever take to come to rest.
            need = (abs(speed) + abs(wanted)) * (DURATION / 2.0) + wanted * wanted / (2.0 * _BRAKING)
            if high - x < need or x - low < need:
                most, least = toward(high - x, speed, _BRAKING), -toward(x - low, -speed, _BRAKING)
                inside = min(max(wanted, least), most)
                if abs(inside - wanted) > NO_CUT:
                    wall = "workspace"
            cut.append(inside)
        if self._free(position, now, cut):
            return cut, wall
        return self._braked(), "keep_out"

    def _free(self, position: Vector, now: Vector, velocity: Vector) -> bool:
        """Whether the box around this step, and around coming to rest after it, is free of what is kept out."""
        near: Sequence[Volume] = self._keep_out
        for axis, (x, before, after) in enumerate(zip(position, now, velocity, strict=True)):
            end = x + (before + after) * DURATION / 2.0
            rest = end + after * abs(after) / (2.0 * _BRAKING)
            low, high = min(x, end, rest) - _OVERSHOOT, max(x, end, rest) + _OVERSHOOT
            near = [box for box in near if low <= box.upper[axis] and high >= box.lower[axis]]
            if not near:
                return True
        return False

    def _braked(self) -> Vector:
        most = _BRAKING * DURATION
        return [math.copysign(max(0.0, abs(value) - most), value) for value in self._tool_velocity]

    def _reach(self, begin: Vector, velocity: Vector) -> tuple[Vector, Vector] | None:
        """Joint positions and velocities with which the tool ends this step at `velocity`; None outside the limits."""
        before, orientation, half = self.velocity, self._orientation, DURATION / 2.0
        position, now = self._position, self._tool_velocity
        target = [x + (a + b) * half for x, a, b in zip(position, now, velocity, strict=True)]
        twist = _in_frame(orientation, velocity)
        along = _turning(self._inverse, twist)
        end = [q + (a + b + c) * half for q, a, b, c in zip(begin, before, along, self._drift, strict=True)]
        if orientation is not self._upright:
            orientation = _turned(orientation, self._upright)
        inverse, drift = self._smallest_motion(end)
        along = _turning(inverse, twist)
        after = [a + b for a, b in zip(along, drift, strict=True)]
        end = [q + (a + b) * half for q, a, b in zip(begin, before, after, strict=True)]
        for _ in range(_NEWTON_STEPS):
            error = _error(self._kinematics.pose(end), orientation, target)
            x, y, z, u, v, w = error
            end = [
                q + (a * x + b * y + c * z + d * u + e * v + f * w)
                for q, (a, b, c, d, e, f) in zip(end, inverse, strict=True)
            ]
            if max(map(abs, error)) < _NEAR:
                break
        else:
            return None
        if not self._allowed(begin, before, end, after):
            return None
        self._orientation, self._position, self._tool_velocity = orientation, target, velocity
        self._inverse, self._drift, self._along = inverse, drift, along
        return end, after

    def _follow_joints(self, end: Vector, after: Vector) -> None:
        self._stand_at(end)
        moved = (self._kinematics.jacobian(end) @ after)[:3]
        self._tool_velocity = (np.array(self._orientation) @ moved).tolist()
        self._along = [a - b for a, b in zip(after, self._drift, strict=True)]


def _in_frame(orientation: Rows, vector: Vector) -> Vector:
    """A vector of the world in the frame whose axes are the columns of `orientation`."""
    (a, b, c), (d, e, f), (g, h, i) = orientation
    x, y, z = vector
    return [a * x + d * y + g * z, b * x + e * y + h * z, c * x + f * y + i * z]


def _turning(inverse: Rows, velocity: Vector) -> Vector:
    """The joint velocities of a tool that moves and does not turn, `velocity` being in its own frame."""
    x, y, z = velocity
    return [a * x + b * y + c * z for a, b, c, _, _, _ in inverse]


def _error(pose: Rows, orientation: Rows, target: Vector) -> Vector:
    """The twist in the tool's own frame that leads from `pose` to the target, to first order in the rotation."""
    (a, b, c, x), (d, e, f, y), (g, h, i, z), _ = pose
    (p, q, r), (s, t, u), (v, w, k) = orientation
    x, y, z = target[0] - x, target[1] - y, target[2] - z
    return [
        a * x + d * y + g * z,
        b * x + e * y + h * z,
        c * x + f * y + i * z,
        0.5 * (c * q + f * t + i * w - b * r - e * u - h * k),
        0.5 * (a * r + d * u + g * k - c * p - f * s - i * v),
        0.5 * (b * p + e * s + h * v - a * q - d * t - g * w),
    ]


def _turned(now: Rows, goal: Rows) -> Rows:
    """The orientation `goal`, or one on the way to it that is at most `_TURN` radians from `now`."""
    begin = np.array(now)
    difference = begin.T @ np.array(goal)
    cosine = min(1.0, max(-1.0, (float(np.trace(difference)) - 1.0) / 2.0))
    angle = math.acos(cosine)
    if angle <= _TURN:
        return goal
    cross = (difference - difference.T) * (math.sin(_TURN) / (2.0 * math.sin(angle)))
    axis = cross / math.sin(_TURN)
    turn: Rows = (begin @ (np.eye(3) + cross + (1.0 - math.cos(_TURN)) * (axis @ axis))).tolist()
    return turn
