"""Which session a request belongs to. Each client has its own; idle ones end."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from codeact.errors import CodeActError
from codeact_adapters._mcp.serving.desk import Desk

if TYPE_CHECKING:
    from mcp.server import ServerRequestContext

D = TypeVar("D", bound=Desk)
IDLE_S = 1_800.0
_LOOK_S = 15.0
OWN = "own"
"""The key of the one session of a server on standard input and output."""


def connection_of(context: ServerRequestContext[Any, Any]) -> str | None:
    """The id of the connection that a request came by, which the server gave it; None where there are none.

    Where the protocol has no connections, what a client writes into that header means nothing.
    """
    from mcp_types.version import MODERN_PROTOCOL_VERSIONS

    if context.request is None or context.protocol_version in MODERN_PROTOCOL_VERSIONS:
        return None
    named: str | None = context.request.headers.get("mcp-session-id")
    return named


class Sessions(Generic[D]):
    """The sessions that are open.

    A client on standard input and output has one. At an address, a session goes with the connection's session id. Where
    the protocol has none (from 2026-07-28 on), a call without the argument `session` opens one, and its answer names
    it. Those names cannot be guessed.

    Attributes:
        most: how many may be open at a time.
    """

    def __init__(self, make: Callable[[str], D], most: int) -> None:
        """Make the set of sessions, empty.

        Args:
            make: makes a session, given its key.
            most: how many may be open at a time.
        """
        self._make, self.most = make, most
        self._open: dict[str, D] = {}
        self._connections: dict[str, str] = {}  # session id of a connection to key
        self._used_at: dict[str, float] = {}
        self._looking: asyncio.Task[None] | None = None

    def of(self, context: ServerRequestContext[Any, Any], named: str | None) -> D:
        """The session of a request.

        Args:
            named: the session that the client asks for.

        Raises:
            CodeActError: there is no such session, or there are as many as may be.
        """
        if named is not None:
            if named not in self._open:
                raise CodeActError(
                    f"there is no session {named[:40]!r}; it ends after {IDLE_S / 60:g} idle minutes. "
                    "Leave the argument out for a new one"
                )
            return self._used(named)
        if context.request is None:
            return self._used(OWN)
        connection = connection_of(context)
        key = self._connections.get(connection or "") or secrets.token_urlsafe(18)
        desk = self._used(key)
        if connection is not None:
            self._connections[connection] = key
        return desk

    def get(self, key: str) -> D | None:
        """The session with that key, if it is open."""
        return self._open.get(key)

    def __len__(self) -> int:
        return len(self._open)

    async def leave(self, connection: str) -> None:
        """A connection has ended: its session does, too."""
        key = self._connections.pop(connection, None)
        if key is not None:
            await self._close(key)

    def _used(self, key: str) -> D:
        if key not in self._open:
            if len(self._open) >= self.most:
                raise CodeActError(f"{self.most} sessions are open, and no more may be; try again later")
            self._open[key] = self._make(key)
        self._used_at[key] = time.monotonic()
        return self._open[key]

    async def _close(self, key: str) -> None:
        desk = self._open.pop(key, None)
        self._used_at.pop(key, None)
        self._connections = {connection: its for connection, its in self._connections.items() if its != key}
        if desk is not None:
            await desk.close()

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_S)
            now = time.monotonic()
            for key, used_at in list(self._used_at.items()):
                desk = self._open[key]
                busy = desk.work is not None and not desk.work.outcome.done()
                if key != OWN and not busy and now - used_at > IDLE_S:
                    with contextlib.suppress(Exception):
                        await self._close(key)

    async def __aenter__(self) -> Self:
        self._looking = asyncio.create_task(self._look())
        return self

    async def close(self) -> None:
        """End all sessions: what moves is brought to rest."""
        if self._looking is not None:
            self._looking.cancel()
        self.most = 0
        await asyncio.gather(*(self._close(key) for key in list(self._open)), return_exceptions=True)

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
