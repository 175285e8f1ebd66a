"""Secrets that were given to a server, which its answers and errors must not repeat."""

from __future__ import annotations

import re
from collections.abc import Mapping

from codeact_adapters.secrets import Secrets

_SECRET_NAMES = re.compile(r"key|token|secret|passw|pwd|credential|auth|cookie|session|private", re.IGNORECASE)
_PLAIN_HEADERS = ("accept", "accept-language", "cache-control", "content-type", "user-agent")


def secrets_of(token: str | None, headers: Mapping[str, str], env: Mapping[str, str]) -> Secrets:
    """What is hidden: the token, the values of headers (but for harmless ones such as `Accept`), and those of
    environment variables whose name says so, such as `API_KEY`.
    """
    secrets = Secrets({})
    if token is not None:
        secrets.add("token", token)
    for name, value in headers.items():
        if name.lower() not in _PLAIN_HEADERS:
            secrets.add(name, value)
            secrets.add(name, value.partition(" ")[2])  # `Bearer ...` without its scheme
    for name, value in env.items():
        if _SECRET_NAMES.search(name):
            secrets.add(name, value)
    return secrets


def check_texts(kind: str, values: Mapping[str, str] | None) -> dict[str, str]:
    """A mapping of text to text, as it must be.

    Raises:
        TypeError: a name or a value is something else. The message does not show the value.
    """
    given = dict(values or {})
    for name, value in given.items():
        if type(name) is not str or type(value) is not str:
            raise TypeError(f"{kind} takes texts by name; the value of {str(name)!r} is none")
    return given
