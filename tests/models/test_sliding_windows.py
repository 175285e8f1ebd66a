"""Models whose tokens look back only so far: what has left the window cannot be had again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from codeact.models import GenerationOptions, Message, TransformersModel

FEW = GenerationOptions(max_tokens=3)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("first", [4, 60])
def test_a_conversation_goes_on_beyond_the_window(
    tiny_builder: Callable[..., Path], tmp_path: Path, dtype: str, first: int
) -> None:
    folder = tiny_builder(tmp_path, window=48)
    model = TransformersModel(folder, device="cpu", dtype=dtype)
    talk = [Message("user", "a" * first)]
    talk += [Message("assistant", model.generate(talk, FEW).text), Message("user", "b" * 40)]
    text = model.generate(talk, FEW).text
    assert text == model.generate(talk, FEW).text
    assert text == TransformersModel(folder, device="cpu", dtype=dtype).generate(talk, FEW).text
