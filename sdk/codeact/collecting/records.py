"""The files of a collection: a line a conversation, and a line for each that was dropped."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from codeact.collecting.errors import CollectionError

VERSION = 1


class ConversationFile:
    """`DATA.jsonl`, and beside it `DATA.dropped.jsonl`, held by one collection at a time.

    Each line is whole or absent, whatever ends the process. Lines of both files carry their `number`, in order, so that
    a collection can be gone on with.

    Args:
        path: of the conversations.
        collection: what makes this collection differ from another; each line names it.
        resume: go on with what is there.

    Raises:
        CollectionError: there is data and `resume` is False, or it is of another collection, damaged, in use, or the
            file cannot be written.
    """

    def __init__(self, path: Path, *, collection: str, resume: bool) -> None:
        self.path = path
        self.dropped_path = path.with_suffix(".dropped.jsonl")
        self._collection = collection
        self._files: dict[Path, int] = {}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            for each in (self.path, self.dropped_path):
                self._files[each] = os.open(each, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        except OSError as error:
            self.close()
            raise CollectionError(f"{path} cannot be opened: {error.strerror}") from error
        try:
            self._lock()
            self.kept = self._read(self.path, resume)
            self.dropped = self._read(self.dropped_path, resume)
        except BaseException:
            self.close()
            raise

    def keep(self, record: Mapping[str, Any]) -> None:
        """Add a conversation.

        Raises:
            CollectionError: the disk is full or broken. The lines before are whole.
        """
        self._append(self.path, record)

    def drop(self, record: Mapping[str, Any]) -> None:
        """Note that a conversation was dropped, and why.

        Raises:
            CollectionError: the disk is full or broken. The lines before are whole.
        """
        self._append(self.dropped_path, record)

    def close(self) -> None:
        """Let go of the files. Closing twice is allowed."""
        while self._files:
            os.close(self._files.popitem()[1])

    def __enter__(self) -> ConversationFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _lock(self) -> None:
        try:
            fcntl.flock(self._files[self.path], fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise CollectionError(f"another collection is writing {self.path}: choose another file") from error

    def _read(self, path: Path, resume: bool) -> list[dict[str, Any]]:
        data = path.read_bytes()
        if data and not resume:
            raise CollectionError(f"{path} holds data already: go on with --resume (resume=True), or choose another")
        whole, newline, torn = data.rpartition(b"\n")
        if torn:  # left by a killed process
            os.ftruncate(self._files[path], len(whole) + len(newline))
        records = list(_decode(path, whole.split(b"\n") if whole else []))
        for line, record in enumerate(records, 1):
            if record.get("collection") != self._collection:
                raise CollectionError(
                    f"line {line} of {path} is of another collection: resume with the same suites and options, in the "
                    "same order, or choose another file"
                )
        return records

    def _append(self, path: Path, record: Mapping[str, Any]) -> None:
        data = json.dumps({**record, "collection": self._collection}, ensure_ascii=False).encode() + b"\n"
        file = self._files[path]
        size = os.fstat(file).st_size
        try:
            if os.write(file, data) != len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            os.ftruncate(file, size)
            raise CollectionError(
                f"{path} cannot be written any further: {error.strerror}. What it holds is whole; make room and go on "
                "with --resume"
            ) from error


def read_conversations(path: Path | str) -> list[dict[str, Any]]:
    """The conversations of a file. A torn last line is left out.

    Raises:
        CollectionError: there is no such file, or a line is no conversation.
    """
    path = Path(path)
    try:
        whole = path.read_bytes().rpartition(b"\n")[0]
    except OSError as error:
        raise CollectionError(f"no conversations can be read at {path}: {error.strerror}") from error
    return list(_decode(path, whole.split(b"\n") if whole else []))


def digest(messages: Sequence[Mapping[str, Any]]) -> str:
    """SHA-256, in hex, over what is said in a conversation."""
    said = [[message["role"], message["content"]] for message in messages]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def _decode(path: Path, lines: Sequence[bytes]) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines, 1):
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise CollectionError(f"line {number} of {path} is no conversation: {error}") from error
        if not isinstance(record, dict) or record.get("version") != VERSION:
            raise CollectionError(f"line {number} of {path} is no conversation of version {VERSION}")
        yield record
