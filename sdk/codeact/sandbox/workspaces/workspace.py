"""The workspace of a session, seen from the host: a folder that was checked and opened once, and what it may hold."""

from __future__ import annotations

import os
import stat
import sys
import time
import weakref
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

from codeact.errors import SandboxError
from codeact.sandbox.execution import Execution, ExecutionError
from codeact.sandbox.kernel import mounts, workspace_wall
from codeact.sandbox.limits import Limits
from codeact.sandbox.workspaces import artifacts, libraries
from codeact.sandbox.workspaces.unlinked import unlinked_bytes

LIMITS = Limits(wall_s=60.0, cpu_s=60.0, memory_mb=2048)
"""The limits of a workspace session where none are given: full libraries take more than the usual ones."""

FREE_MB = 256
"""How much the disk below a workspace must have left, in mebibytes, while a program runs."""

_LOOK_EVERY_S = 0.5
_SHARE = 0.05  # of the time: a large folder is looked through less often, unless the disk fills up quickly
_MIB = 1024 * 1024


class Workspace:
    """One folder, opened.

    Attributes:
        path: absolute and without symbolic links; programs see it under the same name.
        readable: folders and files that programs may read, too.
        libraries: what they may import.
    """

    def __init__(
        self,
        workspace: str | os.PathLike[str],
        readable: Collection[str | os.PathLike[str]],
        imports: Collection[str] | None,
        limits: Limits,
        without: Collection[str] = (),
    ) -> None:
        """Check it all and open the folder.

        Raises:
            SandboxError: it does not exist, is no folder, may not be written, or is one that no program should have.
        """
        self.path = _folder(workspace)
        self.libraries = libraries.find(imports)
        _refuse_unsafe(self.path, self.libraries)
        self.readable = tuple(_readable(item, self.path) for item in readable)
        self._limits = limits
        try:
            self._descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as problem:
            raise SandboxError(f"workspace={str(workspace)!r} cannot be opened: {problem.strerror}") from None
        self._finalizer = weakref.finalize(self, os.close, self._descriptor)
        found = os.fstat(self._descriptor)
        shown = [*map(str, self.readable), *self.libraries.readable]
        self._scratch = workspace_wall.scratch_folder(str(self.path), shown, without)
        self._identity = (found.st_dev, found.st_ino)
        self._owner = (found.st_uid, found.st_gid)
        self._began_with = self._used_at_first()
        self._before = artifacts.Listing()
        self._look_at = self._list_at = 0.0
        self._free_at_first = 0
        self._trouble = ""

    def close(self) -> None:
        """Let go of the folder."""
        self._finalizer()

    def options(self) -> dict[str, Any]:
        """What the worker has to know to put up its wall."""
        return {
            "path": str(self.path),
            "identity": list(self._identity),
            "owner": list(self._owner),
            "readable": [str(path) for path in self.readable],
            "libraries": list(self.libraries.readable),
            "scratch": self._scratch,
            "file_mb": self._limits.file_mb,
        }

    def setup(self) -> dict[str, Any]:
        """What its interpreter has to know."""
        return {
            "path": str(self.path),
            "readable": [str(path) for path in self.readable],
            "scratch": self._scratch,
            "imports": list(self.libraries.names),
            "libraries": list(self.libraries.readable),
        }

    # ---- one run ----------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Before a run: remember what is there."""
        self._trouble = ""
        try:
            self._before = artifacts.take(self._descriptor)
        except artifacts.TooMuch as problem:
            self._before = artifacts.Listing()
            self._trouble = str(problem)
        self._free_at_first = artifacts.free_bytes(self._descriptor)
        self._look_at = self._list_at = time.monotonic() + _LOOK_EVERY_S

    @property
    def next_look(self) -> float:
        """When the next look is due, on the monotonic clock."""
        return self._look_at

    def look(self, pid: int) -> str:
        """While a program runs: why it has to be ended, or nothing.

        Args:
            pid: of its worker.
        """
        started = time.monotonic()
        if started < self._look_at:
            return ""
        self._look_at = started + _LOOK_EVERY_S
        free = artifacts.free_bytes(self._descriptor)
        if free < FREE_MB * _MIB and free < self._free_at_first:
            return f"the disk of its workspace has only {free // _MIB:,} MiB left"
        if started < self._list_at and self._free_at_first - free < self._limits.workspace_mb * _MIB // 2:
            return ""
        try:
            used = artifacts.take(self._descriptor).used + unlinked_bytes(pid, self._identity[0])
        except artifacts.TooMuch as problem:
            return "" if self._trouble else f"{problem} in its workspace"  # it may be clearing up
        finally:
            now = time.monotonic()
            self._look_at = now + _LOOK_EVERY_S
            self._list_at = now + max(_LOOK_EVERY_S, (now - started) / _SHARE)
        return self._too_full(used) if used > max(self._most(), self._before.used) else ""

    def finish(self, execution: Execution) -> Execution:
        """After a run: what it left, and whether that is too much."""
        try:
            after = artifacts.take(self._descriptor)
        except artifacts.TooMuch as problem:
            return _over(execution, f"the workspace is not looked through: {problem}")
        changes = artifacts.compare(self._before, after, self.path)
        execution = replace(execution, artifacts=changes.artifacts, removed=changes.removed, left_out=changes.left_out)
        if after.used > max(self._most(), self._before.used):
            return _over(execution, self._too_full(after.used))
        return execution

    def _most(self) -> int:
        return self._began_with + self._limits.workspace_mb * _MIB

    def _too_full(self, used: int) -> str:
        added = (used - self._began_with) / _MIB
        return (
            f"it filled its workspace with {added:,.0f} MiB, and at most {self._limits.workspace_mb:,} may be added; "
            "remove files"
        )

    def _used_at_first(self) -> int:
        try:
            return artifacts.take(self._descriptor).used
        except artifacts.TooMuch as problem:
            raise SandboxError(f"{self.path} cannot be a workspace: {problem}") from None


