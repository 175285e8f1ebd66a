"""A real arm, and a model of it in a simulation that moves with it, where plans and collisions are looked at."""

from __future__ import annotations

import contextlib
import math
import threading
import time
from collections.abc import Callable, Sequence

import numpy as np

from codeact.errors import TaskError
from codeact_envs.bullet.arms.arm import ArmMemory, SimulatedArm
from codeact_envs.bullet.engine.simulation import STEP, Simulation
from codeact_envs.bullet.robots import ArmDescription
from codeact_envs.drivers.errors import Blocked, DriverError, JointFault
from codeact_envs.drivers.protocols import ArmDriver, ArmReading, Array

PATIENCE = 0.25  # seconds by which a row may be late
_BEHIND = 3  # rows in a row that a joint may lag by more than the driver says, before it is taken to be blocked
_AT_REST = 0.03  # radians per second
_SETTLE_S = 0.5  # seconds after the last row in which the joints get there
_PRESS_DEPTH = 0.006  # metres that a closing finger is sent beyond what it holds, so that its force limit rules


class DrivenArm(SimulatedArm):
    """Sends every row that the model plays to a driver, by the clock, and measures at the driver instead of the model.

    Time: a row is sent when it is due. A host that is late moves all later rows by as much, so that the arm never has
    to catch up; one that is later than `patience` ends the motion.

    A reset, and a fault, make the model stand where the arm is: nothing ever moves the arm but a motion that was asked
    for. Faults hold the arm and are raised as `DriverError`.

    Args:
        simulation, robot, body, position, yaw: as for `SimulatedArm`; `body` must be None.
        driver: of the arm, enabled.
        patience: seconds by which a row may be late, before the motion ends.

    Attributes:
        late_s: the most by which a row was late, seconds.
        trouble: what was wrong with the arm at the last look between two motions; None for nothing.
        talking: held by the thread that talks to the driver.
    """

    def __init__(
        self,
        simulation: Simulation,
        robot: ArmDescription,
        body: int | None = None,
        position: Sequence[float] = (0.0, 0.0, 0.0),
        yaw: float = 0.0,
        *,
        driver: ArmDriver,
        patience: float = PATIENCE,
    ) -> None:
        if body is not None:
            raise TaskError("a driven arm stands on a base of its own")
        self._driver, self._patience = driver, patience
        self._stride = max(1, math.ceil(driver.period / STEP - 1e-9))
        self._sent: Array | None = None
        self._behind = 0
        self._stale = False
        self.late_s = 0.0
        self.trouble: DriverError | None = None
        self.talking = threading.RLock()
        super().__init__(simulation, robot, None, position, yaw)
        self._reading = driver.read()

    # Where the arm is

    def reset(self) -> None:
        """The model goes where the arm is; the arm stays."""
        super().reset()
        self.adopt()

    def adopt(self) -> None:
        """Make the model stand where the arm is, holding what it holds."""
        reading = self._measure()
        bullet, on = self._simulation.bullet, {"physicsClientId": self._simulation.client}
        finger = self._finger(reading)
        for joint, at in zip(self.joints, reading.positions.tolist(), strict=True):
            bullet.resetJointState(self.body, joint, at, 0.0, **on)
        for joint in self.fingers:
            bullet.resetJointState(self.body, joint, finger, 0.0, **on)
        self.commanded = reading.positions.copy()
        if not self.squeezing:
            self.finger = finger
        self._sent, self._behind, self._stale = None, 0, False
        self.hold()

    def _measure(self) -> ArmReading:
        with self.talking:
            self._reading = self._driver.read()
            return self._reading

    def look(self) -> None:
        """See between two motions how the arm is, into `trouble`; while one runs, its own rows do that."""
        if not self.talking.acquire(blocking=False):
            return
        try:
            self._require_healthy(self._measure())
            self.trouble = None
        except DriverError as error:
            self.trouble = error
        finally:
            self.talking.release()

    def _finger(self, reading: ArmReading) -> float:
        return min(max(reading.opening, 0.0), self.robot.gripper.opening) / 2.0

    def positions(self) -> Array:
        """Measured joint positions of the arm itself, radians."""
        return self._measure().positions

    def velocities(self) -> Array:
        """Measured joint velocities of the arm itself, radians per second."""
        return self._measure().velocities

    def finger_position(self) -> float:
        """Half of the measured opening, metres."""
        return self._finger(self._measure())

    def grasped(self) -> int | None:
        """Its own number when the fingers press on something: what it is, nobody knows."""
        return self.body if self.squeezing and self._reading.pressing else None

    def squeeze(self, settle: int, force: float) -> int | None:
        """Close until the fingers press on something, or on each other. Returns as `grasped`."""
        self.squeezing = True
        self._limit_fingers(force)
        self._ramp(0.0, lambda: self._reading.pressing, settle)
        depth = max(0.0, self.finger_position() - _PRESS_DEPTH) if self._reading.pressing else 0.0
        rows = np.broadcast_to(self.commanded, (max(1, settle), len(self.commanded)))
        self.follow(rows, depth, lambda: False, settle)
        found = self.grasped()
        self.squeezing = found is not None
        return found

    # Moving it

    def follow(
        self, rows: Array, fingers: Array | float, watch: Callable[[], bool], every: int, braking: bool = False
    ) -> int:
        """As `SimulatedArm.follow`, by the clock and with the arm itself.

        Raises:
            ConnectionLost, JointFault, Blocked, DriverError: the arm was told to hold where it is.
        """
        count = len(rows)
        if not count:
            return 0
        column = np.broadcast_to(np.asarray(fingers, dtype=float), (count,))
        with self.talking:
            return self._follow(rows, column, watch, every, braking)

    def _follow(self, rows: Array, column: Array, watch: Callable[[], bool], every: int, braking: bool) -> int:
        count, done = len(rows), 0
        try:
            self._require_ready()
            due = time.monotonic()
            while done < count and (braking or not self.stop_requested):
                end = min(done + self._stride, count)
                due = self._wait_until(due)
                self._exchange(rows[end - 1], 2.0 * float(column[end - 1]))
                super().follow(rows[done:end], column[done:end], _nothing, end - done, True)
                due += (end - done) * STEP
                looked, done = end == count or done // every != end // every, end
                if looked and watch():
                    break
            if done == count and not braking:
                self._settle()
        except DriverError:
            self._hold_and_adopt()
            raise
        return done

    def _require_ready(self) -> None:
        """Nothing is sent to an arm that has a fault, or that is not where the motion was planned from."""
        if self._stale:
            self.adopt()
            raise DriverError("the arm was out of touch, and was measured anew: ask for the motion again")
        reading = self._measure()
        self._require_healthy(reading)
        away = np.abs(reading.positions - self.commanded)
        if bool((away > self._driver.lag).any()):
            name = self.robot.joints.names[int(away.argmax())]
            raise DriverError(
                f"{name} is {away.max():.2f} rad from where it was left: something moved the arm. It was measured "
                "anew: ask for the motion again"
            )

    def _require_healthy(self, reading: ArmReading) -> None:
        if reading.faults:
            raise JointFault("; ".join(reading.faults) + ": let it cool down, take the load off, or see to its power")

    def _wait_until(self, due: float) -> float:
        """Wait for the moment at which a row is due; returns the moment at which it is sent."""
        now = time.monotonic()
        if now < due:
            time.sleep(due - now)
            return due
        self.late_s = max(self.late_s, now - due)
        if now - due > self._patience:
            raise DriverError(
                f"the host was {now - due:.2f} s late in mid-motion, and the arm came to rest meanwhile: give it a "
                "process with less to do"
            )
        return now

    def _exchange(self, row: Array, opening: float) -> None:
        """Send a row, and see whether the arm does what it is told."""
        self._driver.send(row, opening, self.finger_force)
        reading, before, self._sent = self._measure(), self._sent, row
        self._require_healthy(reading)
        if before is None:
            return
        behind = np.abs(reading.positions - before)
        self._behind = self._behind + 1 if bool((behind > self._driver.lag).any()) else 0
        if self._behind >= _BEHIND:
            index = int(behind.argmax())
            name = self.robot.joints.names[index]
            raise Blocked(f"{name} is {behind[index]:.2f} rad behind: something is in the way of the arm")

    def _settle(self) -> None:
        """Wait until the joints, which lag behind the rows, are at rest; not for ever, for some never quite are."""
        until = time.monotonic() + _SETTLE_S
        while time.monotonic() < until:
            time.sleep(self._driver.period)
            if float(np.abs(self._measure().velocities).max()) < _AT_REST:
                return

    def _hold_and_adopt(self) -> None:
        """After a fault: hold where the arm is, and know where that is; or else know that nobody knows."""
        self._stale = True
        with contextlib.suppress(DriverError):
            self._driver.hold()
            self.adopt()

    # What a real arm does not do

    def command(self, joints: Array) -> None:
        """Refused: rows of a real arm go through `follow`."""
        raise DriverError("a real arm cannot move in step with another yet; move one after the other")

    def recall(self, memory: ArmMemory) -> None:
        """Refused: nothing brings a real arm back to a saved state."""
        raise TaskError("a world with a real arm cannot be restored; branch() it to try something in the model alone")


def _nothing() -> bool:
    return False
