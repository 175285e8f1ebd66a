"""What a server serves: one local model, its adapters, and the engine that writes for all of them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from codeact.errors import ModelError
from codeact.models.protocol import ContextOverflow
from codeact.models.transformers_model import TransformersModel
from codeact.serving.bodies import Body, ChatBody, CompletionBody
from codeact.serving.engine import Engine
from codeact.serving.refusals import Refusal
from codeact.serving.replies import Wanted


@dataclass(frozen=True)
class Served:
    """The model as requests see it.

    Attributes:
        model: the base model. engine: writes the replies.
        names: under which clients ask for it. adapters: the names of its adapters.
        most_tokens: of a reply; a request that asks for more, or names no number, gets these.
    """

    model: TransformersModel
    engine: Engine
    names: tuple[str, ...]
    adapters: tuple[str, ...] = ()
    most_tokens: int = 2048
    since: int = field(default_factory=lambda: int(time.time()))

    def cards(self) -> list[dict[str, object]]:
        """One entry of `/v1/models` for each name."""
        shared = {"object": "model", "created": self.since, "owned_by": "codeact"}
        shared["max_model_len"] = self.model.context_tokens
        base = [{"id": name, **shared, "parent": None} for name in self.names]
        return [*base, *({"id": name, **shared, "parent": self.names[0]} for name in self.adapters)]

    def adapter(self, name: str) -> str | None:
        """The adapter of that name; None for the base model.

        Raises:
            Refusal: 404, with the names that there are.
        """
        if name in self.names:
            return None
        if name in self.adapters:
            return name
        known = ", ".join((*self.names, *self.adapters))
        raise Refusal(
            404, f"the model {name!r} does not exist; this server has {known}", param="model", code="model_not_found"
        )

    def chat(self, body: ChatBody) -> list[Wanted]:
        """What the choices of a chat request are made from.

        Raises:
            Refusal: an unknown model, too long a conversation, or one that the model's template does not take.
        """
        adapter = self.adapter(body.model)
        limit = self._limit(body.max_completion_tokens or body.max_tokens)
        messages = [message.message() for message in body.messages]
        try:
            tokens, room = self.model.prepare(messages, body.options(limit, 0))
        except ContextOverflow as error:
            raise self._too_long(len(self.model.prepare_text("".join(m.content for m in messages)))) from error
        except ModelError as error:
            raise Refusal(400, str(error), param="messages") from error
        every = [body.options(room, choice) for choice in range(body.n or 1)]
        opening = self.model.opening(messages, tokens)
        return [Wanted(tokens, options, partial(self.model.reply, options), adapter, opening) for options in every]

    def completion(self, body: CompletionBody) -> list[Wanted]:
        """What the choices of a completion request are made from: `n` for each prompt.

        Raises:
            Refusal: an unknown model, an unknown token, an empty prompt or too long a one.
        """
        if body.echo:
            raise Refusal(400, "echo is not supported by this server", param="echo")
        adapter = self.adapter(body.model)
        wanted: list[Wanted] = []
        for prompt in body.prompts():
            tokens = self.model.prepare_text(prompt) if isinstance(prompt, str) else self._checked(prompt)
            if not tokens:
                raise Refusal(400, "the prompt is empty", param="prompt")
            room = self._limit(body.max_tokens or 16)  # the API's own default
            if self.model.context_tokens is not None:
                room = min(room, self.model.context_tokens - len(tokens))
            if room < 1:
                raise self._too_long(len(tokens))
            for choice in range(body.n or 1):
                options = body.options(room, choice)
                reply = partial(self.model.reply, options, chat=False)
                wanted.append(Wanted(tokens, options, reply, adapter))
        return wanted

    def _limit(self, asked: int | None) -> int:
        return min(asked or self.most_tokens, self.most_tokens)

    def _checked(self, tokens: Sequence[int]) -> list[int]:
        vocabulary = self.model.network.config.get_text_config().vocab_size
        if wrong := [token for token in tokens if not 0 <= token < vocabulary]:
            raise Refusal(400, f"the token {wrong[0]} does not exist; there are 0 to {vocabulary - 1}", param="prompt")
        return list(tokens)

    def _too_long(self, tokens: int) -> Refusal:
        return Refusal(
            400,
            f"This model's maximum context length is {self.model.context_tokens} tokens, prompt and reply together, "
            f"and the prompt has about {tokens}; shorten it",
            param="messages",
            code="context_length_exceeded",
        )


def choices_of(body: Body) -> int:
    """How many replies a request asks for."""
    prompts = len(body.prompts()) if isinstance(body, CompletionBody) else 1
    return (body.n or 1) * prompts
