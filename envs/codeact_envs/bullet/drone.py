"""A quadcopter: its rotors and the cascade of controllers inside it, and a controller that flies it to places."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from codeact_envs.bullet.clearance import Prism, obstacle
from codeact_envs.bullet.errors import InCollision, OutOfReach, Stopped, TooFast
from codeact_envs.bullet.quiet import quiet
from codeact_envs.bullet.results import MotionResult
from codeact_envs.bullet.robots import DroneDescription
from codeact_envs.bullet.simulation import RATE, STEP, Simulation
from codeact_envs.bullet.trajectories import time_law

if TYPE_CHECKING:
    from codeact_envs.bullet.safety import Violations
    from codeact_envs.bullet.world import BulletWorld

Triple = tuple[float, float, float]

_GRAVITY = 9.81
_STILL = (0.0, 0.0, 0.0)
# Gains of the cascade, per second each (the integral one per second squared). Each loop is about three times faster
# than the one around it, and the innermost well below the 240 steps a second.
_PLACE, _SPEED, _SPEED_INTEGRAL = 2.0, 5.0, 0.5
_ATTITUDE, _RATE = 15.0, 50.0
_TURN = 4.0
_MOST_INTEGRAL = 2.0  # metres per second squared that the integral may add along each axis
_UPWARD = 0.2  # of gravity: the least that the thrust points up
_RISE = 0.3  # seconds in which a planned acceleration is built up
_WATCH_EVERY = 12  # steps
_LOST = 0.3  # metres between planned and measured: something is in the way
_TOLERANCE = 0.05  # metres
_MARGIN = 0.10  # metres kept from every body
_TOUCHDOWN_SPEED = 0.25  # metres per second
_SETTLE_STEPS = RATE // 2


@dataclass(frozen=True)
class Reference:
    """Where a drone should be now: metres, metres per second, metres per second squared, world frame; and radians."""

    place: Triple
    velocity: Triple = (0.0, 0.0, 0.0)
    acceleration: Triple = (0.0, 0.0, 0.0)
    yaw: float = 0.0


@dataclass(frozen=True)
class DroneMemory:
    """What a drone remembers between motions."""

    reference: Reference
    integral: Triple
    flying: bool
    stopped: bool


class SimulatedDrone:
    """One quadcopter in a `Simulation`. While it flies, its own cascade runs before every step: place to velocity,
    velocity to acceleration, that to an attitude, to body rates, to the thrust of each rotor.

    Attributes:
        body: Bullet's number of the robot.
        reference: where it should be now.
        flying: whether its rotors turn.
        stop_requested: set by any thread.
    """

    def __init__(self, simulation: Simulation, robot: DroneDescription) -> None:
        self._simulation, self.robot = simulation, robot
        bullet, on = simulation.bullet, {"physicsClientId": simulation.client}
        with quiet():
            self.body = robot.model.load(
                bullet,
                simulation.client,
                (0.0, 0.0, 0.0),
                0.0,
                fixed=False,
                flags=bullet.URDF_USE_INERTIA_FROM_FILE,
            )
        bullet.changeDynamics(self.body, -1, linearDamping=0.0, angularDamping=0.0, **on)
        info = bullet.getDynamicsInfo(self.body, -1, **on)
        self.mass: float = info[0]
        self._inertia: Triple = info[2]
        self._most = robot.thrust_to_weight * self.mass * _GRAVITY / 4.0
        self._arm = robot.rotor_distance / math.sqrt(2.0)
        self.reference = Reference((0.0, 0.0, 0.0))
        self._integral: Triple = (0.0, 0.0, 0.0)
        self.flying = False
        self.stop_requested = False
        simulation.before_step = self._control

    def put(self, x: float, y: float, yaw: float, z: float) -> None:
        """Be at a place from one moment to the next, upright and at rest: metres, radians, world frame."""
        bullet, on = self._simulation.bullet, {"physicsClientId": self._simulation.client}
        turn = (0.0, 0.0, math.sin(yaw / 2.0), math.cos(yaw / 2.0))
        bullet.resetBasePositionAndOrientation(self.body, (x, y, z), turn, **on)

    def reset(self, x: float = 0.0, y: float = 0.0, yaw: float = 0.0) -> None:
        """As new, on the ground."""
        z = self.robot.size[2] / 2.0
        self.put(x, y, yaw, z)
        self.reference, self._integral = Reference((x, y, z), yaw=yaw), (0.0, 0.0, 0.0)
        self.flying = self.stop_requested = False

    def start(self) -> None:
        """Turn the rotors, to hold the place where it is."""
        self.reference, self._integral = Reference(self.place(), yaw=self.yaw()), (0.0, 0.0, 0.0)
        self.flying = True

    def switch_off(self) -> None:
        """Let the rotors stand."""
        self.flying = False

    def memory(self) -> DroneMemory:
        """What it remembers between motions, for a saved state."""
        return DroneMemory(self.reference, self._integral, self.flying, self.stop_requested)

    def recall(self, memory: DroneMemory) -> None:
        """Take over what was remembered; the caller has restored the simulation."""
        self.reference, self._integral = memory.reference, memory.integral
        self.flying, self.stop_requested = memory.flying, memory.stopped

    def exact_state(self) -> list[float]:
        """Pose, velocities and what the cascade remembers, as exact numbers for a hash."""
        bullet, on = self._simulation.bullet, {"physicsClientId": self._simulation.client}
        place, turn = bullet.getBasePositionAndOrientation(self.body, **on)
        linear, angular = bullet.getBaseVelocity(self.body, **on)
        now = self.reference
        wanted = [*now.place, *now.velocity, *now.acceleration, now.yaw]
        return [*place, *turn, *linear, *angular, *wanted, *self._integral, self.flying, self.stop_requested]

    def place(self) -> Triple:
        """Measured centre, metres, world frame."""
        found: Triple = self._simulation.bullet.getBasePositionAndOrientation(
            self.body, physicsClientId=self._simulation.client
        )[0]
        return found

    def yaw(self) -> float:
        """Measured heading about z, radians."""
        x, y, z, w = self._simulation.bullet.getBasePositionAndOrientation(
            self.body, physicsClientId=self._simulation.client
        )[1]
        return math.atan2(2.0 * (w * z + x * y), 1.0 - 2.0 * (y * y + z * z))

    def velocity(self) -> Triple:
        """Measured velocity, metres per second, world frame."""
        found: Triple = self._simulation.bullet.getBaseVelocity(self.body, physicsClientId=self._simulation.client)[0]
        return found

    def touched(self) -> set[int]:
        """Bullet's numbers of the bodies that it presses on."""
        contacts: Any = self._simulation.bullet.getContactPoints(
            bodyA=self.body, physicsClientId=self._simulation.client
        )
        return {contact[2] for contact in contacts if contact[2] != self.body and contact[9] > 0.0}

    def _control(self) -> None:
        if not self.flying:
            return
        bullet, client = self._simulation.bullet, self._simulation.client
        place, turn = bullet.getBasePositionAndOrientation(self.body, physicsClientId=client)
        velocity, spin = bullet.getBaseVelocity(self.body, physicsClientId=client)
        axes: Any = bullet.getMatrixFromQuaternion(turn)
        forward, left, up = axes[0::3], axes[1::3], axes[2::3]
        push = self._wanted_push(place, velocity)
        thrust = self.mass * max(0.0, _dot(push, up))
        torque = self._wanted_torque(push, forward, left, up, spin)
        self._turn_rotors(place, forward, left, up, thrust, torque)

    def _wanted_push(self, place: Triple, velocity: Triple) -> Triple:
        """The acceleration that the rotors should give, gravity included, inside the limits; world frame."""
        now, limits = self.reference, self.robot.limits
        integral, push = [], []
        for axis in range(3):
            wanted = now.velocity[axis] + _PLACE * (now.place[axis] - place[axis])
            error = wanted - velocity[axis]
            summed = self._integral[axis] + _SPEED_INTEGRAL * error * STEP
            integral.append(min(max(summed, -_MOST_INTEGRAL), _MOST_INTEGRAL))
            push.append(now.acceleration[axis] + _SPEED * error + integral[axis])
        self._integral = (integral[0], integral[1], integral[2])
        z = max(_UPWARD * _GRAVITY, _GRAVITY + push[2])
        sideways, most = math.hypot(push[0], push[1]), z * math.tan(limits.tilt)
        scale = most / sideways if sideways > most else 1.0
        return (push[0] * scale, push[1] * scale, z)

    def _wanted_torque(self, push: Triple, forward: Triple, left: Triple, up: Triple, spin: Triple) -> Triple:
        """Newton metres about the drone's own axes that turn its z axis towards `push`, and its x axis to the yaw."""
        length = math.sqrt(_dot(push, push))
        aim = (push[0] / length, push[1] / length, push[2] / length)
        lean = (up[1] * aim[2] - up[2] * aim[1], up[2] * aim[0] - up[0] * aim[2], up[0] * aim[1] - up[1] * aim[0])
        heading = math.remainder(self.reference.yaw - math.atan2(forward[1], forward[0]), math.tau)
        limit = self.robot.limits.turn_rate
        rates = (
            _ATTITUDE * _dot(lean, forward),
            _ATTITUDE * _dot(lean, left),
            min(max(_TURN * heading, -limit), limit),
        )
        errors = (rates[0] - _dot(spin, forward), rates[1] - _dot(spin, left), rates[2] - _dot(spin, up))
        x, y, z = self._inertia
        return (x * _RATE * errors[0], y * _RATE * errors[1], z * _RATE * errors[2])

    def _turn_rotors(
        self, place: Triple, forward: Triple, left: Triple, up: Triple, thrust: float, torque: Triple
    ) -> None:
        """Share thrust and torque among the rotors, each between standing and full speed, and let them push."""
        bullet, client, arm = self._simulation.bullet, self._simulation.client, self._arm
        drag = self.robot.torque_per_thrust
        twist = 0.0
        for along, across, way in ((1.0, 1.0, 1.0), (-1.0, 1.0, -1.0), (-1.0, -1.0, 1.0), (1.0, -1.0, -1.0)):
            roll, pitch = across * torque[0] / arm, -along * torque[1] / arm
            force = (thrust + roll + pitch + way * torque[2] / drag) / 4.0
            force = min(max(force, 0.0), self._most)
            twist += way * drag * force
            at = [place[axis] + arm * (along * forward[axis] + across * left[axis]) for axis in range(3)]
            self._press(bullet, client, [force * value for value in up], at)
        # The rotors' drag turns the drone about its z axis: as a pair of forces, whose frame leaves no doubt.
        for side in (1.0, -1.0):
            pull = side * twist / (2.0 * arm)
            self._press(
                bullet,
                client,
                [pull * value for value in left],
                [place[axis] + side * arm * forward[axis] for axis in range(3)],
            )

    def _press(self, bullet: Any, client: int, force: list[float], at: list[float]) -> None:
        bullet.applyExternalForce(self.body, -1, force, at, bullet.WORLD_FRAME, physicsClientId=client)


