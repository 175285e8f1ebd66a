"""A simulated quadcopter: its rotors, and the cascade of controllers inside it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from codeact_envs.bullet.engine.quiet import quiet
from codeact_envs.bullet.engine.simulation import STEP, Simulation
from codeact_envs.bullet.robots import DroneDescription

Triple = tuple[float, float, float]

_GRAVITY = 9.81
# Gains of the cascade, per second each (the integral one per second squared). Each loop is about three times faster
# than the one around it, and the innermost well below the 240 steps a second.
_PLACE, _SPEED, _SPEED_INTEGRAL = 2.0, 5.0, 0.5
_ATTITUDE, _RATE = 15.0, 50.0
_TURN = 4.0
_MOST_INTEGRAL = 2.0  # metres per second squared that the integral may add along each axis
_UPWARD = 0.2  # of gravity: the least that the thrust points up


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
        thrust = self.mass * max(0.0, dot(push, up))
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
        length = math.sqrt(dot(push, push))
        aim = (push[0] / length, push[1] / length, push[2] / length)
        lean = (up[1] * aim[2] - up[2] * aim[1], up[2] * aim[0] - up[0] * aim[2], up[0] * aim[1] - up[1] * aim[0])
        heading = math.remainder(self.reference.yaw - math.atan2(forward[1], forward[0]), math.tau)
        limit = self.robot.limits.turn_rate
        rates = (
            _ATTITUDE * dot(lean, forward),
            _ATTITUDE * dot(lean, left),
            min(max(_TURN * heading, -limit), limit),
        )
        errors = (rates[0] - dot(spin, forward), rates[1] - dot(spin, left), rates[2] - dot(spin, up))
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


def dot(a: Triple, b: Triple) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
