"""Several conversations that one local model writes at once: one step reads the weights once for all of them.

On a CPU and on small batches of a GPU, a step is limited by reading the weights, not by computing; so several replies
take hardly longer than one. The attention states of the rows lie in one cache, each row at its right end, and what is
left of it is masked. Rows join and leave between two steps.
"""

from __future__ import annotations

from typing import Any

from codeact.errors import ModelError
from codeact.models.device import give_back_memory


class Batch:
    """The rows that are being written, over a causal language model of transformers.

    Methods must be called under `torch.inference_mode()`.

    Raises:
        ModelError: the model keeps another state than keys and values, such as a recurrent one, and cannot be padded.
    """

    def __init__(self, model: Any) -> None:
        from transformers.cache_utils import DynamicCache, DynamicLayer, DynamicSlidingWindowLayer

        kinds = {type(layer) for layer in DynamicCache(config=model.config).layers}
        if other := sorted(kind.__name__ for kind in kinds - {DynamicLayer, DynamicSlidingWindowLayer}):
            raise ModelError(
                f"{type(model).__name__} cannot write several replies at once, because it keeps {', '.join(other)}; "
                "use it without a batch"
            )
        self._model = model
        self._cache: Any = DynamicCache()
        self._lengths: list[int] = []

    def __len__(self) -> int:
        return len(self._lengths)

    def join(self, state: Any) -> None:
        """Take in one conversation as the last row.

        Args:
            state: its `DynamicCache`, made without a config (a sliding window's mask does the rest), of one row.
        """
        length = state.get_seq_length()
        width = max(length, self._width())
        for place, layer in enumerate(state.layers):
            keys, values = _padded(layer.keys, width), _padded(layer.values, width)
            if self._lengths:
                own = self._cache.layers[place]
                own.keys = _joined(own.keys, keys, width)
                own.values = _joined(own.values, values, width)
            else:
                self._cache.update(keys, values, place)
        self._lengths.append(length)

    def leave(self, row: int) -> Any:
        """Take out a row, and return its state. Rows behind it move up by one."""
        import torch
        from transformers import DynamicCache

        length = self._lengths.pop(row)
        state = DynamicCache()
        others = [place for place in range(len(self._lengths) + 1) if place != row]
        kept = torch.tensor(others, device=self._cache.layers[0].keys.device, dtype=torch.long)
        width = self._width()
        for place, layer in enumerate(self._cache.layers):
            state.update(
                layer.keys[row : row + 1, :, -length:].clone(), layer.values[row : row + 1, :, -length:].clone(), place
            )
            if others:
                begin = layer.keys.shape[-2] - width
                layer.keys = layer.keys[:, :, begin:].index_select(0, kept)
                layer.values = layer.values[:, :, begin:].index_select(0, kept)
        if not others:
            self._cache = DynamicCache()
        give_back_memory()
        return state

    def state(self, row: int, length: int) -> Any:
        """A copy of a row's state after its first `length` tokens; the row stays."""
        from transformers import DynamicCache

        state = DynamicCache()
        for place, layer in enumerate(self._cache.layers):
            begin = layer.keys.shape[-2] - self._lengths[row]
            part = (slice(row, row + 1), slice(None), slice(begin, begin + length))
            state.update(layer.keys[part].clone(), layer.values[part].clone(), place)
        return state

    def step(self, tokens: list[int]) -> Any:
        """Read one more token in each row; return the logits after it, of shape (rows, vocabulary)."""
        import torch

        device = self._model.device
        lengths = torch.tensor(self._lengths, device=device)
        places = torch.arange(self._width() + 1, device=device)
        padding = self._width() - lengths
        output = self._model(
            input_ids=torch.tensor(tokens, device=device)[:, None],
            attention_mask=(places[None, :] >= padding[:, None]).long(),
            position_ids=lengths[:, None],
            past_key_values=self._cache,
            use_cache=True,
        )
        self._lengths = [length + 1 for length in self._lengths]
        return output.logits[:, -1]

    def _width(self) -> int:
        return max(self._lengths, default=0)


def _padded(state: Any, width: int) -> Any:
    """Shape (rows, heads, width, size), with zeros on the left."""
    import torch

    return torch.nn.functional.pad(state, (0, 0, width - state.shape[-2], 0))


def _joined(rows: Any, row: Any, width: int) -> Any:
    import torch

    return torch.cat([_padded(rows, width), row])
