"""What an engine is: it takes prompts of token ids, and tells the tokens of each reply as they come."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol

from codeact.models.protocol import GenerationOptions

EndReason = Literal["stop", "length", "cancelled", "failed"]


@dataclass(frozen=True)
class End:
    """The last that is told of a reply. `stop`: the model ended it; `length`: `limit` is reached."""

    reason: EndReason
    error: str = ""


@dataclass(eq=False)
class Writing:
    """One reply that is wanted.

    Attributes:
        tokens: the prompt's token ids.
        limit: at most so many tokens in the reply.
        options: how to choose tokens; stop strings are looked for by whoever listens.
        adapter: the LoRA adapter to write with; None is the base model.
        tell: called by the engine's thread with each token id, and at last with an `End`.
        opening: how many of the prompt's tokens are its system prompt, whose state is worth keeping; 0: none.
        cancelled: set by anyone; the engine then drops the reply at its next step, and tells `End("cancelled")`.
    """

    tokens: list[int]
    limit: int
    options: GenerationOptions
    tell: Callable[[int | End], None]
    adapter: str | None = None
    opening: int = 0
    cancelled: threading.Event = field(default_factory=threading.Event)


class Engine(Protocol):
    """Writes many replies at once, in a thread of its own."""

    @property
    def running(self) -> int:
        """Replies that are being written."""
        ...

    @property
    def waiting(self) -> int:
        """Replies that are not begun."""
        ...

    @property
    def alive(self) -> bool:
        """Whether replies are still written."""
        ...

    def refuses(self, options: GenerationOptions) -> str | None:
        """Why replies cannot be written so; None if they can."""
        ...

    def start(self) -> None: ...

    def submit(self, writing: Writing) -> None:
        """Begin a reply as soon as there is room. Every writing is told exactly one `End`."""
        ...

    def stop(self) -> None:
        """Drop what is left and end the thread."""
        ...
