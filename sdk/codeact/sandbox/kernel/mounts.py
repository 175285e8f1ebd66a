"""A file system of the worker's own: a small tmpfs that shows the workspace, the folders that may be read, and no more.

What is not mounted has no name there, so that not even its size or its mode can be asked for, which Landlock leaves
open. By the kernel's newer mount calls (Linux 5.12): a detached copy of each folder is taken, made read-only or
without programs, and only then put into the new root. They only ever add restrictions, so flags that a user namespace
has locked stay as they are. Root needs CAP_SYS_ADMIN for this; any other user needs user namespaces.

This file imports the standard library alone and runs as a program too: then it tries all of it and says why it fails.
"""

from __future__ import annotations

import ctypes
import os
import platform
import stat
import struct
import sys
from collections.abc import Iterable, Sequence

_CLONE_NEWNS, _CLONE_NEWUSER = 0x00020000, 0x10000000
_MS_REC, _MS_PRIVATE, _MNT_DETACH = 0x4000, 1 << 18, 2
# Newer calls have one number on all architectures; linux/mount.h holds their flags.
_OPEN_TREE, _MOVE_MOUNT, _FSOPEN, _FSCONFIG, _FSMOUNT, _MOUNT_SETATTR = 428, 429, 430, 431, 432, 442
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_OPEN_TREE_CLONE, _OPEN_TREE_CLOEXEC = 1, os.O_CLOEXEC
_AT_FDCWD, _AT_EMPTY_PATH, _AT_RECURSIVE = -100, 0x1000, 0x8000
_MOVE_FROM_EMPTY, _MOVE_TO_EMPTY = 0x4, 0x40
_CLOEXEC = 1
_SET_STRING, _CREATE = 1, 6
_READ_ONLY, _NO_SUID, _NO_DEVICES, _NO_PROGRAMS = 1, 2, 4, 8

_ROOT_SIZE, _ROOT_FILES = "1m", "4096"
_SYMLINKS = 40

DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom")
SCRATCHES = ("/tmp", "/scratch")  # in the new root only: nothing of the machine's /tmp is there
"""Where the private scratch folder, in memory, can be: the second where the first is on the way to something shown."""

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def _failed(what: str) -> OSError:
    error = ctypes.get_errno()
    return OSError(error, f"{what}: {os.strerror(error)}")


def _syscall(what: str, number: int, *arguments: int | bytes | None) -> int:
    passed = [
        ctypes.c_char_p(argument) if argument is None or isinstance(argument, bytes) else ctypes.c_long(argument)
        for argument in arguments
    ]
    result = int(_libc.syscall(ctypes.c_long(number), *passed))
    if result < 0:
        raise _failed(what)
    return result


def enter(
    workspace: str,
    identity: tuple[int, int],
    readable: Iterable[str],
    libraries: Iterable[str],
    scratch: str,
    scratch_bytes: int,
) -> None:
    """Move this process, which has one thread, into a file system of its own.

    Args:
        workspace: absolute, without symbolic links; writable there, under the same name.
        identity: its device and inode number, as the host saw them.
        readable: more folders and files, absolute, without symbolic links; read-only there.
        libraries: folders and files that libraries load code from; read-only there, left out where they do not exist.
        scratch: one of `SCRATCHES`, which nothing else lies in.
        scratch_bytes: how much it holds.

    Raises:
        OSError: it cannot be done, and why.
    """
    _unshare()
    trees = {workspace: _copy(workspace, _NO_SUID | _NO_DEVICES | _NO_PROGRAMS, identity)}
    for path in readable:
        trees[path] = _copy(path, _READ_ONLY | _NO_SUID | _NO_DEVICES | _NO_PROGRAMS)
    links: list[tuple[str, str]] = []
    for paths, restrictions in (
        (libraries, _READ_ONLY | _NO_SUID | _NO_DEVICES),
        (DEVICES, _READ_ONLY | _NO_SUID | _NO_PROGRAMS),
    ):
        for path in paths:
            found, real = _links(path)
            links += found
            if real not in trees and os.path.exists(real):
                trees[real] = _copy(real, restrictions)
    root = _tmpfs({"size": _ROOT_SIZE, "nr_inodes": _ROOT_FILES, "mode": "755"}, _NO_SUID | _NO_DEVICES | _NO_PROGRAMS)
    memory = _tmpfs(
        {"size": str(scratch_bytes), "nr_inodes": "16384", "mode": "1777"}, _NO_SUID | _NO_DEVICES | _NO_PROGRAMS
    )
    _attach(root, _AT_FDCWD, "/")
    os.mkdir(scratch[1:], dir_fd=root)
    _attach(memory, root, scratch[1:])
    for real, tree in sorted(trees.items(), key=lambda item: item[0].count("/")):
        _make_parents(root, real)
        if not _exists(root, real[1:]):
            if stat.S_ISDIR(os.fstat(tree).st_mode):
                os.mkdir(real[1:], dir_fd=root)
            else:
                os.close(os.open(real[1:], os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o444, dir_fd=root))
        _attach(tree, root, real[1:])
    for link, target in links:
        if not _exists(root, link[1:]):
            _make_parents(root, link)
            os.symlink(target, link[1:], dir_fd=root)
    _restrict(root, _READ_ONLY, recursive=False)
    os.fchdir(root)
    _syscall("pivot_root", _PIVOT_ROOT[platform.machine()], b".", b".")
    if _libc.umount2(b".", ctypes.c_int(_MNT_DETACH)):
        raise _failed("the old root cannot be taken away")
    os.chdir("/")
    for descriptor in (root, memory, *trees.values()):
        os.close(descriptor)


