"""Opens files beneath one folder and nowhere else: no absolute path, no `..`, no link, whoever changes what meanwhile.

Each part of a path is opened by itself, relative to the folder before it and without following links, so that what was
checked is what is opened.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator

from codeact.errors import Refused, ToolError

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Beneath:
    """A folder, held open. All paths are relative to it, with `/` between their parts."""

    def __init__(self, root: os.PathLike[str] | str) -> None:
        """Open the folder.

        Raises:
            ToolError: there is no such folder.
        """
        try:
            self._root = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise ToolError(f"{os.fspath(root)!r} cannot be used as a directory: {error.strerror}") from None
        self._open = True

    def close(self) -> None:
        if self._open:
            self._open = False
            os.close(self._root)

    def open_file(self, path: str) -> int:
        """A descriptor for reading a regular file.

        Raises:
            Refused: the path leads elsewhere.
            FileNotFoundError: there is no such file.
            ToolError: it is no regular file.
        """
        with self._parent(path) as (folder, name):
            try:
                # Not to wait for the other end of a named pipe.
                found = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
            except OSError as error:
                raise _explained(error, path, folder, name) from None
        if not stat.S_ISREG(os.fstat(found).st_mode):
            os.close(found)
            raise ToolError(f"{path!r} is not a file")
        return found

    def replace_file(self, path: str, data: bytes) -> None:
        """Write a whole file: a reader sees all of the old one or all of the new one. Missing folders are made.

        Raises:
            Refused: the path leads elsewhere.
            ToolError: a folder has that name, or the disk does not take it.
        """
        with self._parent(path, make=True) as (folder, name):
            mode = _mode(name, folder)
            if mode is not None and not stat.S_ISREG(mode):
                raise _not_a_file(path, mode)
            temporary = f".{name[:100]}.{os.getpid()}.{os.urandom(4).hex()}"
            try:
                file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644, dir_fd=folder)
                try:
                    with open(file, "wb") as writer:
                        writer.write(data)
                        writer.flush()
                        os.fsync(file)
                    os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
                except BaseException:
                    with contextlib.suppress(FileNotFoundError):
                        os.unlink(temporary, dir_fd=folder)
                    raise
            except OSError as error:
                raise ToolError(f"{path!r} could not be written: {error.strerror}") from None

    def present(self, path: str) -> tuple[int, int | None]:
        """How many of the folders of a path are there, and the size of its file; None where there is none.

        Errors as for `open_file`.
        """
        parts = parts_of(path)
        for there in range(len(parts) - 1, -1, -1):
            with contextlib.suppress(FileNotFoundError), self._folder(parts[:there]) as folder:
                whole = there == len(parts) - 1
                state = _state(parts[-1], folder) if whole else None
                return there, None if state is None else state.st_size
        raise AssertionError  # the folder itself is open

    def remove_file(self, path: str) -> None:
        """Remove a regular file. Errors as for `open_file`."""
        with self._parent(path) as (folder, name):
            mode = _mode(name, folder)
            if mode is not None and not stat.S_ISREG(mode):
                raise _not_a_file(path, mode)
            try:
                os.unlink(name, dir_fd=folder)
            except OSError as error:
                raise _explained(error, path, folder, name) from None

    def walk(self, most: int) -> Iterator[tuple[str, os.stat_result]]:
        """All regular files, in the order of their names, folder by folder. Links, pipes and devices are left out.

        Raises:
            ToolError: there are more than `most` entries.
        """
        seen = 0
        waiting: list[tuple[str, ...]] = [()]
        while waiting:
            parts = waiting.pop()
            try:
                with self._folder(parts) as folder:
                    names = sorted(os.listdir(folder))
                    states = {name: state for name in names if (state := _state(name, folder)) is not None}
            except (FileNotFoundError, Refused, ToolError):
                continue  # gone, or changed into something else, since it was listed
            seen += len(names)
            if seen > most:
                raise ToolError(f"there are more than {most:,} files and folders here")
            for name, state in states.items():
                if stat.S_ISREG(state.st_mode):
                    yield "/".join((*parts, name)), state
            waiting += [(*parts, n) for n, state in reversed(states.items()) if stat.S_ISDIR(state.st_mode)]

    @contextlib.contextmanager
    def _parent(self, path: str, make: bool = False) -> Iterator[tuple[int, str]]:
        parts = parts_of(path)
        with self._folder(parts[:-1], make) as folder:
            yield folder, parts[-1]

    @contextlib.contextmanager
    def _folder(self, parts: tuple[str, ...], make: bool = False) -> Iterator[int]:
        if not self._open:
            raise ToolError("the directory is closed")
        folder = os.dup(self._root)
        try:
            for index, name in enumerate(parts):
                if make:
                    with contextlib.suppress(FileExistsError):
                        os.mkdir(name, 0o755, dir_fd=folder)
                try:
                    below = os.open(name, _FOLDER, dir_fd=folder)
                except OSError as error:
                    raise _explained(error, "/".join(parts[: index + 1]), folder, name) from None
                os.close(folder)
                folder = below
            yield folder
        finally:
            os.close(folder)


def parts_of(path: str) -> tuple[str, ...]:
    """The parts of a relative path.

    Raises:
        Refused: it could lead elsewhere.
    """
    if path.startswith("/"):
        raise Refused(f"{path!r} is an absolute path; give it relative to the directory")
    parts = tuple(part for part in path.split("/") if part not in ("", "."))
    if ".." in parts:
        raise Refused(f"{path!r} leads out of the directory: no part of a path may be '..'")
    if not parts or "\0" in path:
        raise Refused(f"{path!r} names no file")
    return parts


def _state(name: str, folder: int) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False)
    except OSError:
        return None


def _mode(name: str, folder: int) -> int | None:
    state = _state(name, folder)
    return None if state is None else state.st_mode


def _not_a_file(path: str, mode: int) -> ToolError:
    if stat.S_ISLNK(mode):
        return Refused(f"{path!r} is a link, and links are not followed")
    return ToolError(f"{path!r} is {'a folder' if stat.S_ISDIR(mode) else 'not a file'}")


def _explained(error: OSError, path: str, folder: int, name: str) -> Exception:
    """What a program is told when a part of its path could not be opened."""
    mode = _mode(name, folder)
    if mode is None:
        return FileNotFoundError(f"there is no {path!r} here")
    if stat.S_ISLNK(mode):
        return _not_a_file(path, mode)
    return ToolError(f"{path!r} cannot be opened: {error.strerror}")
