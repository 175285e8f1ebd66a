"""What both servos share: the limits, the cubics within a step, the gripper, and coming to rest."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from codeact.errors import TaskError
from codeact_envs.bullet.engine.simulation import STEP
from codeact_envs.bullet.motion.trajectories import Bounds, brake

if TYPE_CHECKING:
    from codeact_envs.bullet.world import BulletWorld

Array = NDArray[np.float64]
Vector = list[float]

SUBSTEPS = 20  # simulation steps in one step of a servo
DURATION = SUBSTEPS * STEP  # seconds

CUTS = ("speed", "workspace", "keep_out", "joint_limits", "blocked")

BRAKE_SHARE = 0.95  # of the maker's acceleration that a step may use
HASTE = 1.25  # room for what a linear estimate leaves out
NO_CUT = 1e-6  # metres or radians per second that are no cut worth counting
MARGIN = 0.002  # metres that are kept from walls, for the curve between the points that are looked at
_REACTION = 0.02  # seconds from a requested stop to the first braking step, at most
_SPEED_SHARE = 0.99  # of the limit of the tool's speed, for what happens within a step
POINT_SHARE = 0.95  # of a speed limit of the arm's points, for the posture that changes while it comes to rest
_INSTANT = 1e-4  # seconds in which a velocity is measured
_FINGER_DEPTH = 0.004  # metres that closing fingers are commanded beyond what they press on
_TRACKING = 0.03  # radians between commanded and measured: something is in the way


class Servo(ABC):
    """Base of both servos.

    Most of a step's work is on three or seven numbers at a time, where plain floats are faster than arrays: right after
    the simulation an operation of NumPy costs several times as much as in a loop of its own.

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
        self._acceleration = acceleration * BRAKE_SHARE
        # From this velocity the arm is at rest within stop_time of a request, and within one step of a servo.
        stoppable = self._acceleration * min(robot.motion.stop_time - _REACTION, DURATION)
        self._velocity_limit = np.minimum(np.array(robot.joints.velocity), stoppable)
        # Of each joint: positions, and what a step may use of its velocity and acceleration.
        limits = (self._kinematics.lower, self._kinematics.upper, self._velocity_limit, self._acceleration)
        self._joint_limits: list[tuple[float, ...]] = list(zip(*(limit.tolist() for limit in limits), strict=True))
        self._brake_bounds = Bounds(np.array(robot.joints.velocity), acceleration * 0.98, np.array(robot.joints.jerk))
        self._speed = self._controller.tool_speed_limit * _SPEED_SHARE
        # Metres per second of any point of the arm, where that is less than its maker allows the tool.
        limit = self._controller.speed_limit
        self._point_speed = limit * POINT_SHARE if limit < robot.tool.velocity else math.inf
        space, lowest = robot.workspace, robot.gripper.tip_below_tool + 0.001
        self._low = tuple(value + MARGIN for value in (*space.lower[:2], max(space.lower[2], lowest)))
        self._high = tuple(value - MARGIN for value in space.upper)
        self._keep_out = (*robot.keep_out, *world.controller.keep_out)
        self._finger_step = robot.gripper.speed * DURATION
        self.velocity: Vector = [0.0] * len(robot.joints.names)
        self.cuts: Counter[str] = Counter()
        self.reset()

    def reset(self) -> None:
        """Begin at the arm's commanded positions, at rest."""
        self.cuts = Counter(dict.fromkeys(CUTS, 0))
        self._rest()

    def step(self, action: Iterable[float]) -> None:
        """Do one step. A robot that is stopped holds still while the time passes.

        Args:
            action: size + 1 numbers in [-1, 1]; the last one opens (above 0) or closes the gripper, at 1 with its full
                speed.
        """
        arm = self._arm
        self._world.let_sleep(DURATION)
        if arm.stop_requested:
            self._world.simulation.run(SUBSTEPS)
            return
        *request, fingers_request = map(float, action)
        begin, velocity = arm.commanded.tolist(), self.velocity
        goal, after = self._plan(begin, request)
        rows = _cubic(begin, velocity, goal, after)
        if self._point_speed < math.inf and self._fastest(np.vstack([begin, rows])) / STEP > self._point_speed:
            self.cuts["speed"] += 1
            goal, after = self._to_rest(begin)
            rows = _cubic(begin, velocity, goal, after)
        self.velocity = after
        fingers = arm.finger + (self._finger_goal(fingers_request) - arm.finger) * _PART
        done = arm.follow(rows, fingers, lambda: False, SUBSTEPS)
        if done < SUBSTEPS:
            self._stop(begin, velocity, rows, done)
        elif self._controller.look():
            self._give_way()

    @abstractmethod
    def _plan(self, begin: Vector, request: Vector) -> tuple[Vector, Vector]:
        """Joint positions and velocities at the end of this step, which begins at the positions `begin`."""

    @abstractmethod
    def _rest(self) -> None:
        """Begin at the arm's commanded positions, at rest."""

    @abstractmethod
    def _to_rest(self, begin: Vector) -> tuple[Vector, Vector]:
        """As `_plan`, for coming to rest within this step."""

    def _fastest(self, rows: Array) -> float:
        """The most that any point of the arm, or of its load, moves from one of joint positions (n, joints) to the
        next, metres."""
        return self._controller.look_around().longest_step(rows)

    def _share_of_point_speed(self, begin: Vector, velocity: Vector) -> float:
        """How much of what is allowed the arm's points would need for joint velocities."""
        if self._point_speed == math.inf:
            return 0.0
        soon = [at + speed * _INSTANT for at, speed in zip(begin, velocity, strict=True)]
        return self._fastest(np.array([begin, soon])) / _INSTANT / self._point_speed

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

    def _stop(self, begin: Vector, velocity: Vector, rows: Array, done: int) -> None:
        """Come to rest in the middle of a step, inside the maker's limits, and let the rest of the step pass."""
        track = np.vstack([np.array(begin) - np.array(velocity) * STEP, begin, rows])[done : done + 3]
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

    def _allowed(self, begin: Vector, before: Vector, end: Vector, after: Vector) -> bool:
        """Whether a step's cubic obeys the joints' limits, and leaves room to come to rest inside them."""
        for at, now, then_at, then, (lower, upper, fastest, acceleration) in zip(
            begin, before, end, after, self._joint_limits, strict=True
        ):
            mean = 6.0 * (then_at - at) / DURATION
            most = acceleration * DURATION
            rest = then_at + then * (DURATION / 2.0)
            if not (
                abs(then) <= fastest
                and abs(mean - 4.0 * now - 2.0 * then) <= most
                and abs(4.0 * then + 2.0 * now - mean) <= most
                and lower <= then_at <= upper
                and lower <= rest <= upper
            ):
                return False
        return True

    def _slower(self, begin: Vector) -> tuple[Vector, Vector]:
        """Bring every joint to rest within the step, the way out that is always open: no joint is ever commanded faster
        than it can be stopped in one step, and so all of them move on a straight line."""
        end = [at + now * (DURATION / 2.0) for at, now in zip(begin, self.velocity, strict=True)]
        return end, [0.0] * len(end)


def toward(room: float, now: float, braking: float) -> float:
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


_PART = np.arange(1, SUBSTEPS + 1) / SUBSTEPS
_POWERS = np.stack(
    [
        np.ones(SUBSTEPS),
        _PART**2 * (3.0 - 2.0 * _PART),
        _PART * (1.0 - _PART) ** 2 * DURATION,
        _PART**2 * (_PART - 1.0) * DURATION,
    ],
    axis=1,
)


def _cubic(begin: Vector, before: Vector, end: Vector, after: Vector) -> Array:
    """Joint positions after each of the step's substeps, (SUBSTEPS, joints)."""
    way = [b - a for a, b in zip(begin, end, strict=True)]
    rows: Array = _POWERS.dot(np.array([begin, way, before, after]))
    return rows
