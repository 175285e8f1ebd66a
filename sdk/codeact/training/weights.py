"""The folders of a run: what came of it, and its checkpoints."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any


def save_weights(network: Any, tokenizer: Any, folder: Path, base: str) -> None:
    """Write an adapter as peft does; or all weights, with their tokenizer."""
    adapters = getattr(network, "peft_config", None)
    if adapters is not None:
        for adapter in adapters.values():
            adapter.base_model_name_or_path = base
        network.save_pretrained(str(folder), save_embedding_layers=False)
        (folder / "README.md").unlink(missing_ok=True)  # an empty form of a model card
    else:
        network.save_pretrained(str(folder))
        tokenizer.save_pretrained(str(folder))


def last_checkpoint(out: Path) -> Path | None:
    """The newest complete checkpoint. One that a killed run left half written is removed."""
    for folder in sorted((out / "checkpoints").glob("checkpoint-*"), key=step_of, reverse=True):
        try:
            json.loads((folder / "trainer_state.json").read_text(encoding="utf-8"))  # what is written last
        except (OSError, ValueError):
            shutil.rmtree(folder)
            continue
        return folder
    return None


def step_of(checkpoint: Path) -> int:
    return int(checkpoint.name.rpartition("-")[2])
