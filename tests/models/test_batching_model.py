"""Replies that are written together are those that are written alone."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from codeact.errors import ModelError
from codeact.models import (
    BatchingModel,
    ContextOverflow,
    GenerationOptions,
    Message,
    StopGeneration,
    TransformersModel,
    generate_many,
)

TALKS = [[Message("user", "x" * (1 + 7 * number))] for number in range(9)]


@pytest.fixture(scope="module")
def alone(tiny_folder: Path) -> TransformersModel:
    return TransformersModel(tiny_folder, device="cpu", dtype="float32")


@pytest.fixture
def together(tiny_folder: Path) -> BatchingModel:
    return BatchingModel(TransformersModel(tiny_folder, device="cpu", dtype="float32"), rows=4)


def test_each_gets_the_reply_it_would_get_alone(alone: TransformersModel, together: BatchingModel) -> None:
    options = [GenerationOptions(max_tokens=5 + 3 * number) for number in range(len(TALKS))]
    rows: list[int] = []
    step = together._batch.step
    together._batch.step = lambda tokens: rows.append(len(tokens)) or step(tokens)  # type: ignore[method-assign, func-returns-value]
    replies = generate_many(together, TALKS, options)
    for talk, option, reply in zip(TALKS, options, replies, strict=True):
        expected = alone.generate(talk, option)
        assert (reply.text, reply.completion_tokens, reply.finish_reason) == (
            expected.text,
            expected.completion_tokens,
            expected.finish_reason,
        )
    assert max(rows) == 4, "as many as there are rows are written at once"
    assert len(rows) < sum(reply.completion_tokens for reply in replies) / 2


def test_options_and_seeds_are_each_reply_s_own(alone: TransformersModel, together: BatchingModel) -> None:
    options = [
        GenerationOptions(max_tokens=12, temperature=3.0, seed=1),
        GenerationOptions(max_tokens=12, temperature=3.0, seed=2, top_k=20),
        GenerationOptions(max_tokens=12, repetition_penalty=1.5),
        GenerationOptions(max_tokens=12, stop=(alone.generate(TALKS[3], GenerationOptions()).text[3:5],)),
    ]
    replies = generate_many(together, TALKS[:4], options)
    expected = [alone.generate(talk, option).text for talk, option in zip(TALKS, options, strict=False)]
    assert [reply.text for reply in replies] == expected
    assert replies[3].finish_reason == "stop"


def test_the_next_turn_reads_only_what_is_new(together: BatchingModel, alone: TransformersModel) -> None:
    options = GenerationOptions(max_tokens=10)
    first = generate_many(together, TALKS[6:], options)
    turns = [
        [*talk, Message("assistant", reply.text), Message("user", "go on")]
        for talk, reply in zip(TALKS[6:], first, strict=True)
    ]
    read: list[int] = []
    usual = together._model.read
    together._model.read = lambda tokens, state: read.append(len(tokens)) or usual(tokens, state)  # type: ignore[method-assign, func-returns-value]
    second = generate_many(together, turns, options)
    assert [reply.text for reply in second] == [alone.generate(turn, options).text for turn in turns]
    assert len(read) == 3
    assert sum(read) < sum(reply.prompt_tokens for reply in second) * 0.6


def test_who_stops_or_fails_does_not_disturb_the_others(together: BatchingModel, alone: TransformersModel) -> None:
    def stop(piece: str) -> None:
        raise StopGeneration

    def fail(piece: str) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        together.generate(TALKS[0], GenerationOptions(), fail)
    heard: list[Any] = []

    def other(listener: Any, talk: list[Message]) -> None:
        try:
            heard.append(together.generate(talk, GenerationOptions(max_tokens=200), listener).finish_reason)
        except ZeroDivisionError:
            heard.append("failed")

    threads = [threading.Thread(target=other, args=(listener, TALKS[4])) for listener in (stop, fail)]
    for thread in threads:
        thread.start()
    reply = together.generate(TALKS[5], GenerationOptions(max_tokens=60))
    for thread in threads:
        thread.join(60)
    assert sorted(heard) == ["failed", "interrupted"]
    assert reply.text == alone.generate(TALKS[5], GenerationOptions(max_tokens=60)).text
    assert len(together._batch) == len(together._writing) == len(together._waiting) == 0
    with pytest.raises(ContextOverflow):
        together.generate([Message("user", "x" * 600)], GenerationOptions())
    interrupted = together.generate(TALKS[0], GenerationOptions(interrupt=lambda: True))
    assert (interrupted.text, interrupted.finish_reason) == ("", "interrupted")


def test_who_waits_for_a_row_can_be_interrupted(tiny_folder: Path) -> None:
    model = BatchingModel(TransformersModel(tiny_folder, device="cpu", dtype="float32"), rows=1)
    busy, go_on = threading.Event(), threading.Event()

    def hold(piece: str) -> None:
        busy.set()
        go_on.wait(60)
        raise StopGeneration

    holder = threading.Thread(target=lambda: model.generate(TALKS[0], GenerationOptions(max_tokens=400), hold))
    holder.start()
    assert busy.wait(60)
    until = time.monotonic() + 0.2
    waiting = model.generate(TALKS[1], GenerationOptions(interrupt=lambda: time.monotonic() > until))
    assert waiting.finish_reason == "interrupted"
    go_on.set()
    holder.join(60)
    assert model.generate(TALKS[1], GenerationOptions(max_tokens=3)).completion_tokens == 3


def test_a_failed_step_is_told_to_all_and_forgotten(together: BatchingModel) -> None:
    forward = together._model.network.forward
    together._model.network.forward = lambda **given: 1 / 0
    try:
        with pytest.raises(ModelError, match="failed: ZeroDivisionError"):
            generate_many(together, TALKS[:3], GenerationOptions())
    finally:
        together._model.network.forward = forward
    assert together.generate(TALKS[0], GenerationOptions(max_tokens=3)).completion_tokens == 3


def test_what_cannot_be_padded_is_refused(tiny_folder: Path) -> None:
    model = TransformersModel(tiny_folder, device="cpu", dtype="float32")
    with pytest.raises(ModelError, match="rows is 0"):
        BatchingModel(model, rows=0)
    model.network.config.layer_types = ["full_attention", "linear_attention"]
    with pytest.raises(ModelError, match="cannot write several replies at once"):
        BatchingModel(model)
