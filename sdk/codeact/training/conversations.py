"""Training data: files of one JSON object a line, each a conversation with the replies that are to be learnt marked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from codeact.collecting.errors import CollectionError
from codeact.collecting.separation import require_public
from codeact.models.protocol import Role
from codeact.training.errors import TrainingError


@dataclass(frozen=True)
class Turn:
    """One message. `learn`: the model is to write it itself; never so for what it only reads."""

    role: Role
    content: str
    learn: bool = False


@dataclass(frozen=True)
class Conversation:
    """A conversation with at least one reply to learn, and where it comes from.

    Attributes:
        turns: in order: a system message or none, then user and assistant in turns; it ends with the assistant.
        task: the task that was played, or a word for the kind of data.
        seed: of the scene; None where there was none.
        place: file and line.
    """

    turns: tuple[Turn, ...]
    task: str
    seed: int | None
    place: str


def read_conversations(files: Sequence[Path]) -> list[Conversation]:
    """All conversations of the files, in order.

    Raises:
        TrainingError: a file cannot be read, a line is no such conversation or of a scene that is kept for evaluation,
            or there is none at all.
    """
    found = [conversation for file in files for conversation in _read(file)]
    if not found:
        raise TrainingError(f"there is no conversation in {', '.join(map(str, files)) or 'no file'}")
    return found


def digest(files: Sequence[Path]) -> dict[str, str]:
    """SHA-256 of each file."""
    digests: dict[str, str] = {}
    for file in files:
        with file.open("rb") as opened:
            digests[str(file)] = hashlib.file_digest(opened, "sha256").hexdigest()
    return digests


def _read(file: Path) -> Iterator[Conversation]:
    try:
        lines = file.read_text(encoding="utf-8").split("\n")  # and at no other mark that str.splitlines knows
    except (OSError, UnicodeDecodeError) as error:
        raise TrainingError(f"the data {file} cannot be read: {error}") from error
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield _conversation(line, f"{file}, line {number}")


def _conversation(line: str, place: str) -> Conversation:
    try:
        data = json.loads(line)
    except ValueError as error:
        raise TrainingError(f"{place}: no JSON: {error}") from error
    if not isinstance(data, dict) or not isinstance(data.get("messages"), list):
        raise TrainingError(f"{place}: a conversation is an object with a list `messages`")
    turns = tuple(_turn(message, place) for message in data["messages"])
    _require_order(turns, place)
    if not any(turn.learn for turn in turns):
        raise TrainingError(f"{place}: no message has learn=true, so there is nothing to learn")
    seed = data.get("seed")
    if not isinstance(seed, int):
        return Conversation(turns, str(data.get("task", "")), None, place)
    try:
        require_public([seed])
    except CollectionError as error:
        raise TrainingError(f"{place}: {error}") from error
    return Conversation(turns, str(data.get("task", "")), seed, place)


def _turn(message: Any, place: str) -> Turn:
    if not isinstance(message, dict):
        raise TrainingError(f"{place}: a message is an object with role and content, not {message!r:.60}")
    role: Any = message.get("role")
    content, learn = message.get("content"), message.get("learn", False)
    if role not in get_args(Role):
        raise TrainingError(f"{place}: a role is one of {', '.join(get_args(Role))}, not {role!r}")
    if not isinstance(content, str) or not isinstance(learn, bool):
        raise TrainingError(f"{place}: content is a text, and learn true or false")
    if learn and role != "assistant":
        raise TrainingError(f"{place}: only messages of the assistant are learnt, and one of the {role} has learn=true")
    return Turn(role, content, learn)


def _require_order(turns: Sequence[Turn], place: str) -> None:
    roles = [turn.role for turn in turns]
    talk = roles[1:] if roles[:1] == ["system"] else roles
    if not talk or talk != ["user", "assistant"] * (len(talk) // 2):
        raise TrainingError(
            f"{place}: after a system message, user and assistant take turns and the assistant has the last word; "
            f"here are {', '.join(roles) or 'no messages'}"
        )
