"""What every model must do, and the check that says so: our models pass, and broken ones don't."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from codeact.models import (
    BatchingModel,
    Completion,
    GenerationOptions,
    Message,
    OpenAICompatibleModel,
    ScriptedModel,
    StopGeneration,
    TransformersModel,
    check_model,
)
from codeact.models.protocol import FinishReason, OnText


class Good:
    """Does all that is asked; each broken one below changes one thing."""

    name = "good"
    context_tokens: Any = None

    def generate(
        self, messages: Sequence[Message], options: GenerationOptions, on_text: OnText | None = None
    ) -> Completion:
        told: list[str] = []
        reason: FinishReason = "stop"
        try:
            for piece in self.pieces():
                if options.interrupted():
                    raise StopGeneration
                told.append(piece)
                if on_text is not None:
                    on_text(piece)
        except StopGeneration:
            reason = "interrupted"
        return Completion("".join(told), 3, len(told), 0.0, reason)

    def pieces(self) -> list[str]:
        return ["red, ", "green, ", "blue"]


class Untold(Good):
    def generate(
        self, messages: Sequence[Message], options: GenerationOptions, on_text: OnText | None = None
    ) -> Completion:
        return super().generate(messages, options)


class Deaf(Good):
    def generate(
        self, messages: Sequence[Message], options: GenerationOptions, on_text: OnText | None = None
    ) -> Completion:
        def swallow(piece: str) -> None:
            try:
                if on_text is not None:
                    on_text(piece)
            except Exception:
                pass

        return super().generate(messages, GenerationOptions(), swallow)


class Elsewhere(Good):
    def generate(
        self, messages: Sequence[Message], options: GenerationOptions, on_text: OnText | None = None
    ) -> Completion:
        found: list[Completion] = []
        thread = threading.Thread(target=lambda: found.append(super(Elsewhere, self).generate(messages, options)))
        thread.start()
        thread.join()
        if on_text is not None:
            teller = threading.Thread(target=lambda: _quietly(on_text, found[0].text))
            teller.start()
            teller.join()
        return found[0]


def _quietly(on_text: OnText, text: str) -> None:
    with contextlib.suppress(Exception):
        on_text(text)


class Talkative(Good):
    def pieces(self) -> list[str]:
        return ["a "] * 40


class Raising(Good):
    def pieces(self) -> list[str]:
        raise KeyError("weights")


class Miscounting(Good):
    def count_tokens(self, text: str) -> Any:
        return len(text) / 3


class Nameless(Good):
    name = " "
    context_tokens = 0


class Wrong(Good):
    def generate(self, messages: Any, options: GenerationOptions, on_text: OnText | None = None) -> Any:
        return "red, green, blue"


class Handless:
    name = "handless"
    context_tokens = None


@pytest.mark.parametrize("kind", ["tiny", "batching", "openai", "scripted", "own"])
def test_our_models_pass(kind: str, tiny_folder: Path, tiny_model: TransformersModel, server: Any) -> None:
    match kind:
        case "tiny":
            assert check_model(tiny_model) == []
        case "batching":
            assert check_model(BatchingModel(tiny_model)) == []
        case "openai":
            assert check_model(OpenAICompatibleModel(server.url, "good")) == []
        case "scripted":
            assert check_model(ScriptedModel(["one two three " * 9]), heeds_limit=False) == []
        case "own":
            assert check_model(Good()) == []


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (Handless(), "it needs `name`, `context_tokens` and `generate"),
        (Nameless(), "name is ' '"),
        (Nameless(), "context_tokens is 0"),
        (Untold(), "on_text was told are not together the text"),
        (Deaf(), "on_text was called again after it had raised StopGeneration"),
        (Deaf(), "an exception that on_text raised did not come out"),
        (Deaf(), "with an interrupt that says yes at once"),
        (Elsewhere(), "on_text was called in another thread"),
        (Talkative(), "a reply has 40 tokens although max_tokens is 16"),
        (Raising(), "KeyError came out, which is no ModelError"),
        (Miscounting(), "count_tokens gave"),
        (Wrong(), "generate gave a str and not a Completion"),
    ],
)
def test_broken_ones_are_told_what_is_wrong(model: Any, said: str) -> None:
    assert any(said in sentence for sentence in check_model(model))
