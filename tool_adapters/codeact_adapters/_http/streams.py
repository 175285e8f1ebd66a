"""Connections on which a request is broken off at once when nobody waits for its answer any more."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable
from typing import Any

import httpcore

from codeact.tools.under_way import broken_off


class Backend(httpcore.NetworkBackend):
    """Opens them, as httpcore asks for."""

    def __init__(self) -> None:
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        with broken_off(_nothing):  # what connects has no socket yet: it ends by its timeout
            return Stream(self._inner.connect_tcp(host, port, timeout, local_address, socket_options))


class Stream(httpcore.NetworkStream):
    """One of them."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with broken_off(self._shut):
            return self._inner.read(max_bytes, timeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        with broken_off(self._shut):
            self._inner.write(buffer, timeout)

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        with broken_off(self._shut):
            return Stream(self._inner.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)

    def _shut(self) -> None:
        # Not by the method of an SSL socket, which takes away from under its reader what that reads with.
        socket.socket.shutdown(self._inner.get_extra_info("socket"), socket.SHUT_RDWR)


def _nothing() -> None:
    pass
