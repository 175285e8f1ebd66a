"""How much of the wall this machine can put up."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import platform
import struct
import subprocess
import sys
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache

from codeact.errors import SandboxError
from codeact.sandbox.kernel import mounts, seccomp, wall
from codeact.sandbox.kernel.workspace_wall import LANDLOCK_ABI

_SECCOMP_GET_ACTION_AVAIL = 2
_RET_ERRNO = 0x00050000
_SPARE_FIRST, _SPARE_COUNT = 0x70000000, 1 << 20
_SPARE_LEAST = 1_000
_CAPABILITIES = {"CAP_KILL": 5, "CAP_SETGID": 6, "CAP_SETUID": 7}
"""What it takes to give a worker another user and to end it then; bits as in linux/capability.h."""

VERIFIED_PYTHONS = ((3, 11), (3, 12), (3, 13))
"""The versions of CPython that the filter's tables were held against; `make test` runs the sandbox's tests on each.

A new version brings new attributes, statements and functions. One that leads out would pass a filter that has never
heard of it, so on any other version the layer counts as missing. tests/sandbox/test_python_versions.py tells what is
new.
"""


@dataclass(frozen=True)
class Layer:
    """One layer of the wall.

    Attributes:
        name: as `Sandbox(without=...)` takes it; `process` cannot be opted out of.
        reached: whether this machine can put it up.
        detail: what it does here, or why it is missing.
        remedy: how to mend it, where it is missing.
        workspace_only: whether only sessions with a workspace need it.
    """

    name: str
    reached: bool
    detail: str
    remedy: str = ""
    workspace_only: bool = False


@dataclass(frozen=True)
class WallLevel:
    """All layers, from the outermost in."""

    layers: tuple[Layer, ...]

    @property
    def complete(self) -> bool:
        """Whether every layer can be put up that a session without a workspace needs."""
        return all(layer.reached or layer.workspace_only for layer in self.layers)

    @property
    def missing(self) -> tuple[Layer, ...]:
        """The layers that cannot be put up."""
        return tuple(layer for layer in self.layers if not layer.reached)

    def __str__(self) -> str:
        lines = []
        for layer in self.layers:
            mend = f"; {layer.remedy}" if layer.remedy and not layer.reached else ""
            lines.append(f"{'yes' if layer.reached else 'NO ':3} {layer.name:9} {layer.detail}{mend}")
        return "\n".join(lines)


@cache
def level(workspace: bool = True) -> WallLevel:
    """Which layers of the wall this machine reaches, each with the reason where it is missing and how to mend it.

    Args:
        workspace: whether to look for those, too, that only sessions with a workspace need.
    """
    inner = (_uid(), _rlimits(), _landlock(), _seccomp())
    return WallLevel((_process(), _filter(), *((_mounts(),) if workspace else ()), *inner))


def require(without: Collection[str], workspace: bool = False) -> None:
    """Check that every layer that is not opted out of can be put up.

    Args:
        workspace: whether the session has a workspace, which needs more.

    Raises:
        SandboxError: naming the layer, the reason and how to opt down.
    """
    unknown = sorted(set(without) - set(wall.LAYERS))
    if unknown:
        raise SandboxError(f"without={unknown!r} names no layer; the layers are {', '.join(wall.LAYERS)}")
    for layer in (*level(workspace).missing, *(_landlock_for_files() if workspace else ())):
        if layer.name not in without:
            choice = f"To run without it, at your own risk: Sandbox(..., without=({layer.name!r},))"
            way = "There is no way around it" if layer.name == "process" else choice
            raise SandboxError(f"the sandbox's layer {layer.name!r} is missing: {layer.detail}. {layer.remedy}. {way}.")


@cache
def spare_users() -> tuple[int, int] | None:
    """The first and the number of the user ids that workers can be given; None where this process may not give any."""
    if os.geteuid() != 0:
        return None
    try:
        with open("/proc/self/uid_map", encoding="ascii") as mapped:
            ranges = [tuple(int(part) for part in line.split()) for line in mapped]
    except OSError:
        return None
    for first, _, count in ranges:
        if first <= _SPARE_FIRST and first + count >= _SPARE_FIRST + _SPARE_COUNT:
            return _SPARE_FIRST, _SPARE_COUNT
    # In a user namespace: the upper part of the largest range, below the usual "nobody" (65534).
    first, _, count = max(ranges, key=lambda entry: entry[2], default=(0, 0, 0))
    last = min(first + count, 65_534)
    low = max(first + 1, last - 20_000)
    return (low, last - low) if last - low >= _SPARE_LEAST else None


def _process() -> Layer:
    if not sys.platform.startswith("linux"):
        return Layer(
            "process", False, f"workers need Linux, and this is {sys.platform}", "use Linux, a container or WSL 2"
        )
    if not hasattr(os, "pidfd_open"):
        return Layer(
            "process", False, "this Python has no os.pidfd_open", "use CPython 3.11 or later on Linux 5.4 or later"
        )
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError as problem:
        return Layer("process", False, f"pidfd_open fails: {problem}", "use Linux 5.4 or later")
    if not sys.executable:
        return Layer(
            "process", False, "sys.executable is empty, so no process can be started", "run under a usual Python"
        )
    return Layer("process", True, "each session has a process of its own, which dies with this one")


def _filter() -> Layer:
    if importlib.util.find_spec("RestrictedPython") is None:
        return Layer("filter", False, "RestrictedPython is not installed", "pip install 'RestrictedPython>=9,<10'")
    name, version = platform.python_implementation(), sys.version_info[:2]
    free_threaded = "free-threading build" in sys.version
    if name != "CPython" or version not in VERIFIED_PYTHONS or free_threaded:
        running = f"{name} {'.'.join(map(str, version))}{' without the global lock' if free_threaded else ''}"
        verified = ", ".join(".".join(map(str, each)) for each in VERIFIED_PYTHONS)
        return Layer("filter", False, f"it has not been verified on {running}", f"use CPython {verified}")
    return Layer("filter", True, "programs are checked and rewritten before they run")


def _uid() -> Layer:
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return Layer("uid", True, "workers run as this ordinary user, without privileges")
    lacking = [name for name, bit in _CAPABILITIES.items() if not _effective_capabilities() >> bit & 1]
    if lacking:
        remedy = "start as an ordinary user, or with these capabilities"
        return Layer("uid", False, f"this is root without {', '.join(lacking)}", remedy)
    if spare_users() is None:
        remedy = "start as an ordinary user, or with a wider range of user ids"
        return Layer("uid", False, "this is root without a spare range of user ids", remedy)
    return Layer("uid", True, "each worker runs as a user of its own that owns nothing")


def _effective_capabilities() -> int:
    """As bits; none where nothing says which there are, as without /proc."""
    try:
        with open("/proc/self/status", encoding="utf-8", errors="replace") as status:
            return next((int(line.split()[1], 16) for line in status if line.startswith("CapEff:")), 0)
    except OSError:
        return 0


def _rlimits() -> Layer:
    if importlib.util.find_spec("resource") is None:
        return Layer("rlimits", False, "this system has no resource limits", "use Linux")
    return Layer("rlimits", True, "memory, processor time, files and processes are limited")


def _landlock() -> Layer:
    abi = wall.landlock_abi() if sys.platform.startswith("linux") else 0
    if abi < 1:
        return Layer(
            "landlock",
            False,
            "this kernel has no Landlock",
            "use Linux 5.13 or later with landlock in its list of security modules (boot parameter lsm=)",
        )
    parts = ["files", *(["TCP"] if abi >= 4 else []), *(["signals", "abstract sockets"] if abi >= 6 else [])]
    return Layer("landlock", True, f"version {abi}: {', '.join(parts)} are closed")


def _landlock_for_files() -> tuple[Layer, ...]:
    abi = wall.landlock_abi()
    if abi >= LANDLOCK_ABI:
        return ()
    detail = f"a workspace needs Landlock of version {LANDLOCK_ABI}, and this kernel has {abi}"
    return (Layer("landlock", False, detail, "use Linux 6.2 or later"),)


@cache
def _mounts() -> Layer:
    """Tried in a process of its own: it cannot be undone."""
    remedy = "allow user namespaces to this user, or start as root with CAP_SYS_ADMIN"
    if not sys.platform.startswith("linux") or not sys.executable:
        return Layer("mounts", False, "workspace only: mounts need Linux", remedy, True)
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", mounts.__file__, os.path.dirname(mounts.__file__)],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=60.0,
            env={},
        )
        reason = "" if done.returncode == 0 else (done.stdout or done.stderr).strip()[-300:] or "it failed"
    except (OSError, subprocess.SubprocessError) as problem:
        reason = str(problem)
    if reason:
        return Layer("mounts", False, f"workspace only: {reason}", remedy, True)
    return Layer("mounts", True, "workspace only: a worker sees its workspace, what it may read, and no more", "", True)


def _seccomp() -> Layer:
    machine = platform.machine()
    if machine not in seccomp.ARCHITECTURES:
        remedy = f"use one of {', '.join(seccomp.ARCHITECTURES)}"
        return Layer("seccomp", False, f"there is no system call table for {machine}", remedy)
    action = ctypes.create_string_buffer(struct.pack("=I", _RET_ERRNO))
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        failed = libc.syscall(
            ctypes.c_long(wall.SECCOMP[machine]), ctypes.c_uint(_SECCOMP_GET_ACTION_AVAIL), ctypes.c_uint(0), action
        )
    except (OSError, AttributeError, TypeError):
        failed = -1
    if failed:
        return Layer("seccomp", False, "this kernel has no seccomp filters", "use a kernel with CONFIG_SECCOMP_FILTER")
    return Layer("seccomp", True, f"{len(seccomp.PLAIN)} system calls are allowed ({machine}), none with a path")
