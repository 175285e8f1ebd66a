"""Conversations in files: one JSON object a line, whole after each message, so that a killed process loses none.

The first line says what the file is, and holds the system message. Then each message is a line with `role`, `content`
and, where it is a task, `task`. `{"left_out": N, "summary": TEXT}` says that messages before it are missing, and
`{"back_to": N}` that all but the first N messages before it were taken back.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from codeact.errors import CodeActError
from codeact.models.protocol import Role

VERSION = 1
_ROLES = frozenset(get_args(Role))


@dataclass(frozen=True)
class Said:
    """One message. `task`: it is one that the model was asked to do, and the latest one is never left out."""

    role: Role
    content: str
    task: bool = False


@dataclass(frozen=True)
class SavedConversation:
    """A conversation as a file holds it.

    Attributes:
        action_format: that the model acted in.
        system: the system message.
        said: all else.
        left_out: how many earlier messages are missing, and `summary`, what they said, where that is known.
    """

    action_format: str
    system: str
    said: Sequence[Said] = field(default=())
    left_out: int = 0
    summary: str = ""


def write_conversation(path: Path, saved: SavedConversation) -> None:
    """Write a file anew; the one before is whole until then.

    Raises:
        CodeActError: it cannot be written.
    """
    lines = [_head(saved.action_format, saved.system)]
    if saved.left_out:
        lines.append({"left_out": saved.left_out, "summary": saved.summary})
    lines += [_line(each) for each in saved.said]
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(b"".join(map(_encoded, lines)))
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise CodeActError(f"the conversation cannot be written to {path}: {error}") from error


def read_conversation(path: Path) -> SavedConversation:
    """Read what `write_conversation` or a `Journal` wrote. A last line that was not written to its end is left out.

    Raises:
        CodeActError: there is no such file, or it is no conversation; the message names the line.
    """
    try:
        *whole, _ = path.read_bytes().split(b"\n")
    except OSError as error:
        raise CodeActError(f"the conversation {path} cannot be read: {error}") from error
    lines = list(_decoded(path, whole))
    head = lines[0] if lines else {}
    version = head.get("codeact_conversation")
    if not isinstance(version, int):
        raise CodeActError(f"{path} is no conversation of codeact: its first line says nothing of one")
    if version > VERSION:
        raise CodeActError(f"{path} is of version {version}; this codeact reads up to {VERSION}")
    said: list[Said] = []
    left_out, summary = 0, ""
    for number, line in enumerate(lines[1:], 2):
        match line:
            case {"role": str(role), "content": str(content)} if role in _ROLES:
                said.append(Said(role, content, bool(line.get("task"))))  # type: ignore[arg-type]
            case {"back_to": int(count)} if 0 <= count <= len(said):
                del said[count:]
            case {"left_out": int(left_out), "summary": str(summary)}:
                pass
            case _:
                raise CodeActError(f"line {number} of {path} is no message: it has no role and content")
    return SavedConversation(
        str(head.get("action_format", "code")), str(head.get("system", "")), said, left_out, summary
    )


class Journal:
    """A file to which a conversation is added as it goes on.

    Raises:
        CodeActError: it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._open = False

    def open(self, action_format: str, system: str) -> SavedConversation | None:
        """Begin the file, or read what it holds. Half a line at its end, of a process that was killed, is cut off.

        The second time, what it holds is taken back: another conversation begins.
        """
        if self._open:
            self.back_to(0)
            return None
        self._open = True
        if not self.path.exists() or b"\n" not in (found := self.path.read_bytes()):
            write_conversation(self.path, SavedConversation(action_format, system))
            return None
        saved = read_conversation(self.path)
        if not found.endswith(b"\n"):
            os.truncate(self.path, found.rindex(b"\n") + 1)
        return saved

    def add(self, said: Said) -> None:
        self._append(_line(said))

    def back_to(self, count: int) -> None:
        """Take all but the first `count` messages back."""
        self._append({"back_to": count})

    def _append(self, line: dict[str, Any]) -> None:
        try:
            with self.path.open("ab", buffering=0) as file:
                file.write(_encoded(line))
        except OSError as error:
            raise CodeActError(f"the conversation cannot be written to {self.path}: {error}") from error


def _head(action_format: str, system: str) -> dict[str, Any]:
    return {"codeact_conversation": VERSION, "action_format": action_format, "system": system}


def _line(said: Said) -> dict[str, Any]:
    line: dict[str, Any] = {"role": said.role, "content": said.content}
    return {**line, "task": True} if said.task else line


def _encoded(line: dict[str, Any]) -> bytes:
    return json.dumps(line, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def _decoded(path: Path, lines: list[bytes]) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines, 1):
        try:
            value = json.loads(line)
        except ValueError as error:
            raise CodeActError(f"line {number} of {path} is no JSON: {error}") from error
        if not isinstance(value, dict):
            raise CodeActError(f"line {number} of {path} is no JSON object")
        yield value
