"""Connections: to checked addresses only, and broken off at once when nobody waits for an answer any more."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable
from typing import Any

import httpcore

from codeact.tools.under_way import broken_off
from codeact_adapters._http.network import resolved


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
                    return Stream(self._inner.connect_tcp(address, port, timeout, local_address, socket_options))
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
