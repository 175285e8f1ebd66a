"""The server's addresses, as an ASGI application: who may ask, for how much, and what is answered."""

from __future__ import annotations

import hmac
import json
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import anyio
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from codeact.serving.bodies import Body, ChatBody, CompletionBody, parsed
from codeact.serving.metrics import Metrics
from codeact.serving.refusals import Refusal
from codeact.serving.replies import Piece, Replies, Wanted
from codeact.serving.served import Served, choices_of

OPEN = ("/health",)  # without a token: load balancers ask it
Some = TypeVar("Some")


@dataclass(frozen=True)
class Access:
    """Who may ask, and for how much.

    Attributes:
        token: what clients send as `Authorization: Bearer ...`; None lets everyone in.
        most_bytes: of a request's body.
        most_waiting: replies that may wait for room; a request over that is answered 429.
        body_seconds: in which a request's body must have come; after them it is answered 408.
    """

    token: str | None = None
    most_bytes: int = 4_000_000
    most_waiting: int = 256
    body_seconds: float = 60.0


class Desk:
    """Answers requests for one served model."""

    def __init__(self, served: Served, access: Access) -> None:
        self._served = served
        self._access = access
        self._engine = served.engine
        self._metrics = Metrics(lambda: self._engine.running, lambda: self._engine.waiting)

    def app(self) -> ASGIApp:
        """The application. Its lifespan starts and stops the engine."""

        @asynccontextmanager
        async def lifespan(_: Starlette) -> AsyncIterator[None]:
            self._engine.start()
            try:
                yield
            finally:
                await run_in_threadpool(self._engine.stop)

        routes = [
            Route("/v1/chat/completions", self._chat, methods=["POST"]),
            Route("/v1/completions", self._completion, methods=["POST"]),
            Route("/v1/models", self._models),
            Route("/v1/models/{name:path}", self._model),
            Route("/health", self._health),
            Route("/metrics", self._read_metrics),
        ]
        handlers: dict[Any, Any] = {
            Refusal: _refused,
            HTTPException: _http_error,
            ClientDisconnect: _gone,
            Exception: _broken,
        }
        return self._counted(Starlette(routes=routes, exception_handlers=handlers, lifespan=lifespan))

    def _counted(self, app: ASGIApp) -> ASGIApp:
        """Look at the token before anything else, and count every answer."""
        known = {"/v1/chat/completions", "/v1/completions", "/v1/models", "/health", "/metrics"}

        async def counted(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            begun, status = time.perf_counter(), 499  # nginx's word for a client that hung up first

            async def watched(message: Message) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = message["status"]
                await send(message)

            try:
                if scope["path"] not in OPEN and not self._knows(Request(scope)):
                    refusal = Refusal(
                        401, "give the server's token as `Authorization: Bearer ...`", code="invalid_api_key"
                    )
                    await refusal.response()(scope, receive, watched)
                else:
                    await app(scope, receive, watched)
            finally:
                path = scope["path"] if scope["path"] in known else "other"
                self._metrics.answered(path, status, time.perf_counter() - begun)

        return counted

    def _knows(self, request: Request) -> bool:
        if self._access.token is None:
            return True
        kind, _, given = request.headers.get("authorization", "").partition(" ")
        same = hmac.compare_digest(given.strip().encode(), self._access.token.encode())
        return kind.lower() == "bearer" and same

    async def _chat(self, request: Request) -> Response:
        body = parsed(ChatBody, await self._body(request))
        self._admit(body)
        wanted = await run_in_threadpool(self._served.chat, body)
        return await self._answer(request, body, wanted, _Shape("chat.completion", body.model))

    async def _completion(self, request: Request) -> Response:
        body = parsed(CompletionBody, await self._body(request))
        self._admit(body)
        wanted = await run_in_threadpool(self._served.completion, body)
        return await self._answer(request, body, wanted, _Shape("text_completion", body.model))

    async def _body(self, request: Request) -> bytes:
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise Refusal(415, "send JSON, with `Content-Type: application/json`")
        too_large = Refusal(413, f"the body has more than {self._access.most_bytes} bytes")
        length = request.headers.get("content-length", "")
        if length.isdecimal() and int(length) > self._access.most_bytes:
            raise too_large
        content = bytearray()
        with anyio.move_on_after(self._access.body_seconds):
            async for part in request.stream():
                content += part
                if len(content) > self._access.most_bytes:
                    raise too_large
            return bytes(content)
        raise Refusal(408, f"the body did not come within {self._access.body_seconds:g} s")

    def _admit(self, body: Body) -> None:
        if not self._engine.alive:
            raise Refusal(503, "the model has stopped", retry_after=30)
        if self._engine.waiting + choices_of(body) > self._access.most_waiting:
            raise Refusal(429, f"{self._engine.waiting} replies wait already; try again later", retry_after=1)

    async def _answer(self, request: Request, body: Body, wanted: list[Wanted], shape: _Shape) -> Response:
        if reason := self._engine.refuses(wanted[0].options):
            raise Refusal(400, reason)
        replies = Replies(self._engine, self._metrics, wanted)
        self._metrics.read(replies.prompt_tokens)
        streamed = False
        try:
            pieces = replies.pieces()
            if not body.stream:
                return JSONResponse(await _unless_gone(request, lambda: _whole(pieces, replies, shape)))
            # An error before the first token still gets its own status.
            first = await _unless_gone(request, lambda: anext(pieces))
            usage = body.stream_options is not None and body.stream_options.include_usage
            streamed = True
            return _Stream(_events(first, pieces, replies, shape, len(wanted), usage), replies.close)
        finally:
            if not streamed:
                replies.close()

    async def _models(self, _: Request) -> Response:
        return JSONResponse({"object": "list", "data": self._served.cards()})

    async def _model(self, request: Request) -> Response:
        name = request.path_params["name"]
        self._served.adapter(name)
        return JSONResponse(next(card for card in self._served.cards() if card["id"] == name))

    async def _health(self, _: Request) -> Response:
        alive = self._engine.alive
        return JSONResponse({"status": "ok" if alive else "stopped"}, 200 if alive else 503)

    async def _read_metrics(self, _: Request) -> Response:
        return Response(self._metrics.text(), media_type="text/plain; version=0.0.4")


class _Shape:
    """Answers and pieces of one request, as the API writes them."""

    def __init__(self, kind: str, model: str) -> None:
        self.chat = kind == "chat.completion"
        self._kind = kind
        self._head = {
            "id": f"{'chatcmpl' if self.chat else 'cmpl'}-{uuid.uuid4().hex}",
            "created": int(time.time()),
            "model": model,
        }

    def whole(self, texts: dict[int, str], reasons: dict[int, str], usage: dict[str, int]) -> dict[str, object]:
        choices: list[dict[str, object]] = []
        for choice in sorted(texts):
            said = {"message": {"role": "assistant", "content": texts[choice], "refusal": None}}
            text: dict[str, object] = dict(said) if self.chat else {"text": texts[choice]}
            choices.append({"index": choice, **text, "logprobs": None, "finish_reason": reasons[choice]})
        return {**self._head, "object": self._kind, "choices": choices, "usage": usage}

    def piece(self, piece: Piece) -> dict[str, object]:
        text: dict[str, object] = {"text": piece.text}
        if self.chat:
            text = {"delta": {"content": piece.text} if piece.text or piece.finish_reason is None else {}}
        return self._chunk([{"index": piece.choice, **text, "logprobs": None, "finish_reason": piece.finish_reason}])

    def begin(self, choice: int) -> dict[str, object]:
        delta = {"role": "assistant", "content": ""}
        return self._chunk([{"index": choice, "delta": delta, "logprobs": None, "finish_reason": None}])

    def usage(self, usage: dict[str, int]) -> dict[str, object]:
        return {**self._chunk([]), "usage": usage}

    def _chunk(self, choices: list[dict[str, object]]) -> dict[str, object]:
        return {**self._head, "object": "chat.completion.chunk" if self.chat else self._kind, "choices": choices}


async def _whole(pieces: AsyncIterator[Piece], replies: Replies, shape: _Shape) -> dict[str, object]:
    texts: dict[int, str] = {}
    reasons: dict[int, str] = {}
    async for piece in pieces:
        texts[piece.choice] = texts.get(piece.choice, "") + piece.text
        if piece.finish_reason is not None:
            reasons[piece.choice] = piece.finish_reason
    return shape.whole(texts, reasons, replies.usage())


async def _events(
    first: Piece, pieces: AsyncIterator[Piece], replies: Replies, shape: _Shape, choices: int, usage: bool
) -> AsyncIterator[str]:
    if shape.chat:
        for choice in range(choices):
            yield _event(shape.begin(choice))
    yield _event(shape.piece(first))
    try:
        async for piece in pieces:
            yield _event(shape.piece(piece))
    except Refusal as refusal:  # too late for a status
        yield _event(refusal.body())
        return
    if usage:
        yield _event(shape.usage(replies.usage()))
    yield "data: [DONE]\n\n"


def _event(data: dict[str, object]) -> str:
    return f"data: {json.dumps(data, ensure_ascii=False, separators=(',', ':'))}\n\n"


class _Stream(StreamingResponse):
    """Server-sent events; `close` is called when they are sent, or the client is gone."""

    media_type = "text/event-stream"

    def __init__(self, events: AsyncIterator[str], close: Callable[[], None]) -> None:
        super().__init__(events, headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"})
        self._close = close

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._close()


async def _unless_gone(request: Request, work: Callable[[], Awaitable[Some]]) -> Some:
    """What `work` returns, which is cancelled when the client hangs up."""
    done: list[Some] = []
    failed: list[Refusal] = []
    async with anyio.create_task_group() as group:

        async def watch() -> None:
            while (await request.receive())["type"] != "http.disconnect":
                pass
            group.cancel_scope.cancel()

        async def run() -> None:
            try:
                done.append(await work())
            except Refusal as refusal:
                failed.append(refusal)
            group.cancel_scope.cancel()

        group.start_soon(watch)
        group.start_soon(run)
    if failed:
        raise failed[0]
    if not done:
        raise ClientDisconnect
    return done[0]


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return error.response()


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    said = f"{request.method} {request.url.path}: {error.detail}"
    return Refusal(error.status_code, said).response()


async def _broken(_: Request, error: Exception) -> Response:
    return Refusal(500, f"the server failed: {type(error).__name__}").response()


async def _gone(_: Request, error: Exception) -> Response:
    return Response(status_code=499)  # nobody reads it; the metrics count it
