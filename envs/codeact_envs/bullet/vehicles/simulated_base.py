"""A simulated wheeled base: its wheels' motors, and what it measures of itself."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from codeact.errors import TaskError
from codeact_envs.bullet.engine.quiet import quiet
from codeact_envs.bullet.engine.simulation import Simulation
from codeact_envs.bullet.robots import BaseDescription


@dataclass(frozen=True)
class BaseMemory:
    """What a base remembers between motions."""

    speed: float
    turn_rate: float
    stopped: bool


class SimulatedBase:
    """Drives the wheels of one base in a `Simulation`.

    Attributes:
        body: Bullet's number of the robot.
        speed, turn_rate: last commanded, metres and radians per second.
        stop_requested: set by any thread.
    """

    def __init__(self, simulation: Simulation, robot: BaseDescription) -> None:
        self._simulation, self.robot = simulation, robot
        bullet, on = simulation.bullet, {"physicsClientId": simulation.client}
        with quiet():
            self.body = robot.model.load(bullet, simulation.client, (0.0, 0.0, 0.0), 0.0, fixed=False)
        names = {
            bullet.getJointInfo(self.body, index, **on)[1].decode(): index
            for index in range(bullet.getNumJoints(self.body, **on))
        }
        try:
            self._left = [names[name] for name in robot.left_wheels]
            self._right = [names[name] for name in robot.right_wheels]
        except KeyError as error:
            raise TaskError(f"robot {robot.name!r}: {robot.urdf} has no joint named {error}") from error
        self.wheels = self._left + self._right
        for wheel in self.wheels:
            bullet.changeDynamics(
                self.body,
                wheel,
                lateralFriction=robot.wheel_friction,
                anisotropicFriction=[1.0, robot.scrub, 1.0],
                **on,
            )
        self._offset = bullet.getDynamicsInfo(self.body, -1, **on)[3:5]
        self.speed = self.turn_rate = 0.0
        self.stop_requested = False
        self.command(0.0, 0.0)

    def command(self, speed: float, turn_rate: float) -> None:
        """Turn the wheels for this speed along x and this rate about z, until the next command."""
        robot = self.robot
        self.speed, self.turn_rate = speed, turn_rate
        across = turn_rate * robot.separation_scale * robot.wheel_separation / 2.0
        left, right = (speed - across) / robot.wheel_radius, (speed + across) / robot.wheel_radius
        self._simulation.bullet.setJointMotorControlArray(
            self.body,
            self.wheels,
            self._simulation.bullet.VELOCITY_CONTROL,
            targetVelocities=[left] * len(self._left) + [right] * len(self._right),
            forces=[robot.wheel_effort] * len(self.wheels),
            physicsClientId=self._simulation.client,
        )

    def put(self, x: float, y: float, yaw: float, z: float = 0.0) -> None:
        """Stand at a place from one moment to the next, at rest: metres, radians, world frame."""
        bullet, on = self._simulation.bullet, {"physicsClientId": self._simulation.client}
        turn = (0.0, 0.0, math.sin(yaw / 2.0), math.cos(yaw / 2.0))
        place, turn = bullet.multiplyTransforms((x, y, z), turn, *self._offset)
        bullet.resetBasePositionAndOrientation(self.body, place, turn, **on)

    def reset(self, x: float = 0.0, y: float = 0.0, yaw: float = 0.0) -> None:
        """As new, at a place (the caller has restored the joints)."""
        self.put(x, y, yaw)
        self.stop_requested = False
        self.command(0.0, 0.0)

    def memory(self) -> BaseMemory:
        """What it remembers between motions, for a saved state."""
        return BaseMemory(self.speed, self.turn_rate, self.stop_requested)

    def recall(self, memory: BaseMemory) -> None:
        """Take over what was remembered; the caller has restored the simulation."""
        self.stop_requested = memory.stopped
        self.command(memory.speed, memory.turn_rate)

    def exact_state(self) -> list[float]:
        """Pose, velocities and wheels, and what is commanded, as exact numbers for a hash."""
        bullet, on = self._simulation.bullet, {"physicsClientId": self._simulation.client}
        place, turn = bullet.getBasePositionAndOrientation(self.body, **on)
        linear, angular = bullet.getBaseVelocity(self.body, **on)
        values = [*place, *turn, *linear, *angular]
        for state in bullet.getJointStates(self.body, self.wheels, **on):
            values += state[:2]
        return [*values, self.speed, self.turn_rate, self.stop_requested]

    def pose(self) -> tuple[float, float, float]:
        """Measured (x, y, yaw) of the base's frame: metres and radians, world frame."""
        bullet, on = self._simulation.bullet, {"physicsClientId": self._simulation.client}
        place, turn = bullet.getBasePositionAndOrientation(self.body, **on)
        (x, y, _), turn = bullet.multiplyTransforms(place, turn, *bullet.invertTransform(*self._offset))
        qx, qy, qz, qw = turn
        return (x, y, math.atan2(2.0 * (qw * qz + qx * qy), 1.0 - 2.0 * (qy * qy + qz * qz)))

    def velocity(self) -> tuple[float, float]:
        """Measured speed along x, metres per second, and rate about z, radians per second."""
        bullet, on = self._simulation.bullet, {"physicsClientId": self._simulation.client}
        (vx, vy, _), (_, _, rate) = bullet.getBaseVelocity(self.body, **on)
        yaw = self.pose()[2]
        return (vx * math.cos(yaw) + vy * math.sin(yaw), rate)

    def touched(self) -> set[int]:
        """Bullet's numbers of the bodies that it presses on, wheels and carried arm included."""
        contacts: Any = self._simulation.bullet.getContactPoints(
            bodyA=self.body, physicsClientId=self._simulation.client
        )
        return {contact[2] for contact in contacts if contact[2] != self.body and contact[9] > 0.0}
