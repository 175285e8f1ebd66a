"""The arm moved a short step at a time, by displacements, as ordinary reinforcement learning wants it.

A step lasts `SUBSTEPS` of the simulation, 1/12 s. The action is what the tool or the joints should do in it, as a mean
velocity. A servo brings the arm's commanded velocity there as fast as the limits allow, and keeps it while the action
stays; an action of zeros brings the arm to rest. Whatever is asked for, from every state that is commanded the arm can
still come to rest inside the workspace, outside what is kept out and inside the joint limits: a request that would end
this is cut, and the cut is counted.

Within a step the joints follow cubics, which meet positions and velocities at both ends.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from codeact.errors import TaskError
from codeact_envs.bullet.simulation import STEP
from codeact_envs.bullet.trajectories import Bounds, brake

if TYPE_CHECKING:
    from codeact_envs.bullet.world import BulletWorld

Array = NDArray[np.float64]

SUBSTEPS = 20  # simulation steps in one step of a servo
DURATION = SUBSTEPS * STEP  # seconds
CARTESIAN_SCALE = 0.04  # metres a step, for an action of 1
JOINT_SCALE = 0.04  # radians a step, for an action of 1

CUTS = ("speed", "workspace", "keep_out", "joint_limits", "blocked")

_ACCELERATION = 3.0  # metres per second squared, of each axis of the tool, while it changes its velocity
_BRAKING = 1.5  # the same, on which the tool relies to come to rest before a wall: always possible inside the workspace
_REACTION = 0.02  # seconds from a requested stop to the first braking step, at most
_SPEED_SHARE = 0.99  # of the limit of the tool's speed, for what happens within a step
_SHARE = 0.95  # of the maker's acceleration that a step may use
_DAMPING = 1e-9 * np.eye(6)
_POSTURE_GAIN = 0.5  # 1/s: how fast the elbow is drawn back to the home posture, where the tool does not feel it
_REACHED = 1e-5  # metres and radians between the tool and where the step should bring it
_NEWTON_STEPS = 4
_HASTE = 1.25  # room for what a linear estimate leaves out
_JOINT_SHARE = 0.6  # of the acceleration, for a joint that follows a request
_CALM = 0.25  # of the acceleration, for a tool that slows down because a joint comes near its limit
# How many radians the joints move for a metre of the tool, in its worst direction: where to look for the end of the
# reach, and where it is. About 5 in the middle of the workspace.
_GAIN_NEAR, _GAIN_LIMIT = 7.0, 12.0
_REACH_SCALE = 1.0  # metres: 1 / (2 L) for links of L = 0.5 m
_EDGE_BRAKING = 0.3  # metres per second squared, toward the end of the reach
_PROBE = 0.0005  # metres
_SHOULDER = np.array([0.0, 0.0, 0.3])  # metres, roughly: to tell out from in
_TURN = 0.01  # radians a step by which a tool that was turned is turned back
_NO_CUT = 1e-6  # metres or radians per second that are no cut worth counting
_MARGIN = 0.002  # metres that are kept from walls, for the curve between the points that are looked at
_WRIST_RADIUS, _WRIST_LENGTH = 0.06, 0.12  # metres: of the arm behind the palm
_FINGER_DEPTH = 0.004  # metres that closing fingers are commanded beyond what they press on
_TRACKING = 0.03  # radians between commanded and measured: something is in the way


class Servo(ABC):
    """Base of both servos.

    Attributes:
        size: of the action, without the gripper.
        velocity: commanded joint velocities at the end of the last step, radians per second.
        cuts: how often a request was cut since the reset, by one of `CUTS`.
    """

    def __init__(self, world: BulletWorld, size: int) -> None:
        self.size = size
        self._world, self._arm, self._controller = world, world.arm, world.controller
        robot = self._robot = world.robot
        if not np.array_equal(world.controller.kinematics.base, np.eye(4)):
            raise TaskError(
                f"{robot.title} does not stand at the world's origin; only there it takes actions of arrays"
            )
        self._kinematics = world.controller.kinematics
        acceleration = np.array(robot.joints.acceleration)
        self._acceleration = acceleration * _SHARE
        # From this velocity the arm is at rest within stop_time of a request.
        stoppable = self._acceleration * (robot.motion.stop_time - _REACTION)
        self._velocity_limit = np.minimum(np.array(robot.joints.velocity), stoppable)
        self._brake_bounds = Bounds(np.array(robot.joints.velocity), acceleration * 0.98, np.array(robot.joints.jerk))
        self._speed = robot.motion.tool_speed_limit * _SPEED_SHARE
        space, lowest = robot.workspace, robot.gripper.tip_below_tool + 0.001
        lower = (space.lower[0], space.lower[1], max(space.lower[2], lowest))
        self._low = tuple(value + _MARGIN for value in lower)
        self._high = tuple(value - _MARGIN for value in space.upper)
        self._keep_out = (*robot.keep_out, *world.controller.keep_out)
        self._finger_step = robot.gripper.speed * DURATION
        self.velocity: Array = np.zeros(len(robot.joints.names))
        self.cuts: Counter[str] = Counter()
        self.reset()

    def reset(self) -> None:
        """Begin at the arm's commanded positions, at rest."""
        self.cuts = Counter(dict.fromkeys(CUTS, 0))
        self._rest()

    def step(self, action: Array) -> None:
        """Do one step. A robot that is stopped holds still while the time passes.

        Args:
            action: (size + 1,), each in [-1, 1]; the last one opens (above 0) or closes the gripper, at 1 with its full
                speed.
        """
        arm = self._arm
        if arm.stop_requested:
            self._world.simulation.run(SUBSTEPS)
            return
        begin, velocity = arm.commanded, self.velocity
        goal, self.velocity = self._plan(action[:-1])
        rows = _cubic(begin, velocity, goal, self.velocity)
        fingers = arm.finger + (self._finger_goal(float(action[-1])) - arm.finger) * _PART
        done = arm.follow(rows, fingers, lambda: False, SUBSTEPS)
        if done < SUBSTEPS:
            self._stop(begin, velocity, rows, done)
        elif self._controller.look():
            self._give_way()

    @abstractmethod
    def _plan(self, request: Array) -> tuple[Array, Array]:
        """Joint positions and velocities at the end of this step."""

    @abstractmethod
    def _rest(self) -> None:
        """Begin at the arm's commanded positions, at rest."""

    def _finger_goal(self, request: float) -> float:
        arm = self._arm
        goal = min(max(arm.finger + request * self._finger_step, 0.0), self._robot.gripper.opening / 2.0)
        if request > 0.0:
            arm.squeezing = False
        elif request < 0.0:
            arm.squeezing = True
            # Where something is between the fingers, their force limit rules.
            goal = max(goal, min(arm.finger, arm.finger_position() - _FINGER_DEPTH))
        return goal

    def _stop(self, begin: Array, velocity: Array, rows: Array, done: int) -> None:
        """Come to rest in the middle of a step, inside the maker's limits, and let the rest of the step pass."""
        track = np.vstack([begin - velocity * STEP, begin, rows])[done : done + 3]
        speed = (track[2] - track[0]) / (2.0 * STEP)
        acceleration = (track[2] - 2.0 * track[1] + track[0]) / STEP**2
        acceleration = np.clip(acceleration, -self._acceleration, self._acceleration)
        stop = brake(track[1], speed, acceleration, self._brake_bounds, STEP)
        self._arm.follow(stop, self._arm.finger, lambda: False, len(stop) or 1, braking=True)
        self._world.simulation.run(max(0, SUBSTEPS - done - len(stop)))
        self._rest()

    def _give_way(self) -> None:
        """Something holds the arm back: go on from where it is, instead of pressing harder."""
        self.cuts["blocked"] += 1
        measured = self._arm.positions()
        if float(np.abs(measured - self._arm.commanded).max()) > _TRACKING:
            self._arm.commanded = np.clip(measured, self._kinematics.lower, self._kinematics.upper)
            self._rest()

    def _share_of_limits(self, velocity: Array) -> float:
        """How much of what is allowed the joints would need: of their velocity, or to come to rest before a limit."""
        at, kinematics = self._arm.commanded, self._kinematics
        room = np.where(velocity > 0.0, kinematics.upper - at, at - kinematics.lower)
        before_limit = np.sqrt(np.maximum(room, 1e-6) * (2.0 * _CALM * self._acceleration))
        return float((np.abs(velocity) / np.minimum(self._velocity_limit, before_limit)).max())

    def _allowed(self, begin: Array, before: Array, end: Array, after: Array) -> bool:
        """Whether a step's cubic obeys the joints' limits, and leaves room to come to rest inside them."""
        mean = (end - begin) / DURATION
        first, last = 6.0 * mean - 4.0 * before - 2.0 * after, 4.0 * after + 2.0 * before - 6.0 * mean
        most = np.maximum(np.abs(first), np.abs(last)) / DURATION
        return (
            bool(np.all(np.abs(after) <= self._velocity_limit) and np.all(most <= self._acceleration))
            and self._kinematics.inside_limits(end)
            and self._kinematics.inside_limits(end + after * np.abs(after) / (2.0 * self._acceleration))
        )

    def _slower(self) -> tuple[Array, Array]:
        """Brake every joint, the way out that is always open."""
        begin, before = self._arm.commanded, self.velocity
        # The cubic of a joint that came to rest within the step would overshoot: it takes the whole step instead.
        after = np.sign(before) * np.maximum(0.0, np.abs(before) - self._acceleration * DURATION)
        return begin + (before + after) * (DURATION / 2.0), after


