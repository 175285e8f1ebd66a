"""Any causal language model that the transformers library loads, run in this process."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

from codeact.errors import ModelError
from codeact.models.device import WeightType, choose_device, choose_weight_type, limit_threads
from codeact.models.local_model import LocalModel
from codeact.models.local_weights import Quantization, load_weights, rounds_itself

MULTIPLE = 32
"""Tokens. In bfloat16 on a CPU torch keeps kernels, some 2 MB, for every number of tokens that was ever read at once;
so prompts are padded to a multiple of this there, and there are few such numbers."""


class TransformersModel(LocalModel):
    """A local model: a hub repository or a folder, on CUDA, Metal or the CPU.

    Conversations are written by the model's own chat template; text in messages is never read as a control token. The
    attention state of the last prompt is kept, so that a conversation that goes on reads only what is new. One
    generation runs at a time; other threads wait. Code from a repository is never executed.

    Args:
        name_or_path: hub repository (`HuggingFaceTB/SmolLM2-1.7B-Instruct`) or folder.
        device: `cuda`, `cuda:<number>`, `mps` or `cpu`; None takes the best there is.
        dtype: `bfloat16`, `float16` or `float32`; None takes what the device is fastest with.
        name: how traces and reports call the model; None makes it from `name_or_path`.
        threads: CPU threads for the whole process; None: `OMP_NUM_THREADS`, or all CPUs but one.
        adapter: a LoRA adapter over the model, a folder or repository as peft writes it.
        quantization: `4bit` or `8bit` weights, by bitsandbytes or torchao; `8bit` on a CPU needs neither.

    Raises:
        ModelError: torch, transformers or another library is missing, the model or its adapter is not found or cannot
            be loaded, or the device is not here.
    """

    def __init__(
        self,
        name_or_path: str | Path,
        device: str | None = None,
        dtype: str | None = None,
        *,
        name: str | None = None,
        threads: int | None = None,
        adapter: str | Path | None = None,
        quantization: Quantization | None = None,
    ) -> None:
        device = choose_device(device)
        self.dtype: WeightType = _weight_type(dtype) if dtype else choose_weight_type(device)
        if rounds_itself(quantization, device):
            if dtype not in (None, "float32"):
                raise ModelError(f"8bit weights on a CPU compute in float32, and dtype is {dtype!r}; leave it out")
            self.dtype = "float32"
        if device == "cpu":
            limit_threads(threads)
        self.network, tokenizer = load_weights(
            str(name_or_path), device, self.dtype, None if adapter is None else str(adapter), quantization
        )
        self._keeps_last_only = "logits_to_keep" in inspect.signature(self.network.forward).parameters
        context: int | None = getattr(self.network.config.get_text_config(), "max_position_embeddings", None)
        name = name or _name(name_or_path, adapter, quantization)
        super().__init__(name, device, tokenizer, _end_tokens(self.network, tokenizer), context)

    def read(self, tokens: Sequence[int], state: Any) -> Any:
        """Read `tokens` into `state`, a cache of transformers for one row; return the logits after the last."""
        import torch

        padding = self._padding(len(tokens), state)
        given = torch.tensor([[*tokens, *[tokens[-1]] * padding]], device=self.device)
        kept: dict[str, Any] = {}
        if self._keeps_last_only:
            kept["logits_to_keep"] = torch.tensor([len(tokens) - 1]) if padding else 1
        logits = self.network(input_ids=given, past_key_values=state, use_cache=True, **kept).logits[0]
        if padding:
            state.crop(-padding)
        return logits[-1 if self._keeps_last_only else len(tokens) - 1]

    def _padding(self, length: int, state: Any) -> int:
        """How many tokens to add behind so many, where that keeps memory small. No token looks at those behind it."""
        if length == 1 or self.device != "cpu" or self.dtype != "bfloat16":
            return 0
        padding = -length % MULTIPLE
        if not self.can_crop(state, length + padding):
            return 0
        end = state.get_seq_length() + length + padding
        return padding if self.context_tokens is None or end <= self.context_tokens else 0  # no position lies beyond

    def can_crop(self, state: Any, more: int = 0) -> bool:
        """Whether tokens can be taken back from a state, without a trace, once so many more were read into it."""
        return state is not None and all(_can_crop(layer, more) for layer in state.layers)

    def new_state(self) -> Any:
        """An empty cache of transformers, of the kinds of layers that the model has."""
        from transformers import DynamicCache

        return DynamicCache(config=self.network.config)


def _can_crop(layer: Any, more: int) -> bool:
    from transformers.cache_utils import DynamicSlidingWindowLayer

    if type(layer) is DynamicSlidingWindowLayer:  # what has left the window is gone, whatever `is_croppable` says
        return bool(layer.get_seq_length() + more < layer.sliding_window)
    return bool(layer.is_croppable and not hasattr(layer, "record_past"))  # others that forget


def _end_tokens(model: Any, tokenizer: Any) -> frozenset[int]:
    """Tokens that end a reply. A model's generation settings name one, several or none."""
    named = getattr(model.generation_config, "eos_token_id", None)
    ends = set(named if isinstance(named, list | tuple) else [named])
    return frozenset(end for end in (*ends, tokenizer.eos_token_id) if end is not None)


def _weight_type(name: str) -> WeightType:
    for known in get_args(WeightType):
        if name == known:
            return known  # type: ignore[no-any-return]
    raise ModelError(f"unknown dtype {name!r}; one of {', '.join(get_args(WeightType))}")


def _name(name_or_path: str | Path, adapter: str | Path | None, quantization: str | None) -> str:
    parts = [Path(part).name if Path(part).is_dir() else str(part) for part in (name_or_path, adapter) if part]
    return f"hf:{'+'.join(parts)}{f'@{quantization}' if quantization else ''}"
