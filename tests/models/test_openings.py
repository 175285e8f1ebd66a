"""System prompts that are read once for many conversations, and replies that do not depend on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from codeact.models import BatchingModel, GenerationOptions, Message, TransformersModel
from codeact.models.openings import SHORTEST, Openings
from codeact.serving.engine import End, Writing
from codeact.serving.rows import RowsEngine

LONG = Message("system", "You act by writing Python, and these functions are ready: pick(name), place_on(target). " * 4)
OPTIONS = GenerationOptions(max_tokens=16)


def talk(text: str, system: Message = LONG) -> list[Message]:
    return [system, Message("user", text)]


@pytest.fixture
def model(tiny_builder: Callable[..., Path], tmp_path: Path) -> TransformersModel:
    return TransformersModel(tiny_builder(tmp_path, context=2048), device="cpu", dtype="float32")


def lengths_read(model: TransformersModel, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    read: list[int] = []
    usual = model.read
    monkeypatch.setattr(model, "read", lambda tokens, state: read.append(len(tokens)) or usual(tokens, state))
    return read


def test_a_conversation_that_begins_alike_reads_the_rest_alone(
    model: TransformersModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = lengths_read(model, monkeypatch)
    first = model.generate(talk("stack them"), OPTIONS)
    assert sum(read[:2]) == first.prompt_tokens
    opening = read[0]
    read.clear()
    second = model.generate(talk("line them up"), OPTIONS)
    assert read[0] == second.prompt_tokens - opening < 60
    read.clear()
    model.generate(talk("stack them", Message("system", "Answer in words. " * 10)), OPTIONS)
    assert read[0] > SHORTEST, "another system prompt is read"
    read.clear()
    model.generate(talk("line them up"), OPTIONS)
    assert read[0] == second.prompt_tokens - opening, "the first one is still there"


def test_the_logits_are_the_same_to_the_last_bit(model: TransformersModel, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    seen: list[Any] = []
    usual = model.read
    monkeypatch.setattr(model, "read", lambda tokens, state: seen.append(usual(tokens, state)) or seen[-1])
    fresh = model.generate(talk("line them up"), OPTIONS)
    expected = seen[1:]
    model._openings = Openings()
    model.generate(talk("something else that is longer"), OPTIONS)
    seen.clear()
    again = model.generate(talk("line them up"), OPTIONS)
    assert again.text == fresh.text
    assert len(seen) == len(expected) > 10
    assert all(torch.equal(one, other) for one, other in zip(seen, expected, strict=True))


def test_rows_share_it(model: TransformersModel, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = model.generate(talk("line them up"), OPTIONS).text
    rows = BatchingModel(model, 2)
    rows.generate(talk("stack them"), OPTIONS)
    read = lengths_read(model, monkeypatch)
    assert rows.generate(talk("line them up"), OPTIONS).text == alone
    assert len(read) == 1
    assert read[0] < 60


def test_a_short_one_is_not_kept(model: TransformersModel, monkeypatch: pytest.MonkeyPatch) -> None:
    read = lengths_read(model, monkeypatch)
    for number in range(2):
        read.clear()
        reply = model.generate(talk(f"go on {number}", Message("system", "be brief")), OPTIONS)
        assert read[0] == reply.prompt_tokens


def state(size: int) -> Any:
    return SimpleNamespace(
        layers=[SimpleNamespace(keys=SimpleNamespace(nbytes=size), values=SimpleNamespace(nbytes=0))]
    )


def test_few_are_kept_and_not_too_much_of_them() -> None:
    kept = Openings(most=2, most_bytes=100)
    for number in range(3):
        kept.keep([number], state(40))
        kept.find([0])
    assert [kept.find([number]) is not None for number in range(3)] == [True, False, True]
    kept.keep([3], state(90))
    assert [kept.find([number]) is not None for number in range(4)] == [False, False, False, True]
    kept.keep([4], state(102))
    kept.keep([5], SimpleNamespace(layers=[SimpleNamespace(keys=None, values=None)]))
    kept.keep([6], object())
    assert [kept.find([number]) is not None for number in range(3, 7)] == [True, False, False, False]


class Told:
    """A reply that an engine writes, and how much of its prompt the model read."""

    def __init__(self, model: TransformersModel, messages: list[Message], limit: int = 16) -> None:
        tokens, _ = model.prepare(messages, OPTIONS)
        self.events: list[Any] = []
        opening = model.opening(messages, tokens)
        self.writing = Writing(tokens, limit, OPTIONS, self.events.append, opening=opening)

    def text(self, model: TransformersModel) -> str:
        return model._decode([event for event in self.events if isinstance(event, int)])

    @property
    def over(self) -> bool:
        return bool(self.events) and isinstance(self.events[-1], End)


def write_all(engine: RowsEngine, *asked: Told) -> None:
    """Do what the engine's thread does until these are written; it is not started."""
    for one in asked:
        engine.submit(one.writing)
    for _ in range(200):
        engine._step()
        if all(one.over for one in asked):
            return
    raise AssertionError("they are not written")


def test_a_server_reads_it_once(model: TransformersModel, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    questions = ("stack them", "line them up")
    alone = [model.generate(talk(question), OPTIONS).text for question in questions]
    engine = RowsEngine(model, 4)
    read = lengths_read(model, monkeypatch)
    with torch.inference_mode():
        first = Told(model, talk(questions[0]))
        write_all(engine, first)
        assert sum(read) == len(first.writing.tokens)
        other = Told(model, [Message("user", "something else, and long. " * 60)])
        engine._kept.clear()  # as if other replies had been written since
        write_all(engine, other)
        read.clear()
        later = Told(model, talk(questions[1]))
        write_all(engine, later)
    assert [first.text(model), later.text(model)] == alone
    assert sum(read) == len(later.writing.tokens) - later.writing.opening < 60


def test_replies_to_the_same_read_it_once(model: TransformersModel, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    question = [Message("user", "Stack the red cube on the green one, and say when it is done. " * 3)]
    alone = model.generate(question, OPTIONS).text
    engine = RowsEngine(model, 4)
    read = lengths_read(model, monkeypatch)
    with torch.inference_mode():
        asked = [Told(model, question) for _ in range(3)]
        write_all(engine, *asked)
    assert [one.text(model) for one in asked] == [alone] * 3
    assert sum(read) == len(asked[0].writing.tokens) + 2, "the others read the last token alone"
