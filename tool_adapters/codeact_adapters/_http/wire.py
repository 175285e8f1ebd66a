"""The way out: each request goes to a checked address of its host, and gets its credentials at the very end.

Credentials are added below httpx's own log, which shows whole addresses.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

import httpx

from codeact_adapters._http.auth import Auth
from codeact_adapters._http.network import is_literal, resolved
from codeact_adapters._http.streams import Backend

AUTHORIZED = "codeact_authorized"  # in a request's extensions: the headers that it was authorized by, for its sender


class Wire(httpx.BaseTransport):
    """Sends requests to one host."""

    def __init__(self, auth: Auth | None, *, private: bool, proxy: str | None = None, secure: bool = True) -> None:
        """Prepare; nothing is opened yet.

        Args:
            auth: for requests with AUTHORIZED among their extensions.
            private: whether private addresses may be reached.
            secure: whether requests may be `https`; where none is, no certificates are loaded.
            proxy: where requests go instead, if it is not None; the proxy looks names up itself, and decides.
        """
        self._auth = auth
        self._private = private
        self._proxy = proxy
        self._inner = httpx.HTTPTransport(verify=secure or proxy is not None, proxy=proxy)
        self._inner._pool._network_backend = Backend()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        headers = list(request.headers.raw)
        used = request.extensions.get(AUTHORIZED)
        if self._auth is not None and used is not None:
            used.update(self._auth.headers())
            headers += [(name.encode(), value.encode()) for name, value in used.items()]
            cookies = _pairs(self._auth.cookies(), "; ")
            if cookies:
                headers = _with_cookies(headers, cookies)
            query = _pairs(self._auth.query(), "&")
            if query:
                url = url.copy_with(query=b"&".join(part for part in (url.query, query) if part))
        failed: Exception | None = None
        for host in self._hosts(url):
            sent = httpx.Request(
                request.method,
                url.copy_with(host=host),
                headers=headers,
                stream=request.stream,
                extensions={**request.extensions, "sni_hostname": url.host},
            )
            try:
                return self._inner.handle_request(sent)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failed = error
        raise failed or httpx.ConnectError(f"{url.host} has no address")

    def _hosts(self, url: httpx.URL) -> list[str]:
        """Where to connect to, in the order in which to try."""
        if self._proxy is not None and not is_literal(url.host):
            return [url.host]
        try:
            return resolved(url.host, url.port or (443 if url.scheme == "https" else 80), self._private)
        except OSError as error:
            raise httpx.ConnectError(f"{url.host} has no address: {error.strerror or error}") from None

    def close(self) -> None:
        self._inner.close()


def _pairs(values: Mapping[str, str], separator: str) -> bytes:
    return separator.join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in values.items()).encode()


def _with_cookies(headers: list[tuple[bytes, bytes]], cookies: bytes) -> list[tuple[bytes, bytes]]:
    """With one header for all cookies, as HTTP/1.1 asks for."""
    others = [value for name, value in headers if name.lower() == b"cookie"]
    return [
        *((name, value) for name, value in headers if name.lower() != b"cookie"),
        (b"Cookie", b"; ".join([*others, cookies])),
    ]
