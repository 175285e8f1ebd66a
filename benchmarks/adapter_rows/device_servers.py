"""The other ends of devices, each in a process of its own. Argument: modbus, opcua or serial. Prints where it is."""

from __future__ import annotations

import asyncio
import os
import sys
import tty


async def modbus() -> None:
    """pymodbus's server."""
    from pymodbus.server import ModbusTcpServer
    from pymodbus.simulator import DataType, SimData, SimDevice

    registers = SimDevice(1, simdata=[SimData(0, count=100, values=200, datatype=DataType.REGISTERS)])
    server = ModbusTcpServer(registers, address=("127.0.0.1", 0))
    await server.listen()
    print(server.transport.sockets[0].getsockname()[1], flush=True)  # type: ignore[union-attr]
    await asyncio.Event().wait()


async def opcua() -> None:
    """asyncua's server, with one variable."""
    from asyncua import Server

    server = Server()
    await server.init()
    server.set_endpoint("opc.tcp://127.0.0.1:0/")
    await server.register_namespace("http://example.org/bench")
    await server.nodes.objects.add_variable("ns=2;s=Speed", "Speed", 0.2)
    await server.start()
    print(server.bserver._server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


def serial() -> None:
    """A device that answers each line, at the other end of a pseudo-terminal."""
    master, slave = os.openpty()
    tty.setraw(slave)
    print(os.ttyname(slave), flush=True)
    waiting = b""
    while True:
        waiting += os.read(master, 1024)
        while b"\r\n" in waiting:
            _, waiting = waiting.split(b"\r\n", 1)
            os.write(master, b"S=0.200\r\n")


if __name__ == "__main__":
    kind = sys.argv[1]
    if kind == "serial":
        serial()
    else:
        asyncio.run({"modbus": modbus, "opcua": opcua}[kind]())
