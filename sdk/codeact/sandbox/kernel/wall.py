"""The wall: what the kernel lets a worker do, put up by the worker itself before it reads a program.

Only ctypes and the kernel's own interfaces: no dependency, no privilege needed. It needs about a millisecond. In
order: no new privileges, death with the zygote, closed descriptors, a spare user when started as root, resource
limits, Landlock with an empty allow-list, seccomp. A layer that cannot be put up raises `OSError` naming it, and the
worker ends.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import platform
import resource
import signal
import struct
from collections.abc import Collection
from typing import Any

from codeact.sandbox.kernel import seccomp

LAYERS = ("filter", "mounts", "uid", "rlimits", "landlock", "seccomp")
"""The layers that `Sandbox(without=...)` can name. `filter` is the language's; the others are the kernel's,
and `mounts` is put up for a workspace only."""

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
_LANDLOCK_CREATE, _LANDLOCK_RESTRICT = 444, 446
_SECCOMP_SET_FILTER, _SECCOMP_TSYNC = 1, 1
_CLOSE_RANGE = 436
_SECCOMP = {"x86_64": 317, "aarch64": 277}
# linux/landlock.h: how many file access rights each ABI knows, the TCP rights since 4, the scopes since 6.
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}
_FILE_RIGHTS_SINCE_5 = 16
_TCP_RIGHTS, _SCOPES = 0b11, 0b11

_HIGH = 64

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def _syscall(number: int, *arguments: int) -> int:
    result: int = _libc.syscall(ctypes.c_long(number), *[ctypes.c_ulong(argument) for argument in arguments])
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result


def _prctl(option: int, value: int) -> None:
    zero = ctypes.c_ulong(0)
    if _libc.prctl(ctypes.c_int(option), ctypes.c_ulong(value), zero, zero, zero):
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def die_with(parent: int) -> None:
    """Be killed when the parent dies; end at once if it already has."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def no_new_privileges() -> None:
    """No set-uid program, no file capability from here on; also hide this process from ptrace and /proc readers."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _prctl(_PR_SET_DUMPABLE, 0)


def close_from(first: int) -> None:
    """Close all descriptors from this number on."""
    try:
        _syscall(_CLOSE_RANGE, first, 0xFFFFFFFF, 0)
    except OSError:  # before Linux 5.9; one by one takes ten milliseconds
        os.closerange(first, 1 << 20)


def landlock_abi() -> int:
    """The Landlock version of this kernel, 0 where it has none."""
    try:
        return _syscall(_LANDLOCK_CREATE, 0, 0, 1)
    except OSError:
        return 0


def landlock_ruleset() -> int:
    """The descriptor of a ruleset that handles every access that this kernel's Landlock knows, and allows none.

    Raises:
        OSError: this kernel has no Landlock.
    """
    abi = landlock_abi()
    if abi < 1:
        raise OSError("this kernel has no Landlock")
    files = (1 << _FILE_RIGHTS.get(abi, _FILE_RIGHTS_SINCE_5)) - 1
    ruleset = struct.pack("=QQQ", files, _TCP_RIGHTS if abi >= 4 else 0, _SCOPES if abi >= 6 else 0)
    size = 8 if abi < 4 else 16 if abi < 6 else 24
    buffer = ctypes.create_string_buffer(ruleset, 24)
    return _syscall(_LANDLOCK_CREATE, ctypes.addressof(buffer), size, 0)


def landlock(prepared: Prepared) -> None:
    """Keep this process to the ruleset."""
    _syscall(_LANDLOCK_RESTRICT, landlock_ruleset() if prepared.ruleset is None else prepared.ruleset, 0)


def seccomp_filter(fork: bool, prepared: Prepared) -> None:
    """Put up the filter of `seccomp.program` for this process and all that it forks."""
    header = ctypes.addressof(prepared.program(fork))
    _syscall(_SECCOMP[platform.machine()], _SECCOMP_SET_FILTER, _SECCOMP_TSYNC, header)


class Prepared:
    """What is made once, in the zygote, so that its workers touch less memory of their own.

    Attributes:
        ruleset: the descriptor of Landlock's, None where there is none.
    """

    def __init__(self) -> None:
        self.ruleset: int | None = None
        with contextlib.suppress(OSError):  # a worker that needs it says so
            found = landlock_ruleset()
            # A high number: the low ones are the worker's.
            self.ruleset = fcntl.fcntl(found, fcntl.F_DUPFD_CLOEXEC, _HIGH)
            os.close(found)
        self._programs: dict[bool, tuple[Any, Any]] = {}
        if platform.machine() in seccomp.ARCHITECTURES:
            for fork in (True, False):
                self.program(fork)

    def program(self, fork: bool) -> Any:
        """The seccomp filter as a `struct sock_fprog`: an unsigned short, padding to a pointer, the pointer.

        Raises:
            OSError: there is none for this machine.
        """
        if fork not in self._programs:
            machine = platform.machine()
            if machine not in seccomp.ARCHITECTURES:
                raise OSError(f"no system call table for {machine}")
            code = seccomp.program(machine, fork)
            buffer = ctypes.create_string_buffer(code, len(code))
            packed = struct.pack("@HP", len(code) // 8, ctypes.addressof(buffer))
            self._programs[fork] = ctypes.create_string_buffer(packed), buffer
        return self._programs[fork][0]


def spare_user(uid: int) -> None:
    """Become a user that owns nothing, with no group and no capability."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def resource_limits(memory_bytes: int, cpu_s: int, descriptors: int) -> None:
    """Address space, processor seconds over the worker's life, no files, no core, no message queues, no forks."""

    def limit(which: int, soft: int, hard: int | None = None) -> None:
        allowed = resource.getrlimit(which)[1]
        hard = soft if hard is None else hard
        if allowed != resource.RLIM_INFINITY:
            soft, hard = min(soft, allowed), min(hard, allowed)
        resource.setrlimit(which, (soft, hard))

    limit(resource.RLIMIT_AS, memory_bytes)
    limit(resource.RLIMIT_CPU, cpu_s, cpu_s + 5)
    limit(resource.RLIMIT_FSIZE, 0)
    limit(resource.RLIMIT_CORE, 0)
    limit(resource.RLIMIT_NOFILE, descriptors)
    limit(resource.RLIMIT_MSGQUEUE, 0)
    limit(resource.RLIMIT_MEMLOCK, 0)
    # The hard limit stays: the zygote lifts the soft one for the moment of a branch. The worker itself cannot, for
    # seccomp lets no limit be set.
    resource.setrlimit(resource.RLIMIT_NPROC, (0, resource.getrlimit(resource.RLIMIT_NPROC)[1]))


