"""The replies to one request: from an engine's thread to the event loop, and from tokens to text."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from codeact.models.protocol import GenerationOptions
from codeact.models.text_stream import Reply
from codeact.serving.engine import End, Engine, Writing
from codeact.serving.metrics import Metrics
from codeact.serving.refusals import Refusal


@dataclass(frozen=True)
class Wanted:
    """One choice of an answer: its prompt, how to write it, and what turns its tokens into text.

    The first `opening` tokens are the system prompt.
    """

    tokens: list[int]
    options: GenerationOptions
    reply: Callable[[Callable[[str], None]], Reply]
    adapter: str | None
    opening: int = 0


@dataclass(frozen=True)
class Piece:
    """Text of choice number `choice`; `finish_reason` comes with its last piece."""

    choice: int
    text: str
    finish_reason: str | None = None


class Replies:
    """All choices of one request. `close` must be called, whatever happens: it drops what is still being written."""

    def __init__(self, engine: Engine, metrics: Metrics, wanted: Sequence[Wanted]) -> None:
        self._events: asyncio.Queue[tuple[int, int | End]] = asyncio.Queue()
        self._metrics = metrics
        self._begun = time.perf_counter()
        self._open: dict[int, _Text] = {}
        self._all: list[Writing] = []
        self.completion_tokens = 0
        prompts = {id(one.tokens): len(one.tokens) for one in wanted}  # choices of one prompt share its tokens
        self.prompt_tokens = sum(prompts.values())
        loop = asyncio.get_running_loop()
        for choice, one in enumerate(wanted):
            tell = self._teller(loop, choice)
            writing = Writing(one.tokens, one.options.max_tokens, one.options, tell, one.adapter, one.opening)
            self._open[choice] = _Text(one)
            self._all.append(writing)
            engine.submit(writing)

    def _teller(self, loop: asyncio.AbstractEventLoop, choice: int) -> Callable[[int | End], None]:
        def tell(event: int | End) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._events.put_nowait, (choice, event))

        return tell

    async def pieces(self) -> AsyncIterator[Piece]:
        """Every piece of text as it comes, also empty ones, until all choices are over.

        Raises:
            Refusal: the engine could not go on with one of them.
        """
        while self._open:
            choice, event = await self._events.get()
            text = self._open.get(choice)
            if text is None:
                continue  # a stop string ended it, and the engine had not heard yet
            if isinstance(event, End):
                if event.reason in ("failed", "cancelled"):
                    raise Refusal(500, event.error or "the reply was dropped")
                del self._open[choice]
                yield Piece(choice, text.finish(), event.reason)
                continue
            if not self.completion_tokens:
                self._metrics.first_token(time.perf_counter() - self._begun)
            self.completion_tokens += 1
            self._metrics.wrote()
            piece, stopped = text.add(event)
            if stopped:
                self._all[choice].cancelled.set()
                del self._open[choice]
                yield Piece(choice, piece, "stop")
            elif piece:
                yield Piece(choice, piece)

    def usage(self) -> dict[str, int]:
        """Tokens read and written."""
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "total_tokens": self.prompt_tokens + self.completion_tokens,
        }

    def close(self) -> None:
        for writing in self._all:
            writing.cancelled.set()


class _Text:
    """One choice's tokens, turned into text."""

    def __init__(self, wanted: Wanted) -> None:
        self._told: list[str] = []
        self._reply = wanted.reply(self._told.append)

    def add(self, token: int) -> tuple[str, bool]:
        stopped = self._reply.add(token)
        return self._take(), stopped

    def finish(self) -> str:
        self._reply.finish()
        return self._take()

    def _take(self) -> str:
        text = "".join(self._told)
        self._told.clear()
        return text
