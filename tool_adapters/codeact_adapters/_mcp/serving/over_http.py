"""The server at an address: a token for every request, known hosts and origins only."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Collection, Iterator
from typing import TYPE_CHECKING, Any

from codeact.errors import CodeActError
from codeact_adapters._mcp.serving.sessions import IDLE_S, Sessions

if TYPE_CHECKING:
    from mcp.server import Server

PATH = "/mcp"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
App = Callable[[Any, Any, Any], Awaitable[None]]


def application(server: Server[Any], sessions: Sessions[Any], *, token: str, host: str, hosts: Collection[str]) -> App:
    """The server as an ASGI application.

    Args:
        token: what clients send as `Authorization: Bearer ...`.
        host: the address that it is bound to.
        hosts: names by which clients may call this machine, besides that.
    """
    from mcp.server.transport_security import TransportSecuritySettings

    names = [*LOOPBACK[:2], "[::1]", *hosts, *([] if host in (*LOOPBACK, "0.0.0.0", "::") else [host])]
    ways = [*names, *(f"{name}:*" for name in names)]
    security = TransportSecuritySettings(
        enable_dns_rebinding_protection=True,
        allowed_hosts=ways,
        allowed_origins=[f"{scheme}://{way}" for scheme in ("http", "https") for way in ways],
    )
    app = server.streamable_http_app(
        streamable_http_path=PATH,
        host=host,
        transport_security=security,
        session_idle_timeout=IDLE_S,
        max_sessions=sessions.most * 4,  # connections that have no session yet count as well
    )
    return _Guard(app, token, sessions)


class _Guard:
    """Lets requests with the token pass, and ends the session of a connection that says goodbye."""

    def __init__(self, app: App, token: str, sessions: Sessions[Any]) -> None:
        self._app, self._sessions = app, sessions
        self._wanted = f"Bearer {token}".encode()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        if not hmac.compare_digest(headers.get(b"authorization", b""), self._wanted):
            await _answer(send, 401, "the header `Authorization: Bearer TOKEN` is missing or wrong")
            return
        status = 0

        async def seen(message: Any) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        await self._app(scope, receive, seen)
        if scope["method"] == "DELETE" and 200 <= status < 300:
            await self._sessions.leave(headers.get(b"mcp-session-id", b"").decode(errors="replace"))


async def _answer(send: Any, status: int, text: str) -> None:
    headers = [(b"content-type", b"text/plain"), (b"www-authenticate", b"Bearer")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode()})


async def serve_http(app: App, sessions: Sessions[Any], host: str, port: int, new_token: str | None) -> None:
    """Serve until the process is told to end; says the address on standard error.

    Args:
        new_token: said as well, as nobody knows it yet.

    Raises:
        CodeActError: the address cannot be bound to.
    """
    import uvicorn

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
    except OSError as problem:
        listening.close()
        raise CodeActError(f"nothing can be served at {host} port {port}: {problem.strerror}") from None

    class Server(uvicorn.Server):
        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            """Leave signals alone: it would end the process before what moves is at rest."""
            yield

    server = Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=2))
    shown = f"[{host}]" if ":" in host else host
    print(f"serving http://{shown}:{listening.getsockname()[1]}{PATH}", file=sys.stderr, flush=True)
    if new_token is not None:
        print(f"clients send the header  Authorization: Bearer {new_token}", file=sys.stderr, flush=True)

    async def leave() -> None:
        await sessions.close()  # first, so that what moves is at rest whatever the clients do
        server.should_exit = True

    loop = asyncio.get_running_loop()
    leaving: set[asyncio.Task[None]] = set()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, lambda: leaving.add(loop.create_task(leave())))
    await server.serve(sockets=[listening])
