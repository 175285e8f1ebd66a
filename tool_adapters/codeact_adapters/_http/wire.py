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
        self._inner._pool._network_backend = Backend(private if proxy is None else None)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self._proxy is not None and is_literal(request.url.host):  # a proxy has no names to look up there
            resolved(request.url.host, request.url.port or 443, self._private)
        used = request.extensions.get(AUTHORIZED)
        if self._auth is not None and used is not None:
            request = self._authorized(request, self._auth, used)
        return self._inner.handle_request(request)

    def _authorized(self, request: httpx.Request, auth: Auth, used: dict[str, str]) -> httpx.Request:
        used.update(auth.headers())
        headers = [*request.headers.raw, *((name.encode(), value.encode()) for name, value in used.items())]
        cookies = _pairs(auth.cookies(), "; ")
        if cookies:
            headers = _with_cookies(headers, cookies)
        url, query = request.url, _pairs(auth.query(), "&")
        if query:
            url = url.copy_with(query=b"&".join(part for part in (url.query, query) if part))
        return httpx.Request(request.method, url, headers=headers, stream=request.stream, extensions=request.extensions)

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
