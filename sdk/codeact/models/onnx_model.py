"""A local model in 4-bit integers on the CPU, by onnxruntime-genai: for machines without a GPU."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from codeact.errors import ModelError
from codeact.models.local_model import LocalModel
from codeact.models.local_weights import first_lines

INSTALL = 'pip install "codeact[cpu]"'


class OnnxModel(LocalModel):
    """A folder that onnxruntime-genai's model builder made, run on the CPU.

    It writes faster than transformers in float32, and not the same: its weights are rounded. Prompts, sampling, stop
    strings and the state that is kept are those of `TransformersModel`.

    Args:
        folder: with `genai_config.json`, the model and its tokenizer.
        name: how traces and reports call the model; None makes it from the folder.
        threads: CPU threads; one is best where other work runs beside it.

    Raises:
        ModelError: onnxruntime-genai or transformers is missing, or the folder cannot be loaded.
    """

    def __init__(self, folder: str | Path, *, name: str | None = None, threads: int = 1) -> None:
        try:
            import onnxruntime_genai
            import transformers
        except ImportError as error:
            raise ModelError(f"this engine needs onnxruntime-genai: {INSTALL} ({error})") from error
        if threads < 1:
            raise ModelError(f"threads is {threads}; it must be at least 1")
        folder = Path(folder)
        try:
            settings = json.loads((folder / "genai_config.json").read_text())["model"]
            config = onnxruntime_genai.Config(str(folder))
            session = {"intra_op_num_threads": threads, "inter_op_num_threads": 1}
            config.overlay(json.dumps({"model": {"decoder": {"session_options": session}}}))
            self._engine = onnxruntime_genai
            self._model = onnxruntime_genai.Model(config)
            tokenizer = transformers.AutoTokenizer.from_pretrained(str(folder))
            ends = settings["eos_token_id"]
            context = int(settings["context_length"])
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise ModelError(
                f"cannot load {folder}: {first_lines(error)} (give a folder of onnxruntime-genai's model builder)"
            ) from error
        end_tokens = frozenset({*(ends if isinstance(ends, list) else [ends]), tokenizer.eos_token_id} - {None})
        super().__init__(name or f"onnx:{folder.name}", "cpu", tokenizer, end_tokens, context)

    def read(self, tokens: Sequence[int], state: Any) -> Any:
        """Read `tokens` into `state`; return the logits after the last, one a token of the vocabulary."""
        import numpy as np
        import torch

        state.generator.append_tokens(np.asarray(tokens, dtype=np.int32))
        state.length += len(tokens)
        return torch.from_numpy(np.array(state.generator.get_logits()[0, -1]))

    def new_state(self) -> Any:
        """The engine's generator, used for its attention state alone: tokens are chosen here."""
        settings = self._engine.GeneratorParams(self._model)
        settings.set_search_options(max_length=self.context_tokens)
        return _State(self._engine.Generator(self._model, settings))


class _State:
    is_croppable = True

    def __init__(self, generator: Any) -> None:
        self.generator = generator
        self.length = 0

    def crop(self, change: int) -> None:
        """Take `-change` tokens back."""
        if change:
            self.length += change
            self.generator.rewind_to(self.length)
