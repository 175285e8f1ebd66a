"""System calls for which Python has no function, each with an OSError where it fails."""

from __future__ import annotations

import ctypes
import os

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 1, 4, 38
"""Of linux/prctl.h, for `process_control`."""

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long


def system_call(number: int, *arguments: int) -> int:
    """Make a call by its number; arguments are numbers and addresses."""
    result: int = libc.syscall(ctypes.c_long(number), *[ctypes.c_ulong(argument) for argument in arguments])
    if result < 0:
        raise _failure()
    return result


def process_control(option: int, value: int) -> None:
    """prctl(2), with one value."""
    zero = ctypes.c_ulong(0)
    if libc.prctl(ctypes.c_int(option), ctypes.c_ulong(value), zero, zero, zero):
        raise _failure()


def _failure() -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number))
