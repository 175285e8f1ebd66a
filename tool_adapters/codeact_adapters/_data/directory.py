"""The files of one folder: list, read, search and, where that is allowed, write."""

from __future__ import annotations

import fnmatch
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from codeact.errors import Refused, ToolError
from codeact.tools import Tool, Toolbox
from codeact_adapters._data.beneath import Beneath, parts_of

_MOST_FILES = 10_000
_MOST_MATCHES = 1_000
_FILES_SEARCHED = 20  # of the largest size that is read
_LONGEST_LINE = 500


@dataclass(frozen=True)
class File:
    """A file: its path relative to the directory, its size in bytes, and when it was last changed (ISO 8601, UTC)."""

    path: str
    size: int
    changed: str


@dataclass(frozen=True)
class Match:
    """A line that was found. Lines are counted from 1; a long one is cut."""

    path: str
    line: int
    text: str


def directory(
    path: Path,
    *,
    name: str | None = None,
    write: bool = False,
    allow: Iterable[str] | None = None,
    max_bytes: int = 10_000_000,
    max_added_bytes: int = 1_000_000_000,
    max_added_files: int = 10_000,
) -> Toolbox:
    """Make a toolbox of the files in one folder and below it.

    Nothing outside is reached: absolute paths, `..` and links are refused, also when somebody else exchanges them in
    between. Pipes and devices are no files.

    Args:
        path: the folder.
        name: the name of the group: `name="notes"` gives `notes.read_text("a.txt")`. None for no group.
        write: whether programs may also write and remove files, which has the effect `write`.
        allow: patterns of paths that programs may use, such as `*.csv` (`*` matches slashes too); None for all.
        max_bytes: the largest file that is read or written.
        max_added_bytes: by how much programs may let the files grow, all together, until the toolbox is closed.
        max_added_files: how many files and folders they may add.

    Raises:
        ToolError: there is no such folder, or an option is wrong.
    """
    for option, most in (
        ("max_bytes", max_bytes),
        ("max_added_bytes", max_added_bytes),
        ("max_added_files", max_added_files),
    ):
        if most <= 0:
            raise ToolError(f"{option} is {most}, and must be above 0")
    patterns = None if allow is None else (allow,) if isinstance(allow, str) else tuple(allow)
    opened = Beneath(path)
    files = _Files(opened, patterns, max_bytes, _Room(max_added_bytes, max_added_files))
    reads: list[Callable[..., Any]] = [files.files, files.read_text, files.read_bytes, files.search]
    writes: list[Callable[..., Any]] = [files.write_text, files.write_bytes, files.remove]
    tools = [Tool(each, effect="read") for each in reads]
    if write:
        tools += [Tool(each, effect="write") for each in writes]
    doc = f"The files of one directory{'' if write else ', to read'}. Paths are relative to it." if name else ""
    return Toolbox(tools, name=name or "", doc=doc, closing=opened.close)


class _Room:
    """How much more programs may add. Held by `lock` from the look at a file to its change."""

    def __init__(self, max_bytes: int, max_files: int) -> None:
        self.lock = threading.Lock()
        self._max_bytes, self._max_files = max_bytes, max_files
        self._bytes = self._files = 0

    def add(self, size: int, files: int) -> None:
        """Count a change.

        Raises:
            ToolError: there is no room for it; it is not counted.
        """
        if size > 0 and self._bytes + size > self._max_bytes:
            left = max(0, self._max_bytes - self._bytes)
            raise ToolError(f"that adds {size:,} bytes, and {left:,} of {self._max_bytes:,} are left here; remove some")
        if files > 0 and self._files + files > self._max_files:
            raise ToolError(f"there is no room for another file: {self._max_files:,} files and folders may be added")
        self._bytes += size
        self._files += files


