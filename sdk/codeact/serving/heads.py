"""Requests whose head does not come: uvicorn waits for one without end, and here a clock runs."""

from __future__ import annotations

import asyncio
from typing import Any

_ANSWER = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


def protocol(seconds: float) -> Any:
    """A class of uvicorn's HTTP protocol, for `uvicorn.Config(http=...)`, that closes a connection too slow to ask.

    Args:
        seconds: in which the head of a request, its first line and its headers, must have come.

    The clock runs from the connection, or from the first byte of a later request on it, to the end of the headers. It
    also runs while a client goes on with a body whose request is answered already. In between, uvicorn's own limit for
    idle connections holds, and the body is waited for by whoever reads it.
    """
    import h11
    from uvicorn.protocols.http.h11_impl import H11Protocol

    class Protocol(H11Protocol):
        _clock: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._look()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._look()

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop()
            super().connection_lost(exc)

        def _look(self) -> None:
            """Let the clock run while the client owes something, and not otherwise."""
            if self.conn.their_state is not h11.IDLE and self.conn.our_state is not h11.DONE:
                self._stop()
            elif self._clock is None:
                self._clock = self.loop.call_later(seconds, self._give_up)

        def _stop(self) -> None:
            if self._clock is not None:
                self._clock.cancel()
                self._clock = None

        def _give_up(self) -> None:
            if self.transport.is_closing():
                return
            if self.conn.our_state is h11.IDLE:
                self.transport.write(_ANSWER)
            self.transport.close()

    return Protocol
