"""What a run left in its workspace, as the host collects it.

Everything in there is hostile: names, kinds, depth and number. Folders are opened one below the other, no link is ever
followed, nothing but a regular file is opened, and no name is shown that could mean something to a terminal.
"""

from __future__ import annotations

import contextlib
import io
import mimetypes
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from codeact.errors import SandboxError
from codeact.sandbox.kernel.workspace_wall import SCRATCH_NAME
from codeact.sandbox.workspaces.unlinked import BLOCK

if TYPE_CHECKING:
    from codeact.values import Image

MOST_ENTRIES = 100_000
"""How many files and folders a workspace may hold."""

MOST_DEPTH = 64
"""How deep its folders may be nested."""

MOST_ARTIFACTS = 1_000
"""How many files of one run are reported."""

READ_BYTES = 256 * 1024 * 1024
"""How much `Artifact.read_bytes` reads by default, in bytes."""

_PIXELS = 64_000_000
_SHOWN_PATH = 120


@dataclass(frozen=True)
class Artifact:
    """A file that a run created or changed in its workspace.

    Attributes:
        path: relative to the workspace, with `/` between the parts.
        where: the absolute path on this machine. It may be a different file by now: `read_bytes` looks again.
        size: in bytes, at the end of the run.
        media_type: guessed from the name, such as `text/csv`; `application/octet-stream` where that says nothing.
        change: whether the run created or changed it.
    """

    path: str
    where: Path
    size: int
    media_type: str
    change: Literal["created", "changed"]
    workspace: Path = field(repr=False)

    def read_bytes(self, most: int = READ_BYTES) -> bytes:
        """What the file holds now. No link is followed on the way to it.

        Args:
            most: the most that is read, in bytes.

        Raises:
            SandboxError: it is gone, is no regular file any more, cannot be read, or is larger than `most`.
        """
        with contextlib.ExitStack() as opened:
            try:
                folder = os.open(self.workspace, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
                opened.callback(os.close, folder)
                *parents, name = self.path.split("/")
                for parent in parents:
                    folder = open_folder(parent, folder)
                    opened.callback(os.close, folder)
                file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
                opened.callback(os.close, file)
                found = os.fstat(file)
                if not stat.S_ISREG(found.st_mode):
                    raise SandboxError(f"{self.path} in the workspace is no regular file any more")
                if found.st_size > most:
                    raise SandboxError(f"{self.path} has {found.st_size:,} bytes, and at most {most:,} are read")
                with open(file, "rb", closefd=False) as reader:
                    return reader.read(most)
            except OSError as problem:
                raise SandboxError(f"{self.path} in the workspace cannot be read: {problem.strerror}") from None

    def image(self) -> Image:
        """The picture in a PNG file.

        Raises:
            SandboxError: it cannot be read, is no PNG, or has more than 64 million pixels.
        """
        from PIL import Image as pil

        from codeact.values import Image

        data = self.read_bytes()
        try:
            picture = pil.open(io.BytesIO(data), formats=("PNG",))
            if picture.width * picture.height > _PIXELS:
                raise SandboxError(f"{self.path} is a picture of {picture.width} x {picture.height} pixels: too many")
            return Image.from_pil(picture)
        except SandboxError:
            raise
        except Exception as problem:
            raise SandboxError(f"{self.path} is no PNG file that can be read: {problem}") from None


@dataclass(frozen=True)
class Trace:
    """What tells whether a file is still the same."""

    inode: int
    size: int
    modified_ns: int
    changed_ns: int


class TooMuch(Exception):
    """The workspace holds more than is looked through, and in what way."""


class Listing:
    """The regular files of a workspace at one moment.

    Attributes:
        files: by path, those with a printable name.
        used: bytes on disk of all of them together.
        left_out: how many entries of each other kind there are: `files with unprintable names`, `links`, ...
    """

    def __init__(self) -> None:
        self.files: dict[str, Trace] = {}
        self.used = 0
        self.left_out: dict[str, int] = {}

    def leave_out(self, kind: str) -> None:
        self.left_out[kind] = self.left_out.get(kind, 0) + 1


def take(workspace: int) -> Listing:
    """Look through a workspace, given by its descriptor.

    Raises:
        TooMuch: there are more than `MOST_ENTRIES`, or they are nested deeper than `MOST_DEPTH`.
    """
    listing = Listing()
    entries = 0
    stack: list[tuple[int, str, Iterator[os.DirEntry[str]]]] = []
    try:
        _descend(stack, os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=workspace), "")
        while stack:
            folder, prefix, names = stack[-1]
            entry = next(names, None)
            if entry is None:
                os.close(stack.pop()[0])
                continue
            entries += 1
            if entries > MOST_ENTRIES:
                raise TooMuch(f"it holds more than {MOST_ENTRIES:,} files and folders")
            _look_at(listing, stack, folder, prefix, entry.name)
    finally:
        for folder, _, _ in stack:
            os.close(folder)
    return listing