class _Files:
    def __init__(self, beneath: Beneath, patterns: tuple[str, ...] | None, max_bytes: int, room: _Room) -> None:
        self._beneath = beneath
        self._room = room
        self._patterns = patterns
        self._max_bytes = max_bytes

    def files(self, pattern: str = "*") -> list[File]:
        """The files whose path matches a pattern such as "*.csv" or "2026/*", with those in folders below.

        A name that is no text is shown with � for what is none, and cannot be opened. Raises ToolError where there
        are too many.
        """
        found: list[File] = []
        for path, state in self._beneath.walk(_MOST_FILES):
            if self._allowed(path) and fnmatch.fnmatchcase(path, pattern):
                changed = datetime.fromtimestamp(state.st_mtime, UTC).isoformat(timespec="seconds")
                shown = os.fsencode(path).decode(errors="replace")
                found.append(File(shown, state.st_size, changed))
        return found

    def read_text(self, path: str) -> str:
        """The text of a file, in UTF-8. Raises FileNotFoundError, and ToolError where it is too large or no text."""
        data = self._read(path)
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            raise ToolError(
                f"{path!r} is not text in UTF-8 (byte {error.start} is wrong); read_bytes gives its bytes"
            ) from None

    def read_bytes(self, path: str) -> bytes:
        """The bytes of a file. Raises FileNotFoundError, and ToolError where it is too large."""
        return self._read(path)

    def search(self, text: str, pattern: str = "*") -> list[Match]:
        """The lines that hold a text, in the files whose path matches a pattern; files that are no text are passed by.

        Raises ToolError where there are too many.
        """
        if not text:
            raise ToolError("text is empty; give what to look for")
        found: list[Match] = []
        searched = 0
        for file in self.files(pattern):
            searched += min(file.size, self._max_bytes)
            if searched > _FILES_SEARCHED * self._max_bytes:
                raise ToolError(f"there are more than {searched:,} bytes to search; give a narrower pattern of paths")
            for number, line in self._lines(file.path):
                if text in line:
                    if len(found) == _MOST_MATCHES:
                        raise ToolError(f"more than {_MOST_MATCHES:,} lines hold {text!r}; look for something rarer")
                    found.append(Match(file.path, number, line[:_LONGEST_LINE]))
        return found

    def write_text(self, path: str, text: str) -> None:
        """Write a whole file, in UTF-8; a file of that name is replaced. Missing folders are made."""
        self._write(path, text.encode())

    def write_bytes(self, path: str, data: bytes) -> None:
        """Write a whole file; a file of that name is replaced. Missing folders are made."""
        self._write(path, data)

    def remove(self, path: str) -> None:
        """Remove a file. Raises FileNotFoundError."""
        self._check(path)
        with self._room.lock:
            _, size = self._beneath.present(path)
            self._beneath.remove_file(path)
            self._room.add(-(size or 0), -1)

    def _lines(self, path: str) -> Iterator[tuple[int, str]]:
        try:
            data = self._read(path)
        except (FileNotFoundError, ToolError):
            return  # gone since it was listed, or too large
        if b"\0" not in data:
            yield from enumerate(data.decode(errors="replace").splitlines(), 1)

    def _read(self, path: str) -> bytes:
        self._check(path)
        with open(self._beneath.open_file(path), "rb") as file:
            size = os.fstat(file.fileno()).st_size
            data = b"" if size > self._max_bytes else file.read(size + 1)  # no room is made for more than it has
            if len(data) > size:  # it grows
                data += file.read(self._max_bytes + 1 - len(data))
        if max(size, len(data)) > self._max_bytes:
            raise ToolError(f"{path!r} has {size:,} bytes; at most {self._max_bytes:,} are read")
        return data

    def _write(self, path: str, data: bytes) -> None:
        self._check(path)
        if len(data) > self._max_bytes:
            raise ToolError(f"{path!r} would have {len(data):,} bytes; at most {self._max_bytes:,} are written")
        with self._room.lock:
            there, size = self._beneath.present(path)
            folders = len(parts_of(path)) - 1 - there
            self._room.add(len(data) - (size or 0), folders + (size is None))
            try:
                self._beneath.replace_file(path, data)
            except BaseException:
                self._room.add((size or 0) - len(data), -(size is None))  # folders that were made stay
                raise

    def _check(self, path: str) -> None:
        if not self._allowed("/".join(parts_of(path))):
            raise Refused(f"{path!r} is not among what may be used here: {', '.join(self._patterns or ())}")

    def _allowed(self, path: str) -> bool:
        return self._patterns is None or any(fnmatch.fnmatchcase(path, pattern) for pattern in self._patterns)
