"""One bus of Feetech servos: questions and answers, asked again where an answer was lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from codeact_envs.drivers.errors import ConnectionLost
from codeact_envs.drivers.feetech import frames, registers
from codeact_envs.drivers.feetech.frames import Reader, Status
from codeact_envs.drivers.feetech.port import SerialPort
from codeact_envs.drivers.feetech.registers import Register

T = TypeVar("T")

_TRIES = 3  # at a question


class ServoBus:
    """Asks and commands servos by their ids. Any thread may; questions never overlap.

    Args:
        port: that they hang on.
        names: what messages call each servo, by id.
        timeout: seconds to wait for an answer.

    Attributes:
        lost: questions that had to be asked again, since the beginning.
    """

    def __init__(self, port: SerialPort, names: Mapping[int, str], timeout: float = 0.1) -> None:
        self._port, self._names, self._timeout = port, dict(names), timeout
        self._reader = Reader()
        self._lock = threading.RLock()
        self.lost = 0

    def name(self, id: int) -> str:
        """What messages call a servo."""
        return f"{self._names[id]} (servo {id})" if id in self._names else f"servo {id}"

    def ping(self, id: int) -> Status:
        """Is it there? Raises `ConnectionLost` when it does not answer.

        It reads the servo's id, for a bare ping looks the same as the answer of a servo with a wrong voltage.
        """
        request = frames.packet(id, frames.READ, bytes((registers.ID.address, registers.ID.width)))
        return self._ask(request, (id,), registers.ID.width)[id]

    def read(self, id: int, register: Register) -> int:
        """One register of one servo, unsigned."""
        request = frames.packet(id, frames.READ, bytes((register.address, register.width)))
        return int.from_bytes(self._ask(request, (id,), register.width)[id].parameters, "little")

    def write(self, id: int, register: Register, value: int) -> Status:
        """Write one register of one servo and wait until it says so."""
        data = value.to_bytes(register.width, "little")
        return self._ask(frames.packet(id, frames.WRITE, bytes((register.address,)) + data), (id,), 0)[id]

    def read_all(self, ids: Sequence[int], address: int, length: int) -> dict[int, Status]:
        """The same registers of several servos, in one question."""
        return self._ask(frames.sync_read(address, length, ids), ids, length)

    def write_all(self, register: Register, values: Mapping[int, int]) -> None:
        """Write one register of several servos at one moment. Nobody answers, so nobody knows whether it came."""
        rows = {id: value.to_bytes(register.width, "little") for id, value in values.items()}
        with self._lock:
            self._port.write(frames.sync_write(register.address, rows))

    def together(self, do: Callable[[], T]) -> T:
        """Do several things that no other thread's question may come between."""
        with self._lock:
            return do()

    def close(self) -> None:
        with self._lock:
            self._port.close()

    def _ask(self, request: bytes, ids: Sequence[int], length: int) -> dict[int, Status]:
        """Raises `ConnectionLost`, and names who did not answer and what to do."""
        with self._lock:
            damaged, answers = self._reader.damaged, dict[int, Status]()
            for attempt in range(_TRIES):
                self.lost += attempt > 0
                answers = self._try(request, ids, length)
                if len(answers) == len(ids):
                    return answers
            silent = ", ".join(self.name(id) for id in ids if id not in answers)
            if self._reader.damaged > damaged:
                raise ConnectionLost(
                    f"answers of {silent} come in damaged: look for a loose plug, a long cable, "
                    "or two servos with one id"
                )
            if answers:
                raise ConnectionLost(f"no answer from {silent}; others on the bus answer: check its plug and its id")
            raise ConnectionLost(f"no answer from {silent}: check the power of the servos and the cable")

    def _try(self, request: bytes, ids: Sequence[int], length: int) -> dict[int, Status]:
        """One question, and the answers that came. Noise, however much of it, never makes it wait longer."""
        self._port.discard()
        self._reader.clear()
        self._port.write(request)
        answers: dict[int, Status] = {}
        damaged = self._reader.damaged
        until = time.monotonic() + self._timeout
        while len(answers) + self._reader.damaged - damaged < len(ids):  # nobody waits for what came in damaged
            left = until - time.monotonic()
            if left <= 0.0 or not (data := self._port.read(left)):
                break
            self._reader.feed(data)
            while (status := self._reader.next()) is not None:
                echo = frames.packet(status.id, status.errors, status.parameters) == request
                if status.id in ids and status.id not in answers and len(status.parameters) == length and not echo:
                    answers[status.id] = status
                    until = time.monotonic() + self._timeout
        return answers
