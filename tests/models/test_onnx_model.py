"""A model in 4-bit integers, where onnxruntime-genai is installed; and what is said where it is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from codeact.errors import ModelError
from codeact.models import GenerationOptions, Message, OnnxModel, check_model, load_model
from codeact.models.embedded import _build_onnx

TALK = [Message("user", "Name three colours.")]


def test_a_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from importlib.util import find_spec

    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name.startswith("onnx") else find_spec(name))
    with pytest.raises(ModelError, match=r"needs onnxruntime_genai and onnx and onnx_ir: pip install .codeact\[cpu\]"):
        load_model("embedded?engine=onnxruntime")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("embedded?engine=steam", "unknown engine 'steam'; one of onnxruntime, transformers"),
        ("embedded?engine=onnxruntime&rows=4", "the engine onnxruntime has no 'rows'"),
        ("hf:folder?engine=onnxruntime", "no option is called 'engine'"),
    ],
)
def test_other_engines_are_refused(name: str, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        load_model(name)


@pytest.fixture(scope="module")
def model(tiny_builder: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Any:
    pytest.importorskip("onnxruntime_genai")
    pytest.importorskip("onnx_ir")
    folder = tmp_path_factory.mktemp("onnx")
    weights = tiny_builder(tmp_path_factory.mktemp("weights"), heads=2)  # of 16 numbers, as the engine asks for
    _build_onnx(folder, weights=weights, adapter=None)
    return OnnxModel(folder, name="tiny-int4")


def test_it_does_what_a_model_must_do(model: Any) -> None:
    assert (model.name, model.context_tokens) == ("tiny-int4", 512)
    assert check_model(model, max_tokens=6) == []


def test_the_next_turn_reads_only_what_is_new(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    options = GenerationOptions(max_tokens=6)
    first = model.generate(TALK, options)
    talk = [*TALK, Message("assistant", first.text), Message("user", "Go on.")]
    read: list[int] = []
    usual = model.read
    monkeypatch.setattr(model, "read", lambda tokens, state: read.append(len(tokens)) or usual(tokens, state))
    continued = model.generate(talk, options)
    assert read[0] < continued.prompt_tokens - first.prompt_tokens + 5
    model._forget()
    read.clear()
    fresh = model.generate(talk, options)
    assert read[0] == fresh.prompt_tokens
    assert continued.prompt_tokens == fresh.prompt_tokens
