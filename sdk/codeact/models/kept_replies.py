"""A model whose replies are kept in a file: a question that was asked before is answered from there."""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from codeact.errors import ModelError
from codeact.models.protocol import Completion, GenerationOptions, Message, Model, OnText, StopGeneration

_KEPT = ("stop", "length")


class KeptReplies:
    """Answers from a file what was asked before, asks another model for the rest, and keeps that too.

    An evaluation that is played again pays for no token twice, and replies that another machine wrote can be played
    here. Only greedy replies without pictures are kept; the question is the messages, the stop strings and the limit
    of tokens, to the letter. The file holds JSON lines, so that what was kept before a kill can be read, and several
    processes may share it; each knows what the others keep when it opens the file.

    Args:
        file: is made where there is none.
        load: makes the other model, when it is first needed.
        name: how results call this model.

    Raises:
        ModelError: the file cannot be read or is no such file.
    """

    def __init__(self, file: Path, load: Callable[[], Model], name: str) -> None:
        self.name = name
        self._file = file
        self._load = load
        self._model: Model | None = None
        self._lock = threading.Lock()
        self._replies = _read(file)

    @property
    def model(self) -> Model:
        """The model that is asked for what the file does not hold."""
        with self._lock:
            if self._model is None:
                self._model = self._load()
            return self._model

    @property
    def context_tokens(self) -> int | None:
        return self.model.context_tokens

    def __getattr__(self, attribute: str) -> Any:
        if attribute in ("count_tokens", "takes_images", "stubs"):
            return getattr(self.model, attribute)
        raise AttributeError(attribute)

    def generate(
        self, messages: Sequence[Message], options: GenerationOptions, on_text: OnText | None = None
    ) -> Completion:
        """The kept reply, whole and at once, or the other model's. `seconds` is what this call took.

        Raises:
            ModelError: as the other model does; or the file cannot be written.
        """
        started = time.perf_counter()
        keeps = options.temperature == 0 and not any(message.images for message in messages)
        question = question_digest(messages, options) if keeps else ""
        kept = self._replies.get(question)
        if kept is None:
            completion = self.model.generate(messages, options, on_text)
            if keeps and completion.finish_reason in _KEPT:
                self._keep(question, completion)
            return completion
        text, finish_reason = kept["text"], kept["finish_reason"]
        try:
            if on_text is not None and text:
                on_text(text)
        except StopGeneration:
            finish_reason = "interrupted"
        return Completion(
            text, kept["prompt_tokens"], kept["completion_tokens"], time.perf_counter() - started, finish_reason
        )

    def _keep(self, question: str, completion: Completion) -> None:
        entry = {
            "question": question,
            "text": completion.text,
            "prompt_tokens": completion.prompt_tokens,
            "completion_tokens": completion.completion_tokens,
            "finish_reason": completion.finish_reason,
        }
        self._replies[question] = entry
        line = json.dumps(entry).encode() + b"\n"
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                os.write(descriptor, line)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise ModelError(f"the reply cannot be kept in {self._file}: {error}") from error


def question_digest(messages: Sequence[Message], options: GenerationOptions) -> str:
    """SHA-256 of what is asked of a model that answers greedily."""
    asked = [
        [[message.role, message.content] for message in messages],
        list(options.stop),
        options.max_tokens,
        options.repetition_penalty,
    ]
    return hashlib.sha256(json.dumps(asked, ensure_ascii=True).encode()).hexdigest()


def _read(file: Path) -> dict[str, dict[str, Any]]:
    try:
        lines = file.read_bytes().splitlines()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ModelError(f"the kept replies {file} cannot be read: {error}") from error
    replies = {}
    for number, line in enumerate(lines, start=1):
        try:
            entry = json.loads(line)
            text, finish_reason = entry["text"], entry["finish_reason"]
            if not isinstance(text, str) or finish_reason not in _KEPT:
                raise ValueError(f"finish_reason is {finish_reason!r}; it must be one of {', '.join(_KEPT)}")
            replies[entry["question"]] = {
                "text": text,
                "finish_reason": finish_reason,
                "prompt_tokens": int(entry["prompt_tokens"]),
                "completion_tokens": int(entry["completion_tokens"]),
            }
        except (ValueError, KeyError, TypeError) as error:
            if number == len(lines):
                break  # the last line of a process that was killed
            raise ModelError(f"{file}, line {number} is no kept reply: {type(error).__name__}: {error}") from error
    return replies
