"""A bus of STS3215 servos on a pseudo-terminal, for trying and testing without an arm.

It speaks the servos' own wire format and keeps their registers; each servo follows its goal with a ramp, in real time.
Faults can be switched on: see `ServoSimulator`.

    python -m codeact_envs.drivers.feetech.simulator        # prints the port's path and serves until it is ended
"""

from __future__ import annotations

import contextlib
import os
import select
import threading
import time
import tty
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import TracebackType

from codeact_envs.drivers.feetech import frames, registers
from codeact_envs.drivers.feetech.frames import Reader, Status
from codeact_envs.drivers.feetech.registers import Register

_TICK = 0.001  # seconds between two steps of the servos' motion
_GAIN = 30.0  # per second: of the speed with which a servo closes the distance to its goal
_RAMP_UNIT = 100  # steps/s^2
_FASTEST, _STEEPEST = 3400.0, 25400.0  # steps/s and steps/s^2 where no limit is written
_DEFAULTS: dict[Register, int] = {
    registers.MODEL: registers.STS3215,
    registers.ANSWERS: 1,
    registers.HIGHEST: registers.STEPS - 1,
    registers.HOTTEST: 70,
    registers.PHASE: 0b1100,
    registers.TORQUE_LIMIT: 1000,
    registers.LOCK: 1,
    registers.VOLTAGE: 74,
    registers.TEMPERATURE: 30,
}


@dataclass
class SimulatedServo:
    """One servo: its registers, and where its horn really is.

    Attributes:
        position, speed: steps of its encoder, and steps per second; it reports them less its offset, within a turn.
        wall: the reading beyond which something is in the way, and on which side it is: -1 below, 1 above.
        errors: the error byte of its answers.
        unplugged: it does not answer, and keeps its goal.
    """

    id: int
    position: float = registers.STEPS / 2
    speed: float = 0.0
    wall: tuple[float, int] | None = None
    errors: int = 0
    unplugged: bool = False
    memory: bytearray = field(default_factory=lambda: bytearray(128))

    def __post_init__(self) -> None:
        for register, value in _DEFAULTS.items():
            self.put(register, value)
        self.put(registers.ID, self.id)
        self.put(registers.GOAL, round(self.position))

    def get(self, register: Register) -> int:
        return int.from_bytes(self.memory[register.address : register.address + register.width], "little")

    def put(self, register: Register, value: int) -> None:
        self.memory[register.address : register.address + register.width] = value.to_bytes(register.width, "little")

    @property
    def reported(self) -> float:
        """What it says that its position is, steps."""
        return (self.position - frames.signed(self.get(registers.OFFSET), 11)) % registers.STEPS

    def write(self, address: int, data: bytes) -> None:
        """What an instruction writes: registers that are kept without power must be unlocked."""
        locked = address < registers.EEPROM_END and self.get(registers.LOCK)
        if not locked and address + len(data) <= len(self.memory):
            self.memory[address : address + len(data)] = data
            if address <= registers.GOAL.address < address + len(data):
                self.put(registers.TORQUE, 1)  # as real ones do: a goal switches the motor on

    def step(self, seconds: float) -> None:
        """Let time pass: towards the goal, inside speed and ramp."""
        wanted, load = 0.0, 0.0
        steepest = float(self.get(registers.ACCELERATION) * _RAMP_UNIT) or _STEEPEST
        fastest = float(self.get(registers.SPEED)) or _FASTEST
        if self.get(registers.TORQUE):
            away = self.get(registers.GOAL) - self.reported
            wanted = min(max(away * _GAIN, -fastest), fastest)
            load = min(max(away * 2.0, -1000.0), 1000.0)
        change = wanted - self.speed
        self.speed += min(max(change, -steepest * seconds), steepest * seconds)
        self.position += self.speed * seconds
        blocked = False
        if self.wall is not None:
            at, side = self.wall
            if (self.position - at) * side > 0:
                self.position, self.speed, blocked = at, 0.0, True
        strongest = self.get(registers.TORQUE_LIMIT)
        load = min(max(load, -strongest), strongest) if blocked else 0.0
        self.put(registers.POSITION, round(self.reported) % registers.STEPS)
        self.put(registers.VELOCITY, frames.with_sign(round(self.speed), 15))
        self.put(registers.LOAD, frames.with_sign(round(load), 10))