class CartesianServo(Servo):
    """The tool keeps the orientation that it has at the reset, and moves by (dx, dy, dz) in the world frame.

    An action of 1 along an axis is `CARTESIAN_SCALE` metres a step. The three together never ask for more than the
    robot's limit of the tool's speed.
    """

    def __init__(self, world: BulletWorld) -> None:
        super().__init__(world, 3)

    def reset(self) -> None:
        super().reset()
        self._upright: Array = self._orientation

    def _rest(self) -> None:
        at = self._arm.commanded
        pose = self._kinematics.forward(at)
        self.velocity = np.zeros(len(at))
        self._orientation: Array = pose[:3, :3]
        self._position: Array = pose[:3, 3]
        self._tool_velocity: Array = np.zeros(3)
        self._inverse, self._drift = self._smallest_motion(at)

    def _smallest_motion(self, joints: Array) -> tuple[Array, Array]:
        """The matrix (joints, 6) from a twist in the tool's frame to the smallest joint motion that makes it, and the
        joint velocities that draw the elbow home and leave the tool where it is."""
        jacobian = self._kinematics.jacobian(joints)
        inverse: Array = jacobian.T @ np.linalg.inv(jacobian @ jacobian.T + _DAMPING)
        home = _POSTURE_GAIN * (self._arm.home - joints)
        return inverse, home - inverse @ (jacobian @ home)

    def _plan(self, request: Array) -> tuple[Array, Array]:
        wanted = request * (CARTESIAN_SCALE / DURATION)
        to_joints = self._inverse[:, :3] @ self._orientation.T
        needed = self._share_of_limits(to_joints @ wanted)
        share = max(math.sqrt(float(wanted @ wanted)) / self._speed, needed * _HASTE)
        if share > 1.0:
            self.cuts["speed"] += 1
            wanted = wanted / share
        edge = self._edge(to_joints)
        change = wanted - self._tool_velocity
        joints = np.abs(to_joints @ change) / self._acceleration
        share = max(DURATION, float(np.abs(change).max()) / _ACCELERATION, float(joints.max()) * _HASTE) / DURATION
        for less in (1.0, 2.0, 4.0):
            velocity, wall = self._inside(self._tool_velocity + change / (less * share), edge)
            found = self._reach(velocity)
            if found is not None:
                break
        else:
            wall = "joint_limits"
            found = self._reach(self._braked())
        if wall is not None:
            self.cuts[wall] += 1
        if found is None:
            found = self._slower()
            self._follow_joints(*found)
        return found

    def _edge(self, to_joints: Array) -> tuple[Array, float] | None:
        """Where the arm's reach ends, when that is near: the direction, and how fast the tool may move along it.

        Toward a stretched arm the joints must move ever faster for the same motion of the tool, as one over the square
        root of the distance that is left; so this gain tells the distance.
        """
        if float((to_joints * to_joints).sum()) < _GAIN_NEAR**2:
            return None
        squares, directions = np.linalg.eigh(to_joints.T @ to_joints)
        square, outward = float(squares[-1]), directions[:, -1]
        if float(outward @ (self._position - _SHOULDER)) < 0.0:
            outward = -outward
        if square < _GAIN_LIMIT**2:
            beyond = self._kinematics.jacobian(self._arm.commanded + to_joints @ outward * _PROBE)
            inverse = beyond.T @ np.linalg.inv(beyond @ beyond.T + _DAMPING)
            if float(np.linalg.norm(inverse[:, :3], 2)) ** 2 < square:
                return None  # the arm is folded, and this is the way out
        room = max(1e-4, (1.0 / square - 1.0 / _GAIN_LIMIT**2) * _REACH_SCALE)
        return outward, max(0.0, _toward(room, float(outward @ self._tool_velocity), _EDGE_BRAKING))

    def _inside(self, wanted: Array, edge: tuple[Array, float] | None) -> tuple[Array, str | None]:
        """Cut a velocity so that the tool can still come to rest before every wall; says which wall it was."""
        wall = None
        if edge is not None:
            direction, most = edge
            along = float(direction @ wanted)
            if along > most:
                wanted, wall = wanted - (along - most) * direction, "joint_limits"
        velocity, position, now = wanted.tolist(), self._position.tolist(), self._tool_velocity.tolist()
        for axis in range(3):
            most = _toward(self._high[axis] - position[axis], now[axis])
            least = -_toward(position[axis] - self._low[axis], -now[axis])
            inside = min(max(velocity[axis], least), most)
            if abs(inside - velocity[axis]) > _NO_CUT:
                wall = "workspace"
            velocity[axis] = inside
        if self._free(position, now, velocity):
            return np.array(velocity), wall
        return self._braked(), "keep_out"

    def _free(self, position: list[float], now: list[float], velocity: list[float]) -> bool:
        """Whether the box around this step, and around coming to rest after it, is free of what is kept out."""
        low, high = [], []
        for x, before, after in zip(position, now, velocity, strict=True):
            end = x + (before + after) * DURATION / 2.0
            points = (x, end, end + after * abs(after) / (2.0 * _BRAKING))
            low.append(min(points))
            high.append(max(points))
        return not any(
            all(a <= top and b >= bottom for a, b, bottom, top in zip(low, high, box.lower, box.upper, strict=True))
            for box in self._keep_out
        )

    def _braked(self) -> Array:
        now = self._tool_velocity
        slower: Array = np.sign(now) * np.maximum(0.0, np.abs(now) - _BRAKING * DURATION)
        return slower

    def _reach(self, velocity: Array) -> tuple[Array, Array] | None:
        """Joint positions and velocities with which the tool ends this step at `velocity`; None outside the limits."""
        begin, before = self._arm.commanded, self.velocity
        target = self._position + (self._tool_velocity + velocity) * (DURATION / 2.0)
        twist = np.zeros(6)
        twist[:3] = self._orientation.T @ velocity
        orientation = _turned(self._orientation, self._upright)
        end = begin + (before + self._inverse @ twist + self._drift) * (DURATION / 2.0)
        inverse, drift = self._smallest_motion(end)
        pose = self._kinematics.forward(end)
        for _ in range(_NEWTON_STEPS):
            error = self._kinematics.error(pose, orientation, target)
            if float(np.abs(error).max()) < _REACHED:
                break
            end = end + inverse @ error
            pose = self._kinematics.forward(end)
        else:
            return None
        after = inverse @ twist + drift
        if not self._allowed(begin, before, end, after):
            return None
        self._orientation, self._position, self._tool_velocity = orientation, pose[:3, 3], velocity
        self._inverse, self._drift = inverse, drift
        return end, after

    def _follow_joints(self, end: Array, after: Array) -> None:
        pose = self._kinematics.forward(end)
        self._orientation, self._position = pose[:3, :3], pose[:3, 3]
        self._tool_velocity = pose[:3, :3] @ (self._kinematics.jacobian(end) @ after)[:3]
        self._inverse, self._drift = self._smallest_motion(end)


