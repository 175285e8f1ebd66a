"""Modbus TCP: coils, discrete inputs, holding and input registers of one unit, by pymodbus."""

from __future__ import annotations

import contextlib
import logging
import socket
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from codeact.errors import ToolError
from codeact_adapters._devices.description import Description, Point
from codeact_adapters._devices.errors import DeviceError, DeviceLost, DeviceRefused, DeviceTimeout
from codeact_adapters._devices.link import Link
from codeact_adapters._devices.section import Section
from codeact_adapters._devices.values import SIZED, Value

Table = Literal["coil", "discrete", "holding", "input"]
_TABLES = ("coil", "discrete", "holding", "input")
_FORMATS = {"int16": "h", "uint16": "H", "int32": "i", "uint32": "I", "int64": "q", "uint64": "Q"}
_FORMATS |= {"float32": "f", "float64": "d"}
_REFUSALS = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "device failure",
    5: "acknowledge, still at it",
    6: "device busy",
    8: "memory parity error",
    10: "gateway path unavailable",
    11: "gateway target did not respond",
}  # MODBUS Application Protocol Specification V1.1b3, section 7


@dataclass(frozen=True)
class Settings:
    """Of the connection. `unit` is the number of the device behind the address, `timeout_s` for one exchange."""

    host: str
    port: int
    unit: int
    timeout_s: float


@dataclass(frozen=True)
class Address:
    """Where a point lies.

    Attributes:
        number: as it is sent, beginning with 0.
        count: of registers.
        bit: of a register, from the lowest; None for the whole.
        swapped: whether the low word comes first.
    """

    table: Table
    number: int
    count: int
    format: str
    bit: int | None
    swapped: bool


