"""How a service knows who calls: tokens, passwords, keys and OAuth2, added to requests on their way out.

An `Auth` shows nothing of what it holds: not in its repr, and the client takes its secrets out of answers and errors.
"""

from __future__ import annotations

import base64
import contextlib
import inspect
import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from codeact.errors import ToolError
from codeact.tools.wording import listed
from codeact_adapters.spellings import spelled, spelled_bytes

# A token of OAuth2 is renewed so long before its end, and held so long where the service gives it none, in seconds.
_RENEWED_BEFORE_S = 30.0
_HELD_WITHOUT_LIMIT_S = 300.0
_SHORTEST_SECRET = 6

Post = Callable[[str, Mapping[str, str], bytes], bytes]


class Auth:
    """What is added to each request: headers, and parameters of the query and cookies by name."""

    def headers(self) -> Mapping[str, str]:
        return {}

    def query(self) -> Mapping[str, str]:
        return {}

    def cookies(self) -> Mapping[str, str]:
        return {}

    def places(self) -> set[str]:
        """Where the credentials go, as place and name in lower case: `header x-key`."""
        return {"header authorization"}

    def secrets(self) -> list[str]:
        """What no answer and no error may show."""
        return []

    def renew(self, used: Mapping[str, str]) -> bool:
        """After the service refused the credentials: get new ones, if the headers that it refused are still the latest.

        Returns:
            Whether it is worth asking again.
        """
        return False

    def connect(self, post: Post) -> None:
        """Take the function that posts a form to the token's address: (address, headers, form) to the answer."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class Key(Auth):
    """One secret in a header, in the query or in a cookie."""

    def __init__(
        self,
        secret: str,
        *,
        header: str = "",
        query: str = "",
        cookie: str = "",
        prefix: str = "",
        more: tuple[str, ...] = (),
    ) -> None:
        self._place = {"header": header, "query": query, "cookie": cookie}
        self._value = prefix + secret
        self._secrets = [secret, *more]

    def headers(self) -> Mapping[str, str]:
        return self._at("header")

    def query(self) -> Mapping[str, str]:
        return self._at("query")

    def cookies(self) -> Mapping[str, str]:
        return self._at("cookie")

    def places(self) -> set[str]:
        return {f"{place} {name.lower()}" for place, name in self._place.items() if name}

    def secrets(self) -> list[str]:
        return [secret for secret in self._secrets if len(secret) >= _SHORTEST_SECRET]

    def _at(self, place: str) -> Mapping[str, str]:
        return {self._place[place]: self._value} if self._place[place] else {}


class OAuth2(Auth):
    """OAuth 2.0 client credentials (RFC 6749, section 4.4): the token is fetched at the first request and kept."""

    def __init__(self, token_url: str, form: Mapping[str, str], headers: Mapping[str, str], hidden: list[str]) -> None:
        self._token_url = token_url
        self._form = form
        self._headers = headers
        self._hidden = hidden
        self._post: Post | None = None
        self._token = ""
        self._until = 0.0
        self._lock = threading.Lock()

    def headers(self) -> Mapping[str, str]:
        with self._lock:
            if not self._token or time.monotonic() >= self._until:
                self._fetch()
            return {"Authorization": f"Bearer {self._token}"}

    def secrets(self) -> list[str]:
        return [*self._hidden, *([self._token] if len(self._token) >= _SHORTEST_SECRET else [])]

    def renew(self, used: Mapping[str, str]) -> bool:
        with self._lock:
            if used.get("Authorization") == f"Bearer {self._token}":  # or another thread has been here
                self._token = ""
        return True

    def connect(self, post: Post) -> None:
        self._post = post

    def _fetch(self) -> None:
        if self._post is None:
            raise ToolError("the OAuth2 credentials belong to no client yet")
        form = "&".join(f"{name}={quote(value, safe='')}" for name, value in self._form.items())
        answer: Any = None
        with contextlib.suppress(ValueError, RecursionError):
            answer = json.loads(self._post(self._token_url, self._headers, form.encode()))
        token = answer.get("access_token") if isinstance(answer, dict) else None
        if not isinstance(token, str) or not _sendable(token):
            raise ToolError("the OAuth2 token could not be fetched: the answer has no usable `access_token`")
        life = answer.get("expires_in")
        life_s = float(min(life, 1e9)) if type(life) in (int, float) and life > 0 else _HELD_WITHOUT_LIMIT_S
        self._token = token
        self._until = time.monotonic() + max(life_s - _RENEWED_BEFORE_S, life_s / 2)


class Several(Auth):
    """Credentials that a service wants together, such as two keys."""

    def __init__(self, parts: Sequence[Auth]) -> None:
        self._parts = list(parts)

    def headers(self) -> Mapping[str, str]:
        return {name: value for part in self._parts for name, value in part.headers().items()}

    def query(self) -> Mapping[str, str]:
        return {name: value for part in self._parts for name, value in part.query().items()}

    def cookies(self) -> Mapping[str, str]:
        return {name: value for part in self._parts for name, value in part.cookies().items()}

    def places(self) -> set[str]:
        return set().union(*(part.places() for part in self._parts))

    def secrets(self) -> list[str]:
        return [secret for part in self._parts for secret in part.secrets()]

    def renew(self, used: Mapping[str, str]) -> bool:
        renewed = [part.renew(used) for part in self._parts]  # of all, whatever the first one says
        return any(renewed)

    def connect(self, post: Post) -> None:
        for part in self._parts:
            part.connect(post)


def bearer(token: str) -> Auth:
    """Authenticate by `Authorization: Bearer TOKEN`.

    Raises:
        ToolError: it is no printable ASCII without spaces. The message does not show it.
    """
    return Key(_checked(token, "token"), header="Authorization", prefix="Bearer ")


def basic(user: str, password: str) -> Auth:
    """Authenticate by user name and password (HTTP Basic, RFC 7617, in UTF-8).

    Raises:
        ToolError: the user name has a colon.
    """
    if not isinstance(user, str) or not isinstance(password, str) or ":" in user:
        raise ToolError("basic() takes a user name without a colon and a password, both strings")
    encoded = base64.b64encode(f"{user}:{password}".encode()).decode()
    return Key(encoded, header="Authorization", prefix="Basic ", more=(password,))


def api_key(value: str, *, header: str = "", query: str = "", cookie: str = "") -> Auth:
    """Authenticate by a key: in a header, in the query or in a cookie of that name.

    Raises:
        ToolError: the key is no printable ASCII without spaces, or not exactly one place is named.
    """
    places = [name for name in (header, query, cookie) if name]
    if len(places) != 1 or not isinstance(places[0], str) or not _sendable(places[0]):
        raise ToolError("api_key() takes the key and one place for it: header=..., query=... or cookie=...")
    return Key(_checked(value, "key"), header=header, query=query, cookie=cookie)


def oauth2(
    token_url: str, client_id: str, client_secret: str, *, scope: str = "", audience: str = "", in_form: bool = False
) -> Auth:
    """Authenticate by OAuth 2.0 client credentials.

    The token is fetched at the first request, kept until shortly before its end, and fetched anew once when the service
    answers 401.

    Args:
        token_url: where tokens are given out.
        client_id: who asks.
        client_secret: goes to the host of `token_url` only.
        scope: what for, separated by spaces.
        audience: for services that ask for one.
        in_form: send id and secret in the form, rather than by HTTP Basic.

    Raises:
        ToolError: `token_url` is no address, or the id or the secret is empty.
    """
    if not isinstance(token_url, str) or not token_url.startswith(("http://", "https://")):
        raise ToolError("oauth2() takes the address that gives out tokens, which begins with https:// or http://")
    if not client_id or not client_secret or not isinstance(client_id, str) or not isinstance(client_secret, str):
        raise ToolError("oauth2() takes a client id and a client secret, both strings that are not empty")
    form = {"grant_type": "client_credentials", "scope": scope, "audience": audience}
    encoded = base64.b64encode(f"{quote(client_id, safe='')}:{quote(client_secret, safe='')}".encode()).decode()
    if in_form:
        form |= {"client_id": client_id, "client_secret": client_secret}
    hidden = [secret for secret in (client_secret, encoded) if len(secret) >= _SHORTEST_SECRET]
    headers = {} if in_form else {"Authorization": f"Basic {encoded}"}
    return OAuth2(token_url, {name: value for name, value in form.items() if value}, headers, hidden)


def auth_of(described: Auth | Mapping[str, Any] | Sequence[Auth | Mapping[str, Any]] | None) -> Auth | None:
    """Credentials as they are, or as a file describes them: one of the functions above by name, and its arguments.

    `{"bearer": "..."}`, `{"basic": {"user": "...", "password": "..."}}`, `{"api_key": {"value": "...", "query": "k"}}`
    and `{"oauth2": {"token_url": "...", "client_id": "...", "client_secret": "..."}}`; or a list of these, which are
    sent together.

    Raises:
        ToolError: it describes none. The message shows no value.
    """
    if described is None or isinstance(described, Auth):
        return described
    if isinstance(described, (list, tuple)):
        parts = [part for each in described if (part := auth_of(each)) is not None]
        places = [place for part in parts for place in part.places()]
        if not parts or len(set(places)) < len(places):
            raise ToolError("auth takes a list of credentials that go to different places, and this one does not")
        return Several(parts)
    kinds: dict[str, Callable[..., Auth]] = {"bearer": bearer, "basic": basic, "api_key": api_key, "oauth2": oauth2}
    if not isinstance(described, Mapping) or len(described) != 1 or not kinds.keys() >= described.keys():
        raise ToolError(f"auth takes one of {listed(kinds)}, such as auth={{'bearer': '...'}}")
    ((kind, given),) = described.items()
    arguments = given if isinstance(given, Mapping) else {"token": given} if kind == "bearer" else {}
    known = inspect.signature(kinds[kind]).parameters
    for name in arguments:
        if name not in known:
            raise ToolError(f"auth: {kind} takes {listed(known)}, not {str(name)[:40]!r}")
    missing = [n for n, parameter in known.items() if parameter.default is parameter.empty and n not in arguments]
    if missing:
        raise ToolError(f"auth: {kind} needs {listed(missing)}")
    return kinds[kind](**arguments)


def hidden(text: str, auth: Auth | None) -> str:
    """The text without the secrets, however they are spelled in it."""
    for secret in _longest_first(auth):
        text = spelled(secret).sub("[token]", text)
    return text


def hidden_bytes(data: bytes, auth: Auth | None) -> bytes:
    """The same for what a service answers."""
    for secret in _longest_first(auth):
        data = spelled_bytes(secret).sub(b"[token]", data)
    return data


def _longest_first(auth: Auth | None) -> list[str]:
    """So that nothing is left of a secret that begins as another one does."""
    return sorted(auth.secrets(), key=len, reverse=True) if auth else []


def _checked(secret: str, what: str) -> str:
    if not isinstance(secret, str) or not _sendable(secret):
        raise ToolError(f"the {what} must be printable ASCII without spaces")
    return secret


def _sendable(text: str) -> bool:
    return bool(text) and text.isascii() and text.isprintable() and " " not in text
