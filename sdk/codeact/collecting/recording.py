"""A model that says what it is given, so that a real agent's conversation comes about, and keeps that conversation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from codeact.models.protocol import Completion, GenerationOptions, Message, Model, OnText, estimate_tokens


@dataclass(frozen=True)
class Said:
    """A reply that is to be given.

    Attributes:
        text: what is said.
        learn: whether a model should learn to say it here.
        cut: it ends as if at the limit of its tokens.
    """

    text: str
    learn: bool = True
    cut: bool = False


class RecordingModel:
    """Gives replies in their order, and keeps what was read before the last one.

    When they have run out it says nothing, and the agent ends the episode.

    Args:
        replies: in order.
        stubs: how the agent is to show the tools; see `CodeActAgent`.
    """

    context_tokens: int | None = None
    name = "recording"

    def __init__(self, replies: Sequence[Said], *, stubs: Literal["full", "short"] = "short") -> None:
        self.stubs = stubs
        self._replies = list(replies)
        self._read: list[Message] = []
        self._given = 0

    def generate(
        self, messages: Sequence[Message], options: GenerationOptions, on_text: OnText | None = None
    ) -> Completion:
        """The next reply."""
        if self._given >= len(self._replies):
            return _completion("<answer></answer>", messages)
        self._read = list(messages)
        said = self._replies[self._given]
        self._given += 1
        return _completion(said.text, messages, cut=said.cut)

    @property
    def all_said(self) -> bool:
        """Whether the episode lasted until the last reply."""
        return self._given >= len(self._replies)

    def conversation(self) -> list[dict[str, Any]]:
        """All that was said, as training data has it, up to the last reply that was given."""
        said = iter(self._replies)
        messages: list[dict[str, Any]] = []
        for message in self._read:
            entry: dict[str, Any] = {"role": message.role, "content": message.content}
            if message.role == "assistant":
                entry["learn"] = next(said).learn
            messages.append(entry)
        if self._given:
            last = self._replies[self._given - 1]
            messages.append({"role": "assistant", "content": last.text, "learn": last.learn})
        return messages


class ListeningModel:
    """Another model, whose conversation is kept."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._read: list[Message] = []
        self._last = ""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    @property
    def name(self) -> str:
        return self._model.name

    @property
    def context_tokens(self) -> int | None:
        return self._model.context_tokens

    def generate(
        self, messages: Sequence[Message], options: GenerationOptions, on_text: OnText | None = None
    ) -> Completion:
        """What the model says."""
        self._read = list(messages)
        completion = self._model.generate(messages, options, on_text)
        self._last = completion.text
        return completion

    def conversation(self, fine: Callable[[str], bool], action_format: str) -> list[dict[str, Any]]:
        """All that was said.

        Args:
            fine: whether a program ran without an error, so that it is worth learning.
            action_format: how programs are found in replies.
        """
        from codeact.agent.formats import Program, find_format

        how = find_format(action_format)
        messages: list[dict[str, Any]] = []
        for message in [*self._read, Message("assistant", self._last)]:
            entry: dict[str, Any] = {"role": message.role, "content": message.content}
            if message.role == "assistant":
                reply = how.parse(message.content)
                entry["learn"] = isinstance(reply, Program) and fine(reply.code)
            messages.append(entry)
        return messages


def _completion(text: str, messages: Sequence[Message], *, cut: bool = False) -> Completion:
    return Completion(
        text=text,
        prompt_tokens=sum(estimate_tokens(message.content) for message in messages),
        completion_tokens=estimate_tokens(text),
        seconds=0.0,
        finish_reason="length" if cut else "stop",
        estimated=True,
    )


def in_tags(program: str) -> str:
    """A program as a reply in the format `code`."""
    return f"<execute>\n{program.strip()}\n</execute>"
