"""Conversations to tokens, to the token as a model reads and writes them at inference.

Each reply is learnt with the mark that ends it. Where a reply of an agent ends in `</execute>`, the agent stops reading
there and the mark is never asked for; the model learns both ends all the same.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

from codeact.models.chat_prompt import ChatPrompt
from codeact.models.protocol import Message
from codeact.training.conversations import Conversation
from codeact.training.errors import TrainingError

MANY = 1000
"""Conversations above which the work is shared among processes."""


@dataclass(frozen=True)
class Example:
    """A conversation as tokens.

    Attributes:
        tokens: of the whole of it, up to the end mark of the last reply.
        learnt: beginnings and ends of the parts to learn, as places in `tokens`.
        opening: tokens of its system message, whatever follows; 0 for none.
    """

    tokens: list[int]
    learnt: list[tuple[int, int]]
    opening: int = 0

    @property
    def learnt_tokens(self) -> int:
        """How many tokens are learnt."""
        return sum(end - begin for begin, end in self.learnt)


class Encoder:
    """Encodes conversations for one tokenizer.

    Raises:
        TrainingError: the tokenizer has no chat template, or one whose replies cannot be told apart.
    """

    def __init__(self, tokenizer: Any) -> None:
        if not tokenizer.chat_template:
            raise TrainingError("the base model has no chat template, so it is not known where its replies end")
        self._prompt = ChatPrompt(tokenizer)
        self._end = tokenizer.eos_token_id
        self._before_reply = _common_end(*(self._prompt.encode([Message("user", letter)]) for letter in "az"))
        if self._end is None or self._end not in self._prompt.encode([Message("user", "a"), Message("assistant", "b")]):
            raise TrainingError("the base model's chat template does not end replies by the tokenizer's end token")

    def encode(self, conversation: Conversation) -> Example:
        """Tokens of one conversation.

        Raises:
            TrainingError: the chat template changes earlier replies, or refuses the messages.
        """
        messages = [Message(turn.role, turn.content) for turn in conversation.turns]
        learn = [turn.learn for turn in conversation.turns if turn.role == "assistant"]
        tokens = self._prompt.encode(messages)
        begins = _places_after(self._before_reply, tokens)
        if len(begins) != len(learn) + 1:  # the last is where the next reply would begin
            raise TrainingError(
                f"{conversation.place}: of {len(learn)} replies, {len(begins) - 1} are found in what was rendered"
            )
        ends = [tokens.index(self._end, begin) + 1 for begin in begins[:-1]]
        learnt = [(begin, end) for begin, end, wanted in zip(begins, ends, learn, strict=False) if wanted]
        return Example(tokens[: ends[-1]], learnt, self._prompt.opening(messages, tokens))


def encode_all(tokenizer: Any, conversations: Sequence[Conversation]) -> list[Example]:
    """Tokens of all conversations, in order. Large data is shared among the processors.

    Raises:
        TrainingError: as `Encoder`.
    """
    encoder = Encoder(tokenizer)
    workers = min(16, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1)
    if len(conversations) < MANY or workers < 2:
        return [encoder.encode(conversation) for conversation in conversations]
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    # Forked processes have the tokenizer at once, where new ones would import for seconds.
    with ProcessPoolExecutor(workers, mp_context=get_context("fork"), initializer=_keep, initargs=(encoder,)) as pool:
        return list(pool.map(_encode_kept, conversations, chunksize=64))


_kept: Encoder | None = None


def _keep(encoder: Encoder) -> None:
    global _kept
    _kept = encoder


def _encode_kept(conversation: Conversation) -> Example:
    assert _kept is not None
    return _kept.encode(conversation)


def _common_end(one: list[int], other: list[int]) -> list[int]:
    """What both lists end with."""
    count = 0
    while count < min(len(one), len(other)) and one[-1 - count] == other[-1 - count]:
        count += 1
    return one[len(one) - count :]


def _places_after(part: list[int], whole: list[int]) -> list[int]:
    """Where `part` has just ended in `whole`."""
    length, first = len(part), part[0]
    return [
        place + length for place, token in enumerate(whole) if token == first and whole[place : place + length] == part
    ]
