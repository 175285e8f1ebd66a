"""Real counterparts of devices, on free loopback ports; none of them knows this project."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import ipaddress
import os
import pwd
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from codeact.sandbox import Execution


def wait_until(condition: Callable[[], object], timeout_s: float = 60.0) -> bool:
    """Wait until a condition holds; whether it does."""
    ends = time.monotonic() + timeout_s
    while not (held := bool(condition())) and time.monotonic() < ends:
        time.sleep(0.005)
    return held


class Loop:
    """An event loop in a thread of its own, for servers that need one."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def run(self, awaitable: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(awaitable, self.loop).result(200)


class Relay:
    """Stands between a client and a server, so that their connection can be cut and mended."""

    def __init__(self, loop: Loop, port: int) -> None:
        self.loop, self.to, self.port = loop, port, 0
        self.writers: set[asyncio.StreamWriter] = set()
        self.mend()

    def mend(self) -> None:
        self.server = self.loop.run(asyncio.start_server(self.join, "127.0.0.1", self.port))
        self.port = self.server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        async def end() -> None:
            self.server.close()
            for writer in list(self.writers):
                writer.transport.abort()

        self.loop.run(end())

    async def join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        other_reader, other_writer = await asyncio.open_connection("127.0.0.1", self.to)
        self.writers |= {writer, other_writer}
        await asyncio.gather(self.pass_on(reader, other_writer), self.pass_on(other_reader, writer))
        self.writers -= {writer, other_writer}

    async def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()


class ModbusDevice:
    """pymodbus's own server: 16 coils, 16 discrete inputs, 100 holding and 100 input registers.

    Attributes:
        written: what was written, as (address, values).
        asked: the addresses that were asked for or written, in order.
        delay_s: how long each answer takes, by address; what is taken away holds no answer back any more.
        refused: what writing an address is answered by.
    """

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.written: list[tuple[int, list[Any]]] = []
        self.asked: list[int] = []
        self.delay_s: dict[int, float] = {}
        self.refused: dict[int, ExcCodes] = {}
        self.port = 0
        self.start()

    async def act(self, code: int, start: int, address: int, count: int, held: Any, values: Any) -> ExcCodes | None:
        self.asked.append(address)
        began = time.monotonic()
        while time.monotonic() - began < self.delay_s.get(address, 0.0):
            await asyncio.sleep(0.01)
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


class Broker:
    """Debian's mosquitto."""

    def __init__(self, folder: Path, extra: str = "") -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.configuration = folder / "mosquitto.conf"
        # As root it would become a user who cannot read certificates in a folder of root's.
        user = f"user {pwd.getpwuid(os.getuid()).pw_name}"
        self.configuration.write_text(f"{user}\nlistener {self.port} 127.0.0.1\n{extra or 'allow_anonymous true'}\n")
        self.start()

    def start(self) -> None:
        program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
        if program is None:
            pytest.skip("mosquitto is not installed: apt-get install mosquitto")
        self.process = subprocess.Popen([program, "-c", str(self.configuration)], stderr=subprocess.DEVNULL)
        assert wait_until(self.listens), "mosquitto did not start"

    def listens(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
            return True
        return False

    def die(self) -> None:
        self.process.kill()
        self.process.wait()


def certify(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate for this machine that signs itself, and its key: two PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / f"{name}.pem", folder / f"{name}.key"
    certificate.write_bytes(built.public_bytes(Encoding.PEM))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return certificate, private


Ended = tuple[Execution, float]
