"""Drives a wheeled base with differential or skid steering to poses, inside its limits. The limits live here."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from codeact_envs.bullet.engine.simulation import STEP, Simulation
from codeact_envs.bullet.errors import InCollision, KeepOut, OutOfReach, Stopped, TooFast
from codeact_envs.bullet.motion.nearest import nearest, out_of, within
from codeact_envs.bullet.motion.trajectories import require_short, time_law
from codeact_envs.bullet.results import STOPPED, MotionResult
from codeact_envs.bullet.robots.description import Volume
from codeact_envs.bullet.safety import Violations
from codeact_envs.bullet.vehicles.footprint import MARGIN, Footprint
from codeact_envs.bullet.vehicles.simulated_base import SimulatedBase

if TYPE_CHECKING:
    from codeact_envs.bullet.world import BulletWorld

_EVERY = 4  # steps between two commands: 60 a second
_PERIOD = _EVERY * STEP
_RISE = 0.2  # seconds in which a planned acceleration is built up
# Gains of the tracking law, per second, per metre squared and per metre: see `BaseController._track`.
_ALONG, _ACROSS, _HEADING = 3.0, 12.0, 5.0
_TURN_GAIN = 6.0  # per second: of the heading's error while it turns on the spot
_LOST = 0.20  # metres behind the planned pose: something is in the way
_LOST_TURN = 0.5  # radians
_TOLERANCE = 0.05  # metres
_TURN_TOLERANCE = 0.03  # radians
_ATTEMPTS = 4  # at a pose: turn, drive, turn
_NEAR = 0.8  # metres within which it rather drives backwards than turns about
_SETTLE_STEPS = 24
_WATCH_ARM_EVERY = 3  # commands: 20 times a second, as a standing arm looks
_SPEED_SHARE = 0.75  # of a speed limit, for what following a way, and the sway of the base, add
_INSTEAD = {
    "the base": "drive around it by way of other places",
    "its arm": "draw the arm in first, or drive around it by way of other places",
}


class BaseController:
    """Drives a base to poses: turn on the spot, straight on, turn on the spot. Every motion goes from rest to rest.

    The point that is steered is the turning centre, which never moves sideways: a skid-steered base turns about a point
    that lies towards its heavier axle, not about its middle.

    Attributes:
        last: how the last motion ended; None where there was none since the reset. The world saves it with its state.

    Args:
        keep_out: volumes that it keeps out of, world frame; those that lie above it are not in its way.
        speed_limit: metres per second that no point of an arm on it may exceed.
    """

    def __init__(
        self,
        simulation: Simulation,
        base: SimulatedBase,
        world: BulletWorld,
        violations: Violations,
        keep_out: Sequence[Volume] = (),
        speed_limit: float = math.inf,
    ) -> None:
        self._simulation, self._base, self._world, self._violations = simulation, base, world, violations
        self._robot = robot = base.robot
        self._keep_out = [each for each in keep_out if each.lower[2] < robot.height and each.upper[2] > 0.0]
        self._footprint = Footprint(world, robot, keep_out)
        self._arm_speed = speed_limit * _SPEED_SHARE
        self._touched: set[int] = set()
        self._blocked = ""
        self.last: MotionResult | None = None
        self._pushing = False
        self._commands = 0

    # Where it may go

    def require_running(self) -> None:
        """Raise `Stopped` when the robot is stopped."""
        if self._base.stop_requested:
            raise Stopped("the robot is stopped; nothing moves until it is resumed or the episode is reset")

    def require_allowed(self, x: float, y: float) -> None:
        """Raise `OutOfReach` or `KeepOut` when the base may not be at (x, y), metres, world frame, whatever its yaw."""
        area = self._robot.area
        if not (math.isfinite(x) and math.isfinite(y)):
            raise OutOfReach(f"({x}, {y}) is no place: give two finite numbers in metres")
        if max(abs(x), abs(y)) > area:
            raise OutOfReach(
                f"({x:.2f}, {y:.2f}) lies outside the area: x and y from {-area:g} to {area:g} m{self._nearest(x, y)}"
            )
        half = min(self._robot.footprint) / 2.0 + MARGIN
        for volume in self._keep_out:
            if _flat(volume, half).contains(x, y, 0.0):
                raise KeepOut(
                    f"at ({x:.2f}, {y:.2f}) the base would come into {volume.name}, which is kept out"
                    f"{self._nearest(x, y)}"
                )

    def _nearest(self, x: float, y: float) -> str:
        """The nearest place where the base may be with any yaw, for the end of a sentence."""
        area, half = self._robot.area, math.hypot(*self._robot.footprint) / 2.0 + MARGIN
        inside = Volume("the area", (-area, -area, 0.0), (area, area, 0.0))
        found = nearest((x, y, 0.0), [within(inside), *(out_of(_flat(each, half)) for each in self._keep_out)])
        return "" if found is None else f"; the nearest place that is allowed is ({found[0]:.3f}, {found[1]:.3f})"

    def require_speed(self, speed: float) -> None:
        """Raise `TooFast` when `speed` is no speed or above the limit, metres per second."""
        limit = self._speed_limit
        if not 0.0 < speed <= limit:
            raise TooFast(f"speed must be above 0 and at most {limit:g} m/s, not {speed:g}")

    @property
    def _speed_limit(self) -> float:
        """Metres per second along its x axis."""
        limit = self._robot.limits.speed
        return min(limit, self._arm_speed) if self._world.controllers else limit

    @property
    def _turn_limit(self) -> float:
        """Radians per second."""
        return min(self._robot.limits.turn_rate, self._arm_speed / max(self._footprint.reach, 1e-9))

    def _speed(self, speed: float | None) -> float:
        """`speed`, or the usual one, metres per second. Raises as `require_speed`."""
        speed = min(self._robot.motion.speed, self._speed_limit) if speed is None else speed
        self.require_speed(speed)
        return speed

    def _require_clear(self, legs: Sequence[_Leg], pushing: bool = False) -> None:
        begin = self._base.pose()
        self._footprint.look(*begin)
        leaving = self._footprint.kept_out(begin) is not None  # it may come out of where it was pushed into
        volume = None
        for pose in self._on_the_way(legs):
            x, y, _ = pose
            volume = self._footprint.kept_out(pose)
            leaving = leaving and volume is not None
            if volume is not None and not leaving:
                part, kept = volume
                raise KeepOut(
                    f"{part} would come into {kept.name}, which is kept out, at ({x:.2f}, {y:.2f}) on its "
                    f"straight way there; {_INSTEAD[part]}"
                )
            hit = self._footprint.hit(pose, pushing=pushing)
            if hit is not None:
                part, name = hit
                body = self._world.body(name)
                where = self._world.tell_place(body, (x, y), 2)
                raise InCollision(
                    f"{part} would hit {self._world.call(body)}{where} on its straight way there; {_INSTEAD[part]}"
                )
        if leaving and volume is not None:
            raise KeepOut("the base stands in what is kept out, and this way does not lead out of it")

    def _on_the_way(self, legs: Sequence[_Leg]) -> Iterator[tuple[float, float, float]]:
        """Poses of the base along its legs, (x, y, yaw), the last one included."""
        x, y, yaw = self._centre()
        for leg in legs:
            count = max(1, math.ceil(max(abs(leg.distance) / 0.05, abs(leg.turn) / 0.1)))
            for index in range(1, count + 1):
                s = index / count
                px, py = x + s * leg.distance * math.cos(yaw), y + s * leg.distance * math.sin(yaw)
                heading = yaw + s * leg.turn
                yield self._from_centre(px, py, heading)
            x, y, yaw = px, py, heading

    # Motions

    def drive_to(self, x: float, y: float, yaw: float | None = None, speed: float | None = None) -> MotionResult:
        """Drive in a straight line to (x, y), then turn to `yaw`: metres and radians, world frame.

        Args:
            yaw: None keeps the heading in which it arrives.
            speed: metres per second, at most.

        Raises:
            OutOfReach, KeepOut, InCollision, TooFast: nothing was moved.
            Stopped: the robot is stopped, or was stopped on the way; it is at rest.
        """
        self.require_running()
        self.require_allowed(x, y)
        speed = self._speed(speed)
        if yaw is not None and not math.isfinite(yaw):
            raise OutOfReach(f"yaw must be a finite angle in radians, not {yaw}")
        self._begin(pushing=False)
        legs = self._legs(x, y, yaw)
        require_short(sum(abs(leg.distance) for leg in legs) / speed)
        self._require_clear(legs)
        start = self._simulation.steps
        try:
            self._drive(x, y, yaw, speed)
        except Stopped:
            self._result(x, y, yaw, start)
            raise
        return self._result(x, y, yaw, start)

    def _drive(self, x: float, y: float, yaw: float | None, speed: float) -> None:
        """To a pose, as often as it takes. What was in the way is in `_blocked`."""
        for _ in range(_ATTEMPTS):
            if self._arrived(x, y, yaw):
                return
            goal = self._goal(x, y, yaw)
            # Each leg is laid from where the base came to rest after the one before.
            for plan in (self._turn_towards, self._straight, self._turn_at):
                leg = plan(*goal)
                if not (self._is_clear(leg) and self._run(leg, speed)):
                    return
        if not self._arrived(x, y, yaw):
            self._blocked = self._blocked or "the wheels slipped: it did not come to rest at its goal"

    def drive_straight(self, distance: float, speed: float | None = None) -> MotionResult:
        """Drive `distance` metres along its own x axis, backwards when negative, pushing what is in the way.

        Raises:
            OutOfReach, KeepOut, TooFast: nothing was moved.
            Stopped: as for `drive_to`.
        """
        self.require_running()
        x, y, yaw = self._base.pose()
        goal_x, goal_y = x + distance * math.cos(yaw), y + distance * math.sin(yaw)
        self.require_allowed(goal_x, goal_y)
        speed = self._speed(speed)
        self._require_clear([_Leg(distance, 0.0)], pushing=True)
        self._begin(pushing=True)
        start = self._simulation.steps
        try:
            self._run(_Leg(distance, 0.0), speed)
        except Stopped:
            self._result(goal_x, goal_y, yaw, start)
            raise
        return self._result(goal_x, goal_y, yaw, start)

    def _is_clear(self, leg: _Leg) -> bool:
        """Whether a leg is free from where the base came to rest: wheels slip, so that is not quite where the way that
        was checked before led."""
        if not leg.length:
            return True
        try:
            self._require_clear([leg])
        except (InCollision, KeepOut) as refusal:
            self._blocked = f"the wheels slipped off the way, and going on {refusal}"
        return not self._blocked

    def _begin(self, pushing: bool) -> None:
        self._touched.clear()
        self._blocked, self._pushing, self._commands = "", pushing, 0

    def _centre(self) -> tuple[float, float, float]:
        """The turning centre's (x, y), and the heading."""
        x, y, yaw = self._base.pose()
        return self._to_centre(x, y, yaw)

    def _to_centre(self, x: float, y: float, yaw: float) -> tuple[float, float, float]:
        ahead = self._robot.turning_centre
        return (x + ahead * math.cos(yaw), y + ahead * math.sin(yaw), yaw)

    def _from_centre(self, x: float, y: float, yaw: float) -> tuple[float, float, float]:
        ahead = self._robot.turning_centre
        return (x - ahead * math.cos(yaw), y - ahead * math.sin(yaw), yaw)

    def _arrived(self, x: float, y: float, yaw: float | None) -> bool:
        at_x, at_y, at_yaw = self._base.pose()
        turned = yaw is None or abs(math.remainder(yaw - at_yaw, math.tau)) <= _TURN_TOLERANCE
        return math.hypot(x - at_x, y - at_y) <= _TOLERANCE and turned

    def _goal(self, x: float, y: float, yaw: float | None) -> tuple[float, float, float]:
        """Where the turning centre, and with which heading, has to come to rest."""
        if yaw is None:
            # Where the heading is free, it is the one of the way that leads there.
            at_x, at_y, heading = self._centre()
            base_x, base_y, _ = self._base.pose()
            yaw = heading
            if math.hypot(x - base_x, y - base_y) > _TOLERANCE:
                yaw = math.atan2(y - at_y, x - at_x)
                near = math.hypot(x - at_x, y - at_y) < _NEAR
                if near and abs(math.remainder(yaw - heading, math.tau)) > math.pi / 2.0:
                    yaw += math.pi
        return self._to_centre(x, y, yaw)

    def _legs(self, x: float, y: float, yaw: float | None) -> list[_Leg]:
        """The way to a pose of the base: turn, drive, turn."""
        goal = self._goal(x, y, yaw)
        at_x, at_y, heading = self._centre()
        first = self._turn_towards(*goal)
        heading += first.turn
        along = math.cos(heading) * (goal[0] - at_x) + math.sin(heading) * (goal[1] - at_y)
        return [first, _Leg(along, 0.0), _Leg(0.0, math.remainder(goal[2] - heading, math.tau))]

    def _turn_towards(self, x: float, y: float, yaw: float) -> _Leg:
        at_x, at_y, heading = self._centre()
        distance = math.hypot(x - at_x, y - at_y)
        if distance <= _TOLERANCE / 2.0:
            return _Leg(0.0, 0.0)
        turn = math.remainder(math.atan2(y - at_y, x - at_x) - heading, math.tau)
        if distance < _NEAR and abs(turn) > math.pi / 2.0:
            turn = math.remainder(turn + math.pi, math.tau)
        return _Leg(0.0, turn)

    def _straight(self, x: float, y: float, yaw: float) -> _Leg:
        at_x, at_y, heading = self._centre()
        return _Leg(math.cos(heading) * (x - at_x) + math.sin(heading) * (y - at_y), 0.0)

    def _turn_at(self, x: float, y: float, yaw: float) -> _Leg:
        return _Leg(0.0, math.remainder(yaw - self._centre()[2], math.tau))

    def _run(self, leg: _Leg, speed: float) -> bool:
        """Follow one leg. False when something blocked it; the base is at rest.

        Raises:
            Stopped: the robot was stopped; it is at rest.
        """
        limits, motion = self._robot.limits, self._robot.motion
        turning, length = leg.distance == 0.0, leg.length
        if not length:
            return True
        fastest = min(motion.turn_rate, self._turn_limit) if turning else speed
        acceleration = (limits.turn_acceleration if turning else limits.acceleration) * motion.acceleration_scale
        law = time_law(fastest / length, acceleration / length, acceleration / _RISE / length, _PERIOD)
        x, y, yaw = self._centre()
        before = 0.0
        for s in [*law.tolist(), *[1.0] * (_SETTLE_STEPS // _EVERY)]:
            rate = (s - before) / _PERIOD
            before = s
            planned = (
                x + s * leg.distance * math.cos(yaw),
                y + s * leg.distance * math.sin(yaw),
                yaw + s * leg.turn,
            )
            if self._base.stop_requested:
                self._blocked = self._blocked or STOPPED
                self._brake()
                raise Stopped("the robot was stopped on its way; it is at rest")
            self._track(planned, rate * leg.distance, rate * leg.turn, turning)
            self._simulation.run(_EVERY)
            self._watch(planned)
            if self._blocked:
                self._brake()
                return False
        self._brake()
        return True

    def _track(self, planned: tuple[float, float, float], speed: float, turn_rate: float, turning: bool) -> None:
        """Follow a planned pose: the law of Kanayama, Kimura, Miyazaki and Noguchi, "A stable tracking control method
        for an autonomous mobile robot", ICRA 1990, eq. 8; on the spot, where it says nothing, by proportion."""
        x, y, yaw = self._centre()
        dx, dy = planned[0] - x, planned[1] - y
        along = math.cos(yaw) * dx + math.sin(yaw) * dy
        across = -math.sin(yaw) * dx + math.cos(yaw) * dy
        turn = math.remainder(planned[2] - yaw, math.tau)
        speed = speed * math.cos(turn) + _ALONG * along
        if turning:
            turn_rate += _TURN_GAIN * turn
        else:
            turn_rate += speed * (_ACROSS * across) + _HEADING * math.sin(turn)
        self._command(speed, turn_rate)

    def _command(self, speed: float, turn_rate: float) -> None:
        """Command the nearest to this that the limits of velocity and acceleration allow."""
        limits, base = self._robot.limits, self._base
        base.command(
            _near(base.speed, speed, limits.acceleration * _PERIOD, self._speed_limit),
            _near(base.turn_rate, turn_rate, limits.turn_acceleration * _PERIOD, self._turn_limit),
        )

    def _brake(self) -> None:
        """Come to rest, inside the limits."""
        while self._base.speed or self._base.turn_rate:
            self._command(0.0, 0.0)
            self._simulation.run(_EVERY)
        self._simulation.run(_EVERY)
        self._world.stand_arms()

    # Watching

    def _watch(self, planned: tuple[float, float, float]) -> None:
        x, y, yaw = self._centre()
        if math.hypot(planned[0] - x, planned[1] - y) > _LOST:
            self._blocked = self._blocked or "it cannot follow: something is in the way"
        if abs(math.remainder(planned[2] - yaw, math.tau)) > _LOST_TURN:
            self._blocked = self._blocked or "it cannot turn: something is in the way"
        for body in sorted(self._base.touched()):
            name = self._world.name_of(body)
            if name is None:
                continue
            self._touched.add(body)
            if not self._pushing and name not in {held.held() for held in self._world.controllers.values()}:
                self._blocked = self._blocked or f"the base ran into {name!r}"
                self._violations.add(f"the base ran into {name!r}", "collision", self._simulation.time_s)
        self._commands += 1
        if self._commands % _WATCH_ARM_EVERY == 0:
            self._watch_arm()

    def _watch_arm(self) -> None:
        """As while the arm itself moves; a base that pushes something may not do it with its arm."""
        self._world.stand_arms()
        for controller in self._world.controllers.values():
            self._blocked = self._blocked or controller.look()

    def _result(self, x: float, y: float, yaw: float | None, start: int) -> MotionResult:
        at_x, at_y, at_yaw = self._base.pose()
        names = sorted(name for body in self._touched if (name := self._world.name_of(body)) is not None)
        self.last = MotionResult(
            reached=not self._blocked,
            reason=self._blocked,
            position_error=math.hypot(x - at_x, y - at_y),
            angle_error=0.0 if yaw is None else abs(math.remainder(yaw - at_yaw, math.tau)),
            contacts=tuple(names),
            duration=(self._simulation.steps - start) * STEP,
        )
        return self.last


@dataclass(frozen=True)
class _Leg:
    """Straight on by `distance` metres, or a turn on the spot by `turn` radians."""

    distance: float
    turn: float

    @property
    def length(self) -> float:
        """Metres or radians of it, 0 where that is too little to be driven."""
        if self.distance == 0.0:
            return abs(self.turn) if abs(self.turn) >= _TURN_TOLERANCE / 2.0 else 0.0
        return abs(self.distance) if abs(self.distance) >= 1e-3 else 0.0


def _near(now: float, wanted: float, step: float, limit: float) -> float:
    """The value nearest to `wanted` within `limit` and a step from `now`."""
    wanted = min(max(wanted, -limit), limit)
    return min(max(wanted, now - step), now + step)


def _flat(volume: Volume, by: float) -> Volume:
    """Where the middle of something may not be that reaches `by` metres around it, as far as x and y go."""
    (x0, y0, _), (x1, y1, _) = volume.lower, volume.upper
    return Volume(volume.name, (x0 - by, y0 - by, -1.0), (x1 + by, y1 + by, 1.0))
