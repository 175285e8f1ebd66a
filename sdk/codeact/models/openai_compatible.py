"""Any server that speaks the OpenAI chat protocol: a hosted one, vLLM, llama.cpp or Ollama."""

from __future__ import annotations

import base64
import os
import queue
import time
from collections.abc import Sequence
from urllib.parse import urlsplit, urlunsplit

from codeact.errors import ModelError
from codeact.models.chat_stream import ChatStream, Retries, Timeouts, Usage
from codeact.models.protocol import (
    Completion,
    FinishReason,
    GenerationOptions,
    Message,
    OnText,
    StopGeneration,
    estimate_tokens,
)
from codeact.models.refused_options import OptionRefused, TakenOptions

KEY_VARIABLES = ("CODEACT_API_KEY", "OPENAI_API_KEY")
POLL_SECONDS = 0.05


class OpenAICompatibleModel:
    """A model behind `<base_url>/chat/completions`, streamed.

    The key is taken from the environment only, `CODEACT_API_KEY` before `OPENAI_API_KEY`, at each request; it is never
    printed, and redirects are not followed, so it goes to `base_url` and nowhere else. Connection errors and the
    statuses in `chat_stream.TRY_AGAIN` are tried again with growing, random pauses, or as `Retry-After` says, as long
    as no text has come. An option that the server says it does not take is left out from then on, with a warning;
    where it counts `max_completion_tokens` instead of `max_tokens`, it is given these.

    Args:
        base_url: such as `http://localhost:8000/v1`.
        model: the model's name on that server.
        context_tokens: the model's context, so that an agent's memory can stay inside; None: unknown.
        name: how traces and reports call the model; None makes it from the address and the model.
        timeouts: finite limits in seconds. retries: how often and how patiently to try again.

    Raises:
        ModelError: the address is not an http or https URL, or the model has no name.
    """

    def __init__(
        self,
        base_url: str,
        model: str,
        *,
        context_tokens: int | None = None,
        name: str | None = None,
        timeouts: Timeouts | None = None,
        retries: Retries | None = None,
    ) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ModelError(f"{base_url!r} is not a base URL; write one such as http://localhost:8000/v1")
        if not model:
            raise ModelError("the model has no name; give the name that the server lists under /models")
        self.model = model
        self.takes_images = True  # a server that takes none says so when it is given one
        self.context_tokens = context_tokens
        self._url = base_url.rstrip("/")
        without_login = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="")
        self._shown_url = urlunsplit(without_login).rstrip("/")
        self.name = name or f"openai:{self._shown_url}#{model}"
        self._timeouts = timeouts or Timeouts()
        self._retries = retries or Retries()
        self._taken = TakenOptions(self.name)

    def generate(
        self, messages: Sequence[Message], options: GenerationOptions, on_text: OnText | None = None
    ) -> Completion:
        """Ask the server for a reply.

        Raises:
            ContextOverflow: the server says that the messages are too long.
            PicturesRefused: there are pictures, and the server refuses the request, whatever it says of that.
            ModelError: no connection, a refused key, an unknown model, a rate limit that outlasts the retries, an
                answer that is not the protocol, or a stream that was cut. Each says what to look at.
        """
        started = time.perf_counter()
        body = _request(self.model, messages, options)
        while True:
            try:
                return self._ask(self._taken.fit(body), messages, options, on_text, started)
            except OptionRefused as refused:
                if not self._taken.learn(refused):
                    raise

    def _ask(
        self,
        body: dict[str, object],
        messages: Sequence[Message],
        options: GenerationOptions,
        on_text: OnText | None,
        started: float,
    ) -> Completion:
        from anyio.from_thread import start_blocking_portal

        pieces: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        stream = ChatStream(
            url=self._url,
            shown_url=self._shown_url,
            model=self.model,
            key=next((value for name in KEY_VARIABLES if (value := os.environ.get(name, "").strip())), None),
            timeouts=self._timeouts,
            retries=self._retries,
            pictures=any(message.images for message in messages),
        )
        told: list[str] = []
        usage = Usage()
        interrupted = False
        # The request lives in a thread of its own with an event loop, where it can be cancelled at any moment; this
        # thread hands on the text and looks at the interrupt.
        with start_blocking_portal() as portal:
            request = portal.start_task_soon(stream.run, body, pieces.put)
            request.add_done_callback(lambda _: pieces.put(None))
            try:
                while (piece := _next(pieces, options)) is not None:
                    told.append(piece)
                    if on_text is not None:
                        on_text(piece)
                usage = request.result()
            except StopGeneration:
                interrupted = True
            finally:
                request.cancel()
        text = "".join(told)
        reason: FinishReason = "interrupted" if interrupted else "length" if usage.finish_reason == "length" else "stop"
        estimated = usage.prompt_tokens is None or usage.completion_tokens is None
        if usage.prompt_tokens is None:
            prompt_tokens = sum(estimate_tokens(message.content) for message in messages)
        else:
            prompt_tokens = usage.prompt_tokens
        completion_tokens = estimate_tokens(text) if usage.completion_tokens is None else usage.completion_tokens
        return Completion(
            text, prompt_tokens, completion_tokens, time.perf_counter() - started, reason, estimated=estimated
        )


def _next(pieces: queue.SimpleQueue[str | None], options: GenerationOptions) -> str | None:
    while True:
        if options.interrupted():
            raise StopGeneration
        try:
            return pieces.get(timeout=POLL_SECONDS)
        except queue.Empty:
            continue


def _content(message: Message) -> str | list[dict[str, object]]:
    """The content of a message; with pictures, its parts, and each picture as the address of a PNG file in itself."""
    if not message.images:
        return message.content
    parts: list[dict[str, object]] = [{"type": "text", "text": message.content}]
    for image in message.images:
        address = f"data:image/png;base64,{base64.b64encode(image.png()).decode()}"
        parts.append({"type": "image_url", "image_url": {"url": address}})
    return parts


def _request(model: str, messages: Sequence[Message], options: GenerationOptions) -> dict[str, object]:
    body: dict[str, object] = {
        "model": model,
        "messages": [{"role": message.role, "content": _content(message)} for message in messages],
        "max_tokens": options.max_tokens,
        "temperature": options.temperature,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if options.stop:
        body["stop"] = list(options.stop)
    if options.seed is not None:
        body["seed"] = options.seed
    # Not every server knows these, and some refuse what they do not know: only what was asked for is sent.
    for name, usual in (("top_p", 1.0), ("top_k", 0), ("min_p", 0.0), ("repetition_penalty", 1.0)):
        if (value := getattr(options, name)) != usual:
            body[name] = value
    return body