def _over(execution: Execution, reason: str) -> Execution:
    if execution.error is not None:
        return execution
    error = ExecutionError("DiskLimit", reason, None, f"DiskLimit: {reason}")
    return replace(execution, ok=False, value=None, shown="", error=error)


# ---- checks ---------------------------------------------------------------------------------------------------------


def _folder(workspace: str | os.PathLike[str]) -> Path:
    try:
        text = os.fsdecode(workspace)
    except TypeError:
        raise SandboxError(f"workspace takes a path, not {type(workspace).__name__}") from None
    if not text.strip() or "\0" in text:
        raise SandboxError("workspace takes the path of a folder, and this one is empty or holds a null byte")
    given = Path(text)
    path = Path(os.path.realpath(given.expanduser()))
    if not os.path.exists(path):
        raise SandboxError(f"workspace={os.fspath(given)!r} does not exist for this user; make the folder first")
    if not os.path.isdir(path):
        raise SandboxError(f"workspace={os.fspath(given)!r} is not a folder")
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        raise SandboxError(f"workspace={os.fspath(given)!r} may not be read and written by this user")
    if not os.fspath(path).isprintable():
        raise SandboxError(f"workspace={os.fspath(given)!r} has a name with control characters")
    return path


def _refuse_unsafe(path: Path, needed: libraries.Libraries) -> None:
    home = Path(os.path.realpath(Path.home()))
    if path == Path("/") or path == home or path in home.parents:
        raise SandboxError(
            f"{path} cannot be a workspace: programs could change all that is in it; make a folder in it"
        )
    for folder in sys.path:
        place = Path(os.path.realpath(folder or os.getcwd()))
        if os.path.exists(place) and (place == path or path in place.parents):
            raise SandboxError(
                f"{path} cannot be a workspace: this Python imports modules from {place}, and a program could change "
                "them; use another folder, or one inside it"
            )
    own = Path(__file__).resolve().parents[1]
    for place in (own, *map(Path, (*needed.readable, *mounts.SCRATCHES)), Path("/dev"), Path("/proc"), Path("/sys")):
        if place == path or path in place.parents:
            raise SandboxError(f"{path} cannot be a workspace: {place} must not be changed by programs")
        kernel = place in (Path("/dev"), Path("/proc"), Path("/sys"))
        if (kernel or place == own) and place in path.parents and path.parts[:3] != ("/", "dev", "shm"):
            raise SandboxError(f"{path} cannot be a workspace: it is inside {place}")
    for place in map(Path, needed.readable):
        if place in path.parents:
            raise SandboxError(f"{path} cannot be a workspace: it is inside {place}, where libraries are loaded from")
    cache = Path(os.path.realpath(needed.cache))
    if cache == path or cache in path.parents or path in cache.parents:
        raise SandboxError(
            f"{path} cannot be a workspace: all sessions' libraries read their settings from {cache}, and a program "
            "could change them"
        )


def _readable(item: str | os.PathLike[str], workspace: Path) -> Path:
    try:
        given = Path(os.fsdecode(item))
    except TypeError:
        raise SandboxError(f"readable takes paths, not {type(item).__name__}") from None
    path = Path(os.path.realpath(given.expanduser()))
    if not os.path.exists(path):
        raise SandboxError(f"readable names {os.fspath(given)!r}, which does not exist for this user")
    kind = path.stat().st_mode
    if not (stat.S_ISDIR(kind) or stat.S_ISREG(kind)):
        raise SandboxError(f"readable names {os.fspath(given)!r}, which is neither a folder nor a file")
    if path == Path("/"):
        raise SandboxError("readable names '/', which is all of this machine; name the folders that programs need")
    if path == workspace or path in workspace.parents or workspace in path.parents:
        raise SandboxError(f"readable names {path}, which overlaps the workspace {workspace}")
    if str(path) in mounts.SCRATCHES:
        raise SandboxError(f"readable names {path}, where programs have a folder of their own; name folders in it")
    return path
