"""The wire format of Feetech's serial bus servos (SCS and STS series): instruction and status packets.

    FF FF  id  length  instruction or status  parameters ...  checksum

`length` counts what follows it; the checksum is the inverted low byte of the sum from the id on. Source: Feetech,
"Communication protocol manual" of the SMS/STS series. Words are little-endian; negative numbers have their sign in the
top bit and their magnitude below it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

PING, READ, WRITE = 0x01, 0x02, 0x03
SYNC_READ, SYNC_WRITE = 0x82, 0x83
EVERYBODY = 0xFE
_HEADER = b"\xff\xff"
_LONGEST = 130  # what `length` may be: all of a servo's 128 registers, the error byte and the checksum


@dataclass(frozen=True)
class Status:
    """A servo's answer: its id, its error byte, and what was read."""

    id: int
    errors: int
    parameters: bytes


def checksum(body: bytes) -> int:
    """Of id, length and everything after it."""
    return ~sum(body) & 0xFF


def packet(id: int, instruction: int, parameters: bytes = b"") -> bytes:
    """An instruction, or with an error byte in its place, a status."""
    body = bytes((id, len(parameters) + 2, instruction)) + parameters
    return _HEADER + body + bytes((checksum(body),))


def sync_read(address: int, length: int, ids: Sequence[int]) -> bytes:
    """Ask several servos for the same registers; each answers in turn, in this order."""
    return packet(EVERYBODY, SYNC_READ, bytes((address, length, *ids)))


def sync_write(address: int, rows: Mapping[int, bytes]) -> bytes:
    """Write the same registers of several servos at one moment; nobody answers."""
    length = len(next(iter(rows.values())))
    return packet(EVERYBODY, SYNC_WRITE, bytes((address, length)) + b"".join(bytes((i,)) + rows[i] for i in rows))


class Reader:
    """Finds packets in a stream of bytes, whatever is between them.

    Attributes:
        damaged: packets whose checksum was wrong, since the beginning.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.damaged = 0

    def feed(self, data: bytes) -> None:
        self._buffer += data

    def clear(self) -> None:
        self._buffer.clear()

    def next(self) -> Status | None:
        """The next whole packet; None until there is one. `errors` of an instruction is the instruction."""
        buffer = self._buffer
        while True:
            start = buffer.find(_HEADER)
            if start < 0:
                del buffer[: max(0, len(buffer) - 1)]  # the last byte may be half a header
                return None
            del buffer[:start]
            if len(buffer) < 4:
                return None
            id, length = buffer[2], buffer[3]
            if id == 0xFF or not 2 <= length <= _LONGEST:  # no header, but noise that ends in one
                del buffer[:1]
                continue
            if len(buffer) < 4 + length:
                return None
            body = bytes(buffer[2 : 3 + length])
            if checksum(body) != buffer[3 + length]:
                self.damaged += 1
                del buffer[:2]
                continue
            del buffer[: 4 + length]
            return Status(id, body[2], body[3:])


def word(value: int) -> bytes:
    """An unsigned word."""
    return value.to_bytes(2, "little")


def signed(raw: int, sign_bit: int) -> int:
    """A register whose sign is in one bit, as a number."""
    magnitude = raw & ((1 << sign_bit) - 1)
    return -magnitude if raw >> sign_bit & 1 else magnitude


def with_sign(value: int, sign_bit: int) -> int:
    """The inverse of `signed`."""
    return abs(value) | ((value < 0) << sign_bit)
