"""An arm of Feetech STS3215 servos on one serial bus: the SO-101 and its kin."""

from __future__ import annotations

import math
import time

import numpy as np

from codeact_envs.bullet.engine.simulation import STEP
from codeact_envs.bullet.robots import ArmDescription
from codeact_envs.drivers.checks import RowGuard
from codeact_envs.drivers.errors import ConnectionLost, DriverError, JointFault
from codeact_envs.drivers.feetech import registers
from codeact_envs.drivers.feetech.bus import ServoBus
from codeact_envs.drivers.feetech.calibration import Calibration
from codeact_envs.drivers.feetech.frames import Status, signed
from codeact_envs.drivers.feetech.port import SerialPort
from codeact_envs.drivers.feetech.registers import ERRORS, STEPS
from codeact_envs.drivers.protocols import ArmReading, Array

_STEP = math.tau / STEPS  # radians
_ROWS = 4  # simulation steps from one row to the next: 60 rows a second
_FASTEST_RAMP = 254  # of a servo: 25,400 steps/s^2. A slower one would lag behind the rows.
_PRESSING_LOAD = 0.15  # of full drive, with the jaw at rest: it presses on something
_JAW_AT_REST = 0.02  # metres per second
_OUTSIDE = 0.1  # radians by which a joint may stand outside its limits when the arm is enabled


