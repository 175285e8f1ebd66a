"""The seccomp filter: a short list of system calls that a worker may make; any other fails with EPERM.

No system call here takes a path, makes a socket, sends a signal, starts a program or maps memory as executable.
Numbers are from the kernel's own tables, `arch/x86/entry/syscalls/syscall_64.tbl` and
`include/uapi/asm-generic/unistd.h` (aarch64).
"""

from __future__ import annotations

import errno
import functools

from codeact.sandbox.kernel.bpf import ALLOWED, ANY_BIT, DENIED, EQUAL, Pair, Program, fails, high, low
from codeact.sandbox.kernel.bpf import ARCHITECTURES as ARCHITECTURES

# What a running Python needs once everything is imported: memory, clocks, its own identity, waiting, and the socket
# it holds. Not `sendmsg`: a file that is under way in a socket takes room on the disk where no one can see it.
PLAIN: dict[str, Pair] = {
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
MMAP, MPROTECT = (9, 222), (10, 226)
CLONE, CLONE3 = (56, 220), (435, 435)
PRCTL, PRLIMIT = (157, 167), (302, 261)
IOCTL = (16, 29)
GETAFFINITY = (204, 123)
CLOCKS = ((228, 113), (229, 114), (230, 115))  # clock_gettime, clock_getres, clock_nanosleep

_CLOCK_OF_ANOTHER = 0x80000000
"""In the number of a clock: it is that of some process, named by its number, or of a descriptor."""

PR_SET_PDEATHSIG, SIGKILL = 1, 9
_PROT_EXEC = 4
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
    made = Program(machine)
    made.on_call(
        CLONE3, fails(errno.ENOSYS)
    )  # its flags lie in memory, where no filter looks; glibc falls back to clone
    if fork:
        # A full comparison of 64 bits: the kernel reads all of them.
        made.on_call(CLONE, high(0), (EQUAL, 0, 3, 0), low(0), (EQUAL, 0, 1, FORK_FLAGS), ALLOWED, DENIED)
    for pair in (MMAP, MPROTECT):
        made.on_call(pair, low(2), (ANY_BIT, 0, 1, _PROT_EXEC), DENIED, ALLOWED)
    made.on_call(IOCTL, fails(errno.ENOTTY))
    allow_of_itself(made)
    made.on_call(PRCTL, low(0), (EQUAL, 0, 3, PR_SET_PDEATHSIG), low(1), (EQUAL, 0, 1, SIGKILL), ALLOWED, DENIED)
    for numbers in PLAIN.values():
        made.on_call(numbers, ALLOWED)
    return made.assembled()


def allow_of_itself(made: Program) -> None:
    """Clocks, processor cores and limits: to be read, and of no process but this one."""
    for pair in CLOCKS:
        made.on_call(pair, low(0), (ANY_BIT, 0, 1, _CLOCK_OF_ANOTHER), DENIED, ALLOWED)
    # 0 is this process, and the kernel reads 32 bits of its number.
    made.on_call(GETAFFINITY, low(0), (EQUAL, 0, 1, 0), ALLOWED, DENIED)
    new_limit = (low(2), (EQUAL, 0, 3, 0), high(2), (EQUAL, 0, 1, 0))
    made.on_call(PRLIMIT, low(0), (EQUAL, 1, 0, 0), DENIED, *new_limit, ALLOWED, DENIED)
