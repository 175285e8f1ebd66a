"""Replies to many conversations at once, whatever the model."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from codeact.errors import ModelError
from codeact.models.protocol import Completion, GenerationOptions, Message, Model


def generate_many(
    model: Model,
    conversations: Sequence[Sequence[Message]],
    options: GenerationOptions | Sequence[GenerationOptions],
    *,
    at_once: int = 16,
) -> list[Completion]:
    """One reply to each conversation, in their order.

    Each is asked for by a thread of its own, which pays with a `BatchingModel` and with servers; other local models
    answer one after the other.

    Args:
        model: any model.
        conversations: what to reply to. options: for all, or one for each.
        at_once: at most so many are asked for at the same time.

    Raises:
        ModelError: the numbers do not fit, or a reply failed; then those that have not begun are given up.
    """
    each = [options] * len(conversations) if isinstance(options, GenerationOptions) else list(options)
    if len(each) != len(conversations):
        raise ModelError(f"there are {len(conversations)} conversations and {len(each)} options; give one for each")
    if at_once < 1:
        raise ModelError(f"at_once is {at_once}; it must be at least 1")
    with ThreadPoolExecutor(at_once, thread_name_prefix="generate") as pool:
        replies = [
            pool.submit(model.generate, messages, wanted) for messages, wanted in zip(conversations, each, strict=True)
        ]
        try:
            return [reply.result() for reply in replies]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
