"""The controller of a conveyor belt: pymodbus's own server over a belt that moves by the clock. Loopback only."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

LENGTH = 0.15  # metres from where the arm loads a crate to the packers' end
_READ_DISCRETE, _READ_INPUT = 2, 4  # function codes


class Belt:
    """A belt with crates on it, one behind the other.

    Attributes:
        speed: metres per second.
        travelled: of the crate that is on its way, in metres.
        delivered: how many came to the end.
        speeds: all that were ever set.
    """

    def __init__(self) -> None:
        self.speed = 0.0
        self.travelled = 0.0
        self.delivered = 0
        self.speeds: list[float] = []
        self._looked = time.monotonic()

    @property
    def at_exit(self) -> bool:
        """Whether a crate stands at the end."""
        return self.travelled >= LENGTH

    def look(self) -> None:
        """Bring it up to now. At the end a crate stays until the belt has stopped; then the next one is loaded."""
        now = time.monotonic()
        before = self.at_exit
        self.travelled = min(LENGTH, self.travelled + self.speed * (now - self._looked))
        self.delivered += self.at_exit and not before
        self._looked = now

    def set_speed(self, speed: float) -> None:
        self.look()
        self.speed = speed
        self.speeds.append(speed)
        if speed == 0.0 and self.at_exit:
            self.travelled = 0.0


@contextmanager
def running_conveyor() -> Iterator[tuple[Belt, int]]:
    """Serve a belt over Modbus TCP for as long as the context lasts; gives it and its port."""
    belt = Belt()

    async def act(code: int, start: int, address: int, count: int, held: list[int], values: list[Any] | None) -> None:
        if values is not None:
            belt.set_speed(values[0] / 1000.0)
        belt.look()
        if code == _READ_DISCRETE:
            held[0] = int(belt.at_exit)
        elif code == _READ_INPUT:
            held[0] = belt.delivered

    def bits() -> list[SimData]:
        return [SimData(0, count=16, values=False, datatype=DataType.BITS)]

    def words() -> list[SimData]:
        return [SimData(0, count=16, values=0, datatype=DataType.REGISTERS)]

    device = SimDevice(1, simdata=(bits(), bits(), words(), words()), action=act)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def listen() -> ModbusTcpServer:
        server = ModbusTcpServer(device, address=("127.0.0.1", 0))
        await server.listen()
        return server

    server = asyncio.run_coroutine_threadsafe(listen(), loop).result(10)
    try:
        yield belt, server.transport.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(server.shutdown(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
