"""LoRA adapters that are merged without peft, and the embedded model's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from codeact.errors import ModelError
from codeact.models import GenerationOptions, Message, TransformersModel, embedded, load_model
from codeact.models.lora import is_plain_lora

TALK = [Message("user", "hello")]
OPTIONS = GenerationOptions(max_tokens=20)
CONFIG = {"peft_type": "LORA", "r": 2, "lora_alpha": 4, "target_modules": ["q_proj", "down_proj"], "bias": "none"}
SIZES = {"self_attn.q_proj": (32, 32), "mlp.down_proj": (32, 64)}


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    """A small random one for the tiny model, as peft writes it."""
    return write(tmp_path / "mine")


def write(folder: Path, **changes: Any) -> Path:
    import torch
    from safetensors.torch import save_file

    random = torch.Generator().manual_seed(0)
    tensors = {}
    for layer in range(2):
        for name, (out, into) in SIZES.items():
            start = f"base_model.model.model.layers.{layer}.{name}.lora_"
            tensors[f"{start}A.weight"] = torch.randn(2, into, generator=random).half()
            tensors[f"{start}B.weight"] = torch.randn(out, 2, generator=random).half()
    folder.mkdir()
    save_file(tensors, folder / "adapter_model.safetensors")
    (folder / "adapter_config.json").write_text(json.dumps(CONFIG | changes))
    return folder


def change(folder: Path, name: str, weight: Any) -> None:
    from safetensors.torch import load_file, save_file

    tensors = load_file(folder / "adapter_model.safetensors")
    key = next(key for key in tensors if name in key)
    if weight is None:
        del tensors[key]
    else:
        tensors[key] = weight
    save_file(tensors, folder / "adapter_model.safetensors")


@pytest.mark.parametrize("stabilised", [False, True])
def test_it_is_merged_as_peft_does(tiny_folder: Path, tmp_path: Path, stabilised: bool) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    folder = write(tmp_path / "mine", use_rslora=stabilised)
    base = AutoModelForCausalLM.from_pretrained(tiny_folder, dtype=torch.float32)
    theirs: Any = PeftModel.from_pretrained(base, str(folder)).merge_and_unload()  # type: ignore[operator]
    ours = TransformersModel(tiny_folder, device="cpu", dtype="float32", adapter=folder).network
    for (name, one), other in zip(theirs.named_parameters(), ours.parameters(), strict=True):
        assert torch.allclose(one, other, atol=1e-5), name


def test_peft_is_not_needed(tiny_folder: Path, adapter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib.util import find_spec

    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "peft" else find_spec(name))
    assert TransformersModel(tiny_folder, device="cpu", adapter=adapter).generate(TALK, OPTIONS).text


@pytest.mark.parametrize(
    "changes",
    [
        {"use_dora": True},
        {"modules_to_save": ["lm_head"]},
        {"bias": "all"},
        {"init_lora_weights": "pissa"},
        {"target_modules": ".*q_proj"},
        {"rank_pattern": {"q_proj": 4}},
        {"peft_type": "IA3"},
    ],
)
def test_more_than_plain_is_left_to_peft(tmp_path: Path, changes: dict[str, Any]) -> None:
    assert is_plain_lora(write(tmp_path / "plain"))
    assert not is_plain_lora(write(tmp_path / "more", **changes))


@pytest.mark.parametrize(("name", "size"), [("q_proj.lora_A", None), ("q_proj.lora_A", (2, 31)), ("lora_B", (32, 3))])
def test_one_of_another_base_is_refused(
    tiny_folder: Path, adapter: Path, name: str, size: tuple[int, int] | None
) -> None:
    import torch

    change(adapter, name, None if size is None else torch.zeros(size))
    with pytest.raises(ModelError, match=r"cannot load the adapter .*q_proj|cannot load the adapter .*down_proj"):
        TransformersModel(tiny_folder, device="cpu", adapter=adapter)


def test_the_embedded_model_has_its_own_and_prefers_short_stubs(
    tiny_folder: Path, adapter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "ensure_embedded_model", lambda: tiny_folder)
    monkeypatch.setattr(embedded, "ADAPTER", adapter)

    def said(name: str) -> tuple[str, str, str]:
        model: Any = load_model(name)
        return model.name, model.stubs, model.generate(TALK, OPTIONS).text

    ours, base = said("embedded?dtype=float32"), said("embedded-base?dtype=float32")
    assert ours[:2] == ("embedded", "short")
    assert base[:2] == ("embedded-base", "full")
    assert ours[2] == said(f"hf:{tiny_folder}?dtype=float32&adapter={adapter}")[2] != base[2]
    other = write(tmp_path / "other", lora_alpha=1)
    assert said(f"embedded?dtype=float32&adapter={other}")[:2] == ("embedded+other", "short")
    assert getattr(load_model("embedded?rows=2"), "stubs", "") == "short"
    monkeypatch.setattr(embedded, "ADAPTER", tmp_path / "nothing")
    assert said("embedded?dtype=float32") == ("embedded", "full", base[2])