class JointServo(Servo):
    """Every joint moves by itself. An action of 1 is `JOINT_SCALE` radians a step.

    The tool, the fingers and the palm stay inside the workspace and above the table, and the tool stays out of what is
    kept out and below its limit of speed.
    """

    def __init__(self, world: BulletWorld) -> None:
        super().__init__(world, len(world.robot.joints.names))
        gripper = world.robot.gripper
        half_x, half_y = gripper.finger_width / 2.0, gripper.opening / 2.0 + gripper.finger_thickness
        palm_x, palm_y = gripper.palm_size[0] / 2.0, gripper.palm_size[1] / 2.0
        wrist = max(palm_x, _WRIST_RADIUS)
        corners = [
            (half_x, half_y, gripper.tip_below_tool),
            (palm_x, palm_y, -gripper.palm_above_tool),
            (wrist, wrist, -gripper.palm_above_tool - _WRIST_LENGTH),
        ]
        self._hand = np.array([(i * x, j * y, z) for x, y, z in corners for i in (1, -1) for j in (1, -1)])

    def _rest(self) -> None:
        self.velocity = np.zeros(len(self._arm.commanded))

    def _plan(self, request: Array) -> tuple[Array, Array]:
        begin, before = self._arm.commanded, self.velocity
        wanted = request * (JOINT_SCALE / DURATION)
        tool = (self._kinematics.jacobian(begin) @ wanted)[:3]
        share = max(
            float((np.abs(wanted) / self._velocity_limit).max()), math.sqrt(float(tool @ tool)) / self._speed * _HASTE
        )
        if share > 1.0:
            self.cuts["speed"] += 1
            wanted = wanted / share
        most = _JOINT_SHARE * self._acceleration * DURATION
        after = before + np.clip(wanted - before, -most, most)
        inside = self._before_limits(begin, before, after)
        if float(np.abs(inside - after).max()) > _NO_CUT:
            self.cuts["joint_limits"] += 1
        end = begin + (before + inside) * (DURATION / 2.0)
        wall = self._wall(end, inside)
        if wall is None:
            return end, inside
        self.cuts[wall] += 1
        return self._slower()

    def _before_limits(self, begin: Array, before: Array, after: Array) -> Array:
        """Cut velocities so that every joint can still come to rest before its limits."""
        kinematics, pairs = self._kinematics, zip(begin.tolist(), before.tolist(), after.tolist(), strict=True)
        cut = []
        for index, (at, now, then) in enumerate(pairs):
            braking = _JOINT_SHARE * float(self._acceleration[index])
            most = _toward(float(kinematics.upper[index]) - at, now, braking)
            least = -_toward(at - float(kinematics.lower[index]), -now, braking)
            cut.append(min(max(then, least), most))
        return np.array(cut)

    def _wall(self, end: Array, after: Array) -> str | None:
        """What the tool or the hand would meet at the end of the step, or while coming to rest after it."""
        rest = after * np.abs(after) / (2.0 * self._acceleration)
        for joints in (end, end + rest / 2.0, end + rest):
            pose = self._kinematics.forward(joints)
            place = pose[:3, 3].tolist()
            for value, low, high in zip(place, self._low, self._high, strict=True):
                if not low <= value <= high:
                    return "workspace"
            if float((self._hand @ pose[2, :3]).min()) + place[2] < _MARGIN:
                return "workspace"
            for box in self._keep_out:
                near = zip(place, box.lower, box.upper, strict=True)
                if all(low - _MARGIN <= value <= high + _MARGIN for value, low, high in near):
                    return "keep_out"
        return None


