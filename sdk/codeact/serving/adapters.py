"""Several LoRA adapters over one base model: each row of a batch is written with its own."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from codeact.errors import ModelError
from codeact.models.local_weights import first_lines

BASE = "__base__"  # peft's word for a row without an adapter


class AdaptedNetwork:
    """A causal language model with adapters beside its weights. `names` says with which each row is written.

    Raises:
        ModelError: peft is missing, or an adapter cannot be loaded over this model.
    """

    def __init__(self, network: Any, adapters: Mapping[str, str]) -> None:
        try:
            from peft import PeftModel
        except ImportError as error:
            raise ModelError("an adapter needs peft: pip install peft, or codeact[train]") from error
        adapted: Any = None
        for name, folder in adapters.items():
            try:
                with warnings.catch_warnings():  # peft warns of weights that are missing, and goes on with random ones
                    warnings.filterwarnings("error", message="Found missing adapter keys")
                    if adapted is None:
                        adapted = PeftModel.from_pretrained(network, folder, adapter_name=name)
                    else:
                        adapted.load_adapter(folder, adapter_name=name)
            except (OSError, ValueError, RuntimeError, KeyError, TypeError, UserWarning) as error:
                raise ModelError(
                    f"cannot load the adapter {name}={folder} over {type(network).__name__}: {first_lines(error)} "
                    "(give a folder that peft's save_pretrained wrote for this base model)"
                ) from error
        self._network = adapted.eval()
        self.config = network.config
        self.generation_config = network.generation_config
        self.names: Sequence[str | None] = ()

    @property
    def device(self) -> Any:
        return self._network.device

    def __call__(self, **inputs: Any) -> Any:
        """Shape of `input_ids`: (rows, tokens), with one name a row."""
        return self._network(**inputs, adapter_names=[name or BASE for name in self.names])
