"""The model that a run begins with: where it is, and how it is loaded for training."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from codeact.models.device import choose_device, choose_weight_type
from codeact.models.embedded import own_adapter
from codeact.models.local_weights import first_lines, no_progress_bars
from codeact.models.lora import CONFIG, SCALE, WEIGHTS, whole_numbers_scaled
from codeact.training.attention import register_packed_attention
from codeact.training.errors import TrainingError
from codeact.training.options import Method


@dataclass(frozen=True)
class Machine:
    """What a run computes on. `mixed`: matrix products in bfloat16, which the device has in hardware."""

    device: str
    mixed: bool

    @staticmethod
    def choose(device: str | None) -> Machine:
        """`device`, or the best there is.

        Raises:
            ModelError: it is not here.
        """
        chosen = choose_device(device)
        return Machine(chosen, choose_weight_type(chosen) == "bfloat16")


def base_folder(base: str) -> str:
    """Folder or repository of the base that a user named.

    Raises:
        TrainingError: it is neither `embedded-base`, nor a folder, nor `hf:<repository or folder>`.
        ModelError: the embedded model cannot be fetched.
    """
    if base == "embedded-base":
        from codeact.models.embedded import ensure_embedded_model

        return str(ensure_embedded_model())
    if base.startswith("hf:") and len(base) > 3:
        return base[3:]
    if (Path(base) / "config.json").is_file():
        return base
    raise TrainingError(f"no base model is named {base!r}; name embedded-base, a folder, or hf:<repository>")


def load_tokenizer(folder: str) -> Any:
    """The tokenizer of a base.

    Raises:
        TrainingError: it cannot be loaded.
    """
    import transformers

    try:
        return transformers.AutoTokenizer.from_pretrained(folder)
    except (OSError, ValueError, KeyError) as error:
        raise TrainingError(f"cannot load the tokenizer of {folder!r}: {first_lines(error)}") from error


def load_network(folder: str, machine: Machine, method: Method, *, packed: bool = True) -> Any:
    """The weights of a base: in float32 where they are trained themselves, else as they are computed with.

    `packed`: with attention for packed rows, which cannot generate.

    Raises:
        TrainingError: they cannot be loaded.
    """
    import torch
    import transformers

    dtype = torch.bfloat16 if machine.mixed and method == "lora" else torch.float32
    try:
        with no_progress_bars():
            network: Any = transformers.AutoModelForCausalLM.from_pretrained(
                folder, dtype=dtype, attn_implementation=register_packed_attention(machine.device) if packed else "sdpa"
            )
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise TrainingError(f"cannot load the base model {folder!r}: {first_lines(error)}") from error
    return network


def continued(network: Any, adapter: Path) -> Any:
    """The network with an adapter that training goes on with; one in whole numbers goes on in float32.

    Raises:
        TrainingError: it cannot be loaded.
    """
    from peft import PeftModel
    from safetensors import SafetensorError

    folder = own_adapter() if str(adapter) == "embedded" else adapter
    try:
        with TemporaryDirectory(prefix="codeact-adapter-") as scratch:
            return PeftModel.from_pretrained(
                network, str(_in_floats(folder or adapter, Path(scratch))), is_trainable=True
            )
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, SafetensorError) as error:
        raise TrainingError(f"cannot load the adapter {str(adapter)!r}: {first_lines(error)}") from error


def _in_floats(adapter: Path, scratch: Path) -> Path:
    """The adapter, or a copy of it that peft reads."""
    from safetensors import safe_open
    from safetensors.torch import load_file, save_file

    weights = adapter / WEIGHTS
    if not weights.is_file():
        return adapter  # peft reads more kinds than these, and says what it misses
    with safe_open(weights, "pt") as opened:
        if not any(name.endswith(SCALE) for name in opened.keys()):  # noqa: SIM118
            return adapter
    save_file(whole_numbers_scaled(load_file(weights)), scratch / WEIGHTS)
    shutil.copy(adapter / CONFIG, scratch / CONFIG)
    return scratch
