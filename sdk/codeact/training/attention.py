"""Attention within each conversation of a packed row, and not across.

Registered with transformers under the name `PACKED`. On CUDA it is FlashAttention's kernel for sequences of unequal
length, as torch brings it; elsewhere, torch's attention is called once a conversation. Both compute nothing for pairs
of tokens that do not attend to each other.
"""

from __future__ import annotations

import itertools
from typing import Any

PACKED = "codeact_packed"


def register_packed_attention() -> str:
    """Make the attention known to transformers; its name there."""
    import transformers
    from transformers.masking_utils import AttentionMaskInterface

    transformers.AttentionInterface.register(PACKED, packed_attention)
    AttentionMaskInterface.register(PACKED, _no_mask)
    return PACKED


def packed_attention(
    module: Any,
    query: Any,
    key: Any,
    value: Any,
    attention_mask: Any,
    *,
    cu_seq_lens_q: Any,
    max_length_q: int,
    scaling: float | None = None,
    **others: Any,
) -> tuple[Any, None]:
    """Causal attention in each of the sequences of one row.

    Args:
        module: the attention layer.
        query: (1, heads, tokens, size). key, value: (1, fewer heads, tokens, size).
        attention_mask: None.
        cu_seq_lens_q: where each sequence begins, and the row ends; int32. One that begins where it ends is empty.
        max_length_q: the longest sequence's length.
        scaling: of the scores; None: 1 / sqrt(size).
        others: what transformers hands over beside.

    Returns:
        (1, tokens, heads, size), and no weights.
    """
    query, key = query.to(value.dtype), key.to(value.dtype)  # under autocast, rotary embedding leaves them in float32
    groups = query.shape[1] // key.shape[1]
    if groups > 1:
        key, value = key.repeat_interleave(groups, dim=1), value.repeat_interleave(groups, dim=1)
    if query.is_cuda and value.dtype.itemsize == 2:
        return _flash(query, key, value, cu_seq_lens_q, max_length_q, scaling), None
    return _one_by_one(query, key, value, cu_seq_lens_q, scaling), None


def _flash(query: Any, key: Any, value: Any, begins: Any, longest: int, scaling: float | None) -> Any:
    import torch

    queries, keys, values = (each[0].transpose(0, 1).contiguous() for each in (query, key, value))
    mixed = torch.ops.aten._flash_attention_forward(
        queries, keys, values, begins, begins, longest, longest, 0.0, True, False, scale=scaling
    )[0]
    return mixed.unsqueeze(0)


def _one_by_one(query: Any, key: Any, value: Any, begins: Any, scaling: float | None) -> Any:
    import torch

    places = begins.tolist()
    parts = [
        torch.nn.functional.scaled_dot_product_attention(
            query[:, :, begin:end], key[:, :, begin:end], value[:, :, begin:end], is_causal=True, scale=scaling
        )
        for begin, end in itertools.pairwise(places)
        if end > begin
    ]
    return torch.cat(parts, dim=2).transpose(1, 2)


def _no_mask(*arguments: object, **settings: object) -> None:
    """Where attention goes is told by the sequences' places."""
