"""Flies a quadcopter to places along straight lines, inside its limits. The limits live here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from codeact_envs.bullet.bodies.clearance import Prism
from codeact_envs.bullet.engine.simulation import RATE, STEP, Simulation
from codeact_envs.bullet.errors import InCollision, KeepOut, OutOfReach, Stopped, TooFast
from codeact_envs.bullet.motion.nearest import nearest, out_of, within
from codeact_envs.bullet.motion.trajectories import time_law
from codeact_envs.bullet.results import STOPPED, MotionResult
from codeact_envs.bullet.robots.description import Volume
from codeact_envs.bullet.vehicles.simulated_drone import Reference, SimulatedDrone, Triple, dot

if TYPE_CHECKING:
    from codeact_envs.bullet.safety import Violations
    from codeact_envs.bullet.world import BulletWorld

_STILL = (0.0, 0.0, 0.0)
_RISE = 0.3  # seconds in which a planned acceleration is built up
_WATCH_EVERY = 12  # steps
_LOST = 0.3  # metres between planned and measured: something is in the way
_TOLERANCE = 0.05  # metres
_MARGIN = 0.10  # metres kept from every body, and from what is kept out
_TOUCHDOWN_SPEED = 0.25  # metres per second
_SETTLE_STEPS = RATE // 2


class DroneController:
    """Flies a drone along straight lines, from hovering to hovering, inside its limits.

    Attributes:
        last: how the last motion ended; None where there was none since the reset. The world saves it with its state.

    Args:
        keep_out: volumes that it keeps out of, world frame.
    """

    def __init__(
        self,
        simulation: Simulation,
        drone: SimulatedDrone,
        world: BulletWorld,
        violations: Violations,
        keep_out: Sequence[Volume] = (),
    ) -> None:
        self._simulation, self._drone, self._world, self._violations = simulation, drone, world, violations
        self._robot = drone.robot
        width, height = math.hypot(*self._robot.size[:2]) / 2.0 + _MARGIN, self._robot.size[2] / 2.0 + _MARGIN
        # Where its centre may not be.
        self._keep_out = [volume.grown(width, width, height) for volume in keep_out]
        self._touched: set[int] = set()
        self._blocked = ""
        self.last: MotionResult | None = None

    # Where it may go

    def require_running(self) -> None:
        """Raise `Stopped` when the robot is stopped."""
        if self._drone.stop_requested:
            raise Stopped("the robot is stopped; it stays where it is until it is resumed or the episode is reset")

    def require_flying(self) -> None:
        """Raise `OutOfReach` while it stands on the ground."""
        if not self._drone.flying:
            raise OutOfReach("the drone stands on the ground with its rotors off: take off first")

    def require_allowed(self, x: float, y: float, z: float) -> None:
        """Raise `OutOfReach` or `KeepOut` when the drone may not be at (x, y, z), metres, world frame."""
        space, where = self._robot.space, f"({x:.2f}, {y:.2f}, {z:.2f})"
        if not all(math.isfinite(value) for value in (x, y, z)):
            raise OutOfReach(f"{where} is no place: give three finite numbers in metres")
        if not space.contains(x, y, z):
            raise OutOfReach(f"{where} lies outside {space.name}: {space.ranges} m{self._nearest(x, y, z)}")
        for volume in self._keep_out:
            if volume.contains(x, y, z):
                raise KeepOut(
                    f"at {where} the drone would come within {_MARGIN:g} m of {volume.name}, which is kept out"
                    f"{self._nearest(x, y, z)}"
                )

    def _nearest(self, x: float, y: float, z: float) -> str:
        """The nearest place where it may be, for the end of a sentence."""
        found = nearest((x, y, z), [within(self._robot.space), *map(out_of, self._keep_out)])
        return "" if found is None else "; the nearest place that is allowed is ({:.3f}, {:.3f}, {:.3f})".format(*found)

    def require_speed(self, speed: float) -> None:
        """Raise `TooFast` when `speed` is no speed or above the limit, metres per second."""
        limit = self._robot.limits.speed
        if not 0.0 < speed <= limit:
            raise TooFast(f"speed must be above 0 and at most {limit:g} m/s, not {speed:g}")

    def _require_clear(self, goal: Triple) -> None:
        place = self._drone.reference.place
        for volume in self._keep_out:
            if volume.meets(place, goal):
                raise KeepOut(
                    f"on the way the drone would come within {_MARGIN:g} m of {volume.name}, which is kept out; fly "
                    "around it by way of other places"
                )
        half, half_z = max(self._robot.size[:2]) / math.sqrt(2.0), self._robot.size[2] / 2.0
        count = max(1, math.ceil(math.dist(place, goal) / 0.05))
        blocks = [
            (name, part)
            for name in self._world.names()
            if self._world.spec(name).shape != "zone"
            for part in self._world.obstacles(name)
        ]
        for index in range(1, count + 1):
            x, y, z = (start + (end - start) * index / count for start, end in zip(place, goal, strict=True))
            prism = Prism("the drone", x, y, half, half, 0.0, z - half_z, z + half_z)
            for name, body in blocks:
                if body.blocks(prism, _MARGIN):
                    number = self._world.body(name)
                    what = self._world.call(number) + self._world.tell_place(number, (x, y, z), 2)
                    raise InCollision(
                        f"the drone would come too near to {what} on its straight way there; fly around it by way of "
                        "other places"
                    )

    # Motions

    def take_off(self, height: float = 1.0) -> MotionResult:
        """Rise from the ground to `height` metres, world frame, straight up; from the air, to that height.

        Raises:
            OutOfReach, KeepOut, InCollision: nothing was moved.
            Stopped: the robot is stopped, or was stopped on the way; it hovers in place.
        """
        self.require_running()
        x, y, _ = self._drone.reference.place
        self.require_allowed(x, y, height)
        self._require_clear((x, y, height))
        if not self._drone.flying:
            self._drone.start()
        return self._fly((x, y, height), None, self._robot.motion.speed)

    def fly_to(
        self, x: float, y: float, z: float, yaw: float | None = None, speed: float | None = None
    ) -> MotionResult:
        """Fly in a straight line to (x, y, z) and hover there: metres, world frame.

        Args:
            yaw: radians about z, world frame; None keeps it.
            speed: metres per second, at most.

        Raises:
            OutOfReach, KeepOut, InCollision, TooFast: nothing was moved.
            Stopped: as for `take_off`.
        """
        self.require_running()
        self.require_flying()
        self.require_allowed(x, y, z)
        speed = self._robot.motion.speed if speed is None else speed
        self.require_speed(speed)
        if yaw is not None and not math.isfinite(yaw):
            raise OutOfReach(f"yaw must be a finite angle in radians, not {yaw}")
        self._require_clear((x, y, z))
        return self._fly((x, y, z), yaw, speed)

    def hover(self, seconds: float) -> MotionResult:
        """Hold the place for so long.

        Raises:
            OutOfReach: it stands on the ground, or `seconds` is not between 0 and 60.
            Stopped: as for `take_off`.
        """
        self.require_running()
        self.require_flying()
        if not 0.0 <= seconds <= 60.0:
            raise OutOfReach(f"seconds must lie between 0 and 60, not {seconds:g}")
        self._begin()
        begin, now = self._simulation.steps, self._drone.reference
        try:
            self._follow([now] * round(seconds * RATE))
        except Stopped:
            self._result(now.place, now.yaw, begin)
            raise
        return self._result(now.place, now.yaw, begin)

    def land(self) -> MotionResult:
        """Sink straight down to the ground and switch the rotors off.

        Raises:
            OutOfReach: it stands on the ground already.
            InCollision: something is below; nothing was moved.
            Stopped: as for `take_off`.
        """
        self.require_running()
        self.require_flying()
        x, y, _ = self._drone.reference.place
        ground = (x, y, self._robot.size[2] / 2.0)
        self._require_clear(ground)
        result = self._fly(ground, None, _TOUCHDOWN_SPEED)
        if result.reached:
            self._drone.switch_off()
            self._simulation.run(_SETTLE_STEPS)
        return result

    def _begin(self) -> None:
        self._touched.clear()
        self._blocked = ""

    def _fly(self, goal: Triple, yaw: float | None, speed: float) -> MotionResult:
        self._begin()
        begin, start = self._simulation.steps, self._drone.reference
        turn = 0.0 if yaw is None else math.remainder(yaw - start.yaw, math.tau)
        try:
            self._follow(self._plan(start, goal, turn, speed))
            if not self._blocked:
                self._follow([Reference(goal, yaw=start.yaw + turn)] * _SETTLE_STEPS)
        except Stopped:
            self._result(goal, start.yaw + turn, begin)
            raise
        return self._result(goal, start.yaw + turn, begin)

    def _plan(self, start: Reference, goal: Triple, turn: float, speed: float) -> list[Reference]:
        """References, one a step, along a straight line from rest to rest; the turn is spread over the whole way."""
        length = math.dist(start.place, goal)
        motion = self._robot.motion
        fastest = min(speed / length if length > 1e-6 else math.inf, motion.turn_rate / max(abs(turn), 1e-6))
        if length <= 1e-6 and abs(turn) <= 1e-6:
            return []
        most = self._robot.limits.acceleration * motion.acceleration_scale / max(length, abs(turn) / 2.0)
        law = [0.0, *time_law(fastest, most, most / _RISE, STEP).tolist(), 1.0]
        change = tuple(end - begin for begin, end in zip(start.place, goal, strict=True))
        references = []
        for before, s, after in zip(law, law[1:], law[2:], strict=False):
            rate, gain = (after - before) / (2.0 * STEP), (after - 2.0 * s + before) / STEP**2
            references.append(
                Reference(
                    _add(start.place, change, s),
                    _add(_STILL, change, rate),
                    _add(_STILL, change, gain),
                    start.yaw + s * turn,
                )
            )
        return references

    def _follow(self, references: list[Reference]) -> None:
        for index, reference in enumerate(references):
            if self._drone.stop_requested:
                self._blocked = self._blocked or STOPPED
                self._brake()
                raise Stopped("the robot was stopped on its way; it hovers in place")
            self._drone.reference = reference
            self._simulation.run(1)
            if index % _WATCH_EVERY == 0:
                self._watch()
                if self._blocked:
                    self._brake()
                    return

    def _brake(self) -> None:
        """Come to hover: the speed falls along half a cosine, whose steepest slope is the acceleration's limit."""
        start = now = self._drone.reference
        speed = math.sqrt(dot(start.velocity, start.velocity))
        steps = math.ceil(math.pi * speed / (2.0 * self._robot.limits.acceleration) * RATE)
        for index in range(1, steps + 1):
            angle = math.pi * index / steps
            velocity = _add(_STILL, start.velocity, (1.0 + math.cos(angle)) / 2.0)
            slope = -math.sin(angle) * math.pi / (2.0 * steps * STEP)
            now = replace(
                now,
                place=_add(now.place, velocity, STEP),
                velocity=velocity,
                acceleration=_add(_STILL, start.velocity, slope),
            )
            self._drone.reference = now
            self._simulation.run(1)
        self._drone.reference = Reference(now.place, yaw=now.yaw)
        self._simulation.run(_SETTLE_STEPS)

    # Watching

    def _watch(self) -> None:
        if math.dist(self._drone.reference.place, self._drone.place()) > _LOST:
            self._blocked = self._blocked or "it cannot follow: something is in the way"
        for body in sorted(self._drone.touched()):
            name = self._world.name_of(body)
            if name is not None:
                self._touched.add(body)
                self._blocked = self._blocked or f"the drone ran into {name!r}"
                self._violations.add(f"the drone ran into {name!r}", "collision", self._simulation.time_s)

    def _result(self, goal: Triple, yaw: float, begin: int) -> MotionResult:
        error = math.dist(goal, self._drone.place())
        if error > _TOLERANCE:
            self._blocked = self._blocked or f"it hovers {error:.2f} m from its goal"
        names = sorted(name for body in self._touched if (name := self._world.name_of(body)) is not None)
        self.last = MotionResult(
            reached=not self._blocked,
            reason=self._blocked,
            position_error=error,
            angle_error=abs(math.remainder(yaw - self._drone.yaw(), math.tau)),
            contacts=tuple(names),
            duration=(self._simulation.steps - begin) * STEP,
        )
        return self.last


def _add(start: Triple, change: tuple[float, ...], scale: float) -> Triple:
    return (start[0] + scale * change[0], start[1] + scale * change[1], start[2] + scale * change[2])
