"""Reading an answer within its limits of size and time, also when it is compressed."""

from __future__ import annotations

import time
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx


class TooLong(Exception):
    """An answer has more bytes than may be read."""


def read(response: httpx.Response, most_bytes: int, deadline: float) -> bytes:
    """The body of an answer.

    Args:
        response: not read yet.
        most_bytes: of the body, once it is decompressed.
        deadline: of `time.monotonic()`.

    Raises:
        TooLong: it is longer.
        TimeoutError: the deadline has passed.
        ValueError: it is compressed in a way that was not asked for, or wrongly.
    """
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "", "gzip", "x-gzip", "deflate"):
        raise ValueError(f"it is compressed by {encoding[:20]!r}, which was not asked for")
    inflate = zlib.decompressobj(wbits=47) if encoding not in ("identity", "") else None
    chunks: list[bytes] = []
    size = 0
    for raw in response.iter_raw():
        # Never more than one byte over the limit: compressed, a few bytes can be gigabytes.
        try:
            chunk = inflate.decompress(raw, most_bytes - size + 1) if inflate else raw
        except zlib.error as error:
            raise ValueError(f"it is compressed wrongly: {error}") from None
        size += len(chunk)
        if size > most_bytes:
            raise TooLong
        if time.monotonic() > deadline:
            raise TimeoutError
        chunks.append(chunk)
    if inflate and size and not inflate.eof:
        raise ValueError("it ends in the middle of its compression")
    return b"".join(chunks)
