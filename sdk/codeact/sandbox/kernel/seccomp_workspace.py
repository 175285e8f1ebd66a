"""The seccomp filter of the workspace profile: the list of seccomp.py, and what files, threads and libraries need.

Which files is not decided here, but by Landlock and by the mounts. Executable memory is allowed, because libraries are
loaded when they are first used: native code can then run, and it can make these calls and no others. None makes a
socket that leads anywhere, a process, a signal to another process, a link, a device or a mount.
"""

from __future__ import annotations

import errno
import functools
from collections.abc import Iterable

from codeact.sandbox.kernel import seccomp
from codeact.sandbox.kernel.bpf import ALLOWED, AND, ANY_BIT, DENIED, EQUAL, Line, Pair, Program, fails, high, low

FILES: dict[str, Pair] = {
    "stat": (4, None),
    "lstat": (6, None),
    "pread64": (17, 67),
    "pwrite64": (18, 68),
    "access": (21, None),
    "pipe": (22, None),
    "msync": (26, 227),
    "dup": (32, 23),
    "dup2": (33, None),
    "sendfile": (40, 71),
    "flock": (73, 32),
    "fsync": (74, 82),
    "fdatasync": (75, 83),
    "truncate": (76, 45),
    "ftruncate": (77, 46),
    "getdents": (78, None),
    "getcwd": (79, 17),
    "chdir": (80, 49),
    "fchdir": (81, 50),
    "rename": (82, None),
    "rmdir": (84, None),
    "unlink": (87, None),
    "readlink": (89, None),
    "sysinfo": (99, 179),
    "statfs": (137, 43),
    "fstatfs": (138, 44),
    "epoll_create": (213, None),
    "getdents64": (217, 61),
    "fadvise64": (221, 223),
    "epoll_wait": (232, None),
    "epoll_ctl": (233, 21),
    "newfstatat": (262, 79),
    "unlinkat": (263, 35),
    "renameat": (264, 38),
    "readlinkat": (267, 78),
    "faccessat": (269, 48),
    "sync_file_range": (277, 84),
    "epoll_pwait": (281, 22),
    "fallocate": (285, 47),
    "eventfd2": (290, 19),
    "epoll_create1": (291, 20),
    "dup3": (292, 24),
    "pipe2": (293, 59),
    "preadv": (295, 69),
    "pwritev": (296, 70),
    "renameat2": (316, 276),
    "copy_file_range": (326, 285),
    "preadv2": (327, 286),
    "pwritev2": (328, 287),
    "statx": (332, 291),
    "close_range": (436, 436),
    "faccessat2": (439, 439),
}
"""Allowed whatever their arguments are. Numbers on x86_64 and aarch64."""

MODES: dict[str, tuple[Pair, int]] = {
    "open": ((2, None), 2),
    "mkdir": ((83, None), 1),
    "creat": ((85, None), 1),
    "openat": ((257, 56), 3),
    "mkdirat": ((258, 34), 2),
}
"""Calls with a mode, and which argument it is: it may not hold the bits of set-uid and set-gid."""

CHANGES: dict[str, tuple[Pair, int | None]] = {
    "chmod": ((90, None), 1),
    "fchmod": ((91, 52), 1),
    "utime": ((132, None), None),
    "utimes": ((235, None), None),
    "futimesat": ((261, None), None),
    "fchmodat": ((268, 53), 2),
    "utimensat": ((280, 88), None),
    "fchmodat2": ((452, 452), 2),
}
"""Changes of mode and times, and which argument is a mode. Landlock does not look at them, so they need the mounts."""

ABSENT: dict[str, tuple[Pair, int]] = {
    "openat2": ((437, 437), errno.ENOSYS),
    "setxattr": ((188, 5), errno.ENOTSUP),
    "lsetxattr": ((189, 6), errno.ENOTSUP),
    "fsetxattr": ((190, 7), errno.ENOTSUP),
    "getxattr": ((191, 8), errno.ENOTSUP),
    "lgetxattr": ((192, 9), errno.ENOTSUP),
    "fgetxattr": ((193, 10), errno.ENOTSUP),
    "listxattr": ((194, 11), errno.ENOTSUP),
    "llistxattr": ((195, 12), errno.ENOTSUP),
    "flistxattr": ((196, 13), errno.ENOTSUP),
    "clone3": ((435, 435), errno.ENOSYS),
}
"""Calls that fail as they do where a kernel or a file system has them not: callers have another way then."""

