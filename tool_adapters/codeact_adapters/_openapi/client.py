"""The HTTP client behind the tools: known hosts, a deadline, a size limit, retries, and secrets that nobody sees."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING

from codeact.errors import ToolError
from codeact_adapters._http.auth import Auth, hidden, hidden_bytes
from codeact_adapters._http.network import address, is_local, origin, proxy_for
from codeact_adapters._openapi.reading import TooLong, read
from codeact_adapters._openapi.retry import Pace, Retries

if TYPE_CHECKING:
    import httpx

_LONGEST_ERROR_TEXT = 500
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


@dataclass(frozen=True)
class Call:
    """One request.

    Attributes:
        method: in lower case.
        base: where paths begin, such as `https://host/api/v1`.
        path: begins with a slash; percent-encoded.
        query: percent-encoded, without the question mark.
        headers: header name to value.
        content: the body; None for none.
    """

    method: str
    base: httpx.URL
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None


@dataclass(frozen=True)
class Answer:
    """What a service answered, when it did not say that it failed.

    Attributes:
        kind: the media type, in lower case and without parameters.
        data: the body, without secrets.
        url: where it came from, after redirects.
        following: the address of the next page, where the header `Link` names one; else empty.
    """

    kind: str
    data: bytes
    url: httpx.URL
    following: str = ""


class Client:
    """Sends requests to the hosts of one service, and follows redirects nowhere else."""

    def __init__(
        self,
        base_url: str,
        *,
        auth: Auth | None = None,
        hosts: Iterable[str] = (),
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 30.0,
        max_response_bytes: int = 10_000_000,
        retries: Retries | None = None,
        calls_per_s: float | None = None,
        private_addresses: bool | None = None,
    ) -> None:
        """Prepare a client; it connects at the first request.

        Args:
            base_url: where the paths begin, such as `https://host/api/v1`.
            auth: goes to the host of `base_url`, and to those of `hosts` that operations are sent to; never along with
                a redirect to another host.
            hosts: further hosts of the service.
            headers: sent with each request.
            timeout_s: for a whole request with its answer, retries and pauses included, in seconds.
            max_response_bytes: the longest answer that is read.
            retries: which requests are sent again; None for none.
            calls_per_s: the most requests a second; None for no limit.
            private_addresses: whether hosts may have private addresses; None for those alone that look like it.

        Raises:
            ToolError: an argument cannot be used. The message shows no secrets.
        """
        base = address(base_url)
        if base.scheme not in ("http", "https") or not base.host:
            raise ToolError(f"base_url is {base_url!r}; it must begin with http:// or https:// and name a host")
        if base.userinfo or base.query or base.fragment:
            raise ToolError("base_url must have no user, password, query or fragment; pass auth=... or token=...")
        if not timeout_s > 0:
            raise ToolError(f"timeout_s is {timeout_s}, and must be above 0")
        if max_response_bytes <= 0:
            raise ToolError(f"max_response_bytes is {max_response_bytes}, and must be above 0")
        self.base = base
        self.max_response_bytes = max_response_bytes
        self._auth = auth
        self._hosts = {host.lower() for host in hosts}
        self._headers = dict(headers or {})
        self._timeout_s = timeout_s
        self._retries = retries or Retries(0)
        self._pace = Pace(calls_per_s)
        self._private = private_addresses
        self._http: dict[tuple[str, str], httpx.Client] = {}
        self._lock = threading.Lock()
        if auth is not None:
            auth.connect(self._post)

    def __repr__(self) -> str:
        return f"<Client of {self.base}>"

    def serves(self, url: httpx.URL) -> bool:
        """Whether requests may go there: to the origin of the service, or to another of its hosts."""
        if origin(url) == origin(self.base):
            return True
        secure = url.scheme == self.base.scheme or url.scheme == "https"
        named = {url.host, f"{url.host}:{url.port}"} if url.port else {url.host}
        return secure and not url.userinfo and bool(named & self._hosts)

    def send(self, call: Call) -> Answer:
        """Send a request and return the answer.

        Raises:
            HttpError: the status says that it failed, or the answer is too long.
            TimeoutError: no complete answer in time.
            ConnectionError: the service cannot be reached or broke off.
            ToolError: the request would have gone where it must not.
        """
        raw = call.base.raw_path.split(b"?")[0].decode().rstrip("/") + call.path
        url = call.base.copy_with(raw_path=(f"{raw}?{call.query}" if call.query else raw).encode())
        headers = {**self._headers, **call.headers}
        return self._exchange(
            call.method.upper(), url, headers, call.content, f"{call.method.upper()} {self._hidden(call.path)}"
        )

    def fetch(self, url: str) -> bytes:
        """The raw answer to a GET of an address on this client's hosts. Errors as for `send`."""
        return self.follow(url, "GET of the document").data

    def follow(self, url: str, what: str, headers: Mapping[str, str] | None = None) -> Answer:
        """The answer to a GET of a whole address, such as that of the next page. Errors as for `send`."""
        target = address(url)
        for name in self._auth.query() if self._auth else ():  # an address that a service gives may repeat the key
            target = target.copy_remove_param(name)
        return self._exchange("GET", target, {**self._headers, **(headers or {})}, None, what)

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            for client in self._http.values():
                client.close()
            self._http.clear()

    def _exchange(
        self, method: str, url: httpx.URL, headers: Mapping[str, str], content: bytes | None, what: str
    ) -> Answer:
        """Send, as often as need be, and read within the limits."""
        import httpx

        from codeact_adapters._http.streams import until

        deadline = time.monotonic() + self._timeout_s
        attempt = 0
        renewed = False
        while True:
            self._pace.wait(deadline, what)
            used: dict[str, str] = {}
            status, reply_headers, failure = 0, httpx.Headers(), ""
            try:
                with until(deadline):
                    response, data = self._redirected(method, url, headers, content, what, deadline, used)
            except httpx.TimeoutException:
                raise TimeoutError(f"{what}: no answer within {self._timeout_s:g} s") from None
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                failure = self._hidden(str(error)) or type(error).__name__
            else:
                status, reply_headers = response.status_code, response.headers
                if response.is_success:
                    return self._answer(response, data)
                if status == 401 and not renewed and self._auth is not None and self._auth.renew(used):
                    renewed = True
                    continue
            pause_s = self._retries.pause(method, attempt, status, reply_headers)
            if pause_s is not None and time.monotonic() + pause_s < deadline:
                time.sleep(pause_s)
                attempt += 1
                continue
            if not status:
                raise ConnectionError(f"{what}: the service could not be reached or broke off: {failure}")
            text = self._hidden(data.decode(errors="replace"))[:_LONGEST_ERROR_TEXT].strip() or response.reason_phrase
            asked = reply_headers.get("retry-after", "") if status in (429, 503) else ""
            later = f" (it asks to be called again after {asked[:40]} s)" if asked.isdigit() else ""
            raise HttpError(f"HTTP {status} from {what}: {text}{later}", status, text)

    def _redirected(
        self,
        method: str,
        url: httpx.URL,
        headers: Mapping[str, str],
        content: bytes | None,
        what: str,
        deadline: float,
        used: dict[str, str],
    ) -> tuple[httpx.Response, bytes]:
        """Send once, and follow redirects to hosts of the service."""
        from codeact_adapters._http.wire import AUTHORIZED

        first = url
        for _ in range(_MOST_REDIRECTS + 1):
            if not self.serves(url) or url.userinfo:
                raise ToolError(f"a request would have left {self.base.scheme}://{self.base.netloc.decode()}")
            left_s = max(deadline - time.monotonic(), 0.001)
            client = self._client(url)
            timeout = dict.fromkeys(("connect", "read", "write", "pool"), left_s)
            authorized = {AUTHORIZED: used} if origin(url) == origin(first) else {}
            request = client.build_request(
                method, url, headers=headers, content=content, extensions={"timeout": timeout, **authorized}
            )
            response = client.send(request, stream=True)
            try:
                data = self._read(response, deadline, what)
            finally:
                response.close()
            following = response.headers.get("location")
            if response.status_code not in _REDIRECTS or following is None or method not in ("GET", "HEAD"):
                break
            url = url.join(following)
            if not self.serves(url):
                text = "the redirect to another host was not followed"
                raise HttpError(f"HTTP {response.status_code} from {what}: {text}", response.status_code, text)
        return response, data

    def _read(self, response: httpx.Response, deadline: float, what: str) -> bytes:
        try:
            return read(response, self.max_response_bytes, deadline)
        except TooLong:
            text = f"the answer is longer than {self.max_response_bytes:,} bytes"
        except ValueError as error:
            text = f"the answer cannot be read: {error}"
        except TimeoutError:
            raise TimeoutError(f"{what}: no complete answer within {self._timeout_s:g} s") from None
        raise HttpError(f"{what}: {text}", response.status_code, text)

    def _answer(self, response: httpx.Response, data: bytes) -> Answer:
        kind = response.headers.get("content-type", "").split(";")[0].strip().lower()
        following = response.links.get("next", {}).get("url", "") if "link" in response.headers else ""
        url = response.request.url
        return Answer(kind, hidden_bytes(data, self._auth), url, str(url.join(following)) if following else "")

    def _client(self, url: httpx.URL) -> httpx.Client:
        """One a host: connections are shared between requests to the same host only."""
        import httpx

        from codeact_adapters._http.wire import Wire

        key = (url.scheme, url.host)
        with self._lock:
            if key not in self._http:
                private = is_local(url.host) if self._private is None else self._private
                self._http[key] = httpx.Client(
                    transport=Wire(self._auth, private=private, proxy=proxy_for(url), secure=url.scheme == "https"),
                    follow_redirects=False,
                    trust_env=False,
                    cookies=CookieJar(
                        DefaultCookiePolicy(allowed_domains=[])
                    ),  # programs share the client, not a visit
                    headers={
                        "User-Agent": "codeact",
                        "Accept": "application/json, */*;q=0.5",
                        "Accept-Encoding": "gzip",
                    },
                )
            return self._http[key]

    def _post(self, url: str, headers: Mapping[str, str], form: bytes) -> bytes:
        """Post a form to where tokens are given out: without the credentials that are being fetched."""
        sender = Client(
            url,
            timeout_s=self._timeout_s,
            max_response_bytes=100_000,
            private_addresses=self._private,
            retries=Retries(2),
        )
        kind = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json", **headers}
        try:
            return sender._exchange("POST", sender.base, kind, form, "POST for an OAuth2 token").data
        except HttpError as error:
            raise HttpError(self._hidden(str(error)), error.status, self._hidden(error.text)) from None
        finally:
            sender.close()

    def _hidden(self, text: str) -> str:
        return hidden(text, self._auth)
