"""A plain LoRA adapter, merged into the weights it was trained over, without the library that wrote it.

The update of a weight is `scale * B @ A` with scale `alpha / r` (or `alpha / sqrt(r)`: rank-stabilised), after Hu et
al., LoRA, ICLR 2022. What goes beyond that in an adapter's settings is left to peft.

Beside what peft writes, the weights may be 8-bit integers: then each tensor has a second one, `<name>.scale`, with a
float16 factor for each of its rows. `codeact.training.export` writes such adapters.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from codeact.errors import ModelError

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"

_PLAIN = {
    *("auto_mapping", "base_model_name_or_path", "bias", "inference_mode", "init_lora_weights", "lora_alpha"),
    *("lora_dropout", "megatron_core", "peft_type", "peft_version", "qalora_group_size", "r", "revision"),
    *("target_modules", "task_type", "use_rslora"),
}
"""Settings of peft that may be set; any other that is changes what the adapter means."""
_PREFIX = "base_model.model."
SCALE = ".scale"


def is_plain_lora(folder: Path) -> bool:
    """Whether a folder holds an adapter that `merge_lora` understands."""
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return (
        (folder / WEIGHTS).is_file()
        and config.get("peft_type") == "LORA"
        and config.get("bias", "none") == "none"
        and config.get("init_lora_weights", True) in (True, False, "gaussian")
        and isinstance(config.get("target_modules"), list)
        and not any(value for key, value in config.items() if key not in _PLAIN)
    )


def merge_lora(network: Any, folder: Path) -> None:
    """Add an adapter's update to the weights of `network`, in float32, in place.

    Raises:
        ModelError: the adapter is of another network, or incomplete.
    """
    import torch
    from safetensors.torch import load_file

    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    scale = config["lora_alpha"] / (math.sqrt(config["r"]) if config.get("use_rslora") else config["r"])
    tensors = whole_numbers_scaled(load_file(folder / WEIGHTS))
    linear = {name: module for name, module in network.named_modules() if isinstance(module, torch.nn.Linear)}
    targets = [name for name in linear if any(f".{name}".endswith(f".{end}") for end in config["target_modules"])]
    wanted = {f"{_PREFIX}{name}.lora_{side}.weight" for name in targets for side in "AB"}
    if not targets or wanted != tensors.keys():
        odd = sorted(wanted ^ tensors.keys())[:1] or config["target_modules"]
        raise _not_of(network, folder, f"{odd[0]} is not in both")
    embedding = network.get_input_embeddings().weight
    with torch.no_grad():
        for name in targets:
            weight = linear[name].weight
            a, b = (tensors[f"{_PREFIX}{name}.lora_{side}.weight"].float() for side in "AB")
            if (b.shape[0], a.shape[1]) != tuple(weight.shape) or b.shape[1] != a.shape[0]:
                raise _not_of(network, folder, f"{name} has shape {tuple(weight.shape)}")
            if weight is embedding:
                raise _not_of(network, folder, f"{name} shares its weights with the embedding")
            weight.copy_(weight.float() + scale * (b @ a).to(weight.device))


def whole_numbers_scaled(tensors: dict[str, Any]) -> dict[str, Any]:
    """An adapter's tensors with those in 8-bit integers multiplied by the factors of their rows; others as they are."""
    return {
        name: tensor.float() * tensors[name + SCALE].float() if name + SCALE in tensors else tensor
        for name, tensor in tensors.items()
        if not name.endswith(SCALE)
    }


def _not_of(network: Any, folder: Path, why: str) -> ModelError:
    return ModelError(
        f"cannot load the adapter {str(folder)!r} over {type(network).__name__}: {why} "
        "(give a folder that peft's save_pretrained wrote for this base model)"
    )
