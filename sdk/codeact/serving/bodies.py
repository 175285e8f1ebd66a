"""The bodies of requests as the OpenAI API has them: what is read of them, and what is refused with a reason."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from codeact.models.protocol import GenerationOptions, Message
from codeact.serving.refusals import Refusal

MOST_CHOICES = 16


def _as_list(stop: Any) -> Any:
    return [stop] if isinstance(stop, str) else [] if stop is None else stop


class _Strict(BaseModel):
    """Numbers are numbers and texts are texts. Fields that are not named here are ignored: clients send many."""

    model_config = ConfigDict(strict=True, extra="allow")


class StreamOptions(_Strict):
    include_usage: bool = False


class Body(_Strict):
    """What both kinds of request have."""

    model: str
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    temperature: Annotated[float, Field(ge=0.0, le=10.0)] | None = None
    top_p: Annotated[float, Field(ge=0.0, le=1.0)] | None = None
    top_k: Annotated[int, Field(ge=-1)] | None = None
    min_p: Annotated[float, Field(ge=0.0, lt=1.0)] | None = None
    repetition_penalty: Annotated[float, Field(ge=0.01, le=10.0)] | None = None
    n: Annotated[int, Field(ge=1, le=MOST_CHOICES)] | None = None
    seed: int | None = None
    stop: Annotated[list[Annotated[str, Field(min_length=1)]], BeforeValidator(_as_list), Field(max_length=16)] = []

    def options(self, limit: int, choice: int) -> GenerationOptions:
        """How to write choice number `choice`. The API's temperature is 1 where none is given."""
        seed = None if self.seed is None else (self.seed + choice) % 2**63
        return GenerationOptions(
            max_tokens=limit,
            temperature=1.0 if self.temperature is None else self.temperature,
            top_p=1.0 if self.top_p is None else max(self.top_p, 1e-6),
            top_k=max(self.top_k or 0, 0),
            min_p=self.min_p or 0.0,
            repetition_penalty=self.repetition_penalty or 1.0,
            seed=seed,
            stop=tuple(self.stop),
        )

    def refuse_unknown_wishes(self) -> None:
        """Wishes that would change the reply, and that this server does not heed, are refused and not ignored.

        Raises:
            Refusal: names the field.
        """
        extra = self.model_extra or {}
        for name in ("tools", "functions", "logit_bias", "logprobs", "top_logprobs", "audio", "prediction", "suffix"):
            if extra.get(name):
                raise Refusal(400, f"{name} is not supported by this server; leave it out", param=name)
        for name in ("presence_penalty", "frequency_penalty"):
            if extra.get(name):
                raise Refusal(400, f"{name} is not supported; repetition_penalty is", param=name)
        kind = extra.get("response_format") or {"type": "text"}
        if kind != {"type": "text"}:
            raise Refusal(400, "response_format can only be text on this server", param="response_format")


class TextPart(_Strict):
    type: Literal["text"]
    text: str


class ChatMessage(_Strict):
    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[TextPart] | None = None

    def message(self) -> Message:
        parts = [self.content] if isinstance(self.content, str) else [part.text for part in self.content or []]
        text = "\n".join(parts)
        if self.role in ("system", "developer"):
            return Message("system", text)
        return Message("assistant" if self.role == "assistant" else "user", text)


class ChatBody(Body):
    """`POST /v1/chat/completions`."""

    messages: Annotated[list[ChatMessage], Field(min_length=1)]
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None


class CompletionBody(Body):
    """`POST /v1/completions`. A prompt is a text, token ids, or several of either."""

    prompt: (
        str
        | Annotated[list[int], Field(min_length=1)]
        | Annotated[list[str], Field(min_length=1, max_length=MOST_CHOICES)]
        | Annotated[list[list[int]], Field(min_length=1, max_length=MOST_CHOICES)]
    )
    echo: bool | None = False

    def prompts(self) -> list[str | list[int]]:
        given: Any = self.prompt
        several = isinstance(given, list) and not isinstance(given[0], int)
        return list(given) if several else [given]


Some = TypeVar("Some", bound=Body)


def parsed(kind: type[Some], body: bytes) -> Some:
    """A request's body, checked.

    Raises:
        Refusal: it is not JSON, a field is of a wrong type or out of its range, or asks for what is not supported.
    """
    try:
        given = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refusal(400, f"the body is not JSON: {error}") from error
    if not isinstance(given, dict):
        raise Refusal(400, "the body must be a JSON object")
    try:
        wanted = kind.model_validate(given)
    except ValidationError as error:
        raise _refusal(error) from error
    wanted.refuse_unknown_wishes()
    return wanted


def _refusal(error: ValidationError) -> Refusal:
    wrong = error.errors(include_url=False, include_context=False, include_input=False)
    first = wrong[0]
    place = first["loc"]
    if any(
        one["loc"][0] == "messages" and one["loc"][-1] == "type" and one["type"] == "literal_error"
        for one in wrong
        if one["loc"]
    ):
        return Refusal(400, "this server's models read text only; leave other parts of content out", param="messages")
    names = [str(part) for part in place if isinstance(part, int) or str(part).isidentifier()]
    param = ".".join(names[:3]) if place[:1] == ("messages",) else names[0] if names else None
    return Refusal(400, f"{param or 'the body'}: {first['msg']}", param=param)
