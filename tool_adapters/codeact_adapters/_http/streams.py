"""Connections: to checked addresses only, broken off at once when nobody waits for an answer any more, and read and
written no longer than until a deadline, however often something comes: httpx's own limits begin anew with each byte.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Any

import httpcore

from codeact.tools.under_way import broken_off
from codeact_adapters._http.network import resolved


class _Thread(threading.local):
    deadline: float | None = None


_of_thread = _Thread()


@contextlib.contextmanager
def until(deadline: float) -> Iterator[None]:
    """While the body runs: let this thread's connections take no longer. `deadline` is of `time.monotonic()`."""
    outer = _of_thread.deadline
    _of_thread.deadline = deadline if outer is None else min(deadline, outer)
    try:
        yield
    finally:
        _of_thread.deadline = outer


def _left(timeout: float | None, late: type[Exception]) -> float | None:
    """The seconds that are left for what may take so many; raises `late` where none are."""
    if _of_thread.deadline is None:
        return timeout
    left = _of_thread.deadline - time.monotonic()
    if left <= 0:
        raise late("the time is over")
    return left if timeout is None else min(left, timeout)


class Backend(httpcore.NetworkBackend):
    """Opens them, as httpcore asks for."""

    def __init__(self, private: bool | None) -> None:
        """`private` says whether private addresses may be reached; None for any: it is the proxy's."""
        self._private = private
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        failed: Exception | None = None
        for address in self._addresses(host, port):
            try:
                with broken_off(_nothing):  # what connects has no socket yet: it ends by its timeout
                    left = _left(timeout, httpcore.ConnectTimeout)
                    return Stream(self._inner.connect_tcp(address, port, left, local_address, socket_options))
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        raise failed or httpcore.ConnectError(f"{host} has no address")

    def _addresses(self, host: str, port: int) -> list[str]:
        """Where to connect to, in the order in which to try."""
        if self._private is None:
            return [host]
        try:
            return resolved(host, port, self._private)
        except OSError as error:
            raise httpcore.ConnectError(f"{host} has no address: {error.strerror or error}") from None


class Stream(httpcore.NetworkStream):
    """One of them."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with broken_off(self._shut):
            return self._inner.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        with broken_off(self._shut):
            self._inner.write(buffer, _left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        with broken_off(self._shut):
            left = _left(timeout, httpcore.ConnectTimeout)
            return Stream(self._inner.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)

    def _shut(self) -> None:
        # Not by the method of an SSL socket, which takes away from under its reader what that reads with.
        socket.socket.shutdown(self._inner.get_extra_info("socket"), socket.SHUT_RDWR)


def _nothing() -> None:
    pass
