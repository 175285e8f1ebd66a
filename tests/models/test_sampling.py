"""The next token is chosen as transformers' own `generate` would choose it."""

from __future__ import annotations

from typing import Any

import pytest

from codeact.errors import ModelError
from codeact.models import GenerationOptions
from codeact.models.sampling import chooser


def _seen(options: dict[str, Any], probabilities: list[float], tokens: tuple[int, ...] = (0,)) -> set[int]:
    import torch

    logits = torch.tensor(probabilities).log()
    choose = chooser(GenerationOptions(temperature=1.0, seed=0, **options))
    return {choose(logits, tokens) for _ in range(400)}


def test_what_is_too_unlikely_is_left_out() -> None:
    likely = [0.5, 0.3, 0.15, 0.05]
    assert _seen({}, likely) == {0, 1, 2, 3}
    assert _seen({"top_k": 2}, likely) == {0, 1}
    assert _seen({"top_p": 0.7}, likely) == {0, 1}
    assert _seen({"min_p": 0.2}, likely) == {0, 1, 2}
    assert _seen({"min_p": 0.2, "top_k": 2}, likely) == {0, 1}


def test_what_was_there_already_is_less_likely_at_temperature_zero_too() -> None:
    import torch

    logits = torch.tensor([2.0, 1.9, 0.0])
    assert chooser(GenerationOptions())(logits, [0]) == 0
    assert chooser(GenerationOptions(repetition_penalty=1.2))(logits, [0]) == 1
    assert chooser(GenerationOptions(repetition_penalty=1.2))(logits, [2]) == 0
    assert logits.tolist() == torch.tensor([2.0, 1.9, 0.0]).tolist(), "the model's own values stay as they are"


def test_a_reply_is_that_of_transformers_with_the_same_penalty(tiny_model: Any) -> None:
    import torch

    from codeact.models import Message

    talk = [Message("user", "hello")]
    ids = torch.tensor([tiny_model._prompt.encode(talk)])
    expected = tiny_model.network.generate(
        ids, attention_mask=torch.ones_like(ids), max_new_tokens=20, do_sample=False, repetition_penalty=1.8
    )
    text = tiny_model._tokenizer.decode(expected[0, ids.shape[1] :], skip_special_tokens=True)
    reply = tiny_model.generate(talk, GenerationOptions(max_tokens=20, repetition_penalty=1.8))
    assert reply.text == text
    assert reply.text != tiny_model.generate(talk, GenerationOptions(max_tokens=20)).text


@pytest.mark.parametrize(
    ("option", "value"),
    [("top_p", 0.0), ("top_p", 1.1), ("top_k", -1), ("min_p", 1.0), ("min_p", -0.1), ("repetition_penalty", 0.0)],
)
def test_values_out_of_range_are_refused(option: str, value: float) -> None:
    with pytest.raises(ModelError, match=f"{option} is {value}; it must be"):
        GenerationOptions(**{option: value})  # type: ignore[arg-type]
