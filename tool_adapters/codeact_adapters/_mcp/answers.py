"""Answers over HTTP that are no stream of events, read no further than is allowed: the SDK reads them whole."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2


def bounded(response: httpx2.Response, most_bytes: int) -> None:
    """Have reading this answer raise `httpx2.StreamError`, as the SDK expects it, once it is longer than that.

    An answer that is compressed although it was asked not to be cannot be read: few bytes may stand for very many.
    """
    if response.headers.get("content-type", "").lower().startswith("text/event-stream"):
        return  # the SDK bounds each event of these
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    compressed = response.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity")
    response.stream = _Bounded(response.stream, most_bytes, compressed)


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, inner: httpx2.AsyncByteStream, most_bytes: int, compressed: bool) -> None:
        self._inner, self._most, self._compressed = inner, most_bytes, compressed

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._compressed:
            raise httpx2.StreamError("the answer is compressed, which it was asked not to be")
        size = 0
        async for part in self._inner:
            size += len(part)
            if size > self._most:
                raise httpx2.StreamError(f"the answer is longer than {self._most:,} bytes")
            yield part

    async def aclose(self) -> None:
        await self._inner.aclose()
