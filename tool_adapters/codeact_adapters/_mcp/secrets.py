"""Secrets that were given to a server, and the answers and errors that must not repeat them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

_SHORTEST = 6  # shorter ones are part of too many ordinary words
_SECRET_NAMES = re.compile(r"key|token|secret|passw|pwd|credential|auth|cookie|session|private", re.IGNORECASE)
_PLAIN_HEADERS = ("accept", "accept-language", "cache-control", "content-type", "user-agent")


class Secrets:
    """Values that are replaced wherever a server repeats them.

    Those are a token, the values of headers (but for harmless ones such as `Accept`), and the values of environment
    variables whose name says so, such as `API_KEY`.
    """

    def __init__(
        self, token: str | None = None, headers: Mapping[str, str] | None = None, env: Mapping[str, str] | None = None
    ) -> None:
        found = [token or ""]
        for name, value in (headers or {}).items():
            if name.lower() not in _PLAIN_HEADERS:
                found += [value, value.partition(" ")[2]]  # `Bearer ...` with and without its scheme
        found += [value for name, value in (env or {}).items() if _SECRET_NAMES.search(name)]
        self._values = sorted({value for value in found if len(value) >= _SHORTEST}, key=len, reverse=True)

    def hidden(self, value: Any) -> Any:
        """The value, of JSON data, with every secret in it replaced by `[secret]`."""
        if not self._values:
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.hidden(item) for item in value]
        if isinstance(value, dict):
            return {self.text(str(key)): self.hidden(item) for key, item in value.items()}
        return value

    def text(self, text: str) -> str:
        """A text with every secret in it replaced by `[secret]`."""
        for secret in self._values:
            text = text.replace(secret, "[secret]")
        return text

    def data(self, data: bytes) -> bytes:
        """Bytes with every secret in them replaced."""
        for secret in self._values:
            data = data.replace(secret.encode(), b"[secret]")
        return data

    def __repr__(self) -> str:
        return "<Secrets>"


def check_names(kind: str, values: Mapping[str, str] | None) -> dict[str, str]:
    """A mapping of text to text, as it must be.

    Raises:
        TypeError: a name or a value is something else. The message does not show the value.
    """
    given = dict(values or {})
    wrong: Iterable[str] = (
        str(name) for name, value in given.items() if type(name) is not str or type(value) is not str
    )
    for name in wrong:
        raise TypeError(f"{kind} takes texts by name; the value of {name!r} is none")
    return given
