"""The seccomp filter: a short list of system calls that a worker may make; any other fails with EPERM.

No system call here takes a path, makes a socket, sends a signal, starts a program or maps memory as executable.
Numbers are from the kernel's own tables, `arch/x86/entry/syscalls/syscall_64.tbl` and
`include/uapi/asm-generic/unistd.h` (aarch64). The filter is classic BPF over `struct seccomp_data` (linux/seccomp.h),
little-endian on both architectures.
"""

from __future__ import annotations

import errno
import functools
import struct

_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16

# Audit names of the architectures, linux/audit.h.
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

# What a running Python needs once everything is imported: memory, clocks, its own identity, waiting, and the socket
# it holds.
PLAIN: dict[str, tuple[int | None, int | None]] = {
    "read": (0, 63),
    "write": (1, 64),
    "close": (3, 57),
    "fstat": (5, 80),
    "poll": (7, None),
    "lseek": (8, 62),
    "munmap": (11, 215),
    "brk": (12, 214),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "readv": (19, 65),
    "writev": (20, 66),
    "select": (23, None),
    "sched_yield": (24, 124),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "nanosleep": (35, 101),
    "getpid": (39, 172),
    "sendto": (44, 206),
    "recvfrom": (45, 207),
    "sendmsg": (46, 211),
    "recvmsg": (47, 212),
    "exit": (60, 93),
    "wait4": (61, 260),
    "uname": (63, 160),
    "gettimeofday": (96, 169),
    "getrusage": (98, 165),
    "times": (100, 153),
    "getuid": (102, 174),
    "getgid": (104, 176),
    "geteuid": (107, 175),
    "getegid": (108, 177),
    "getppid": (110, 173),
    "sigaltstack": (131, 132),
    "gettid": (186, 178),
    "time": (201, None),
    "futex": (202, 98),
    "restart_syscall": (219, 128),
    "exit_group": (231, 94),
    "pselect6": (270, 72),
    "ppoll": (271, 73),
    "set_robust_list": (273, 99),
    "getrandom": (318, 278),
    "membarrier": (324, 283),
    "rseq": (334, 293),
}

# Calls that are allowed for some arguments only, or fail in a way of their own.
_MMAP, _MPROTECT = (9, 222), (10, 226)
CLONE, _CLONE3 = (56, 220), (435, 435)
_PRCTL, _PRLIMIT = (157, 167), (302, 261)
_IOCTL = (16, 29)
_GETAFFINITY = (204, 123)
_CLOCKS = ((228, 113), (229, 114), (230, 115))  # clock_gettime, clock_getres, clock_nanosleep

_CLOCK_OF_ANOTHER = 0x80000000
"""In the number of a clock: it is that of some process, named by its number, or of a descriptor."""

_PROT_EXEC = 4
_PR_SET_PDEATHSIG = 1
_SIGKILL = 9
_CLONE_PARENT, _SIGCHLD = 0x00008000, 17
FORK_FLAGS = _CLONE_PARENT | _SIGCHLD
"""A plain new process, no thread, no namespace, nothing shared; its parent is the zygote, as is the worker's."""


@functools.cache
def program(machine: str, fork: bool) -> bytes:
    """The filter as an array of `struct sock_filter`.

    Args:
        machine: `x86_64` or `aarch64`.
        fork: whether a fork as a branch needs it is let through to the kernel, where RLIMIT_NPROC decides; no other
            process is, and no thread.
    """
    column = list(ARCHITECTURES).index(machine)
    lines: list[tuple[int, int, int, int]] = []

    def line(code: int, operand: int, if_true: int = 0, if_false: int = 0) -> None:
        lines.append((code, if_true, if_false, operand))

    def on_call(pair: tuple[int, int], *body: tuple[int, int, int, int]) -> None:
        """Run the body, which must return, when the call is this one."""
        line(_EQUAL, pair[column], 0, len(body))
        lines.extend(body)

    def fails(number: int) -> tuple[int, int, int, int]:
        return (_RETURN, 0, 0, _ERRNO | number)

    def load_argument(index: int, high: bool = False) -> tuple[int, int, int, int]:
        return (_LOAD, 0, 0, _ARGUMENTS + 8 * index + (4 if high else 0))

    allowed, denied = (_RETURN, 0, 0, _ALLOW), fails(errno.EPERM)
    line(_LOAD, _ARCHITECTURE)
    line(_EQUAL, ARCHITECTURES[machine], 1, 0)
    line(_RETURN, _KILL)
    line(_LOAD, _NUMBER)
    if machine == "x86_64":  # the x32 numbers would name other calls
        line(_AT_LEAST, 0x40000000, 0, 1)
        line(_RETURN, _KILL)
    on_call(
        _CLONE3, fails(errno.ENOSYS)
    )  # its flags lie in memory, which a filter cannot read; glibc falls back to clone
    if fork:
        # A full comparison of 64 bits: the kernel reads all of them.
        on_call(
            CLONE,
            load_argument(0, high=True),
            (_EQUAL, 0, 3, 0),
            load_argument(0),
            (_EQUAL, 0, 1, FORK_FLAGS),
            allowed,
            denied,
        )
    for pair in (_MMAP, _MPROTECT):
        on_call(pair, load_argument(2), (_ANY_BIT, 0, 1, _PROT_EXEC), denied, allowed)
    on_call(_IOCTL, fails(errno.ENOTTY))
    for pair in _CLOCKS:
        on_call(pair, load_argument(0), (_ANY_BIT, 0, 1, _CLOCK_OF_ANOTHER), denied, allowed)
    # Of no process but this one: 0 is this one, and the kernel reads 32 bits.
    on_call(_GETAFFINITY, load_argument(0), (_EQUAL, 0, 1, 0), allowed, denied)
    on_call(
        _PRLIMIT,
        load_argument(0),
        (_EQUAL, 1, 0, 0),
        denied,
        *_all_zero(load_argument(2), load_argument(2, high=True)),
        allowed,
        denied,
    )
    on_call(
        _PRCTL,
        load_argument(0),
        (_EQUAL, 0, 3, _PR_SET_PDEATHSIG),
        load_argument(1),
        (_EQUAL, 0, 1, _SIGKILL),
        allowed,
        denied,
    )
    for numbers in PLAIN.values():
        number = numbers[column]
        if number is not None:
            line(_EQUAL, number, 0, 1)
            line(_RETURN, _ALLOW)
    lines.append(denied)
    return b"".join(struct.pack("=HBBI", *entry) for entry in lines)


def _all_zero(low: tuple[int, int, int, int], high: tuple[int, int, int, int]) -> tuple[tuple[int, int, int, int], ...]:
    """Fall through when both halves are zero, else go one past the next instruction."""
    return (low, (_EQUAL, 0, 3, 0), high, (_EQUAL, 0, 1, 0))