def make_servo(world: BulletWorld, action: str) -> Servo:
    """The servo for `cartesian` or `joint` actions."""
    return CartesianServo(world) if action == "cartesian" else JointServo(world)


def _toward(room: float, now: float, braking: float = _BRAKING) -> float:
    """The highest velocity at the end of a step after which something can still stop within `room`, metres or radians.

    It moves at `now` toward a wall that is `room` away, its velocity changes evenly during the step, and later it can
    brake with `braking`.
    """
    half = DURATION / 2.0
    if room <= 0.0:
        return min(0.0, room / DURATION)
    left = room - now * half
    if left >= 0.0:
        return braking * (math.sqrt(half * half + 2.0 * left / braking) - half)
    return now - now * now * DURATION / (2.0 * room)


def _turned(now: Array, goal: Array) -> Array:
    """The orientation `goal`, or one on the way to it that is at most `_TURN` radians from `now`."""
    if now is goal:
        return goal
    difference = now.T @ goal
    cosine = min(1.0, max(-1.0, (float(np.trace(difference)) - 1.0) / 2.0))
    angle = math.acos(cosine)
    if angle <= _TURN:
        return goal
    cross = (difference - difference.T) * (math.sin(_TURN) / (2.0 * math.sin(angle)))
    axis = cross / math.sin(_TURN)
    turn: Array = now @ (np.eye(3) + cross + (1.0 - math.cos(_TURN)) * (axis @ axis))
    return turn


_PART = np.arange(1, SUBSTEPS + 1) / SUBSTEPS
_POWERS = np.stack(
    [_PART**2 * (3.0 - 2.0 * _PART), _PART * (1.0 - _PART) ** 2 * DURATION, _PART**2 * (_PART - 1.0) * DURATION], axis=1
)


def _cubic(begin: Array, before: Array, end: Array, after: Array) -> Array:
    """Joint positions after each of the step's substeps, (SUBSTEPS, joints)."""
    return begin + _POWERS @ np.stack([end - begin, before, after])