class DroneController:
    """Flies a drone along straight lines, from hovering to hovering, inside its limits."""

    def __init__(
        self, simulation: Simulation, drone: SimulatedDrone, world: BulletWorld, violations: Violations
    ) -> None:
        self._simulation, self._drone, self._world, self._violations = simulation, drone, world, violations
        self._robot = drone.robot
        self._touched: set[int] = set()
        self._blocked = ""

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
        """Raise `OutOfReach` when the drone may not be at (x, y, z), metres, world frame."""
        space = self._robot.space
        if not (all(math.isfinite(value) for value in (x, y, z)) and space.contains(x, y, z)):
            ranges = ", ".join(
                f"{axis} from {low:g} to {high:g}"
                for axis, low, high in zip("xyz", space.lower, space.upper, strict=True)
            )
            raise OutOfReach(f"({x:.2f}, {y:.2f}, {z:.2f}) lies outside {space.name}: {ranges} m")

    def require_speed(self, speed: float) -> None:
        """Raise `TooFast` when `speed` is no speed or above the limit, metres per second."""
        limit = self._robot.limits.speed
        if not 0.0 < speed <= limit:
            raise TooFast(f"speed must be above 0 and at most {limit:g} m/s, not {speed:g}")

    def _require_clear(self, goal: Triple) -> None:
        place = self._drone.reference.place
        half, half_z = max(self._robot.size[:2]) / math.sqrt(2.0), self._robot.size[2] / 2.0
        count = max(1, math.ceil(math.dist(place, goal) / 0.05))
        blocks = [
            (name, obstacle(name, self._world.spec(name), self._world.pose(name)))
            for name in self._world.names()
            if self._world.spec(name).shape != "zone"
        ]
        for index in range(1, count + 1):
            x, y, z = (start + (end - start) * index / count for start, end in zip(place, goal, strict=True))
            prism = Prism("the drone", x, y, half, half, 0.0, z - half_z, z + half_z)
            for name, body in blocks:
                if body.blocks(prism, _MARGIN):
                    raise InCollision(
                        f"the drone would come too near to {self._world.call(self._world.body(name))} at "
                        f"({x:.2f}, {y:.2f}, {z:.2f}) on its straight way there; fly around it by way of other places"
                    )

    # Motions

    def take_off(self, height: float = 1.0) -> MotionResult:
        """Rise from the ground to `height` metres, world frame, straight up; from the air, to that height.

        Raises:
            OutOfReach, InCollision: nothing was moved.
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
            OutOfReach, InCollision, TooFast: nothing was moved.
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
        self._follow([now] * round(seconds * RATE))
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
        self._follow(self._plan(start, goal, turn, speed))
        if not self._blocked:
            end = Reference(goal, yaw=start.yaw + turn)
            self._follow([end] * _SETTLE_STEPS)
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
        speed = math.sqrt(_dot(start.velocity, start.velocity))
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
        return MotionResult(
            reached=not self._blocked,
            reason=self._blocked,
            position_error=error,
            angle_error=abs(math.remainder(yaw - self._drone.yaw(), math.tau)),
            contacts=tuple(names),
            duration=(self._simulation.steps - begin) * STEP,
        )


def _dot(a: Triple, b: Triple) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _add(start: Triple, change: tuple[float, ...], scale: float) -> Triple:
    return (start[0] + scale * change[0], start[1] + scale * change[1], start[2] + scale * change[2])
