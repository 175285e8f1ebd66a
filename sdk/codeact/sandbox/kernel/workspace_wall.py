"""The wall of the workspace profile: as wall.py's, with the files of the workspace left open.

The layer `mounts` comes first, as it needs to be undone by none of the others: it shows the worker the workspace, what
it may read, and no more. The worker keeps the user of its own, for signals and for the count of threads, and acts on
files as the owner of the workspace; it holds no capability when a program starts.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import platform
import resource
import stat
import struct
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from codeact.sandbox.kernel import mounts, seccomp_workspace, wall
from codeact.sandbox.kernel.system import PR_SET_DUMPABLE, libc, process_control, system_call

LANDLOCK_ABI = 3
"""From this version on Landlock looks at truncation (Linux 6.2)."""

THREADS = 64
"""How many threads a worker may have beside its first."""

DESCRIPTORS = 256
SCRATCH_BYTES = 128 * 1024 * 1024
SCRATCH_NAME = ".scratch"
"""The scratch folder inside the workspace, where the layer `mounts` is left out."""

LANDLOCK_ADD_RULE, _PATH_BENEATH = 445, 1
# linux/landlock.h
_WRITE_FILE, _READ_FILE, _READ_DIR, _REMOVE_DIR, _REMOVE_FILE = 1 << 1, 1 << 2, 1 << 3, 1 << 4, 1 << 5
_MAKE_DIR, _MAKE_REG, _REFER, _TRUNCATE = 1 << 7, 1 << 8, 1 << 13, 1 << 14
_READ = _READ_FILE | _READ_DIR
_WRITE = _WRITE_FILE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _REFER | _TRUNCATE
_OF_FILES = _READ_FILE | _WRITE_FILE | _TRUNCATE

_PR_SET_KEEPCAPS, _PR_CAPBSET_READ, _PR_CAPBSET_DROP = 8, 23, 24
_PR_CAP_AMBIENT, _AMBIENT_CLEAR_ALL = 47, 4
_CAPABILITY_VERSION = 0x20080522
CAPSET, CAPGET = {"x86_64": 126, "aarch64": 91}, {"x86_64": 125, "aarch64": 90}


def put_up(
    without: Collection[str], workspace: dict[str, Any], *, uid: int | None, memory_bytes: int, cpu_s: int, kept: int
) -> None:
    """Put up all layers but those opted out of, and go to the workspace.

    Args:
        workspace: `path`, `identity` (device and inode), `owner` (user and group), `readable`, `libraries`, `scratch`,
            `file_mb`.
        uid: the spare user, or None to stay who one is.
        memory_bytes: address space, all in all.
        kept: descriptors below this number stay open, all others are closed.

    Raises:
        OSError: naming the layer.
    """
    path, identity = str(workspace["path"]), tuple(workspace["identity"])
    mounted = "mounts" not in without
    layer = "descriptors"
    try:
        held = _held_files(kept, workspace["libraries"])
        for descriptor in sorted(held):
            os.closerange(kept, descriptor)
            kept = descriptor + 1
        wall.close_from(kept)
        own_user = uid is not None and "uid" not in without
        # Of a user of its own, or in a user namespace of its own, only this process counts.
        tasks = 1 if own_user or (mounted and os.getuid()) else _tasks_of(os.getuid())
        layer = "mounts"
        if mounted:
            shown, libraries = workspace["readable"], workspace["libraries"]
            mounts.enter(path, identity, shown, libraries, workspace["scratch"], SCRATCH_BYTES)
        layer = "descriptors"
        _open_again(held)
        layer = "no_new_privs"
        wall.no_new_privileges()
        layer = "uid"
        if own_user:
            assert uid is not None
            _become(uid, *workspace["owner"])
        _drop_capabilities()
        process_control(PR_SET_DUMPABLE, 0)  # a change of user sets it again
        layer = "workspace"
        os.chdir(path)
        found = os.stat(".")
        if (found.st_dev, found.st_ino) != identity:
            raise OSError(f"{path} is not the directory any more that it was when the session was opened")
        if not mounted:
            os.makedirs(workspace["scratch"], 0o700, exist_ok=True)
        layer = "landlock"
        if "landlock" not in without:
            _landlock([path, workspace["scratch"]], [*workspace["readable"], *workspace["libraries"]])
        layer = "rlimits"
        if "rlimits" not in without:
            wall.resource_limits(memory_bytes, cpu_s, int(workspace["file_mb"]) * 1024 * 1024, DESCRIPTORS)
            wall.limit(resource.RLIMIT_NPROC, tasks + THREADS, tasks + THREADS)
        layer = "seccomp"
        if "seccomp" not in without:
            wall.FilterProgram(seccomp_workspace.program(platform.machine(), mounted)).put_up()
    except (OSError, ValueError) as problem:
        raise OSError(f"layer {layer}: {problem}") from None


def _held_files(first: int, libraries: Iterable[str]) -> dict[int, str]:
    """The files in the libraries' folders that a library has opened in the zygote and reads when it needs them, such as
    fonts: their descriptors, from this number on, and their paths."""
    folders = tuple(f"{os.path.realpath(folder)}/" for folder in libraries)
    held: dict[int, str] = {}
    for name in os.listdir("/proc/self/fd"):
        descriptor = int(name)
        if descriptor < first:
            continue
        try:
            path = os.readlink(f"/proc/self/fd/{descriptor}")
            reads = fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY
            if reads and path.startswith(folders) and stat.S_ISREG(os.fstat(descriptor).st_mode):
                held[descriptor] = path
        except OSError:  # that of the listing itself
            continue
    return held


def _open_again(held: Mapping[int, str]) -> None:
    """Give this worker each of these files for itself: what was opened before a fork has one position for all."""
    for descriptor, path in held.items():
        opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        os.lseek(opened, os.lseek(descriptor, 0, os.SEEK_CUR), os.SEEK_SET)
        os.dup2(opened, descriptor, inheritable=False)
        os.close(opened)


def warm_up() -> None:
    """In the zygote: call what ctypes makes when a function is first called."""
    _capabilities()
    wall.landlock_abi()


def scratch_folder(path: str, shown: Iterable[str], without: Collection[str]) -> str:
    """Where programs put files that nobody keeps. `shown` is what else they can see."""
    if "mounts" in without:
        return os.path.join(path, SCRATCH_NAME)
    usual, other = mounts.SCRATCHES
    return other if any(place.startswith(f"{usual}/") for place in (path, *shown)) else usual


# ---- the user -------------------------------------------------------------------------------------------------------


def _become(uid: int, owner: int, group: int) -> None:
    """Take the spare user for signals and limits, and the owner of the workspace for files."""
    process_control(_PR_SET_KEEPCAPS, 1)
    wall.spare_user(uid)
    permitted = _capabilities()
    _set_capabilities(permitted, permitted)
    libc.setfsgid(ctypes.c_uint(group))
    libc.setfsuid(ctypes.c_uint(owner))
    # They tell the number that was set before, and no error: ask again with one that cannot be set.
    for ask, wanted in ((libc.setfsgid, group), (libc.setfsuid, owner)):
        if ask(ctypes.c_int(-1)) != wanted:
            raise OSError(f"files cannot be written as their owner, user {owner} of group {group}")


def _drop_capabilities() -> None:
    """No capability, now or ever."""
    zero = ctypes.c_ulong(0)
    for capability in range(64):
        known = libc.prctl(ctypes.c_int(_PR_CAPBSET_READ), ctypes.c_ulong(capability), zero, zero, zero)
        if known < 0:
            break
        # Without CAP_SETPCAP this fails, and matters nothing: with no_new_privs there is nothing to gain by exec.
        libc.prctl(ctypes.c_int(_PR_CAPBSET_DROP), ctypes.c_ulong(capability), zero, zero, zero)
    libc.prctl(ctypes.c_int(_PR_CAP_AMBIENT), ctypes.c_ulong(_AMBIENT_CLEAR_ALL), zero, zero, zero)
    _set_capabilities(0, 0)
    if _capabilities():
        raise OSError("capabilities are left")


def _capabilities() -> int:
    """Those permitted, as bits."""
    header = ctypes.create_string_buffer(struct.pack("=Ii", _CAPABILITY_VERSION, 0))
    data = ctypes.create_string_buffer(24)
    system_call(CAPGET[platform.machine()], ctypes.addressof(header), ctypes.addressof(data))
    low, high = struct.unpack("=6I", data.raw)[1::3]
    return int(low | high << 32)


def _set_capabilities(effective: int, permitted: int) -> None:
    header = ctypes.create_string_buffer(struct.pack("=Ii", _CAPABILITY_VERSION, 0))
    halves = [(effective >> shift & 0xFFFFFFFF, permitted >> shift & 0xFFFFFFFF, 0) for shift in (0, 32)]
    data = ctypes.create_string_buffer(struct.pack("=6I", *halves[0], *halves[1]), 24)
    system_call(CAPSET[platform.machine()], ctypes.addressof(header), ctypes.addressof(data))


# ---- the kernel's layers --------------------------------------------------------------------------------------------


def _landlock(writable: Iterable[str], readable: Iterable[str]) -> None:
    """Handle every access that this kernel's Landlock knows, and allow files below these folders."""
    abi = wall.landlock_abi()
    if abi < LANDLOCK_ABI:
        raise OSError(f"this kernel has version {abi}, and version {LANDLOCK_ABI} is needed")
    ruleset = wall.landlock_ruleset()
    try:
        for path in writable:
            _allow(ruleset, path, _READ | _WRITE)
        for path in readable:
            if os.path.exists(path):
                _allow(ruleset, path, _READ)
        for path in mounts.DEVICES:
            if os.path.exists(path):
                _allow(ruleset, path, _READ_FILE | (_WRITE_FILE if path == "/dev/null" else 0))
        wall.landlock(ruleset)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not stat.S_ISDIR(os.fstat(opened).st_mode):
            rights &= _OF_FILES
        rule = ctypes.create_string_buffer(struct.pack("=Qi", rights, opened), 12)
        system_call(LANDLOCK_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.addressof(rule), 0)
    finally:
        os.close(opened)


def _tasks_of(uid: int) -> int:
    """How many threads a user has, in all processes that can be seen."""
    found = 0
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/status", encoding="utf-8", errors="replace") as status:
                    fields = dict(line.rstrip("\n").split(":\t", 1) for line in status if ":\t" in line)
                if int(fields["Uid"].split()[0]) == uid:
                    found += int(fields["Threads"])
            except (OSError, KeyError):
                continue
    return found
