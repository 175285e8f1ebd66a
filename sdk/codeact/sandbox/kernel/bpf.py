"""The parts of a seccomp filter: classic BPF over `struct seccomp_data` (linux/seccomp.h, linux/bpf_common.h).

Little-endian, as both architectures are.
"""

from __future__ import annotations

import errno
import struct
from collections.abc import Iterable

ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""Audit names of the architectures, linux/audit.h. Tables of system calls have a column for each, in this order."""

LOAD, EQUAL, AT_LEAST, ANY_BIT, AND, RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
_X32 = 0x40000000

Line = tuple[int, int, int, int]
"""Code, how many lines to skip where it is true, how many where it is not, operand."""

Pair = tuple[int | None, int | None]
"""A call's number on each architecture, None where that has no such call."""


def fails(number: int) -> Line:
    """The call is not made, and fails with this error."""
    return (RETURN, 0, 0, _ERRNO | number)


ALLOWED: Line = (RETURN, 0, 0, _ALLOW)
DENIED = fails(errno.EPERM)


def low(index: int) -> Line:
    """Load the lower 32 bits of an argument."""
    return (LOAD, 0, 0, _ARGUMENTS + 8 * index)


def high(index: int) -> Line:
    """Load the upper 32 bits of an argument."""
    return (LOAD, 0, 0, _ARGUMENTS + 8 * index + 4)


class Program:
    """A filter in the making. It begins by ending whoever calls in the manner of another architecture."""

    def __init__(self, machine: str) -> None:
        self._column = list(ARCHITECTURES).index(machine)
        kill = (RETURN, 0, 0, _KILL)
        self._lines: list[Line] = [(LOAD, 0, 0, _ARCHITECTURE), (EQUAL, 1, 0, ARCHITECTURES[machine]), kill]
        self._lines.append((LOAD, 0, 0, _NUMBER))
        if machine == "x86_64":  # the x32 numbers would name other calls
            self._lines += [(AT_LEAST, 0, 1, _X32), kill]

    def on_call(self, pair: Pair, *body: Line) -> None:
        """Run the body, which must return, when the call is this one."""
        number = pair[self._column]
        if number is not None:
            self._lines.append((EQUAL, 0, len(body), number))
            self._lines.extend(body)

    def assembled(self) -> bytes:
        """The filter as an array of `struct sock_filter`. What no rule names is denied."""
        return assemble([*self._lines, DENIED])


def assemble(lines: Iterable[Line]) -> bytes:
    """An array of `struct sock_filter`."""
    return b"".join(struct.pack("=HBBI", *line) for line in lines)