def _look_at(
    listing: Listing, stack: list[tuple[int, str, Iterator[os.DirEntry[str]]]], folder: int, prefix: str, name: str
) -> None:
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except OSError:  # gone meanwhile
        return
    listing.used += found.st_blocks * BLOCK
    path = f"{prefix}{name}"
    if stat.S_ISDIR(found.st_mode):
        if len(stack) >= MOST_DEPTH:
            raise TooMuch(f"its folders are nested more than {MOST_DEPTH} deep")
        try:
            inner = open_folder(name, folder)
        except OSError:
            listing.leave_out("folders that cannot be looked into")
            return
        _descend(stack, inner, f"{path}/")
    elif prefix.startswith(f"{SCRATCH_NAME}/"):
        return
    elif not stat.S_ISREG(found.st_mode):
        listing.leave_out("links" if stat.S_ISLNK(found.st_mode) else "special files")
    elif not path.isprintable():
        listing.leave_out("files with unprintable names")
    else:
        listing.files[path] = Trace(found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _descend(stack: list[tuple[int, str, Iterator[os.DirEntry[str]]]], folder: int, prefix: str) -> None:
    try:
        names = os.scandir(folder)
    except OSError:
        os.close(folder)
        return
    stack.append((folder, prefix, names))


def open_folder(name: str, parent: int) -> int:
    """Open a folder below another one, no link followed; one that its owner has closed to himself is opened again.

    Raises:
        OSError: it is none, or cannot be opened.
    """
    flags = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(name, os.O_RDONLY | flags, dir_fd=parent)
    except PermissionError:
        held = os.open(name, os.O_PATH | flags, dir_fd=parent)
        try:
            os.chmod(f"/proc/self/fd/{held}", 0o700)
            return os.open(f"/proc/self/fd/{held}", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        finally:
            os.close(held)


@dataclass(frozen=True)
class Changes:
    """What lies between two listings.

    Attributes:
        artifacts: created and changed files, by path, at most `MOST_ARTIFACTS`.
        removed: paths of files that are gone.
        left_out: sentences about what is not reported.
    """

    artifacts: tuple[Artifact, ...]
    removed: tuple[str, ...]
    left_out: tuple[str, ...]


def compare(before: Listing, after: Listing, workspace: Path) -> Changes:
    """What a run did, from what was there before and after."""
    found = [
        _artifact(path, trace, "changed" if path in before.files else "created", workspace)
        for path, trace in sorted(after.files.items())
        if before.files.get(path) != trace
    ]
    removed = sorted(before.files.keys() - after.files.keys())
    notes = [
        f"{count - before.left_out.get(kind, 0)} {kind}"
        for kind, count in after.left_out.items()
        if count > before.left_out.get(kind, 0)
    ]
    for kind, paths in (("files", found), ("removed files", removed)):
        if len(paths) > MOST_ARTIFACTS:
            notes.append(f"{len(paths) - MOST_ARTIFACTS:,} more {kind}")
    return Changes(tuple(found[:MOST_ARTIFACTS]), tuple(removed[:MOST_ARTIFACTS]), tuple(notes))


def _artifact(path: str, trace: Trace, change: Literal["created", "changed"], workspace: Path) -> Artifact:
    # With a dot before it no name is an address, such as `data:` with a kind that the program made up.
    kind = mimetypes.guess_type(f"./{path}")[0] or "application/octet-stream"
    return Artifact(path, workspace / path, trace.size, kind, change, workspace)


def describe(artifacts: tuple[Artifact, ...], removed: tuple[str, ...], left_out: tuple[str, ...]) -> str:
    """One line for the model; empty where nothing changed."""
    shown = 20
    parts = []
    for change in ("created", "changed"):
        names = [f"{_short(item.path)} ({_size(item.size)})" for item in artifacts if item.change == change]
        if names:
            parts.append(f"{change} {_listed(names, shown)}")
    if removed:
        parts.append(f"removed {_listed([_short(path) for path in removed], shown)}")
    if left_out:
        parts.append(f"not reported: {', '.join(left_out)}")
    return f"[files: {'; '.join(parts)}]" if parts else ""


def _short(path: str) -> str:
    return path if len(path) <= _SHOWN_PATH else f"{path[: _SHOWN_PATH // 2]}...{path[-_SHOWN_PATH // 2 :]}"


def _listed(names: list[str], shown: int) -> str:
    more = f" and {len(names) - shown:,} more" if len(names) > shown else ""
    return ", ".join(names[:shown]) + more


def _size(size: int) -> str:
    if size < 1_000:
        return f"{size} byte{'' if size == 1 else 's'}"
    return f"{size / 1e3:.1f} kB" if size < 1e6 else f"{size / 1e6:.1f} MB"


def free_bytes(workspace: int) -> int:
    """What the disk below the workspace has left for an ordinary user, in bytes."""
    found: os.statvfs_result = os.fstatvfs(workspace)
    return found.f_bavail * found.f_frsize
