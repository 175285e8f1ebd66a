"""In bfloat16 on a CPU prompts are read in few sizes, and nobody can tell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from codeact.models import BatchingModel, GenerationOptions, Message, TransformersModel


@pytest.fixture
def model(tiny_folder: Path) -> TransformersModel:
    return TransformersModel(tiny_folder, device="cpu", dtype="bfloat16")


@pytest.fixture
def sizes(model: TransformersModel) -> list[int]:
    """How many tokens the network was given, each time."""
    seen: list[int] = []
    network: Any = model.network
    network.register_forward_pre_hook(
        lambda module, given, named: seen.append(named["input_ids"].shape[1]), with_kwargs=True
    )
    return seen


@pytest.mark.parametrize("rows", [1, 2])
def test_prompts_of_any_length_are_read_in_few_sizes(model: TransformersModel, sizes: list[int], rows: int) -> None:
    asked: Any = model if rows == 1 else BatchingModel(model, rows)
    for length in range(1, 100, 7):
        talk = [Message("user", "a" * length)]
        talk += [Message("assistant", asked.generate(talk, GenerationOptions(max_tokens=3)).text), Message("user", "b")]
        asked.generate(talk, GenerationOptions(max_tokens=3))
    assert 1 in sizes
    assert len(set(sizes)) < 8
    assert all(size == 1 or size % 32 == 0 for size in sizes)


def test_what_is_read_is_the_same(model: TransformersModel, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    def read() -> tuple[Any, Any]:
        with torch.inference_mode():
            state = model.new_state()
            model.read(range(40), state)
            logits = model.read(range(3, 20), state)
            assert state.get_seq_length() == 57
            return logits, model.read([7], state)

    padded = read()
    monkeypatch.setattr("codeact.models.transformers_model.MULTIPLE", 1)
    for ours, plain in zip(padded, read(), strict=True):
        assert ours.argmax() == plain.argmax()
        torch.testing.assert_close(ours, plain, rtol=0.05, atol=0.5)  # the weights of its last layer are large


def test_nothing_is_read_beyond_the_context(model: TransformersModel, sizes: list[int]) -> None:
    import torch

    model.context_tokens = 71
    state = model.new_state()
    with torch.inference_mode():
        for length in (40, 30):
            model.read(range(length), state)
    assert sizes == [64, 30]
    assert state.get_seq_length() == 70


def test_in_float32_nothing_is_added(tiny_folder: Path) -> None:
    model = TransformersModel(tiny_folder, device="cpu", dtype="float32")
    assert model._padding(40, model.new_state()) == 0
