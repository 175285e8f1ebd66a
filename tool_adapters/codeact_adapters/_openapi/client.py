"""The HTTP client behind the tools: one host, a deadline, a size limit, and a token that nobody gets to see."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from codeact.errors import ToolError

if TYPE_CHECKING:
    import httpx

_LONGEST_ERROR_TEXT = 500
_SHORTEST_HIDDEN_TOKEN = 6
_MOST_REDIRECTS = 5
_REDIRECTS = (301, 302, 303, 307, 308)


class HttpError(ToolError):
    """The service answered with an error. The message begins with the status: `HTTP 404 from GET /orders/7: ...`.

    Attributes:
        status: the HTTP status, in the host; a program reads it from the message.
        text: the start of the answer.
    """

    def __init__(self, message: str, status: int = 0, text: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.text = text


class Client:
    """Sends requests to one origin (scheme, host and port), and follows redirects nowhere else."""

    def __init__(self, base_url: str, *, token: str | None, timeout_s: float, max_response_bytes: int) -> None:
        """Prepare a client; it connects at the first request.

        Args:
            base_url: where the paths begin, such as `https://host/api/v1`.
            token: sent as `Authorization: Bearer ...`, to this origin only.
            timeout_s: for a whole request with its answer, in seconds.
            max_response_bytes: the longest answer that is read.

        Raises:
            ToolError: the address or the token cannot be used. The message does not show the token.
        """
        base = address(base_url)
        if base.scheme not in ("http", "https") or not base.host:
            raise ToolError(f"base_url is {base_url!r}; it must begin with http:// or https:// and name a host")
        if base.userinfo or base.query or base.fragment:
            raise ToolError("base_url must have no user, password, query or fragment; pass a token as token=...")
        if token is not None and (not token or not token.isascii() or not token.isprintable() or " " in token):
            raise ToolError("the token must be printable ASCII without spaces")
        if not timeout_s > 0:
            raise ToolError(f"timeout_s is {timeout_s}, and must be above 0")
        if max_response_bytes <= 0:
            raise ToolError(f"max_response_bytes is {max_response_bytes}, and must be above 0")
        self.base = base
        self._base_path = base.raw_path.decode().rstrip("/")
        self._token = token
        self._timeout_s = timeout_s
        self._max_response_bytes = max_response_bytes
        self._http: httpx.Client | None = None
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<Client of {self.base}>"

    def call(self, method: str, path: str, query: Sequence[tuple[str, str]] = (), body: Any = None) -> Any:
        """Send a request and return the answer: parsed JSON, text, bytes, or None if it is empty.

        Args:
            method: in lower case.
            path: begins with a slash; percent-encoded.
            query: names and values, not encoded.
            body: sent as JSON, unless None.

        Raises:
            HttpError: the status says that it failed, or the answer is too long or not what it says it is.
            TimeoutError: no complete answer in time.
            ConnectionError: the service cannot be reached or broke off.
        """
        import httpx

        url = self.base.copy_with(raw_path=(self._base_path + path).encode())
        if query:
            url = url.copy_merge_params(tuple(query))
        content = None if body is None else json.dumps(body, allow_nan=False).encode()
        what = f"{method.upper()} {self._hidden(path)}"
        headers = {"Content-Type": "application/json"} if content is not None else {}
        kind, data = self._exchange(httpx.Request(method.upper(), url, headers=headers, content=content), what)
        return self._value(kind, data, what)

    def fetch(self, url: str) -> bytes:
        """The raw answer to a GET of an address on this client's origin. Errors as for `call`."""
        import httpx

        return self._exchange(httpx.Request("GET", url), "GET of the document")[1]

    def _exchange(self, request: httpx.Request, what: str) -> tuple[str, bytes]:
        """Send, follow redirects on the same origin, read within the limits: (content type, answer)."""
        import httpx

        deadline = time.monotonic() + self._timeout_s
        try:
            for _ in range(_MOST_REDIRECTS + 1):
                self._check_origin(request.url)
                # Plain answers: a compressed one could grow a thousandfold in a single step.
                request.headers.update({"Accept-Encoding": "identity", "User-Agent": "codeact", **self._authority()})
                request.headers.setdefault("Accept", "application/json, */*;q=0.5")
                request.extensions = {**request.extensions, "timeout": httpx.Timeout(self._timeout_s).as_dict()}
                response = self._client().send(request, stream=True)
                try:
                    data = self._read(response, deadline, what)
                finally:
                    response.close()
                status, following = response.status_code, response.headers.get("location")
                if status not in _REDIRECTS or following is None or request.method not in ("GET", "HEAD"):
                    break
                request = httpx.Request(request.method, response.url.join(following))
                if not self._same_origin(request.url):
                    text = "the redirect to another host was not followed"
                    raise HttpError(f"HTTP {status} from {what}: {text}", status, text)
        except httpx.TimeoutException:
            raise TimeoutError(f"{what}: no answer within {self._timeout_s:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            reason = self._hidden(str(error)) or type(error).__name__
            raise ConnectionError(f"{what}: the service could not be reached or broke off: {reason}") from None
        if not response.is_success:
            text = self._hidden(data.decode(errors="replace"))[:_LONGEST_ERROR_TEXT].strip() or response.reason_phrase
            raise HttpError(f"HTTP {response.status_code} from {what}: {text}", response.status_code, text)
        return response.headers.get("content-type", "").split(";")[0].strip().lower(), data

    def _read(self, response: httpx.Response, deadline: float, what: str) -> bytes:
        chunks: list[bytes] = []
        size = 0
        for chunk in response.iter_bytes():
            size += len(chunk)
            if size > self._max_response_bytes:
                text = f"the answer is longer than {self._max_response_bytes:,} bytes"
                raise HttpError(f"{what}: {text}", response.status_code, text)
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what}: no complete answer within {self._timeout_s:g} s")
            chunks.append(chunk)
        return b"".join(chunks)

    def _value(self, kind: str, data: bytes, what: str) -> Any:
        if not data:
            return None
        if self._token and len(self._token) >= _SHORTEST_HIDDEN_TOKEN:
            data = data.replace(self._token.encode(), b"[token]")
        if kind == "application/json" or kind.endswith("+json"):
            try:
                return json.loads(data, parse_constant=_refuse_constant)
            except (ValueError, RecursionError):
                text = f"the answer says it is JSON and is not: {data[:100].decode(errors='replace')}"
                raise HttpError(f"{what}: {text}", 200, text) from None
        return data.decode(errors="replace") if kind.startswith("text/") or kind.endswith("+xml") else data

    def _client(self) -> httpx.Client:
        import httpx

        with self._lock:
            if self._http is None:
                # A proxy of the environment has no way to this machine's own addresses.
                loopback = self.base.host in ("localhost", "::1") or self.base.host.startswith("127.")
                self._http = httpx.Client(trust_env=not loopback, follow_redirects=False)
            return self._http

    def _authority(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"} if self._token else {}

    def _same_origin(self, url: httpx.URL) -> bool:
        return (url.scheme, url.host, _port(url)) == (self.base.scheme, self.base.host, _port(self.base))

    def _check_origin(self, url: httpx.URL) -> None:
        if not self._same_origin(url) or url.userinfo:
            raise ToolError(f"a request would have left {self.base.scheme}://{self.base.netloc.decode()}")

    def _hidden(self, text: str) -> str:
        hides = self._token and len(self._token) >= _SHORTEST_HIDDEN_TOKEN
        return text.replace(self._token or "", "[token]") if hides else text


def address(url: str) -> httpx.URL:
    """An address, taken apart.

    Raises:
        ToolError: it is none.
    """
    import httpx

    try:
        return httpx.URL(url)
    except (httpx.InvalidURL, TypeError) as error:
        raise ToolError(f"{url!r} is no address: {error}") from None


def _port(url: httpx.URL) -> int | None:
    return url.port or {"http": 80, "https": 443}.get(url.scheme)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
