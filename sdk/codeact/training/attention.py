"""Attention within each conversation of a packed row, and to the opening that it shares with others, but not across.

Registered with transformers under the name `PACKED`. On CUDA it is FlashAttention's kernel for sequences of unequal
length, as torch brings it; elsewhere, torch's attention is called once a conversation. Both compute nothing for pairs
of tokens that do not attend to each other.
"""

from __future__ import annotations

import functools
from typing import Any

from codeact.models.cache import say
from codeact.models.local_weights import first_lines

PACKED = "codeact_packed"


def register_packed_attention(device: str = "cpu") -> str:
    """Make the attention known to transformers; its name there.

    On a CUDA device the kernel is held against torch's attention first. Where it does not work, conversations are taken
    one by one, and stderr says so.
    """
    import transformers
    from transformers.masking_utils import AttentionMaskInterface

    problem = _flash_problem(device) if device.startswith("cuda") else None
    if problem:
        say(f"FlashAttention's kernel does not work here ({problem}): attending one conversation at a time is slower")
    flash = device.startswith("cuda") and not problem
    transformers.AttentionInterface.register(PACKED, functools.partial(packed_attention, flash=flash))
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
    key_places: Any = None,
    cu_seq_lens_k: Any = None,
    scaling: float | None = None,
    flash: bool = False,
    **others: Any,
) -> tuple[Any, None]:
    """Causal attention in each of the sequences of one row.

    Args:
        module: the attention layer.
        query: (1, heads, tokens, size). key, value: (1, fewer heads, tokens, size).
        attention_mask: None.
        cu_seq_lens_q: where each sequence begins, and the row ends; int32. One that begins where it ends is empty.
        max_length_q: the longest sequence's length, what it shares with others included.
        key_places, cu_seq_lens_k: where sequences share a beginning, the places that each attends to, its own last, one
            sequence after the other, and where each begins among them; None: each attends to itself alone.
        scaling: of the scores; None: 1 / sqrt(size).
        flash: whether to use the kernel for sequences of unequal length.
        others: what transformers hands over beside.

    Returns:
        (1, tokens, heads, size), and no weights.
    """
    query, key = query.to(value.dtype), key.to(value.dtype)  # under autocast, rotary embedding leaves them in float32
    groups = query.shape[1] // key.shape[1]
    if groups > 1:
        key, value = key.repeat_interleave(groups, dim=1), value.repeat_interleave(groups, dim=1)
    begins, key_begins = cu_seq_lens_q, cu_seq_lens_q
    if key_places is not None:
        key, value, key_begins = key[:, :, key_places], value[:, :, key_places], cu_seq_lens_k
    if flash and value.dtype.itemsize == 2:
        return _flash(query, key, value, begins, key_begins, max_length_q, scaling), None
    return _one_by_one(query, key, value, begins, key_begins, scaling), None


def _flash(query: Any, key: Any, value: Any, begins: Any, key_begins: Any, longest: int, scaling: float | None) -> Any:
    import torch

    queries, keys, values = (each[0].transpose(0, 1).contiguous() for each in (query, key, value))
    mixed = torch.ops.aten._flash_attention_forward(
        queries, keys, values, begins, key_begins, longest, longest, 0.0, True, False, scale=scaling
    )[0]
    return mixed.unsqueeze(0)


def _one_by_one(query: Any, key: Any, value: Any, begins: Any, key_begins: Any, scaling: float | None) -> Any:
    import torch

    lengths, key_lengths = begins.diff().tolist(), key_begins.diff().tolist()
    # Split in one, for the gradient of each single slice would be as long as the row.
    split = zip(
        query.split(lengths, dim=2), key.split(key_lengths, dim=2), value.split(key_lengths, dim=2), strict=True
    )
    parts = []
    for (queries, keys, values), length, attended in zip(split, lengths, key_lengths, strict=True):
        if not length:
            continue
        before = attended - length  # what is attended to by all of the sequence
        mask = torch.ones(length, attended, dtype=torch.bool, device=query.device).tril(before) if before else None
        parts.append(
            torch.nn.functional.scaled_dot_product_attention(
                queries, keys, values, attn_mask=mask, is_causal=not before, scale=scaling
            )
        )
    return torch.cat(parts, dim=2).transpose(1, 2)


def _flash_problem(device: str) -> str | None:
    """Why the kernel cannot be used: it raises, or gives other values or gradients than torch's attention."""
    import torch

    begins = torch.tensor([0, 5, 12, 12, 40], dtype=torch.int32, device=device)
    key_begins = torch.tensor([0, 5, 17, 17, 45], dtype=torch.int32, device=device)
    places = torch.tensor([*range(5), *range(12), *range(12, 40)], device=device)  # the second shares the first
    given = [torch.randn(1, 4, 40, 64, device=device, dtype=torch.bfloat16, requires_grad=True) for _ in range(3)]
    try:
        query, key, value = given
        keys, values = key[:, :, places], value[:, :, places]
        both = [
            _flash(query, keys, values, begins, key_begins, 28, None),
            _one_by_one(query, keys, values, begins, key_begins, None),
        ]
        gradients = [torch.autograd.grad(mixed.float().square().sum(), given) for mixed in both]
    except (RuntimeError, TypeError, NotImplementedError, AttributeError) as error:
        return first_lines(error)
    pairs = [(both[0], both[1]), *zip(*gradients, strict=True)]
    worst = max(float(((one - other).abs().max() / other.abs().max()).float()) for one, other in pairs)
    return None if worst < 0.05 else f"it is off by {worst:.0%}"


def _no_mask(*arguments: object, **settings: object) -> None:
    """Where attention goes is told by the sequences' places."""
