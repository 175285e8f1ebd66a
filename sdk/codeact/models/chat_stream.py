"""One streamed request of the OpenAI chat protocol: retries, server-sent events, and an error for each way it fails."""

from __future__ import annotations

import json
import random
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import cache
from ipaddress import ip_address
from typing import Any

import anyio
import httpx

from codeact.errors import ModelError
from codeact.models.protocol import ContextOverflow, PicturesRefused
from codeact.models.refused_options import OptionRefused, refused_option

TRY_AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
NO_PICTURES = frozenset({400, 404, 415, 422})  # how servers whose model reads text alone answer to a picture
PICTURE_WORDS = ("image", "multimodal", "vision")  # in what those say that answer with a failure of their own
TOO_LONG = (
    "context length",
    "context_length",
    "maximum context",
    "too many tokens",
    "context window",
    "prompt is too long",
)


@dataclass(frozen=True)
class Timeouts:
    """Seconds: to connect, for the first text (a long prompt may take a while to read), and between two pieces."""

    connect: float = 10.0
    first_text: float = 300.0
    next_text: float = 60.0


@dataclass(frozen=True)
class Retries:
    """`attempts` in all; the pause before attempt n+1 is random up to `base * 2**n` seconds, at most `longest`.

    A `Retry-After` of the server is waited for exactly, as limits of requests a minute need it; one longer than
    `longest_asked` ends the trying.
    """

    attempts: int = 5
    base: float = 0.5
    longest: float = 30.0
    longest_asked: float = 90.0


@dataclass
class Usage:
    """What the stream said about itself at its end."""

    finish_reason: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class _TryAgain(Exception):
    def __init__(self, error: ModelError, after: float | None = None) -> None:
        self.error = error
        self.after = after


