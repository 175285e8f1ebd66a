"""The hosts that may be reached, as the user names them."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable
from typing import TYPE_CHECKING

from codeact.errors import Refused, ToolError
from codeact_adapters._http.network import is_literal, resolved

if TYPE_CHECKING:
    import httpx


class Hosts:
    """Names of hosts: `example.com`, `*.example.com` (all below it), or either with `:port` for that port alone."""

    def __init__(self, patterns: Iterable[str]) -> None:
        """Read the names.

        Raises:
            ToolError: there is none, or one is no name of a host.
        """
        given = [patterns] if isinstance(patterns, str) else list(patterns)
        self._patterns: list[tuple[str, int | None]] = []
        for pattern in given:
            host, port = _split(pattern)
            body = host.removeprefix("*.").strip("[]")
            if not body or not body.isascii() or not body.replace("-", "").replace(".", "").replace(":", "").isalnum():
                raise ToolError(f"{pattern!r} is no host; write example.com, *.example.com or 127.0.0.1:8000")
            self._patterns.append((host.lower(), port))
        if not self._patterns:
            raise ToolError("hosts is empty; name what may be reached, such as ['example.com']")

    def __str__(self) -> str:
        return ", ".join(f"{host}:{port}" if port else host for host, port in self._patterns)

    def problem(self, url: str) -> str | None:
        """Why an address may not be reached, or None."""
        import httpx

        try:
            parsed = httpx.URL(url)
        except httpx.InvalidURL:
            return "it is no address"
        if parsed.scheme in ("data", "blob", "about"):
            return None  # without a host: what is in the page already
        if parsed.scheme not in ("http", "https", "ws", "wss"):
            return f"its scheme is {parsed.scheme or 'missing'}, and must be http or https"
        if parsed.userinfo:
            return "it has a user and password in it"
        host = parsed.host.lower()
        port = parsed.port or {"http": 80, "https": 443, "ws": 80, "wss": 443}[parsed.scheme]
        for pattern, only in self._patterns:
            if fnmatch.fnmatchcase(host, pattern.strip("[]")) and only in (None, port):
                return None
        return f"its host is {host}{'' if parsed.port is None else f':{port}'}"

    def check(self, url: str) -> None:
        """Refuse an address that may not be reached.

        Raises:
            Refused: it may not.
        """
        problem = self.problem(url)
        if problem or url.split(":", 1)[0].lower() not in ("http", "https"):
            raise Refused(f"{url[:300]!r} may not be reached: {problem or 'it is no page'}; what may be is {self}")

    def may_be_private(self, url: httpx.URL) -> bool:
        """Whether an address may be a private one: the user wrote it in digits, or wrote this name with this port."""
        port = url.port or {"https": 443, "wss": 443}.get(url.scheme, 80)
        return is_literal(url.host) or (url.host.lower(), port) in self._patterns

    def leads_where_it_may(self, url: str) -> bool:
        """Whether the name in an address has none but public addresses now, or may have private ones."""
        import httpx

        parsed = httpx.URL(url)
        if not parsed.host or self.may_be_private(parsed):
            return True
        try:
            resolved(parsed.host, parsed.port or 443, private=False)
        except (ToolError, OSError):
            return False
        return True

    def require_ports_of_single_hosts(self) -> None:
        """Refuse `*.example.com:8000`: what Chromium can be told would let redirects reach the other ports there.

        Raises:
            ToolError: there is such a name.
        """
        for host, port in self._patterns:
            if port is not None and host.startswith("*."):
                raise ToolError(f"a browser cannot keep to a port below {host}; name each host, as host:{port}")

    def resolver_rules(self) -> str:
        """Chromium's `--host-resolver-rules` that find no other host, whatever part of the browser asks.

        They hold redirects to one port too, which pass by every other check: the first rule that fits counts.
        """
        rules = [
            f"EXCLUDE {host}" if port is None else f"MAP {host}:{port} {host}:{port}" for host, port in self._patterns
        ]
        return ", ".join([*rules, "MAP * ~NOTFOUND"])


def _split(pattern: str) -> tuple[str, int | None]:
    if "/" in pattern:
        raise ToolError(f"{pattern!r} is no host; write the name alone, without a scheme or path, such as example.com")
    host, colon, port = pattern.rpartition(":")
    if not colon or "]" in port or (":" in host and not host.startswith("[")):
        return pattern, None
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise ToolError(f"{pattern!r}: {port!r} is no port")
    return host, int(port)