_SET_ID = 0o6000
FCNTL, UMASK, SOCKETPAIR = (72, 25), (95, 166), (53, 199)

THREAD_FLAGS = 0x003D0F00
"""What pthread_create() passes to clone(): CLONE_VM, FS, FILES, SIGHAND, THREAD, SYSVSEM, SETTLS, PARENT_SETTID and
CHILD_CLEARTID, as glibc and musl's newer versions do."""

IOCTLS = {"FIONBIO": 0x5421, "FIONCLEX": 0x5450, "FIOCLEX": 0x5451}
FCNTLS = {
    "F_DUPFD": 0,
    "F_GETFD": 1,
    "F_SETFD": 2,
    "F_GETFL": 3,
    "F_SETFL": 4,
    "F_GETLK": 5,
    "F_SETLK": 6,
    "F_SETLKW": 7,
    "F_OFD_GETLK": 36,
    "F_OFD_SETLK": 37,
    "F_OFD_SETLKW": 38,
    "F_DUPFD_CLOEXEC": 1030,
}
"""What fcntl may be asked: nothing that sends signals, watches folders or holds up those who open a file."""

_PR_SET_NAME = 15
_AF_UNIX, _SOCK_STREAM, _SOCK_FLAGS = 1, 1, 0o2004000
_OWNER = 0o700


@functools.cache
def program(machine: str, mounts: bool) -> bytes:
    """The filter as an array of `struct sock_filter`.

    Args:
        machine: `x86_64` or `aarch64`.
        mounts: whether the worker has a file system of its own: only then modes and times may be changed.
    """
    made = Program(machine)
    for pair, number in ABSENT.values():
        made.on_call(pair, fails(number))
    # All 64 bits of the flags: the kernel reads all of them.
    made.on_call(seccomp.CLONE, high(0), (EQUAL, 0, 3, 0), low(0), (EQUAL, 0, 1, THREAD_FLAGS), ALLOWED, DENIED)
    for pair in (seccomp.MMAP, seccomp.MPROTECT):
        made.on_call(pair, ALLOWED)
    made.on_call(seccomp.IOCTL, low(1), *_one_of(IOCTLS.values()), ALLOWED, fails(errno.ENOTTY))
    made.on_call(FCNTL, low(1), *_one_of(FCNTLS.values()), ALLOWED, DENIED)
    made.on_call(UMASK, low(0), (ANY_BIT, 0, 1, _OWNER), DENIED, ALLOWED)  # the host must be able to look into folders
    # A pair that is connected to itself and cannot be pointed elsewhere.
    stream = (low(1), (AND, 0, 0, ~_SOCK_FLAGS & 0xFFFFFFFF), (EQUAL, 0, 1, _SOCK_STREAM))
    made.on_call(SOCKETPAIR, low(0), (EQUAL, 0, 4, _AF_UNIX), *stream, ALLOWED, DENIED)
    seccomp.allow_of_itself(made)
    death = ((EQUAL, 0, 3, seccomp.PR_SET_PDEATHSIG), low(1), (EQUAL, 0, 1, seccomp.SIGKILL))
    made.on_call(seccomp.PRCTL, low(0), (EQUAL, 0, 1, _PR_SET_NAME), ALLOWED, *death, ALLOWED, DENIED)
    for pair, index in MODES.values():
        made.on_call(pair, low(index), (ANY_BIT, 0, 1, _SET_ID), DENIED, ALLOWED)
    if mounts:
        for pair, position in CHANGES.values():
            if position is None:
                made.on_call(pair, ALLOWED)
            else:
                made.on_call(pair, low(position), (ANY_BIT, 0, 1, _SET_ID), DENIED, ALLOWED)
    for pair in (*seccomp.PLAIN.values(), *FILES.values()):
        made.on_call(pair, ALLOWED)
    return made.assembled()


def _one_of(numbers: Iterable[int]) -> list[Line]:
    """Go on with the next instruction when the number is one of these, else with the one after it."""
    listed = list(numbers)
    last = len(listed) - 1
    return [(EQUAL, last - place, 1 if place == last else 0, number) for place, number in enumerate(listed)]
