"""What a model is: the messages it reads, the options it heeds, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from codeact.errors import ModelError

if TYPE_CHECKING:
    from codeact.values import Image

Role = Literal["system", "user", "assistant"]
FinishReason = Literal["stop", "length", "interrupted"]
OnText = Callable[[str], None]


class ContextOverflow(ModelError):
    """The messages do not fit the model's context. Nothing was generated; shorter messages would be answered."""


class PicturesRefused(ModelError):
    """The model takes no pictures. Nothing was generated; the messages without them may be answered."""


class StopGeneration(Exception):
    """Raised by an `on_text` callback to end the reply here. `generate` then returns what there is, `interrupted`."""


@dataclass(frozen=True)
class Message:
    """One message of a conversation. `content` is inert text: it is never read as a control token of the model.

    `images` stand after the text. Only models that have `takes_images` are given any.
    """

    role: Role
    content: str
    images: tuple[Image, ...] = ()


@dataclass(frozen=True)
class GenerationOptions:
    """How to generate.

    Attributes:
        max_tokens: at most this many tokens in the reply.
        temperature: 0 takes the likeliest token each time; above 0 samples.
        stop: strings that end the reply. The string itself is not part of the text given back.
        seed: makes sampling repeatable; None takes a new one each time. No effect at temperature 0.
        top_p: sample from the likeliest tokens only, those that together have this probability; 1 takes all.
        top_k: sample from so many of the likeliest tokens; 0 takes all.
        min_p: sample from tokens at least so likely, as a share of the likeliest one's probability; 0 takes all.
        repetition_penalty: above 1, tokens that the conversation holds already become less likely, at temperature 0
            too; 1 changes nothing. As in Keskar et al., CTRL (2019), and transformers.
        interrupt: asked often while generating, also before the first token; True ends the reply at once.
    """

    max_tokens: int = 512
    temperature: float = 0.0
    stop: tuple[str, ...] = ()
    seed: int | None = None
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    interrupt: Callable[[], bool] | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.max_tokens < 1:
            raise ModelError(f"max_tokens is {self.max_tokens}; it must be at least 1")
        if not 0.0 <= self.temperature <= 10.0:
            raise ModelError(f"temperature is {self.temperature}; it must lie between 0 and 10")
        if not isinstance(self.stop, tuple) or not all(isinstance(text, str) and text for text in self.stop):
            raise ModelError(f"stop is {self.stop!r}; it must be a tuple of non-empty strings")
        if not 0.0 < self.top_p <= 1.0:
            raise ModelError(f"top_p is {self.top_p}; it must be above 0 and at most 1")
        if self.top_k < 0:
            raise ModelError(f"top_k is {self.top_k}; it must be 0, for all tokens, or more")
        if not 0.0 <= self.min_p < 1.0:
            raise ModelError(f"min_p is {self.min_p}; it must be at least 0 and below 1")
        if not 0.0 < self.repetition_penalty <= 10.0:
            raise ModelError(f"repetition_penalty is {self.repetition_penalty}; it must be above 0 and at most 10")

    def interrupted(self) -> bool:
        """Whether the reply is to end now."""
        return self.interrupt is not None and self.interrupt()


@dataclass(frozen=True)
class Completion:
    """What a model gave back.

    Attributes:
        text: the reply, without the stop string.
        prompt_tokens: tokens read. completion_tokens: tokens written.
        seconds: wall time, waiting and retries included.
        finish_reason: `stop` (it ended by itself or at a stop string), `length` (cut at `max_tokens` or at the end of
            the context) or `interrupted` (by `StopGeneration` or `GenerationOptions.interrupt`).
        estimated: the token counts are estimates, because the server told none.
    """

    text: str
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    finish_reason: FinishReason
    estimated: bool = False


@runtime_checkable
class Model(Protocol):
    """Turns messages into text.

    `name` tells models apart in traces and reports. `context_tokens` is how many tokens prompt and reply may have
    together; None means unknown or unlimited. A model may also offer `count_tokens(text) -> int`, which the agent's
    memory uses to stay inside the context; without it, three UTF-8 bytes count as one token. With an attribute
    `takes_images` that is true it is given the pictures of messages; with an attribute `stubs` that is `"short"` it is
    shown tools in one line each, unless its agent is told otherwise.
    """

    @property
    def name(self) -> str: ...

    @property
    def context_tokens(self) -> int | None: ...

    def generate(
        self, messages: Sequence[Message], options: GenerationOptions, on_text: OnText | None = None
    ) -> Completion:
        """Reply to `messages`.

        `on_text` is told each piece of the reply as it comes, in the calling thread; the pieces together are the text
        of the completion. If it raises `StopGeneration`, the reply ends; any other exception passes through.

        Raises:
            ContextOverflow: the messages do not fit the context.
            PicturesRefused: it was given pictures, and takes none.
            ModelError: the model did not answer. The message says why and what to do.
        """
        ...


def estimate_tokens(text: str) -> int:
    """A token count for a text when no tokenizer is at hand: three UTF-8 bytes a token, which is high for English."""
    return (len(text.encode("utf-8", "replace")) + 2) // 3


def count_tokens(model: Model, text: str) -> int:
    """Tokens of `text` as this model counts them, or an estimate when it does not say."""
    count = getattr(model, "count_tokens", None)
    return int(count(text)) if count is not None else estimate_tokens(text)


def takes_images(model: Model) -> bool:
    """Whether this model is given the pictures of messages."""
    return bool(getattr(model, "takes_images", False))
