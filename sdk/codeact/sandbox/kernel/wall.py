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

from codeact.sandbox.kernel import seccomp
from codeact.sandbox.kernel.system import (
    PR_SET_DUMPABLE,
    PR_SET_NO_NEW_PRIVS,
    PR_SET_PDEATHSIG,
    process_control,
    system_call,
)

LAYERS = ("filter", "mounts", "uid", "rlimits", "landlock", "seccomp")
"""The layers that `Sandbox(without=...)` can name. `filter` is the language's; the others are the kernel's,
and `mounts` is put up for a workspace only."""

LANDLOCK_CREATE, LANDLOCK_RESTRICT = 444, 446
_SECCOMP_SET_FILTER, _SECCOMP_TSYNC = 1, 1
CLOSE_RANGE = 436
SECCOMP = {"x86_64": 317, "aarch64": 277}
# linux/landlock.h: how many file access rights each ABI knows, the TCP rights since 4, the scopes since 6.
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}
_FILE_RIGHTS_SINCE_5 = 16
_TCP_RIGHTS, _SCOPES = 0b11, 0b11

_HIGH = 64
_CPU_MORE_S = 5  # after SIGXCPU, which ends whom it comes to, and before SIGKILL


def die_with(parent: int) -> None:
    """Be killed when the parent dies; end at once if it already has."""
    process_control(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def no_new_privileges() -> None:
    """No set-uid program, no file capability from here on; also hide this process from ptrace and /proc readers."""
    process_control(PR_SET_NO_NEW_PRIVS, 1)
    process_control(PR_SET_DUMPABLE, 0)


def close_from(first: int) -> None:
    """Close all descriptors from this number on."""
    try:
        system_call(CLOSE_RANGE, first, 0xFFFFFFFF, 0)
    except OSError:  # before Linux 5.9
        # One by one: the C library's own way looks into /proc, which is closed by now, and aborts.
        for descriptor in range(first, resource.getrlimit(resource.RLIMIT_NOFILE)[0]):
            with contextlib.suppress(OSError):
                os.close(descriptor)


def landlock_abi() -> int:
    """The Landlock version of this kernel, 0 where it has none."""
    try:
        return system_call(LANDLOCK_CREATE, 0, 0, 1)
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
    return system_call(LANDLOCK_CREATE, ctypes.addressof(buffer), size, 0)


def landlock(ruleset: int) -> None:
    """Keep this process to a ruleset, given by its descriptor."""
    system_call(LANDLOCK_RESTRICT, ruleset, 0)


class FilterProgram:
    """A seccomp filter as the kernel takes it, in a `struct sock_fprog`: an unsigned short, padding, a pointer."""

    def __init__(self, code: bytes) -> None:
        """`code` is an array of `struct sock_filter`, of eight bytes each."""
        self._code = ctypes.create_string_buffer(code, len(code))
        self._header = ctypes.create_string_buffer(struct.pack("@HP", len(code) // 8, ctypes.addressof(self._code)))

    def put_up(self) -> None:
        """For this process and all that it forks."""
        header = ctypes.addressof(self._header)
        system_call(SECCOMP[platform.machine()], _SECCOMP_SET_FILTER, _SECCOMP_TSYNC, header)


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
        self._programs: dict[bool, FilterProgram] = {}
        if platform.machine() in seccomp.ARCHITECTURES:
            for fork in (True, False):
                self.program(fork)

    def program(self, fork: bool) -> FilterProgram:
        """The filter of `seccomp.program`.

        Raises:
            OSError: there is none for this machine.
        """
        if fork not in self._programs:
            machine = platform.machine()
            if machine not in seccomp.ARCHITECTURES:
                raise OSError(f"no system call table for {machine}")
            self._programs[fork] = FilterProgram(seccomp.program(machine, fork))
        return self._programs[fork]


def spare_user(uid: int) -> None:
    """Become a user that owns nothing, with no group and no capability."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def resource_limits(memory_bytes: int, cpu_s: int, file_bytes: int, descriptors: int) -> None:
    """Address space, processor seconds over the worker's life, size of a file, descriptors; no core, no queues."""
    for which, soft, hard in (
        (resource.RLIMIT_AS, memory_bytes, memory_bytes),
        (resource.RLIMIT_CPU, cpu_s, cpu_s + _CPU_MORE_S),
        (resource.RLIMIT_FSIZE, file_bytes, file_bytes),
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_NOFILE, descriptors, descriptors),
        (resource.RLIMIT_MSGQUEUE, 0, 0),
        (resource.RLIMIT_MEMLOCK, 0, 0),
    ):
        limit(which, soft, hard)


def limit(which: int, soft: int, hard: int) -> None:
    """Set one limit, or the host's own where that is lower."""
    allowed = resource.getrlimit(which)[1]
    if allowed != resource.RLIM_INFINITY:
        soft, hard = min(soft, allowed), min(hard, allowed)
    resource.setrlimit(which, (soft, hard))


def no_forks() -> None:
    """No process and no thread. The hard limit stays: the zygote lifts the soft one for the moment of a branch. The
    worker itself cannot, for seccomp lets no limit be set."""
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
            landlock(landlock_ruleset() if prepared.ruleset is None else prepared.ruleset)
        close_from(kept)
        layer = "uid"
        if uid is not None and "uid" not in without:
            spare_user(uid)
            process_control(PR_SET_DUMPABLE, 0)  # a change of user sets it again
        layer = "rlimits"
        if "rlimits" not in without:
            resource_limits(memory_bytes, cpu_s, 0, descriptors)
            no_forks()
        layer = "seccomp"
        if "seccomp" not in without:
            prepared.program(fork).put_up()
    except (OSError, ValueError) as problem:
        raise OSError(f"layer {layer}: {problem}") from None