class FeetechArm:
    """Drives an arm over its servo bus.

    The servos hold the goal that came last, with power, and know no watchdog: a host that dies leaves the arm at rest
    where its last row put it. It stays powered; take the power off by hand.

    Args:
        robot: what it is; its joints are the calibration's.
        calibration: of this very arm.
        path: of the serial port.
        baud: bits a second.
        timeout: seconds to wait for an answer.

    Raises:
        ConnectionLost: the port cannot be opened.
    """

    period = _ROWS * STEP
    lag = 0.2

    def __init__(
        self,
        robot: ArmDescription,
        calibration: Calibration,
        path: str,
        *,
        baud: int = 1_000_000,
        timeout: float = 0.1,
    ) -> None:
        self.robot, self._calibration = robot, calibration
        self._path, self._baud, self._timeout = path, baud, timeout
        self._servos = list(calibration.joints.values())
        self._ids = [servo.id for servo in self._servos]
        self._everyone = [*self._ids, calibration.gripper.id]
        self._names = dict(zip(self._everyone, [*calibration.joints, "the gripper"], strict=True))
        self._guard = RowGuard(robot, self.period)
        self._enabled = False
        self._force = 0.0
        self._goals: dict[int, int] = {}
        self._speed_unit = dict.fromkeys(self._everyone, 1)
        self._bus = self._connect()

    def _connect(self) -> ServoBus:
        return ServoBus(SerialPort(self._path, self._baud), self._names, self._timeout)

    @property
    def questions_lost(self) -> int:
        """How often a question to the servos had to be asked again."""
        return self._bus.lost

    def enable(self) -> None:
        """Take hold of the joints where they are: see `ArmDriver.enable`."""
        bus = self._bus
        for id in self._everyone:
            self._require_fit(id)
        reading = self.read()
        if reading.faults:
            raise JointFault(f"{'; '.join(reading.faults)}: the arm was not enabled")
        joints = self.robot.joints
        for name, at, low, high in zip(joints.names, reading.positions, joints.lower, joints.upper, strict=True):
            if not low - _OUTSIDE <= at <= high + _OUTSIDE:
                raise DriverError(
                    f"{name} stands at {at:.2f} rad, outside {low:.2f} to {high:.2f}: bring it inside by hand, "
                    "and see whether the calibration belongs to this arm"
                )
        for id in self._everyone:
            bus.write(id, registers.ACCELERATION, _FASTEST_RAMP)
            bus.write(id, registers.SPEED, self._fastest(id))
        self._force = 0.0
        self._limit_gripper(self.robot.gripper.force)
        bus.together(self._hold_here)
        for id in self._everyone:
            bus.write(id, registers.TORQUE, 1)
        self._enabled = True

    def _require_fit(self, id: int) -> None:
        bus, name = self._bus, self._bus.name(id)
        bus.ping(id)
        model = bus.read(id, registers.MODEL)
        if model != registers.STS3215:
            raise DriverError(f"{name} is a servo of model {model}, not an STS3215 ({registers.STS3215})")
        if bus.read(id, registers.MODE) != 0:
            raise DriverError(f"{name} is not in position mode: set its operating mode to 0 with the maker's tool")
        self._speed_unit[id] = registers.steps_per_speed_unit(bus.read(id, registers.PHASE))

    def _fastest(self, id: int) -> int:
        """What the servo itself may do at most, whatever goals come: the joint's own limit."""
        if id == self._calibration.gripper.id:
            jaw = self._calibration.gripper
            steps = 2.0 * self.robot.gripper.speed * abs(jaw.open - jaw.closed) / jaw.opening * 2.0
        else:
            steps = self.robot.joints.velocity[self._ids.index(id)] / _STEP
        return max(1, round(steps / self._speed_unit[id]))

    def read(self) -> ArmReading:
        """Measure now: see `ArmDriver.read`."""
        answers = self._bus.read_all(self._everyone, registers.POSITION.address, 8)
        now = time.monotonic()
        measured = [self._measured(id, answers[id]) for id in self._everyone]
        positions = np.array([servo.radians(at) for servo, (at, _, _) in zip(self._servos, measured, strict=False)])
        velocities = np.array(
            [servo.direction * speed * _STEP for servo, (_, speed, _) in zip(self._servos, measured, strict=False)]
        )
        jaw = self._calibration.gripper
        at, speed, load = measured[-1]
        slow = abs(speed * jaw.opening / (jaw.open - jaw.closed)) < _JAW_AT_REST
        faults = tuple(
            f"{self._bus.name(id)} reports {what}"
            for id in self._everyone
            for bit, what in ERRORS.items()
            if answers[id].errors >> bit & 1
        )
        return ArmReading(positions, velocities, jaw.metres(at), slow and abs(load) >= _PRESSING_LOAD, now, faults)

    def _measured(self, id: int, answer: Status) -> tuple[int, float, float]:
        """Position in steps, speed in steps per second, and the share of full drive."""
        speed, load = (int.from_bytes(answer.parameters[at : at + 2], "little") for at in (2, 4))
        return self._place(id, answer), signed(speed, 15) * self._speed_unit[id], signed(load, 10) / 1000.0

    def _place(self, id: int, answer: Status) -> int:
        """Position in steps. A checksum of one byte lets some damaged answers pass."""
        steps = signed(int.from_bytes(answer.parameters[:2], "little"), 15)
        if not -STEPS <= steps < 2 * STEPS:
            raise ConnectionLost(
                f"{self._bus.name(id)} says that it stands at {steps}, which no servo of {STEPS} steps a turn does: "
                "look for a loose plug, a long cable, or two servos with one id"
            )
        return steps

    def send(self, positions: Array, opening: float, force: float) -> None:
        """Go to a row: see `ArmDriver.send`."""
        self._bus.together(lambda: self._send(positions, opening, force))

    def _send(self, positions: Array, opening: float, force: float) -> None:
        self._guard.require(positions, opening, force)
        goals = {}
        for servo, radians in zip(self._servos, positions.tolist(), strict=True):
            goals[servo.id] = min(max(servo.steps(radians), servo.lowest), servo.highest)
        goals[self._calibration.gripper.id] = min(max(self._calibration.gripper.steps(opening), 0), STEPS - 1)
        self._limit_gripper(force)
        self._bus.write_all(registers.GOAL, goals)
        self._goals = goals

    def _limit_gripper(self, force: float) -> None:
        """The servo's own limit of torque, in proportion: what presses with the gripper's full force is all of it."""
        if force != self._force:
            share = min(1.0, force / self.robot.gripper.force)
            self._bus.write(self._calibration.gripper.id, registers.TORQUE_LIMIT, max(1, round(1000 * share)))
            self._force = force

    def hold(self) -> None:
        """Stay where it is now: see `ArmDriver.hold`."""
        if self._enabled:
            self._bus.together(self._hold_here)

    def _hold_here(self) -> None:
        here = self._here()
        jaw = self._calibration.gripper.id
        goals = {id: min(max(at, 0), STEPS - 1) for id, at in here.items()}
        if self._enabled:
            del goals[jaw]  # what the gripper holds stays held
        self._bus.write_all(registers.GOAL, goals)
        self._goals = goals
        self._guard.start(np.array([servo.radians(here[servo.id]) for servo in self._servos]))

    def _here(self) -> dict[int, int]:
        """Where all servos are, steps. These become goals, so what is far from the last goals is read twice."""
        here = self._read_places()
        if any(abs(here[id] - self._goals.get(id, here[id])) * _STEP > self.lag for id in self._ids):
            again = self._read_places()
            for id in self._ids:
                if abs(again[id] - here[id]) * _STEP > self.lag:
                    raise ConnectionLost(
                        f"{self._bus.name(id)} says that it stands at {here[id]} and at {again[id]}: look for a loose "
                        "plug or a long cable"
                    )
        return here

    def _read_places(self) -> dict[int, int]:
        answers = self._bus.read_all(self._everyone, registers.POSITION.address, 2)
        return {id: self._place(id, answers[id]) for id in self._everyone}

    def release(self) -> None:
        """Let go of the joints: see `ArmDriver.release`."""
        self._enabled = False
        self._guard.forget()
        silent: list[ConnectionLost] = []
        for id in self._everyone:
            try:
                self._bus.write(id, registers.TORQUE, 0)
            except ConnectionLost as error:  # the others are let go all the same
                silent.append(error)
        if silent:
            raise ConnectionLost("not all joints were let go: " + "; ".join(map(str, silent)))

    def reconnect(self) -> None:
        """Open the port again: see `ArmDriver.reconnect`."""
        self._bus.close()
        self._enabled = False
        self._guard.forget()
        self._bus = self._connect()

    def close(self) -> None:
        """Give the port back: see `ArmDriver.close`."""
        self._bus.close()
