"""Moves the arm along planned paths, inside its limits, and watches while it moves. The limits live here."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from codeact_envs.bullet.arms.arm import SimulatedArm
from codeact_envs.bullet.arms.arm_watch import ArmWatch
from codeact_envs.bullet.arms.surroundings import Surroundings
from codeact_envs.bullet.engine.simulation import STEP, Simulation
from codeact_envs.bullet.errors import OutOfReach, Stopped, TooFast, TooStrong
from codeact_envs.bullet.motion.kinematics import Kinematics
from codeact_envs.bullet.motion.path_check import PathCheck
from codeact_envs.bullet.motion.tool_places import ToolPlaces
from codeact_envs.bullet.motion.trajectories import Bounds, Path, SplinePath, StraightPath, brake, parametrise
from codeact_envs.bullet.results import STOPPED
from codeact_envs.bullet.results import MotionResult as MotionResult
from codeact_envs.bullet.robots import ArmDescription
from codeact_envs.bullet.robots.description import MotionSettings, Volume
from codeact_envs.bullet.safety import Violations

if TYPE_CHECKING:
    from codeact_envs.bullet.world import BulletWorld

Array = NDArray[np.float64]

WATCH_EVERY = 12  # steps: contacts and tracking are looked at 20 times a second
_STOP_SHARE = 0.76  # of stop_time in which the arm must be able to brake; the rest is reaction and jerk
BACK_OFF_STEPS = 48  # that the arm goes back after something blocked it
_LARGEST_TURN = 2.0 * math.pi  # radians of one twist
_SPEED_SAMPLES = 60  # of a path, where the speed of the arm's points is looked at
_SPEED_SHARE = 0.97  # of a speed limit, for what lies between two samples
_HALVINGS = 6  # of a line, to find how far the tool can follow it
_AT_START = 1e-6  # radians
_GRIP_STEPS = 18  # that the gripper takes to press or to let go, after the fingers have moved


def _stoppable(acceleration: Array, jerk: Array, motion: MotionSettings) -> Array:
    """The velocities from which each joint comes to rest in `stop_time`, whatever it was doing."""
    time = motion.stop_time * _STOP_SHARE
    # Where the jerk is small, the time goes into giving up one acceleration and building up the other.
    left = time - acceleration * motion.acceleration_scale / jerk
    slow: Array = np.where(left < 2.0 * acceleration / jerk, jerk * left**2 / 4.0, acceleration * time)
    return slow


class ArmController:
    """Executes paths from rest to rest. Every motion starts where the last one was commanded to end.

    Attributes:
        violations: what broke a rule since the reset, in words.
        kinematics: of the arm as it stands, in the world frame.
        keep_out: volumes that the arm may not enter, beside the robot's own; world frame.
        surroundings: what its links could meet.
        places: where its tool may be.
        bounds: what its motions are planned with.
        speed_limit: metres per second that no point of the arm may exceed.
        last: how the last motion ended; None where there was none since the reset, or a fault of a real arm ended it.
            The world saves it with its state.

    Args:
        keep_out: as the attribute.
        base: pose of the arm's base link, 4x4, world frame; None where that is the world's own origin.
        called: what messages call this arm.
        violations: where to add to, where several controllers share one.
        speed_limit: metres per second that no point of the arm may exceed, where that is less than the limit of the
            tool in the robot's description.
    """

    def __init__(
        self,
        simulation: Simulation,
        arm: SimulatedArm,
        robot: ArmDescription,
        world: BulletWorld,
        keep_out: Sequence[Volume] = (),
        base: Array | None = None,
        called: str = "the arm",
        violations: Violations | None = None,
        speed_limit: float = math.inf,
    ) -> None:
        self._simulation, self._arm, self._robot, self._world = simulation, arm, robot, world
        self.keep_out = tuple(keep_out)
        self.kinematics = Kinematics(robot, base)
        self.surroundings = Surroundings(simulation, arm, world, self.kinematics, self.keep_out, called)
        self.places = ToolPlaces(robot, self.kinematics, self.keep_out, called, self.surroundings.could_stand)
        self._called = called
        self.last: MotionResult | None = None
        self.violations = Violations() if violations is None else violations
        joints, motion = robot.joints, robot.motion
        acceleration, jerk = np.array(joints.acceleration), np.array(joints.jerk)
        stoppable = _stoppable(acceleration, jerk, motion)
        self.bounds = Bounds(
            np.minimum(np.array(joints.velocity), stoppable),
            acceleration * motion.acceleration_scale,
            jerk * motion.jerk_scale,
        )
        self._brake_bounds = Bounds(np.array(joints.velocity), acceleration * 0.98, jerk)
        self.speed_limit = min(robot.tool.velocity, speed_limit)
        self._watch = ArmWatch(simulation, arm, world, self.violations, called, self.keep_out, self.speed_limit)

    def reset(self) -> None:
        self.violations.clear()
        self.begin()

    # Where the tool is, and where it may go

    def tool(self) -> Array:
        """The tool's commanded pose, 4x4, world frame."""
        return self.kinematics.forward(self._arm.commanded)

    @property
    def highest(self) -> float:
        """The top of the workspace, metres, world frame."""
        return self._robot.workspace.upper[2] + float(self.kinematics.base[2, 3])

    def require_running(self) -> None:
        """Raise `Stopped` when the robot is stopped; a carried arm learns where it is carried to."""
        if self._arm.stop_requested:
            raise Stopped("the robot is stopped; nothing moves until it is resumed or the episode is reset")
        self._world.stand_arms()

    def require_allowed(self, x: float, y: float, z: float) -> None:
        """Raise `OutOfReach` or `KeepOut` when the tool centre point may not be at (x, y, z), world frame, metres."""
        self.places.require(x, y, z)

    @property
    def tool_speed_limit(self) -> float:
        """The most that a program may ask for, metres per second of the tool."""
        return min(self._robot.motion.tool_speed_limit, self.speed_limit)

    def require_speed(self, speed: float | None = None) -> float:
        """`speed` of the tool, metres per second; None for the robot's own, or less where less is allowed.

        Raises:
            TooFast: it is not above 0, or above what is allowed.
        """
        limit = self.tool_speed_limit
        if speed is None:
            return min(self._robot.motion.tool_speed, limit)
        if not 0.0 < speed <= limit:
            raise TooFast(f"speed must be above 0 and at most {limit:g} m/s, not {speed:g}")
        return speed

    def require_line_allowed(self, start: Array, end: Array) -> None:
        """As `require_allowed`, for the straight line of the tool from `start` to `end`, each (3,), world frame."""
        self.places.require_line(start, end)

    def held(self) -> str | None:
        """The name of the body that this arm's fingers press on; None when they hold nothing."""
        body = self._arm.grasped()
        return None if body is None else self._world.name_of(body)

    # Motions

    def move_joints(self, goal: Array) -> MotionResult:
        """A straight line in joint space to `goal`, radians.

        Raises:
            Stopped: the robot is stopped, or was stopped on the way; it is at rest.
        """
        return self._run(StraightPath(self._arm.commanded, goal), goal)

    def move_line(self, position: Sequence[float], speed: float | None = None) -> MotionResult:
        """A straight line of the tool to `position` (3,) in the world frame, orientation kept.

        Args:
            speed: metres per second, at most; joint limits may make it slower.

        Raises:
            TooFast: `speed` is not above 0, or above what is allowed; nothing was moved.
            OutOfReach: no such line inside the joint limits; nothing was moved.
            Stopped: as for `move_joints`.
        """
        speed = self.require_speed(speed)
        goal = np.asarray(position, dtype=float)
        length = float(np.linalg.norm(goal - self.tool()[:3, 3]))
        if length < 1e-6:
            return MotionResult(True, "", 0.0, 0.0, (), 0.0)
        line = self.kinematics.line(self._arm.commanded, goal)
        if line is None:
            x, y, z = goal
            raise OutOfReach(
                f"{self._called} cannot follow a straight line to ({x:.3f}, {y:.3f}, {z:.3f}) inside its joint limits; "
                + self._end_of_line(goal)
            )
        return self._run(SplinePath(*line), line[0][-1], speed, length)

    def fastest_line(self, start: Array, position: Sequence[float]) -> float | None:
        """Metres per second that the tool can keep on the whole straight line to `position` (3,), world frame, from
        where it is at the joint positions `start`; None where it cannot follow that line."""
        goal = np.asarray(position, dtype=float)
        line = self.kinematics.line(start, goal)
        if line is None:
            return None
        first = np.maximum(SplinePath(*line).derivatives()[0], 1e-9)
        length = float(np.linalg.norm(goal - self.kinematics.forward(start)[:3, 3]))
        return float((self.bounds.velocity / first).min()) * length

    def _end_of_line(self, goal: Array) -> str:
        """How far the tool could follow its straight line to `goal`, in words."""
        begin, low, high = self.tool()[:3, 3], 0.0, 1.0
        for _ in range(_HALVINGS):
            share = (low + high) / 2.0
            free = self.kinematics.line(self._arm.commanded, begin + (goal - begin) * share) is not None
            low, high = (share, high) if free else (low, share)
        if low == 0.0:
            return "it cannot move that way at all from where it is"
        x, y, z = begin + (goal - begin) * low
        return f"it can follow it as far as ({x:.3f}, {y:.3f}, {z:.3f})"

    def move_through(
        self, poses: Sequence[Array], length: float, speed: float | None = None, force: float = math.inf
    ) -> MotionResult:
        """The tool through `poses`, each 4x4, world frame, evenly spaced along a smooth way `length` metres long that
        begins where the tool is; for a part that is held and moves along a line or about an axis.

        Args:
            speed: metres per second, at most; joint limits may make it slower.
            force: newtons along the way; where what the fingers touch holds against them with more, the motion ends.

        Raises:
            TooFast: `speed` is not above 0, or above what is allowed; nothing was moved.
            OutOfReach: no such way inside the joint limits; nothing was moved.
            Stopped: as for `move_joints`.
        """
        speed = self.require_speed(speed)
        way = self.kinematics.through(self._arm.commanded, poses)
        if way is None:
            x, y, z = poses[-1][:3, 3]
            raise OutOfReach(
                f"{self._called} cannot follow this way to ({x:.3f}, {y:.3f}, {z:.3f}) inside its joint limits"
            )
        self._watch.limit_force(force, self.tool()[:3, 3])
        try:
            return self._run(SplinePath(*way), way[0][-1], speed, length)
        finally:
            self._watch.force_limit = math.inf

    def move_along(self, knots: Array, length: float, speed: float | None = None) -> MotionResult:
        """Through joint positions (n, joints), radians, that were found before along a smooth way of the tool `length`
        metres long, such as those of `kinematics.through` or the same backwards; the arm is at the first of them.

        Args:
            speed: metres per second, at most; joint limits may make it slower.

        Raises:
            TooFast: `speed` is not above 0, or above what is allowed; nothing was moved.
            OutOfReach: the arm is not where the way begins; nothing was moved.
            Stopped: as for `move_joints`.
        """
        speed = self.require_speed(speed)
        off = float(np.abs(knots[0] - self._arm.commanded).max())
        if off > _AT_START:
            raise OutOfReach(f"{self._called} is {off:.3f} rad away from where this way begins")
        return self._run(SplinePath(*self.kinematics.with_slopes(knots)), knots[-1], speed, length)

    def move_velocity(self, velocity: Array, seconds: float) -> MotionResult:
        """Turn the joints at `velocity` (joints,), radians per second, by `velocity * seconds`, from rest to rest.

        It takes longer than `seconds` by what starting and stopping cost.

        Raises:
            TooFast: a joint cannot be stopped in time from this velocity, or `seconds` is not positive.
            OutOfReach: the motion would leave the joint limits.
            Stopped: as for `move_joints`.
        """
        velocity = np.asarray(velocity, dtype=float)
        limits = self.bounds.velocity
        if not (math.isfinite(seconds) and seconds > 0.0 and bool(np.all(np.abs(velocity) <= limits))):
            allowed = ", ".join(f"{value:.2f}" for value in limits.tolist())
            raise TooFast(f"joint velocities may be at most {allowed} rad/s, for a positive number of seconds")
        goal = self._arm.commanded + velocity * seconds
        if self._outside(goal).any():
            raise OutOfReach(
                f"{seconds:g} s at this velocity would leave the joint limits; " + self._end_of_turn(velocity)
            )
        speed = float(np.linalg.norm(velocity))
        return self._run(StraightPath(self._arm.commanded, goal), goal, speed, speed * seconds)

    def _end_of_turn(self, velocity: Array) -> str:
        """How long the joints could turn at `velocity` (joints,), some of which would leave its limits, in words."""
        ends = np.where(velocity > 0.0, self.kinematics.upper, self.kinematics.lower)
        seconds = np.full(len(velocity), math.inf)
        np.divide(ends - self._arm.commanded, velocity, out=seconds, where=velocity != 0.0)
        joint = int(np.argmin(seconds))
        most = math.floor(max(0.0, float(seconds[joint])) * 100.0) / 100.0
        return f"{self._robot.joints.names[joint]} is at its end after {most:.2f} s"

    def move_twist(self, linear: Array, angular: Array, seconds: float) -> MotionResult:
        """Move the tool at `linear` (3,), metres per second, and turn it at `angular` (3,), radians per second about an
        axis through the tool centre point, both in the world frame, by what they make in `seconds`, from rest to rest.

        It takes longer than `seconds` by what starting and stopping cost, or where joint limits make it slower.

        Raises:
            TooFast: the tool may not move so fast, or `seconds` is not positive.
            OutOfReach, KeepOut: the way leaves the workspace or the joint limits, or comes into a volume that is kept
                out; nothing was moved.
            Stopped: as for `move_joints`.
        """
        self.require_running()
        linear, angular = np.asarray(linear, dtype=float), np.asarray(angular, dtype=float)
        limit = self.tool_speed_limit
        if not (math.isfinite(seconds) and seconds > 0.0 and float(np.linalg.norm(linear)) <= limit):
            raise TooFast(f"the tool may move at most {limit:g} m/s, for a positive number of seconds")
        turn = angular * seconds
        if not float(np.linalg.norm(turn)) <= _LARGEST_TURN:
            raise OutOfReach(f"the hand may turn by at most {_LARGEST_TURN:g} rad at once; take fewer seconds")
        begin = self.tool()[:3, 3]
        self.require_line_allowed(begin, begin + linear * seconds)
        path = self.kinematics.sweep(self._arm.commanded, linear * seconds, turn)
        if path is None:
            raise OutOfReach(f"{seconds:g} s at this twist would leave the joint limits; take fewer seconds")
        return self._run(SplinePath(*path), path[0][-1], 1.0, seconds)

    def _run(self, path: Path, goal: Array, speed: float = math.inf, length: float = 0.0) -> MotionResult:
        self.require_running()
        start = self._simulation.steps
        self.require_joint_limits(goal[None])  # before a time law is made of it: it need not be finite
        check = self.look_around()
        rows = parametrise(path, self.bounds, STEP, *self._slower(check, path, speed, length))
        self.require_joint_limits(rows)
        self.require_free(rows, (), check)
        self.begin()
        self.last, before = None, self._arm.commanded.copy()
        done = self._arm.follow(rows, self._arm.finger, self.watch, WATCH_EVERY)
        if done < len(rows):
            self._brake(before, rows, done)
            if not self.blocked:
                self.note_stop(goal, start)
                raise Stopped("the robot was stopped on its way; it is at rest")
            self._back_off(rows[max(0, done - BACK_OFF_STEPS)])
        return self.result(goal, start)

    def slower(self, path: Path, speed: float, length: float) -> tuple[float, float]:
        """`speed` and `length` as `parametrise` takes them, so that no point of the arm exceeds the speed limit."""
        return self._slower(self.look_around(), path, speed, length)

    def _slower(self, check: PathCheck, path: Path, speed: float, length: float) -> tuple[float, float]:
        rate = self._rate(check, path)
        return (speed, length) if length > 0.0 and speed / length <= rate else (rate, 1.0)

    def _rate(self, check: PathCheck, path: Path) -> float:
        """The most of a path that may be gone each second, as a share of it, for the speed limit."""
        first = np.maximum(path.derivatives()[0], 1e-9)
        if float((self.bounds.velocity / first).min()) * check.most_travel(first) <= self.speed_limit:
            return math.inf  # the joints' own limits see to it, as for most motions
        rows = path.evaluate(np.linspace(0.0, 1.0, _SPEED_SAMPLES + 1))
        fastest = check.longest_step(rows) * _SPEED_SAMPLES
        return _SPEED_SHARE * self.speed_limit / max(fastest, 1e-9)

    def require_joint_limits(self, rows: Array) -> None:
        """Raise `OutOfReach` when joint positions, (n, joints), leave the limits, or are not finite."""
        if self.kinematics.inside_limits(rows):  # False for what is not finite
            return
        joints, outside = self._robot.joints, self._outside(rows)
        if not outside.any():
            return
        row, joint = (int(index) for index in np.argwhere(outside)[0])
        low, high = float(self.kinematics.lower[joint]), float(self.kinematics.upper[joint])
        raise OutOfReach(
            f"{self._called} would bring {joints.names[joint]} to {rows[row, joint]:.3f} rad; "
            f"it may go from {low:.3f} to {high:.3f} rad"
        )

    def _outside(self, rows: Array) -> NDArray[np.bool_]:
        """Which joint positions, (..., joints), leave the limits, or are not finite. A joint may stand a little outside
        after something was in its way: from there it may only come back."""
        start = self._arm.commanded
        lower, upper = np.minimum(self.kinematics.lower, start), np.maximum(self.kinematics.upper, start)
        found: NDArray[np.bool_] = ~((rows >= lower - 1e-9) & (rows <= upper + 1e-9))
        return found

    def require_free(self, rows: Array, besides: Collection[int] = (), check: PathCheck | None = None) -> None:
        """Raise `InCollision` or `KeepOut` when on its way, (n, joints), a link or what is carried would meet something
        that stands still. `besides` are bodies that are not asked, by Bullet's numbers; `check` is what looked around
        just now, if anything did."""
        self.surroundings.require_free(rows, check or self.look_around(besides))

    def look_around(self, besides: Collection[int] = ()) -> PathCheck:
        """What checks motions of this arm, with everything as it stands now; `besides` as for `require_free`."""
        return self.surroundings.look(besides)

    def _brake(self, before: Array, rows: Array, done: int) -> None:
        """Come to rest from the middle of a motion, inside the maker's limits."""
        stop = self.braking(before, rows, done)
        self._arm.follow(stop, self._arm.finger, lambda: False, len(stop) or 1, braking=True)

    def braking(self, before: Array, rows: Array, done: int) -> Array:
        """Joint positions to rest after `done` of a motion's `rows`, which began at `before`. Shape (steps, joints)."""
        at = rows[done - 1] if done else before
        previous = rows[done - 2] if done > 1 else before
        following = rows[done] if done else before
        velocity = (following - previous) / (2.0 * STEP) if done else np.zeros_like(at)
        acceleration = (following - 2.0 * at + previous) / STEP**2 if done else np.zeros_like(at)
        return brake(at, velocity, acceleration, self._brake_bounds, STEP)

    def _back_off(self, goal: Array) -> None:
        """Give way where something blocked the arm: a little back along the way it came, instead of pressing on."""
        rows = parametrise(StraightPath(self._arm.commanded, goal), self.bounds, STEP)
        self._arm.follow(rows, self._arm.finger, lambda: False, len(rows) or 1)

    def open(self, opening: float) -> None:
        """Bring the pads `opening` metres apart.

        Raises:
            OutOfReach: the gripper does not open so far.
            Stopped: the robot is stopped, or was stopped meanwhile.
        """
        self.require_running()
        widest = self._robot.gripper.opening
        if not 0.0 <= opening <= widest:
            raise OutOfReach(f"the gripper opens from 0 to {widest:g} m, not {opening:g} m")
        self._arm.move_fingers(opening, _GRIP_STEPS)
        self.look_at_joints()
        self._require_not_stopped()

    def squeeze(self, force: float | None = None) -> int | None:
        """Close until the pads press on a body, or on each other; returns Bullet's number of what is grasped.

        Args:
            force: of each finger, newtons, kept until the fingers move again; None for the most that it may be.

        Raises:
            TooStrong: the description allows less, or `force` is not positive.
            Stopped: the robot is stopped, or was stopped meanwhile.
        """
        self.require_running()
        limit = self._robot.gripper.force
        force = limit if force is None else force
        if not 0.0 < force <= limit:
            raise TooStrong(f"the force of each finger must be above 0 and at most {limit:g} N, not {force:g}")
        found = self._arm.squeeze(_GRIP_STEPS, force)
        self.look_at_joints()
        self._require_not_stopped()
        return found

    def _require_not_stopped(self) -> None:
        if self._arm.stop_requested:
            raise Stopped("the robot was stopped while its fingers moved; it is at rest")

    # Watching

    @property
    def blocked(self) -> str:
        """What was in the way of the last motion, in words; empty when nothing was."""
        return self._watch.blocked

    @blocked.setter
    def blocked(self, reason: str) -> None:
        self._watch.blocked = reason

    def begin(self) -> None:
        """Forget what the last motion met."""
        self._watch.begin()

    def look(self) -> str:
        """Look at joints and contacts once, and count violations. Returns what is in the arm's way, or an empty str."""
        self.begin()
        self.watch()
        return self.blocked

    def watch(self) -> bool:
        """Look at joints, links and contacts in the middle of a motion. Whether something is in the way."""
        return self._watch.look(lambda: self.tool()[:3, 3])

    def look_at_joints(self) -> None:
        """Count violations of the joints of an arm that stands, whatever presses on it."""
        self._watch.look_at_joints(pressing=True)

    def finger_force(self) -> Array:
        """What the world does to the fingers now, as one force (3,), newtons, world frame; a grip cancels out."""
        return self._watch.finger_force()

    def result(self, goal: Array, start: int) -> MotionResult:
        """How a motion to `goal`, (joints,), ended that began at step `start`."""
        wanted = self.kinematics.pose(goal)
        actual = self.kinematics.pose(self._arm.positions())
        trace = sum(
            a * b
            for left, right in zip(wanted[:3], actual[:3], strict=True)
            for a, b in zip(left[:3], right[:3], strict=True)
        )
        names = sorted(name for body in self._watch.touched if (name := self._world.name_of(body)) is not None)
        self.last = MotionResult(
            reached=not self.blocked,
            reason=self.blocked,
            position_error=math.dist(*([row[3] for row in pose[:3]] for pose in (wanted, actual))),
            angle_error=math.acos(min(1.0, max(-1.0, (trace - 1.0) / 2.0))),
            contacts=tuple(names),
            duration=(self._simulation.steps - start) * STEP,
        )
        return self.last

    def note_stop(self, goal: Array, start: int) -> MotionResult:
        """As `result`, of a motion that was ended by a stop."""
        self.last = replace(self.result(goal, start), reached=False, reason=STOPPED)
        return self.last