def _unshare() -> None:
    if platform.machine() not in _PIVOT_ROOT:
        raise OSError(f"no system call table for {platform.machine()}")
    uid, gid = os.geteuid(), os.getegid()
    if uid == 0:
        if _libc.unshare(ctypes.c_int(_CLONE_NEWNS)):
            raise _failed("this root may not make a mount namespace (it needs CAP_SYS_ADMIN)")
    else:
        if _libc.unshare(ctypes.c_int(_CLONE_NEWUSER | _CLONE_NEWNS)):
            raise _failed("this user may not make a user namespace")
        for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
            with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
                file.write(text)
    if _libc.mount(None, b"/", None, ctypes.c_ulong(_MS_REC | _MS_PRIVATE), None):
        raise _failed("the mount namespace cannot be made private")


def _copy(path: str, restrictions: int, identity: tuple[int, int] | None = None) -> int:
    """A detached copy of what is mounted at a path, all below it included. Returns its descriptor."""
    opened = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        found = os.fstat(opened)
        if identity is not None and (found.st_dev, found.st_ino) != tuple(identity):
            raise OSError(f"{path} is not the directory any more that it was when the session was opened")
        flags = _OPEN_TREE_CLONE | _OPEN_TREE_CLOEXEC | _AT_EMPTY_PATH | _AT_RECURSIVE
        tree = _syscall(f"{path} cannot be mounted", _OPEN_TREE, opened, b"", flags)
    finally:
        os.close(opened)
    _restrict(tree, restrictions, recursive=True)
    return tree


def _restrict(tree: int, restrictions: int, recursive: bool) -> None:
    attributes = struct.pack("=4Q", restrictions, 0, _MS_PRIVATE, 0)
    flags = _AT_EMPTY_PATH | (_AT_RECURSIVE if recursive else 0)
    _syscall("a mount cannot be restricted", _MOUNT_SETATTR, tree, b"", flags, attributes, len(attributes))


def _tmpfs(options: dict[str, str], restrictions: int) -> int:
    context = _syscall("a tmpfs cannot be made", _FSOPEN, b"tmpfs", _CLOEXEC)
    try:
        for key, value in options.items():
            _syscall(
                f"a tmpfs cannot have {key}={value}", _FSCONFIG, context, _SET_STRING, key.encode(), value.encode(), 0
            )
        _syscall("a tmpfs cannot be made", _FSCONFIG, context, _CREATE, None, None, 0)
        return _syscall("a tmpfs cannot be mounted", _FSMOUNT, context, _CLOEXEC, restrictions)
    finally:
        os.close(context)


def _attach(tree: int, folder: int, name: str) -> None:
    _syscall(f"nothing can be mounted at {name}", _MOVE_MOUNT, tree, b"", folder, os.fsencode(name), _MOVE_FROM_EMPTY)


def _links(path: str) -> tuple[list[tuple[str, str]], str]:
    """The symbolic links on the way to a path, each with its text, and where they lead."""
    found: list[tuple[str, str]] = []
    current = path
    for _ in range(_SYMLINKS):
        link = _first_link(current)
        if link is None:
            return found, current
        target = os.readlink(link)
        current = os.path.normpath(os.path.join(os.path.dirname(link), target) + current[len(link) :])
        found.append((link, target))
    raise OSError(f"{path} leads through too many symbolic links")


def _first_link(path: str) -> str | None:
    parts = path.strip("/").split("/")
    for depth in range(1, len(parts) + 1):
        name = "/" + "/".join(parts[:depth])
        if os.path.islink(name):
            return name
    return None


def _make_parents(root: int, path: str) -> None:
    parts = path.strip("/").split("/")[:-1]
    for depth in range(1, len(parts) + 1):
        name = "/".join(parts[:depth])
        if not _exists(root, name):
            os.mkdir(name, 0o755, dir_fd=root)


def _exists(root: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=root, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def main(arguments: Sequence[str]) -> int:
    """Try it with the folder that is named, and say why it fails."""
    folder = os.path.realpath(arguments[0])
    found = os.stat(folder)
    try:
        enter(folder, (found.st_dev, found.st_ino), [], ["/usr/lib", "/lib", "/lib64"], SCRATCHES[1], 1 << 20)
    except OSError as problem:
        print(problem.strerror or problem)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
