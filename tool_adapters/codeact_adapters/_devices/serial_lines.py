"""A serial line: a request and its answer, each one line of text by a template; by pyserial."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import xor
from typing import Any

from codeact.errors import ToolError
from codeact_adapters._devices.description import Command, Description, Point
from codeact_adapters._devices.errors import DeviceError, DeviceLost, DeviceRefused, DeviceTimeout
from codeact_adapters._devices.link import Link
from codeact_adapters._devices.section import Section
from codeact_adapters._devices.texts import Text, read_text
from codeact_adapters._devices.values import Value, read_value

_LONGEST_LINE = 4_096
_QUIET_S = 0.05  # without a byte, after which nothing late is expected any more
_LOOK_S = 0.05  # between two looks at whether an exchange is to be broken off
_PARITIES = {"none": "N", "even": "E", "odd": "O"}
_CHECKSUMS = ("none", "xor", "sum", "nmea")
_GONE: tuple[type[Exception], ...] = (OSError,)
"""What a port raises that is there no more. Emptying its buffer raises an error of its own, where there is termios."""
with contextlib.suppress(ImportError):
    import termios

    _GONE = (OSError, termios.error)


@dataclass(frozen=True)
class Template:
    """A line with at most one place for a value, written `{}`."""

    text: str

    def filled(self, value: str) -> str:
        return self.text.replace("{}", value)

    def found(self, line: str) -> str | None:
        """What stands in the place, or an empty text where there is none; None if the line does not fit."""
        before, _, after = self.text.partition("{}")
        match = re.fullmatch(
            f"{re.escape(before)}(.*){re.escape(after)}" if "{}" in self.text else re.escape(before), line
        )
        return None if match is None else match.group(1).strip() if match.groups() else ""


@dataclass(frozen=True)
class Settings:
    """Of the line.

    Attributes:
        port: a device such as /dev/ttyUSB0, or one of pyserial's addresses, such as socket://host:port.
        line_end: after each line, in both directions.
        checksum: what is behind a `*` at the end of each line, as two hexadecimal digits: `xor` or `sum` (modulo 256)
            of all bytes before, `nmea` the same as xor without the first byte; `none`.
        refusal: how the device says no; None if it does not.
    """

    port: str
    baud_rate: int
    data_bits: int
    parity: str
    stop_bits: int
    line_end: str
    checksum: str
    refusal: Template | None
    timeout_s: float


@dataclass(frozen=True)
class Address:
    """How a point is asked for and set. `acknowledge` is the answer to setting it, None where there is none."""

    ask: str
    answer: Template
    set_line: Template
    acknowledge: Template | None
    text: Text


@dataclass(frozen=True)
class CommandAddress:
    """What is sent, with places named as the arguments are, and what comes back; None where nothing does."""

    send: str
    answer: Template | None
    texts: Mapping[str, Text]
    returned: Text | None


class SerialLink(Link):
    """Sends a line, and waits for one. After an unplugged cable the next exchange opens the port anew."""

    protocol = "serial"

    @classmethod
    def read_settings(cls, section: Section) -> Settings:
        return Settings(
            port=section.need("port", str, "such as /dev/ttyUSB0"),
            baud_rate=section.whole("baud_rate", 9600, 50, 4_000_000),
            data_bits=section.whole("data_bits", 8, 5, 8),
            parity=section.choice("parity", tuple(_PARITIES), "none"),
            stop_bits=section.whole("stop_bits", 1, 1, 2),
            line_end=section.get("line_end", str, "\r\n") or section.fail("must not be empty", "line_end"),
            checksum=section.choice("checksum", _CHECKSUMS, "none"),
            refusal=_template(section, "refusal") if "refusal" in section else None,
            timeout_s=section.number("timeout_s", 1.0, 0.0, 60.0),
        )

    @classmethod
    def read_point(cls, section: Section, value: Value, reads: bool, writes: bool) -> Address:
        none = Template("")
        return Address(
            ask=_line(section, "ask") if reads else "",
            answer=_template(section, "answer", place=True) if reads else none,
            set_line=_template(section, "set", place=True) if writes else none,
            acknowledge=_template(section, "acknowledge") if writes and "acknowledge" in section else None,
            text=read_text(section, value),
        )

    @classmethod
    def read_command(
        cls, section: Section, arguments: Mapping[str, Section], returns: Section | None
    ) -> CommandAddress:
        send = _line(section, "send")
        places = re.findall(r"\{(\w*)\}", send)
        if sorted(places) != sorted(arguments):
            section.fail(f"has the places {places}, and the arguments are {list(arguments)}", "send")
        texts = {name: read_text(part, read_value(part, cls.encodings)) for name, part in arguments.items()}
        returned = read_text(returns, read_value(returns, cls.encodings)) if returns is not None else None
        if returned is not None and "answer" not in section:
            section.lacks("answer", "how the line with the returned value reads, such as `OK {}`", ": ")
        answer = _template(section, "answer", place=returned is not None) if "answer" in section else None
        return CommandAddress(send, answer, texts, returned)

    def open(self, description: Description) -> None:
        try:
            import serial  # noqa: F401
        except ImportError as problem:
            raise ToolError("serial needs pyserial: pip install 'codeact[serial]'") from problem
        self._settings: Settings = description.settings
        self.timeout_s = self._settings.timeout_s
        self._where = f"{description.name} at {self._settings.port}"
        self._line: Any = None
        self._late = False  # whether an answer may still come that nobody waits for
        self._abandoned = threading.Event()
        self._connect()

    @property
    def connected(self) -> bool:
        return self._line is not None

    def read(self, point: Point) -> Any:
        address: Address = point.address
        line = self._exchange(address.ask, address.answer, "", self.timeout_s)
        return self._value(address.text, line, point.name)

    def write(self, point: Point, raw: Any) -> None:
        address: Address = point.address
        unknown = "; whether it took the value is not known"
        self._exchange(address.set_line.filled(address.text.written(raw)), address.acknowledge, unknown, self.timeout_s)

    def call(self, command: Command, arguments: Mapping[str, Any]) -> Any:
        address: CommandAddress = command.address
        given = {name: address.texts[name].written(raw) for name, raw in arguments.items()}
        line = re.sub(r"\{(\w+)\}", lambda place: given[place.group(1)], address.send)
        answer = self._exchange(line, address.answer, "; whether it was done is not known", command.timeout_s)
        return self._value(address.returned, answer, command.name) if address.returned is not None else None

    def abandon(self) -> None:
        self._abandoned.set()

    def close(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            with contextlib.suppress(*_GONE):
                line.close()

    def _connect(self) -> None:
        import serial

        if self._line is not None:
            return
        settings = self._settings
        try:
            self._line = serial.serial_for_url(
                settings.port,
                baudrate=settings.baud_rate,
                bytesize=settings.data_bits,
                parity=_PARITIES[settings.parity],
                stopbits=settings.stop_bits,
                timeout=_LOOK_S,
                write_timeout=settings.timeout_s,
            )
        except (OSError, ValueError) as problem:  # SerialException among them
            raise DeviceLost(f"{self._where} cannot be opened: {problem}") from problem

    def _exchange(self, text: str, answer: Template | None, unknown: str, timeout_s: float) -> str:
        """Send a line, and return what stands in the place of the answer."""
        import serial

        if not text.isprintable():
            raise DeviceError(f"a line cannot hold control characters: {text!r:.100}")
        self._connect()
        self._abandoned.clear()
        try:
            if self._late:
                self._drain()
            self._line.reset_input_buffer()
            self._line.write(self._framed(text))
            if answer is None:
                return ""
            line = self._next_line(timeout_s)
        except serial.SerialTimeoutException as problem:
            raise DeviceTimeout(f"{self._where} took no line within {self.timeout_s:g} s{unknown}") from problem
        except _GONE as problem:
            self.close()
            raise DeviceLost(f"the connection to {self._where} is lost{unknown}") from problem
        if line is None:
            self._late = True
            raise DeviceTimeout(f"{self._where} did not answer {text!r:.100} within {timeout_s:g} s{unknown}")
        try:
            return self._understood(line, text, answer)
        except DeviceRefused:
            raise
        except DeviceError:
            self._late = True  # it may be the answer to something else, and the right one still comes
            raise

    def _next_line(self, timeout_s: float) -> bytes | None:
        end, received, deadline = self._settings.line_end.encode(), b"", time.monotonic() + timeout_s
        while end not in received:
            if time.monotonic() >= deadline or self._abandoned.is_set() or len(received) > _LONGEST_LINE:
                return None
            received += self._line.read(max(1, self._line.in_waiting))
        return received.split(end)[0]

    def _drain(self) -> None:
        """Wait until nothing late comes any more."""
        quiet_since, deadline = time.monotonic(), time.monotonic() + self.timeout_s
        while time.monotonic() < min(deadline, quiet_since + _QUIET_S):
            if self._line.read(max(1, self._line.in_waiting)):
                quiet_since = time.monotonic()
        self._late = False

    def _framed(self, text: str) -> bytes:
        body = text.encode()
        if self._settings.checksum != "none":
            body += b"*%02X" % self._checksum(body)
        return body + self._settings.line_end.encode()

    def _checksum(self, body: bytes) -> int:
        if self._settings.checksum == "sum":
            return sum(body) % 256
        return reduce(xor, body[1:] if self._settings.checksum == "nmea" else body, 0)

    def _understood(self, line: bytes, sent: str, answer: Template) -> str:
        said = f"{self._where} answered {sent!r:.100} by {line!r:.100}"
        if self._settings.checksum != "none":
            body, mark, digits = line.rpartition(b"*")
            if not mark or digits.upper() != b"%02X" % self._checksum(body):
                raise DeviceError(f"{said}, whose checksum is wrong")
            line = body
        try:
            text = line.decode()
        except UnicodeDecodeError:
            raise DeviceError(f"{said}, which is no text") from None
        refusal = self._settings.refusal
        if refusal is not None and (reason := refusal.found(text)) is not None:
            raise DeviceRefused(f"{self._where} refused {sent!r:.100}: {reason or text}")
        found = answer.found(text)
        if found is None:
            raise DeviceError(f"{said}; expected {answer.text!r}")
        return found

    def _value(self, text: Text, found: str, name: str) -> Any:
        try:
            return text.read(found)
        except DeviceError as problem:
            raise DeviceError(f"what {self._where} answered for {name} {problem}") from None


def _line(section: Section, key: str) -> str:
    line = section.need(key, str)
    if not line or not line.isprintable():
        section.fail(f"expected a line without control characters, got {line!r}", key)
    return line


def _template(section: Section, key: str, place: bool | None = None) -> Template:
    text = _line(section, key)
    count = text.count("{}")
    if count > 1 or (place is True and count == 0) or (place is False and count):
        wanted = {True: "one place", False: "no place", None: "at most one place"}[place]
        section.fail(f"expected {wanted} {{}} for the value, got {text!r}", key)
    return Template(text)
