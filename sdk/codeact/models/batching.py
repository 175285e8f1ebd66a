"""One local model that many threads share: their replies are written together, a token each at every step."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from codeact.errors import ModelError
from codeact.models.batch import Batch
from codeact.models.chat_prompt import common_beginning
from codeact.models.local_model import next_stop
from codeact.models.openings import Openings
from codeact.models.protocol import Completion, FinishReason, GenerationOptions, Message, OnText, StopGeneration
from codeact.models.sampling import chooser
from codeact.models.text_stream import Reply
from codeact.models.transformers_model import TransformersModel

PATIENCE = 0.05  # seconds between two looks at the interrupt


class BatchingModel:
    """A `TransformersModel` whose `generate` may be called by many threads at once, each with its own episode.

    There is no thread behind it: whoever waits for a token does the next step, for all. Of the last `rows`
    conversations the attention state is kept, so each reads only what is new in its next turn. Rows written together
    may differ in their last bits from rows written alone, so at temperature 0 too a reply can depend on what else is
    written; where that matters, use the model alone.

    Args:
        model: the model; it should not be used besides.
        rows: at most so many replies are written at once; others wait.

    Raises:
        ModelError: `rows` is not positive, or the model keeps a state that cannot be padded.
    """

    def __init__(self, model: TransformersModel, rows: int = 16) -> None:
        if rows < 1:
            raise ModelError(f"rows is {rows}; it must be at least 1")
        self.name = model.name
        self.context_tokens = model.context_tokens
        self.stubs = model.stubs
        self.rows = rows
        self._model = model
        self._batch = Batch(model.network)
        self._writing: list[_Request] = []
        self._waiting: deque[_Request] = deque()
        self._kept: OrderedDict[tuple[Message, ...], tuple[list[int], Any]] = OrderedDict()
        self._openings = Openings()
        self._lead = threading.Lock()

    def count_tokens(self, text: str) -> int:
        """Tokens of `text` alone; a message costs a few more for its marks."""
        return self._model.count_tokens(text)

    def generate(
        self, messages: Sequence[Message], options: GenerationOptions, on_text: OnText | None = None
    ) -> Completion:
        """Reply to `messages`, together with what other threads ask for.

        Raises:
            ContextOverflow, ModelError: as `TransformersModel.generate`.
        """
        started = time.perf_counter()
        ids, limit = self._model.prepare(messages, options)
        request = _Request(tuple(messages), ids, limit, options, self._model, self._model.opening(messages, ids))
        told = ""
        finish_reason: FinishReason
        self._waiting.append(request)
        try:
            while True:
                if options.interrupted():
                    raise StopGeneration
                with self._leading() as leading:
                    if leading and not request.has_news():
                        self._step()
                    pieces, over = request.news()
                for piece in pieces:
                    told += piece
                    if on_text is not None:
                        on_text(piece)
                if over is not None:
                    finish_reason = over
                    break
        except StopGeneration:
            finish_reason = "interrupted"
        finally:
            self._drop(request)
        return Completion(told, len(ids), request.count, time.perf_counter() - started, finish_reason)

    @contextmanager
    def _leading(self) -> Iterator[bool]:
        leading = self._lead.acquire(timeout=PATIENCE)
        try:
            yield leading
        finally:
            if leading:
                self._lead.release()

    def _drop(self, request: _Request) -> None:
        """Forget a request that is over or was given up."""
        with self._lead:
            if request in self._waiting:
                self._waiting.remove(request)
            if request in self._writing:
                self._leave(request)

    def _step(self) -> None:
        """Read a chunk of the next prompt, and write one token in each row. Its errors are those of all who wait."""
        import torch

        try:
            with torch.inference_mode():
                if self._waiting and len(self._batch) < self.rows:
                    self._read(self._waiting[0])
                if self._writing:
                    logits = self._batch.step([request.tokens[-1] for request in self._writing])
                    for place, request in enumerate(list(self._writing)):
                        self._choose(request, logits[place])
        except BaseException as error:
            failed = self._model.explain(error)
            for request in (*self._writing, *self._waiting):
                request.error = failed
            self._writing.clear()
            self._waiting.clear()
            self._kept.clear()
            self._batch = Batch(self._model.network)
            if not isinstance(error, Exception):
                raise

    def _read(self, request: _Request) -> None:
        if request.state is None:
            known, request.state = self._known(request)
            request.read = known
        end = next_stop(request.read, request.opening, len(request.tokens))
        logits = self._model.read(request.tokens[request.read : end], request.state)
        request.read = end
        if end == request.opening:
            self._openings.keep(request.tokens[:end], request.state)
        if request.read == len(request.tokens):
            self._waiting.popleft()
            self._batch.join(request.state)
            request.state = None
            self._writing.append(request)
            self._choose(request, logits)

    def _known(self, request: _Request) -> tuple[int, Any]:
        """How many tokens are read already, and their state: of the conversation that this one continues, or else of
        its system prompt.
        """
        from transformers import DynamicCache

        for turns in range(len(request.messages) - 1, 0, -1):
            kept = self._kept.pop(request.messages[:turns], None)
            if kept is not None:
                tokens, state = kept
                known = common_beginning(tokens, request.tokens[:-1])
                state.crop(known - len(tokens))
                return known, state
        if request.opening and (state := self._openings.find(request.tokens[: request.opening])) is not None:
            return request.opening, state
        return 0, DynamicCache()

    def _choose(self, request: _Request, logits: Any) -> None:
        """Take the next token of one row; leave the batch when it was the last."""
        token = request.choose(logits, request.tokens)
        if token in self._model.end_tokens:
            request.end("stop")
        else:
            request.add(token)
        if request.over is not None:
            self._leave(request)

    def _leave(self, request: _Request) -> None:
        state = self._batch.leave(self._writing.index(request))
        self._writing.remove(request)
        self._kept[request.messages] = (request.tokens[: state.get_seq_length()], state)
        self._kept.move_to_end(request.messages)
        while len(self._kept) > self.rows:
            self._kept.popitem(last=False)


@dataclass(eq=False)
class _Request:
    """One reply that is wanted. Everything but `news` is touched by the leading thread only."""

    messages: tuple[Message, ...]
    tokens: list[int]
    limit: int
    options: GenerationOptions
    model: TransformersModel
    opening: int
    state: Any = None
    read: int = 0
    count: int = 0
    over: FinishReason | None = None
    error: ModelError | None = None
    _pieces: deque[str] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self.tokens = list(self.tokens)
        self.choose = chooser(self.options)
        self.reply: Reply = self.model.reply(self.options, self._pieces.append)

    def add(self, token: int) -> None:
        self.tokens.append(token)
        self.count += 1
        if self.reply.add(token):
            self.end("stop")
        elif self.count == self.limit:
            self.end("length")

    def end(self, reason: FinishReason) -> None:
        self.reply.finish()
        self.over = reason

    def has_news(self) -> bool:
        return bool(self._pieces) or self.over is not None or self.error is not None

    def news(self) -> tuple[list[str], FinishReason | None]:
        """Pieces of text since the last time, and how it ended if it did.

        Raises:
            ModelError: the model failed.
        """
        if self.error is not None:
            raise self.error
        over = self.over
        pieces = [self._pieces.popleft() for _ in range(len(self._pieces))]
        return pieces, over
