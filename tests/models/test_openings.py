"""System prompts that are read once for many conversations, and replies that do not depend on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from codeact.models import BatchingModel, GenerationOptions, Message, TransformersModel
from codeact.models.openings import SHORTEST, Openings

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
    for _ in range(2):
        read.clear()
        reply = model.generate(talk("go on", Message("system", "be brief")), OPTIONS)
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
