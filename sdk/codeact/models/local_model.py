"""What local models have in common: from messages to tokens, one after the other, and back to text."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

from codeact.models.chat_prompt import ChatPrompt, common_beginning, whole_characters
from codeact.models.local_base import LocalBase
from codeact.models.openings import SHORTEST, Openings
from codeact.models.protocol import Completion, FinishReason, GenerationOptions, Message, OnText, StopGeneration
from codeact.models.sampling import chooser
from codeact.models.text_stream import Reply

CHUNK = 512  # prompt tokens read at once: between chunks an interrupt is heeded, and memory stays bounded


class LocalModel(LocalBase):
    """A model that runs in this process. An engine adds how tokens are read, and into what.

    Args:
        name: how traces and reports call the model. device: where it runs.
        tokenizer: of transformers. end_tokens: what ends a reply.
        context_tokens: tokens of prompt and reply together; None: unknown.

    Attributes:
        stubs: how a prompt for it shows the tools, unless told otherwise: `full` or `short`.
    """

    stubs: Literal["full", "short"] = "full"

    def __init__(
        self, name: str, device: str, tokenizer: Any, end_tokens: frozenset[int], context_tokens: int | None
    ) -> None:
        super().__init__(name, device, tokenizer, context_tokens)
        self.end_tokens = end_tokens
        self._prompt = ChatPrompt(tokenizer)
        self._openings = Openings()
        self._forget()

    def generate(
        self, messages: Sequence[Message], options: GenerationOptions, on_text: OnText | None = None
    ) -> Completion:
        """Reply to `messages`. Greedy at temperature 0, so the same conversation gives the same reply on one machine.

        Raises:
            ContextOverflow: prompt and one token of reply do not fit `context_tokens`.
            ModelError: the chat template refuses the messages, or the device is out of memory.
        """
        import torch

        started = time.perf_counter()
        ids, limit = self.prepare(messages, options)
        reply = self.reply(options, on_text)
        finish_reason: FinishReason = "interrupted"
        count = 0
        try:
            with self._alone(options), torch.inference_mode():
                logits = self._read(tuple(messages), ids, options)
                choose = chooser(options)
                tokens = list(ids)
                finish_reason = "length"
                for step in range(limit):
                    if options.interrupted():
                        raise StopGeneration
                    if step:
                        logits = self._forward(tokens[-1:])
                    token = choose(logits, tokens)
                    if token in self.end_tokens:
                        finish_reason = "stop"
                        break
                    count += 1
                    tokens.append(token)
                    if reply.add(token):
                        finish_reason = "stop"
                        break
                reply.finish()
        except StopGeneration:
            finish_reason = "interrupted"
        except torch.OutOfMemoryError as error:
            raise self.explain(error) from error
        return Completion(reply.text, len(ids), count, time.perf_counter() - started, finish_reason)

    def prepare(self, messages: Sequence[Message], options: GenerationOptions) -> tuple[list[int], int]:
        """Token ids of the conversation, and how many tokens its reply may have.

        Raises:
            ContextOverflow: prompt and one token of reply do not fit `context_tokens`.
            ModelError: the chat template refuses the messages.
        """
        ids = self._prompt.encode(messages)
        return ids, self.room(len(ids), options)

    def prepare_text(self, text: str) -> list[int]:
        """Token ids of a text that the model is to go on with, control tokens and all."""
        return list(self._tokenizer(whole_characters(text), verbose=False).input_ids)

    def reply(self, options: GenerationOptions, on_text: OnText | None = None, *, chat: bool = True) -> Reply:
        """What turns the tokens of one reply into text, up to a stop string; in a `chat`, to the other's turn."""
        return Reply(self._decode, (*options.stop, *(self._prompt.stop if chat else ())), on_text)

    @abstractmethod
    def read(self, tokens: Sequence[int], state: Any) -> Any:
        """Read `tokens` into `state`; return the logits after the last, one a token of the vocabulary."""

    @abstractmethod
    def new_state(self) -> Any:
        """The attention state before the first token. `crop(-n)` takes n tokens back, where `can_crop` says so."""

    def can_crop(self, state: Any) -> bool:
        """Whether tokens can be taken back from a state, without a trace. There may be no state."""
        return bool(getattr(state, "is_croppable", False))

    @contextmanager
    def _alone(self, options: GenerationOptions) -> Iterator[None]:
        try:
            with super()._alone(options):
                yield
        except StopGeneration:
            raise
        except BaseException:
            self._forget()  # the state may be half written
            raise

    def _forget(self) -> None:
        self._state: Any = None
        self._read_messages: tuple[Message, ...] = ()
        self._read_tokens: list[int] = []
        self._after: Any = None  # the logits after the last prompt

    def _read(self, messages: tuple[Message, ...], ids: list[int], options: GenerationOptions) -> Any:
        """Feed the prompt; return the logits after its last token.

        The same conversation once more, for another sample, is not read again. Else the state goes on only if this
        conversation continues the last one; one that begins anew goes on from a kept system prompt. Any longer common
        beginning could be reused as well, but then a reply could depend, in its last bits, on what other conversations
        came before.
        """
        known = 0
        opening = self.opening(messages, ids)
        earlier = self._read_messages
        after, self._after = self._after, None
        if after is not None and messages == earlier and self.can_crop(self._state):
            self._state.crop(len(ids) - len(self._read_tokens))
            del self._read_tokens[len(ids) :]
            self._after = after
            return after
        continues = 0 < len(earlier) < len(messages) and messages[: len(earlier)] == earlier
        if continues and self.can_crop(self._state):
            known = common_beginning(self._read_tokens, ids[:-1])
            self._state.crop(known - len(self._read_tokens))
            del self._read_tokens[known:]
        else:
            self._forget()
            self._state = self._openings.find(ids[:opening]) if opening else None
            if self._state is None:
                self._state = self.new_state()
            else:
                self._read_tokens = ids[: (known := opening)]
        self._read_messages = messages
        logits = None
        while known < len(ids):
            if options.interrupted():
                raise StopGeneration
            end = next_stop(known, opening, len(ids))
            logits = self._forward(ids[known:end])
            if end == opening:
                self._openings.keep(ids[:opening], self._state)
            known = end
        self._after = None if logits is None else logits.clone()  # by itself, without those before it
        return logits

    def opening(self, messages: Sequence[Message], ids: Sequence[int]) -> int:
        """How many tokens at the beginning of a conversation are read apart, as they may be kept."""
        opening = self._prompt.opening(messages, ids)
        return opening if opening >= SHORTEST else 0

    def _forward(self, tokens: list[int]) -> Any:
        logits = self.read(tokens, self._state)
        self._read_tokens += tokens
        return logits


def next_stop(known: int, opening: int, length: int) -> int:
    """Where the next chunk of a prompt ends: of `CHUNK` tokens at most, and at the end of its opening."""
    return min(known + CHUNK, opening if known < opening else length)