@dataclass
class ChatStream:
    """A request to one server. `shown_url` is the address as error messages may show it; the key never appears.

    `pictures`: whether it holds some, which a server may not take.
    """

    url: str
    shown_url: str
    model: str
    key: str | None = field(repr=False)
    timeouts: Timeouts
    retries: Retries
    pictures: bool = False

    async def run(self, body: dict[str, object], tell: Callable[[str], None]) -> Usage:
        """Send `body`, tell each piece of text, and return what the stream said at its end.

        Raises:
            OptionRefused: the server takes one of the options not.
            ContextOverflow, ModelError: as `OpenAICompatibleModel.generate`.
        """
        limits = httpx.Timeout(
            connect=self.timeouts.connect, read=self.timeouts.first_text, write=self.timeouts.first_text, pool=None
        )
        headers = {"Accept": "text/event-stream"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        # A proxy from the environment cannot reach this machine's own servers.
        environment = not _is_loopback(self.url)
        async with httpx.AsyncClient(
            timeout=limits, headers=headers, trust_env=environment, verify=_certificates()
        ) as client:
            for attempt in range(1, self.retries.attempts + 1):
                try:
                    return await self._attempt(client, body, tell)
                except _TryAgain as again:
                    pause = again.after
                    if pause is None:
                        pause = min(self.retries.longest, random.uniform(0.0, self.retries.base * 2**attempt))
                    if attempt == self.retries.attempts:
                        raise ModelError(f"{again.error} (tried {attempt} times)") from again.error
                    if pause > self.retries.longest_asked:
                        raise ModelError(f"{again.error} (it asks to wait {pause:.0f} s)") from again.error
                    await anyio.sleep(pause)
        raise ModelError("no attempt was allowed: Retries.attempts must be at least 1")

    async def _attempt(self, client: httpx.AsyncClient, body: dict[str, object], tell: Callable[[str], None]) -> Usage:
        told = 0
        try:
            async with client.stream("POST", f"{self.url}/chat/completions", json=body) as response:
                if response.status_code != 200:
                    raise self._failure(response, (await response.aread()).decode("utf-8", "replace"), body)
                if "text/event-stream" not in response.headers.get("content-type", ""):
                    return self._whole((await response.aread()).decode("utf-8", "replace"), tell)
                usage = Usage()
                lines = response.aiter_lines()
                while True:
                    seconds = self.timeouts.next_text if told else self.timeouts.first_text
                    with anyio.fail_after(seconds):
                        line = await anext(lines, None)
                    if line is None:
                        break
                    if not line.startswith("data:"):
                        continue  # comments keep the connection alive; other fields carry nothing here
                    data = line[5:].strip()
                    if data == "[DONE]":
                        return usage
                    text = self._event(data, usage)
                    if text:
                        told += len(text)
                        tell(text)
        except (TimeoutError, httpx.ReadTimeout) as error:
            seconds = self.timeouts.next_text if told else self.timeouts.first_text
            raise ModelError(f"{self.shown_url} sent nothing for {seconds:g} s{_so_far(told)}") from error
        except httpx.TransportError as error:
            if not told and _cause(error, ssl.SSLError) is not None:
                raise self._unreachable(error) from error
            if not told:
                raise _TryAgain(self._unreachable(error)) from error
            raise ModelError(f"the stream from {self.shown_url} was cut{_so_far(told)}: {_name(error)}") from error
        if usage.finish_reason is not None:
            return usage  # some servers leave out the closing [DONE]
        cut = ModelError(f"the stream from {self.shown_url} ended before the reply was complete{_so_far(told)}")
        raise cut if told else _TryAgain(cut)

    def _event(self, data: str, usage: Usage) -> str:
        """Read one event into `usage` and return its text."""
        event = self._json(data)
        if event.get("error"):  # some servers send a null with every piece
            raise ModelError(f"{self.shown_url} reported an error: {self._hide_key(_message(data))}")
        try:
            counts = event.get("usage") or {}
            usage.prompt_tokens = counts.get("prompt_tokens", usage.prompt_tokens)
            usage.completion_tokens = counts.get("completion_tokens", usage.completion_tokens)
            text = ""
            for choice in (event.get("choices") or [])[:1]:
                usage.finish_reason = choice.get("finish_reason") or usage.finish_reason
                text = (choice.get("delta") or choice.get("message") or {}).get("content") or ""
        except (AttributeError, TypeError, KeyError) as error:
            raise self._no_protocol(data) from error
        counted = (usage.prompt_tokens, usage.completion_tokens)
        if not isinstance(text, str) or any(type(count) not in (int, type(None)) for count in counted):
            raise self._no_protocol(data)
        return text

    def _whole(self, content: str, tell: Callable[[str], None]) -> Usage:
        """An answer in one piece, from a server that does not stream."""
        usage = Usage()
        text = self._event(content, usage)
        if usage.finish_reason is None:
            raise self._no_protocol(content)
        tell(text)
        return usage

    def _json(self, data: str) -> dict[str, Any]:
        try:
            event = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise self._no_protocol(data) from error
        if not isinstance(event, dict):
            raise self._no_protocol(data)
        return event

    def _no_protocol(self, data: str) -> ModelError:
        return ModelError(
            f"{self.shown_url} does not speak the OpenAI chat protocol; it sent {self._hide_key(data[:200])!r} "
            "(a base URL usually ends in /v1)"
        )

    def _failure(self, response: httpx.Response, content: str, body: dict[str, object]) -> Exception:
        """What a status other than 200 means."""
        status = response.status_code
        said = self._hide_key(_message(content))
        if status == 400 and (option := refused_option(content, body)) is not None:
            return OptionRefused(f"{self.model} at {self.shown_url} does not take {option}: {said}", option)
        text = content.lower()
        refused = status in NO_PICTURES or (status >= 500 and any(word in text for word in PICTURE_WORDS))
        if self.pictures and refused and not any(words in text for words in TOO_LONG):
            return PicturesRefused(f"{self.model} at {self.shown_url} takes no pictures ({status}): {said}")
        if status in (400, 413, 422) and any(words in content.lower() for words in TOO_LONG):
            return ContextOverflow(f"{self.model} at {self.shown_url} says that the messages are too long: {said}")
        if status in (401, 403):
            have = "refused the key" if self.key else "asks for a key"
            return ModelError(
                f"{self.shown_url} {have} ({status}): set CODEACT_API_KEY to a valid one. It said: {said}"
            )
        if status == 404:
            return ModelError(
                f"{self.shown_url} knows no model {self.model!r}, or is not a base URL (404); "
                f"see {self.shown_url}/models for its names. It said: {said}"
            )
        if 300 <= status < 400:
            return ModelError(
                f"{self.shown_url} redirects elsewhere ({status}), which is not followed; give the final URL"
            )
        error = ModelError(f"{self.shown_url} answered {status}: {said}")
        if status in TRY_AGAIN:
            return _TryAgain(error, _retry_after(response.headers.get("retry-after")))
        return error

    def _unreachable(self, error: httpx.TransportError) -> ModelError:
        host = httpx.URL(self.url).host
        if (tls := _cause(error, ssl.SSLError)) is not None:
            return ModelError(
                f"no secure connection to {self.shown_url}: {_name(tls)}. Does the server speak TLS (https) there, and "
                "is its certificate of a known authority? SSL_CERT_FILE names others"
            )
        if _cause(error, socket.gaierror) is not None:
            return ModelError(f"no address was found for the host {host!r} of {self.shown_url}; is it spelt right?")
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
            return ModelError(f"cannot connect to {self.shown_url}: {_name(error)}. Is the server running?")
        return ModelError(f"the connection to {self.shown_url} broke before any text came: {_name(error)}")

    def _hide_key(self, text: str) -> str:
        return text.replace(self.key, "<key>") if self.key else text


def _message(content: str) -> str:
    """The message inside an error body, in any of the usual forms."""
    try:
        body = json.loads(content)
        error = body.get("error", body) if isinstance(body, dict) else body
        found = error.get("message", error) if isinstance(error, dict) else error
        content = found if isinstance(found, str) else json.dumps(found)
    except (ValueError, RecursionError):
        pass
    return " ".join(content.split())[:500] or "nothing"


def _retry_after(header: str | None) -> float | None:
    """Seconds to wait, from a number of seconds or an HTTP date."""
    if not header:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    except ValueError:
        return None


@cache
def _certificates() -> ssl.SSLContext:
    """Reading the certificates takes 15 ms, so it is done once."""
    return httpx.create_ssl_context()


def _is_loopback(url: str) -> bool:
    host = httpx.URL(url).host
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _cause(error: BaseException, kind: type[Exception]) -> BaseException | None:
    """The error of this kind that `error` goes back to."""
    found: BaseException | None = error
    while found is not None and not isinstance(found, kind):
        found = found.__cause__ or found.__context__
    return found


def _so_far(characters: int) -> str:
    return f", after {characters} characters of the reply" if characters else ""


def _name(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
