"""A model that replays a file of replies: for tests, demonstrations and measurements of everything but the model."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from codeact.errors import ModelError
from codeact.models.protocol import (
    Completion,
    FinishReason,
    GenerationOptions,
    Message,
    OnText,
    StopGeneration,
    estimate_tokens,
)

_SEPARATOR = re.compile(r"^---[ \t]*$\n?", re.MULTILINE)
_PIECE = re.compile(r"\S+\s*|\s+")


class ScriptedModel:
    """Replays replies, one for each turn of a conversation.

    The reply is chosen by the number of assistant messages in the conversation so far, so one script serves any number
    of conversations, in any order and from any thread. Token counts are estimates (three bytes a token).

    Args:
        script: a file, or the replies themselves. `.yaml`, `.yml` and `.json` files hold a list; in any other file,
            lines of `---` stand between the replies. An item of a list is a string, or a mapping with `text` and
            `finish_reason` (`stop` or `length`: as if the reply had been cut at the token limit).
    """

    context_tokens: int | None = None

    def __init__(self, script: Path | str | Sequence[str], *, name: str | None = None) -> None:
        if isinstance(script, str | Path):
            path = Path(script)
            self._replies = _read(path)
            self.name = name or f"scripted:{path.name}"
        else:
            self._replies = [_reply(item, f"reply {number}") for number, item in enumerate(script, start=1)]
            self.name = name or "scripted"

    def generate(
        self, messages: Sequence[Message], options: GenerationOptions, on_text: OnText | None = None
    ) -> Completion:
        """Give the next reply of the script. `max_tokens`, `temperature`, `stop` and `seed` have no effect.

        Raises:
            ModelError: the script has run out.
        """
        started = time.perf_counter()
        turn = sum(message.role == "assistant" for message in messages)
        if turn >= len(self._replies):
            raise ModelError(
                f"the script of {self.name} has run out: "
                f"it holds {len(self._replies)} replies, and turn {turn + 1} was asked for"
            )
        text, finish_reason = self._replies[turn]
        told: list[str] = []
        try:
            for piece in _PIECE.findall(text):
                if options.interrupted():
                    raise StopGeneration
                told.append(piece)
                if on_text is not None:
                    on_text(piece)
        except StopGeneration:
            text, finish_reason = "".join(told), "interrupted"
        return Completion(
            text=text,
            prompt_tokens=sum(estimate_tokens(message.content) for message in messages),
            completion_tokens=estimate_tokens(text),
            seconds=time.perf_counter() - started,
            finish_reason=finish_reason,
            estimated=True,
        )


def _read(path: Path) -> list[tuple[str, FinishReason]]:
    try:
        content = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"cannot read the script {path}: {error}") from error
    if path.suffix in (".yaml", ".yml", ".json"):
        try:
            items = json.loads(content) if path.suffix == ".json" else yaml.safe_load(content)
        except (ValueError, yaml.YAMLError) as error:
            raise ModelError(f"the script {path} is not valid {path.suffix[1:].upper()}: {error}") from error
        if not isinstance(items, list):
            raise ModelError(f"the script {path} must hold a list of replies, not a {type(items).__name__}")
    else:
        items = [part.strip("\n") for part in _SEPARATOR.split(content)]
        if items and not items[0].strip():
            del items[0]  # a file may open with a separator
        if items and not items[-1].strip():
            del items[-1]  # or end with one
    if not items:
        raise ModelError(f"the script {path} holds no reply")
    return [_reply(item, f"{path}, reply {number}") for number, item in enumerate(items, start=1)]


def _reply(item: Any, where: str) -> tuple[str, FinishReason]:
    if isinstance(item, str):
        return item, "stop"
    if isinstance(item, dict) and isinstance(item.get("text"), str) and set(item) <= {"text", "finish_reason"}:
        match item.get("finish_reason", "stop"):
            case "stop":
                return item["text"], "stop"
            case "length":
                return item["text"], "length"
    raise ModelError(f"{where}: a reply is a string, or a mapping with `text` and `finish_reason` (stop or length)")
