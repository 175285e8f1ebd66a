"""The seccomp filter of the workspace profile: the list of seccomp.py, and what files, threads and libraries need.

Which files is not decided here, but by Landlock and by the mounts. Executable memory is allowed, because libraries are
loaded when they are first used: native code can then run, and it can make these calls and no others. None makes a
socket that leads anywhere, a process, a signal to another process, a link, a device or a mount.
"""

from __future__ import annotations

import errno
import functools
import struct
from collections.abc import Iterable

from codeact.sandbox.kernel import seccomp
from codeact.sandbox.kernel.seccomp import ARCHITECTURES

_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _AND, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16

Pair = tuple[int | None, int | None]

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
_MMAP, _MPROTECT = (9, 222), (10, 226)
_IOCTL, _FCNTL, _CLONE, _UMASK, _SOCKETPAIR = (16, 29), (72, 25), (56, 220), (95, 166), (53, 199)
_PRCTL, _PRLIMIT, _GETAFFINITY = (157, 167), (302, 261), (204, 123)
_CLOCKS = ((228, 113), (229, 114), (230, 115))

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

_PR_SET_PDEATHSIG, _PR_SET_NAME, _SIGKILL = 1, 15, 9
_AF_UNIX, _SOCK_STREAM, _SOCK_FLAGS = 1, 1, 0o2004000
_OWNER = 0o700

Line = tuple[int, int, int, int]


@functools.cache
def program(machine: str, mounts: bool) -> bytes:
    """The filter as an array of `struct sock_filter`.

    Args:
        machine: `x86_64` or `aarch64`.
        mounts: whether the worker has a file system of its own: only then modes and times may be changed.
    """
    column = list(ARCHITECTURES).index(machine)
    lines: list[Line] = []
    allowed: Line = (_RETURN, 0, 0, _ALLOW)
    denied: Line = (_RETURN, 0, 0, _ERRNO | errno.EPERM)

    def on_call(pair: Pair, *body: Line) -> None:
        """Run the body, which must return, when the call is this one."""
        number = pair[column]
        if number is not None:
            lines.append((_EQUAL, 0, len(body), number))
            lines.extend(body)

    lines += [(_LOAD, 0, 0, _ARCHITECTURE), (_EQUAL, 1, 0, ARCHITECTURES[machine]), (_RETURN, 0, 0, _KILL)]
    lines.append((_LOAD, 0, 0, _NUMBER))
    if machine == "x86_64":  # the x32 numbers would name other calls
        lines += [(_AT_LEAST, 0, 1, 0x40000000), (_RETURN, 0, 0, _KILL)]
    for pair, number in ABSENT.values():
        on_call(pair, (_RETURN, 0, 0, _ERRNO | number))
    # All 64 bits of the flags: the kernel reads all of them.
    on_call(_CLONE, _high(0), (_EQUAL, 0, 3, 0), _low(0), (_EQUAL, 0, 1, THREAD_FLAGS), allowed, denied)
    for pair in (_MMAP, _MPROTECT):
        on_call(pair, allowed)
    on_call(_IOCTL, _low(1), *_one_of(IOCTLS.values()), allowed, (_RETURN, 0, 0, _ERRNO | errno.ENOTTY))
    on_call(_FCNTL, _low(1), *_one_of(FCNTLS.values()), allowed, denied)
    on_call(_UMASK, _low(0), (_ANY_BIT, 0, 1, _OWNER), denied, allowed)  # the host must be able to look into folders
    # A pair that is connected to itself and cannot be pointed elsewhere.
    on_call(
        _SOCKETPAIR,
        _low(0),
        (_EQUAL, 0, 4, _AF_UNIX),
        _low(1),
        (_AND, 0, 0, ~_SOCK_FLAGS & 0xFFFFFFFF),
        (_EQUAL, 0, 1, _SOCK_STREAM),
        allowed,
        denied,
    )
    for pair in _CLOCKS:
        on_call(pair, _low(0), (_ANY_BIT, 0, 1, seccomp._CLOCK_OF_ANOTHER), denied, allowed)
    on_call(_GETAFFINITY, _low(0), (_EQUAL, 0, 1, 0), allowed, denied)
    on_call(
        _PRLIMIT,
        _low(0),
        (_EQUAL, 1, 0, 0),
        denied,
        _low(2),
        (_EQUAL, 0, 3, 0),
        _high(2),
        (_EQUAL, 0, 1, 0),
        allowed,
        denied,
    )
    on_call(
        _PRCTL,
        _low(0),
        (_EQUAL, 0, 1, _PR_SET_NAME),
        allowed,
        (_EQUAL, 0, 3, _PR_SET_PDEATHSIG),
        _low(1),
        (_EQUAL, 0, 1, _SIGKILL),
        allowed,
        denied,
    )
    for pair, index in MODES.values():
        on_call(pair, _low(index), (_ANY_BIT, 0, 1, _SET_ID), denied, allowed)
    if mounts:
        for pair, position in CHANGES.values():
            if position is None:
                on_call(pair, allowed)
            else:
                on_call(pair, _low(position), (_ANY_BIT, 0, 1, _SET_ID), denied, allowed)
    for pair in (*seccomp.PLAIN.values(), *FILES.values()):
        on_call(pair, allowed)
    lines.append(denied)
    return b"".join(struct.pack("=HBBI", *line) for line in lines)


def _low(index: int) -> Line:
    return (_LOAD, 0, 0, _ARGUMENTS + 8 * index)


def _high(index: int) -> Line:
    return (_LOAD, 0, 0, _ARGUMENTS + 8 * index + 4)


def _one_of(numbers: Iterable[int]) -> list[Line]:
    """Go on with the next instruction when the number is one of these, else with the one after it."""
    listed = list(numbers)
    last = len(listed) - 1
    return [(_EQUAL, last - place, 1 if place == last else 0, number) for place, number in enumerate(listed)]
