"""A simulated arm behind the face of a driver: for a dry run, and as an example of a driver."""

from __future__ import annotations

import threading
import time

import numpy as np

from codeact_envs.bullet.arms.arm import SimulatedArm
from codeact_envs.bullet.engine.simulation import STEP, Simulation
from codeact_envs.bullet.robots import ArmDescription
from codeact_envs.drivers.checks import RowGuard
from codeact_envs.drivers.errors import ConnectionLost
from codeact_envs.drivers.protocols import ArmReading, Array

_MOST_AT_ONCE = 240  # steps that are made up for when nobody asked for a while


class SimulatedDriver:
    """An arm in a simulation of its own, whose time is the clock's: it moves on whenever somebody asks.

    Args:
        robot: what it is.
        start: joint positions, radians; None for home.
    """

    period = 4 * STEP
    lag = 0.1

    def __init__(self, robot: ArmDescription, start: Array | None = None) -> None:
        self.robot = robot
        self._simulation = Simulation()
        self._arm = SimulatedArm(self._simulation, robot)
        self._guard = RowGuard(robot, self.period)
        self._lock = threading.RLock()
        self._goal = self._arm.home.copy() if start is None else start.copy()
        self._finger, self._open = self._arm.finger, True
        if start is not None:
            bullet, on = self._simulation.bullet, {"physicsClientId": self._simulation.client}
            for joint, at in zip(self._arm.joints, start.tolist(), strict=True):
                bullet.resetJointState(self._arm.body, joint, at, 0.0, **on)
        self._then = time.monotonic()

    def _go_on(self) -> None:
        """Let as much time pass in the simulation as has passed by the clock. A goal is reached in a period."""
        if not self._open:
            raise ConnectionLost("the simulated arm is closed; reconnect() opens it again")
        now = time.monotonic()
        steps = min(int((now - self._then) / STEP), _MOST_AT_ONCE)
        if steps <= 0:
            return
        self._then = now
        ramp = np.minimum(np.arange(1, steps + 1) * STEP / self.period, 1.0)[:, None]
        start = self._arm.commanded
        rows = start + ramp * (self._goal - start)
        self._arm.follow(rows, self._finger, lambda: False, steps, braking=True)

    def enable(self) -> None:
        """See `ArmDriver.enable`."""
        with self._lock:
            self._go_on()
            self._goal = self._arm.positions()
            self._guard.start(self._goal)

    def read(self) -> ArmReading:
        """See `ArmDriver.read`. Nothing lies between the fingers, so they never press."""
        with self._lock:
            self._go_on()
            arm = self._arm
            opening = 2.0 * arm.finger_position()
            return ArmReading(arm.positions(), arm.velocities(), opening, False, time.monotonic())

    def send(self, positions: Array, opening: float, force: float) -> None:
        """See `ArmDriver.send`."""
        with self._lock:
            self._go_on()
            self._guard.require(positions, opening, force)
            self._goal, self._finger = positions.copy(), opening / 2.0

    def hold(self) -> None:
        """See `ArmDriver.hold`."""
        with self._lock:
            self._go_on()
            self._goal = self._arm.positions()
            self._guard.start(self._goal)

    def release(self) -> None:
        """See `ArmDriver.release`. The simulated arm does not sink."""
        with self._lock:
            self._guard.forget()

    def reconnect(self) -> None:
        """See `ArmDriver.reconnect`."""
        with self._lock:
            self._open, self._then = True, time.monotonic()
            self._guard.forget()

    def close(self) -> None:
        """See `ArmDriver.close`."""
        self._open = False
