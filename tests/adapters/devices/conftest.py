"""Real counterparts of devices, on free loopback ports; none of them knows this project."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from codeact.sandbox import Execution, Sandbox


class Loop:
    """An event loop in a thread of its own, for servers that need one."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def run(self, awaitable: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(awaitable, self.loop).result(30)


@pytest.fixture(scope="session")
def loop() -> Loop:
    return Loop()


class ModbusDevice:
    """pymodbus's own server: 16 coils, 16 discrete inputs, 100 holding and 100 input registers.

    Attributes:
        written: what was written, as (address, values).
        delay_s: how long each answer takes, by address.
        refused: what writing an address is answered by.
    """

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.written: list[tuple[int, list[Any]]] = []
        self.delay_s: dict[int, float] = {}
        self.refused: dict[int, ExcCodes] = {}
        self.port = 0
        self.start()

    async def act(self, code: int, start: int, address: int, count: int, held: Any, values: Any) -> ExcCodes | None:
        if address in self.delay_s:
            await asyncio.sleep(self.delay_s[address])
        if values is None:
            return None
        if address in self.refused:
            return self.refused[address]
        self.written.append((address, list(values)))
        return None

    def start(self) -> None:
        def bits() -> list[SimData]:
            return [SimData(0, count=16, values=False, datatype=DataType.BITS)]

        def registers(value: int) -> list[SimData]:
            return [SimData(0, count=100, values=value, datatype=DataType.REGISTERS)]

        device = SimDevice(1, simdata=(bits(), bits(), registers(0), registers(7)), action=self.act)

        async def listen() -> ModbusTcpServer:
            server = ModbusTcpServer(device, address=("127.0.0.1", self.port))
            await server.listen()
            return server

        self.server = self.loop.run(listen())
        self.port = self.server.transport.sockets[0].getsockname()[1]

    def die(self) -> None:
        self.loop.run(self.server.shutdown())


@pytest.fixture
def modbus_device(loop: Loop) -> Iterator[ModbusDevice]:
    device = ModbusDevice(loop)
    yield device
    device.die()


Ended = tuple[Execution, float]


@pytest.fixture
def end_when() -> Callable[..., Ended]:
    """Runs a program, and does something to it once a condition holds; gives the execution and the seconds since."""

    def prepare(sandbox: Sandbox, program: str, condition: Callable[[], object], act: Callable[[], object]) -> Ended:
        acted = 0.0

        def watch() -> None:
            nonlocal acted
            ends = time.monotonic() + 10
            while not condition() and time.monotonic() < ends:
                time.sleep(0.002)
            acted = time.monotonic()
            act()

        thread = threading.Thread(target=watch)
        thread.start()
        execution = sandbox.run(program)
        took = time.monotonic()
        thread.join()
        return execution, took - acted

    return prepare
