"""Load a causal language model of transformers: weights, tokenizer, a LoRA adapter, fewer bits a weight."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from codeact.errors import ModelError
from codeact.models.device import WeightType
from codeact.models.lora import is_plain_lora, merge_lora

Quantization = Literal["4bit", "8bit"]


def load_weights(
    name_or_path: str,
    device: str,
    dtype: WeightType,
    adapter: str | None = None,
    quantization: Quantization | None = None,
) -> tuple[Any, Any]:
    """The network, ready to run, and its tokenizer.

    Args:
        name_or_path: hub repository or folder.
        device: where it runs. dtype: of the weights, or of what is computed with where they are quantized.
        adapter: folder or repository of a LoRA adapter (peft). It is merged into the weights, and then costs nothing;
            over weights that another library quantized it stays apart. A tokenizer in its folder takes the place of the
            base model's.
        quantization: bits a weight: `8bit` on a CPU by torch itself, else by bitsandbytes or, without it, torchao.

    Raises:
        ModelError: torch, transformers or a library for what was asked is missing, or something cannot be loaded.
    """
    torch, transformers = libraries()
    extra: dict[str, Any] = {}
    rounded = rounds_itself(quantization, device)
    if rounded:
        quantization = None
    if quantization is not None:
        extra = {"quantization_config": _quantization(quantization, getattr(torch, dtype)), "device_map": device}
    plain = adapter is not None and quantization is None and is_plain_lora(Path(adapter))
    if adapter is not None and not plain and importlib.util.find_spec("peft") is None:
        raise ModelError("an adapter needs peft: pip install peft, or codeact[train]")
    own = adapter is not None and (Path(adapter) / "tokenizer_config.json").is_file()
    with loading(f"the model {name_or_path!r}"):
        tokenizer = transformers.AutoTokenizer.from_pretrained(adapter if own else name_or_path)
        network = transformers.AutoModelForCausalLM.from_pretrained(name_or_path, dtype=getattr(torch, dtype), **extra)
    if plain:
        merge_lora(network, Path(str(adapter)))
    elif adapter is not None:
        network = _with_adapter(network, adapter, merge=quantization is None)
    if quantization is None:
        network = network.to(device)
    if rounded:
        from codeact.models.int8_on_cpu import round_weights

        round_weights(network)
    return network.eval(), tokenizer


def libraries() -> tuple[Any, Any]:
    """torch and transformers.

    Raises:
        ModelError: one of them is not installed.
    """
    try:
        import torch
        import transformers
    except ImportError as error:
        raise ModelError(
            f'a local model needs torch and transformers: pip install "codeact[local]" ({error})'
        ) from error
    return torch, transformers


@contextmanager
def loading(what: str) -> Iterator[None]:
    """While transformers loads something: no progress bars on the terminal, and its errors as ours.

    Raises:
        ModelError: it cannot load `what`.
    """
    try:
        with no_progress_bars():
            yield
    except (OSError, ValueError, RuntimeError, KeyError, ImportError) as error:
        raise ModelError(
            f"cannot load {what}: {first_lines(error)} "
            "(give a folder that save_pretrained wrote, or a repository of the hub)"
        ) from error


def rounds_itself(quantization: Quantization | None, device: str) -> bool:
    """Whether the weights are rounded here, with no other library than torch; what is computed is float32 then."""
    return quantization == "8bit" and device == "cpu"


def _with_adapter(network: Any, adapter: str, *, merge: bool) -> Any:
    from peft import PeftModel

    try:
        with warnings.catch_warnings():  # peft warns of weights that the file has not, and goes on with random ones
            warnings.filterwarnings("error", message="Found missing adapter keys")
            adapted: Any = PeftModel.from_pretrained(network, adapter)
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, UserWarning) as error:
        raise ModelError(
            f"cannot load the adapter {adapter!r} over {type(network).__name__}: {first_lines(error)} "
            "(give a folder that peft's save_pretrained wrote for this base model)"
        ) from error
    return adapted.merge_and_unload() if merge else adapted


def _quantization(wanted: str, compute: Any) -> Any:
    import transformers as partly_typed

    transformers: Any = partly_typed
    if wanted not in ("4bit", "8bit"):
        raise ModelError(f"unknown quantization {wanted!r}; one of 4bit, 8bit")
    if importlib.util.find_spec("bitsandbytes") is not None:
        if wanted == "4bit":
            return transformers.BitsAndBytesConfig(
                load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=compute
            )
        return transformers.BitsAndBytesConfig(load_in_8bit=True)
    if importlib.util.find_spec("torchao") is not None:
        from torchao import quantization  # type: ignore[import-not-found, unused-ignore]

        kind = quantization.Int4WeightOnlyConfig() if wanted == "4bit" else quantization.Int8WeightOnlyConfig()
        return transformers.TorchAoConfig(quant_type=kind)
    raise ModelError(f"{wanted} weights need bitsandbytes or torchao: pip install bitsandbytes")


def first_lines(error: BaseException) -> str:
    """What an error of another library says, short enough for a message."""
    return " ".join(str(error).split())[:500]


@contextmanager
def no_progress_bars() -> Iterator[None]:
    """Keep transformers' progress bars off the terminal."""
    from transformers.utils import logging as typed_in_part

    logging: Any = typed_in_part
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()