class ServoSimulator:
    """Serves servos on a pseudo-terminal, in a thread of its own.

    Args:
        ids: of the servos.

    Attributes:
        path: of the port, to be opened like a serial one.
        servos: by id.
        delay: seconds from a question to its answer.
        damage: every so many answers one has a wrong byte; 0 for none.
        deafness: every so many questions one is not heard; 0 for none.
        instructions: how many came in whole.
        echoes: what is written comes back, as on a bus with one data line.
        instead: what is answered to a question in place of the servos, which hear it all the same; None for nothing.
    """

    def __init__(self, ids: Iterable[int] = range(1, 7)) -> None:
        self.servos = {id: SimulatedServo(id) for id in ids}
        self.delay = 0.0005
        self.damage = self.deafness = self.instructions = 0
        self.echoes = False
        self.instead: Callable[[bytes], bytes] | None = None
        self._answers = 0
        self._host, self._end = os.openpty()
        tty.setraw(self._end)
        self.path = os.ttyname(self._end)
        self._stop, self._wake = os.pipe()
        self._thread = threading.Thread(target=self._serve, name="servo simulator", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        reader, before = Reader(), time.monotonic()
        while True:
            ready, _, _ = select.select([self._host, self._stop], [], [], _TICK)
            now = time.monotonic()
            self._move(now - before)
            before = now
            if self._stop in ready:
                return
            if self._host in ready:
                try:
                    reader.feed(os.read(self._host, 4096))
                except OSError:
                    return
                while (instruction := reader.next()) is not None:
                    self._obey(instruction)

    def _move(self, seconds: float) -> None:
        while seconds > 0.0:
            for servo in self.servos.values():
                servo.step(min(seconds, _TICK))
            seconds -= _TICK

    def _obey(self, instruction: Status) -> None:
        self.instructions += 1
        if self.deafness and self.instructions % self.deafness == 0:
            return
        kind, data = instruction.errors, instruction.parameters
        if self.echoes:
            self._say(frames.packet(instruction.id, kind, data))
        if self.instead is not None and kind != frames.SYNC_WRITE:
            self._say(self.instead(frames.packet(instruction.id, kind, data)))
        if kind == frames.SYNC_WRITE:
            address, width = data[0], data[1]
            for at in range(2, len(data), width + 1):
                if (servo := self._there(data[at])) is not None:
                    servo.write(address, data[at + 1 : at + 1 + width])
        elif kind == frames.SYNC_READ:
            for id in data[2:]:
                self._answer(id, data[0], data[1])
        elif kind == frames.READ:
            self._answer(instruction.id, data[0], data[1])
        elif kind == frames.PING:
            self._answer(instruction.id, 0, 0)
        elif kind == frames.WRITE and (servo := self._there(instruction.id)) is not None:
            servo.write(data[0], data[1:])
            if servo.get(registers.ANSWERS):
                self._answer(instruction.id, 0, 0)

    def _there(self, id: int) -> SimulatedServo | None:
        servo = self.servos.get(id)
        return None if servo is None or servo.unplugged else servo

    def _answer(self, id: int, address: int, length: int) -> None:
        servo = self._there(id)
        if servo is None or self.instead is not None:
            return
        time.sleep(self.delay)
        data = bytearray(frames.packet(id, servo.errors, bytes(servo.memory[address : address + length])))
        self._answers += 1
        if self.damage and self._answers % self.damage == 0:
            data[-1] ^= 0x55
        self._say(data)

    def _say(self, data: bytes | bytearray) -> None:
        with contextlib.suppress(OSError):
            os.write(self._host, data)

    def pull_cable(self) -> None:
        """The port is gone, for the host; the servos go on, and keep their goals."""
        os.close(self._end)
        fd, self._host = self._host, os.open(os.devnull, os.O_RDWR)
        os.close(fd)

    def close(self) -> None:
        """End it. May be called again."""
        if self._thread.is_alive():
            os.write(self._wake, b"x")
            self._thread.join()
        for name in ("_host", "_end", "_stop", "_wake"):
            fd = getattr(self, name)
            if fd >= 0:
                with contextlib.suppress(OSError):
                    os.close(fd)
                setattr(self, name, -1)

    def __enter__(self) -> ServoSimulator:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def main() -> None:
    """Serve an arm's six servos until the program is ended."""
    with ServoSimulator() as simulator:
        print(simulator.path, flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