class ModbusLink(Link):
    """Asks for each value when it is wanted. After a lost connection the next exchange connects anew."""

    protocol = "modbus"
    encodings = SIZED

    @classmethod
    def read_settings(cls, section: Section) -> Settings:
        return Settings(
            host=section.need("host", str),
            port=section.whole("port", 502, 1, 65535),
            unit=section.whole("unit", 1, 0, 255),
            timeout_s=section.number("timeout_s", 1.0, 0.0, 60.0),
        )

    @classmethod
    def read_point(cls, section: Section, value: Value, reads: bool, writes: bool) -> Address:
        words = section.need("register", str, "such as `holding 3` or `coil 0`").split()
        if len(words) != 2 or words[0] not in _TABLES or not words[1].isdecimal() or int(words[1]) > 65535:
            section.fail(
                "expected a table and an address from 0 to 65535, such as `holding 3`; the tables are coil, discrete, "
                "holding and input",
                "register",
            )
        table, number = cast(Table, words[0]), int(words[1])
        bit = section.whole("bit", 0, 0, 15) if "bit" in section else None
        if (value.raw_kind is bool) != (table in _BITS or bit is not None):
            section.fail("coils, discrete inputs and bits are of type bool, and registers of another", "type")
        if bit is not None and table not in ("holding", "input"):
            section.fail("only registers have bits", "bit")
        if writes and (table in ("discrete", "input") or bit is not None):
            section.fail("discrete inputs, input registers and bits of registers can only be read", "access")
        order = section.choice("words", ("high first", "low first"), "high first")
        code = f"{value.longest}s" if value.longest else _FORMATS.get(value.encoding, "")
        count = (struct.calcsize(code) + 1) // 2 if code else 1
        if number + count > 65536:
            section.fail(f"takes {count} registers, and the last address is 65535", "register")
        return Address(table, number, count, code, bit, order == "low first")

    def open(self, description: Description) -> None:
        try:
            from pymodbus.client import ModbusTcpClient
        except ImportError as problem:
            raise ToolError("modbus needs pymodbus: pip install 'codeact[modbus]'") from problem
        settings: Settings = description.settings
        # What fails is raised; without a handler the library would write its frames to the host's terminal, too.
        logging.getLogger("pymodbus.logging").addHandler(logging.NullHandler())
        self._settings, self.timeout_s = settings, settings.timeout_s
        self._where = f"{description.name} at {settings.host}:{settings.port}"
        self._client: Any = ModbusTcpClient(settings.host, port=settings.port, timeout=settings.timeout_s, retries=0)
        self._connect()

    @property
    def connected(self) -> bool:
        return bool(self._client.connected)

    def read(self, point: Point) -> Any:
        return self._read([point])[0]

    def read_together(self, points: Sequence[Point]) -> list[Any]:
        found: dict[str, Any] = {}
        for run in _runs(points):
            try:
                values = self._read(run)
            except DeviceRefused:
                if len(run) == 1:
                    raise
                values = [self.read(point) for point in run]  # some devices refuse a request across their own borders
            found.update(zip((point.name for point in run), values, strict=True))
        return [found[point.name] for point in points]

    def _read(self, run: Sequence[Point]) -> list[Any]:
        """The values of points that lie one behind the other in one table, in their order there; one request."""
        table, first = run[0].address.table, run[0].address.number
        count = max(point.address.number + point.address.count for point in run) - first
        self._connect()
        answer = self._ask(_READ[table], first, count=count)
        held = answer.bits if table in _BITS else answer.registers
        names = ", ".join(point.name for point in run)
        # Bits come in bytes, which they need not fill.
        if len(held) < count or (table not in _BITS and len(held) != count):
            what = "bits" if table in _BITS else "registers"
            raise DeviceError(f"{self._where} sent {len(held)} {what} for {names}, not {count}")
        return [self._value(point, held[point.address.number - first :]) for point in run]

    def _value(self, point: Point, held: Sequence[int]) -> Any:
        address: Address = point.address
        if address.table in _BITS:
            return bool(held[0])
        if address.bit is not None:
            return bool(held[0] >> address.bit & 1)
        registers = held[: address.count][:: -1 if address.swapped else 1]
        data = struct.pack(f">{address.count}H", *registers)
        if point.value.longest is None:
            return struct.unpack(f">{address.format}", data)[0]
        try:
            return data[: point.value.longest].partition(b"\0")[0].decode().rstrip()
        except UnicodeDecodeError:
            raise DeviceError(f"{self._where} sent {data!r:.100} for {point.name}, which is no text") from None

    def write(self, point: Point, raw: Any) -> None:
        address: Address = point.address
        self._connect()
        if address.table == "coil":
            self._ask("write_coil", address.number, raw, writes=True)
            return
        try:
            data = self._text(point, raw) if point.value.longest else struct.pack(f">{address.format}", raw)
            registers = struct.unpack(f">{address.count}H", data)
        except (struct.error, OverflowError):
            raise DeviceError(f"{raw} does not fit {point.value.encoding} of {point.name}") from None
        if address.count == 1:
            self._ask("write_register", address.number, registers[0], writes=True)
        else:
            ordered = registers[::-1] if address.swapped else registers
            self._ask("write_registers", address.number, list(ordered), writes=True)

    def _text(self, point: Point, text: str) -> bytes:
        data, longest = text.encode(errors="replace"), point.value.longest or 0
        if len(data) > longest:
            raise DeviceError(f"{text!r:.60} has {len(data)} bytes, and {point.name} holds {longest}")
        return data.ljust(2 * point.address.count, b"\0")

    def _connect(self) -> None:
        if self._client.connected:
            return
        if not self._client.connect():
            raise DeviceLost(f"{self._where} cannot be reached")
        assert self._client.socket is not None
        # Each request is one small packet, which shall not wait for the answer to the last.
        self._client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _ask(self, function: str, *arguments: Any, writes: bool = False, **keywords: Any) -> Any:
        from pymodbus.exceptions import ConnectionException, ModbusException

        unknown = "; whether it took the value is not known" if writes else ""
        try:
            answer = getattr(self._client, function)(*arguments, **keywords, device_id=self._settings.unit)
        except (ConnectionException, OSError, AttributeError) as problem:  # AttributeError: closed by `abandon`
            self._client.close()
            raise DeviceLost(f"the connection to {self._where} broke{unknown}") from problem
        except ModbusException as problem:
            self._client.close()  # so that a late answer is not taken for that to the next request
            raise DeviceTimeout(f"{self._where} did not answer within {self.timeout_s:g} s{unknown}") from problem
        if answer.isError():
            reason = _REFUSALS.get(answer.exception_code, f"exception {answer.exception_code}")
            raise DeviceRefused(f"{self._where} refused: {reason}")
        return answer

    def abandon(self) -> None:
        connection = self._client.socket
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._client.close()


_BITS = ("coil", "discrete")
_MOST_REGISTERS, _MOST_BITS = 125, 2000  # in one request: MODBUS Application Protocol V1.1b3, sections 6.1 to 6.4
_READ = {
    "coil": "read_coils",
    "discrete": "read_discrete_inputs",
    "holding": "read_holding_registers",
    "input": "read_input_registers",
}


def _runs(points: Sequence[Point]) -> Iterator[list[Point]]:
    """The points by table, those together that one request can read without asking for a register between them."""
    run: list[Point] = []
    end = 0
    for point in sorted(points, key=lambda each: (each.address.table, each.address.number)):
        address: Address = point.address
        most = _MOST_BITS if address.table in _BITS else _MOST_REGISTERS
        last = max(end, address.number + address.count)
        if run and (
            address.table != run[0].address.table or address.number > end or last - run[0].address.number > most
        ):
            yield run
            run, last = [], address.number + address.count
        run.append(point)
        end = last
    if run:
        yield run
