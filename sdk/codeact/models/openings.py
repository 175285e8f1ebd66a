"""The attention states of system prompts, kept so that conversations that begin alike need not read them again."""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

SHORTEST = 64
"""Tokens of a system prompt below which nothing is kept."""


class Openings:
    """The states after the last few system prompts, the least used ones forgotten first.

    A model reads a system prompt apart from what follows, whether its state is kept or not; so a reply is the same to
    the last bit, whatever was kept.

    Args:
        most: states. most_bytes: of all of them together; one that is larger is not kept.
    """

    def __init__(self, most: int = 4, most_bytes: int = 256_000_000) -> None:
        self._most, self._most_bytes = most, most_bytes
        self._kept: OrderedDict[tuple[str | None, tuple[int, ...]], Any] = OrderedDict()

    def find(self, tokens: Sequence[int], adapter: str | None = None) -> Any:
        """A state of one's own after these tokens, read with that adapter; None where none is kept."""
        key = adapter, tuple(tokens)
        state = self._kept.get(key)
        if state is None:
            return None
        self._kept.move_to_end(key)
        return copy.deepcopy(state)

    def keep(self, tokens: Sequence[int], state: Any, adapter: str | None = None) -> None:
        """Keep a copy of the state after these tokens, if it is one of keys and values."""
        if not 0 < _bytes_of(state) <= self._most_bytes:
            return
        self._kept[adapter, tuple(tokens)] = copy.deepcopy(state)
        while len(self._kept) > self._most or sum(map(_bytes_of, self._kept.values())) > self._most_bytes:
            self._kept.popitem(last=False)


def _bytes_of(state: Any) -> int:
    """0 for a state that is not one of keys and values alone."""
    layers = getattr(state, "layers", ())
    tensors = [getattr(layer, name, None) for layer in layers for name in ("keys", "values")]
    return 0 if any(tensor is None for tensor in tensors) else sum(tensor.nbytes for tensor in tensors)  # type: ignore[union-attr]