def put_up(
    without: Collection[str],
    *,
    uid: int | None,
    memory_bytes: int,
    cpu_s: int,
    kept: int,
    descriptors: int,
    fork: bool,
    prepared: Prepared,
) -> None:
    """Put up all layers but those opted out of.

    Args:
        uid: the spare user, or None to stay who one is.
        memory_bytes: address space, all in all.
        kept: descriptors below this number stay open, all others are closed.
        descriptors: the limit on their numbers.
        fork: whether seccomp lets the fork of a branch through to RLIMIT_NPROC.
        prepared: what the zygote made for it.

    Raises:
        OSError: naming the layer.
    """
    layer = "no_new_privs"
    try:
        no_new_privileges()
        layer = "landlock"  # before the descriptors are closed: its ruleset is one
        if "landlock" not in without:
            landlock(prepared)
        close_from(kept)
        layer = "uid"
        if uid is not None and "uid" not in without:
            spare_user(uid)
            _prctl(_PR_SET_DUMPABLE, 0)  # a change of user sets it again
        layer = "rlimits"
        if "rlimits" not in without:
            resource_limits(memory_bytes, cpu_s, descriptors)
        layer = "seccomp"
        if "seccomp" not in without:
            seccomp_filter(fork, prepared)
    except (OSError, ValueError) as problem:
        raise OSError(f"layer {layer}: {problem}") from None
