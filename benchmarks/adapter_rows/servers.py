"""The other ends, each in a process of its own: a server that shares its client's interpreter would hold it up.

Argument: rest, site, modbus, opcua or serial. Prints where it is.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tty
from pathlib import Path
from threading import Event


async def rest() -> None:
    """A service of one operation, by FastAPI on uvicorn."""
    import uvicorn
    from fastapi import FastAPI
    from pydantic import BaseModel

    class Part(BaseModel):
        number: int
        name: str
        weight: float

    app = FastAPI(title="Parts")

    @app.get("/parts/{number}", operation_id="part", response_model=Part)
    async def part(number: int) -> object:
        return Part(number=number, name=f"part {number}", weight=number / 7)

    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    print(f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", flush=True)
    await serving


def site() -> None:
    """A web site, by http.server."""
    sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "adapters"))
    from shop_site import Served

    print(Served().base, flush=True)
    Event().wait()


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
    if kind in ("serial", "site"):
        {"serial": serial, "site": site}[kind]()
    else:
        asyncio.run({"rest": rest, "modbus": modbus, "opcua": opcua}[kind]())
