"""An HTTP service with an OpenAPI document becomes a toolbox: one typed Python function for each operation."""

from __future__ import annotations

import contextlib
import fnmatch
import logging
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from codeact.errors import ToolError
from codeact.tools import Effect, Tool, Toolbox
from codeact.tools.stubs import RESERVED
from codeact.tools.wording import did_you_mean
from codeact_adapters._http.auth import Auth, api_key, auth_of, basic, bearer, oauth2
from codeact_adapters._http.network import address, check_not_local
from codeact_adapters._openapi.body import FileUpload
from codeact_adapters._openapi.client import Client, HttpError
from codeact_adapters._openapi.document import Described, Document, load
from codeact_adapters._openapi.files import LARGEST_BYTES
from codeact_adapters._openapi.limits import shortened
from codeact_adapters._openapi.names import free, operation_name
from codeact_adapters._openapi.operation import PAGED_TIMES, Service, Unsupported, build
from codeact_adapters._openapi.retry import Retries
from codeact_adapters._openapi.schema import Types
from codeact_adapters.choosing import with_effects

if TYPE_CHECKING:
    import httpx

__all__ = ["Auth", "FileUpload", "HttpError", "api_key", "basic", "bearer", "oauth2", "openapi"]

_log = logging.getLogger(__name__)
_TAKEN = ("HttpError", "ToolError", "ArgumentError", "Refused", FileUpload.__name__)
_READING = ("get", "head", "options")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  # RFC 9110, section 5.6.2


def openapi(
    document: str | os.PathLike[str] | Mapping[str, Any],
    *,
    base_url: str | None = None,
    token: str | None = None,
    auth: Auth | Mapping[str, Any] | Sequence[Auth | Mapping[str, Any]] | None = None,
    allow: Iterable[str] | None = None,
    deny: Iterable[str] = (),
    effects: Mapping[str, Effect] | None = None,
    name: str | None = None,
    type_prefix: str = "",
    headers: Mapping[str, str] | None = None,
    hosts: Iterable[str] = (),
    private_addresses: bool = False,
    timeout_s: float = 30.0,
    max_response_bytes: int = 10_000_000,
    max_pages: int = 100,
    retries: int = 2,
    retry_posts: bool = False,
    calls_per_s: float | None = None,
    max_tokens: int | None = None,
    count_tokens: Callable[[str], int] | None = None,
) -> Toolbox:
    """Make a toolbox of an HTTP service that describes itself by OpenAPI 3.0 or 3.1.

    Each operation is a function: its parameters and its body are the arguments, object schemas are dataclasses, what
    may be left out defaults to None. GET, HEAD and OPTIONS have the effect `read`, all others `write`.

    A call returns what the service answered, as the document's types where the answer fits them. It raises `HttpError`
    when the service says that it failed, `TimeoutError` when there is no complete answer in time, and `ConnectionError`
    when the service cannot be reached. Requests go to the host of `base_url` and to `hosts`, and nowhere else.

    Args:
        document: a file, an `http(s)://` address, JSON or YAML text, or the parsed document. References to other files
            are followed in the folder of the file, or on the host of the address.
        base_url: where the service is. By default what the document says; for a document fetched from an address, that
            must be on the same host, and it must not be on this machine or its network.
        token: short for `auth=bearer(token)`.
        auth: `bearer(...)`, `basic(...)`, `api_key(...)`, `oauth2(...)`, or such a call as `{"bearer": "..."}`; or
            a list of these, for a service that wants several at once. No stub, error or answer shows its secrets, and
            they are not sent to fetch the document.
        allow: operation ids, function names, or patterns of these such as `get_*`; None for all operations.
        deny: the same, for operations to leave out.
        effects: effects by function names or patterns, where the HTTP method says the wrong thing; the last one that
            matches decides.
        name: the name of the group: `name="shop"` gives `shop.next_order()`. None for no group.
        type_prefix: goes before the name of each dataclass, for services whose types have the same names.
        headers: sent with each request, such as the version of a service; programs cannot set these. Not for secrets.
        hosts: further hosts of the service: operations that the document puts there are sent there, with `auth`, and
            redirects there are followed, without.
        private_addresses: whether a name that does not look like it (`shop.example`) may have a private address.
        timeout_s: for a request with its retries, in seconds; ten times that for a call that fetches several pages.
        max_response_bytes: longer answers are refused.
        max_pages: how many pages one call can fetch, by the argument `pages` of operations that answer in pages; 1 for
            no such argument.
        retries: how often a GET, HEAD, OPTIONS, PUT or DELETE is sent again when there was no connection or the service
            answered 429, 502, 503 or 504.
        retry_posts: whether a POST or PATCH is sent again as well, which can do twice what it does.
        calls_per_s: the most requests a second; None for no limit.
        max_tokens: the most tokens that the stubs may be; None for no limit. Where the operations do not fit, their
            docstrings are cut, then some are not shown; programs find these by `help("words")`, and can call them all.
        count_tokens: counts the tokens of a text; None for an estimate that is high: three UTF-8 bytes a token.

    Raises:
        ToolError: the document cannot be read or used, or `allow`, `deny` or `effects` names what is not there.
            Operations that cannot be tools are left out (with a log line), or refused if `allow` names them exactly.
    """
    if token is not None and auth is not None:
        raise ToolError("pass auth=... or token=..., not both")
    credentials = bearer(token) if token is not None else auth_of(auth)
    fixed = {str(header): _checked_header(str(header), value) for header, value in (headers or {}).items()}
    with contextlib.closing(_Fetcher(timeout_s, private_addresses)) as fetcher:
        loaded = load(document, fetcher.fetch)
        named = base_url is not None or bool(loaded.address)
        client = Client(
            base_url or _server_of(loaded),
            auth=credentials,
            hosts=[hosts] if isinstance(hosts, str) else hosts,
            headers=fixed,
            timeout_s=timeout_s,
            max_response_bytes=max_response_bytes,
            retries=Retries(retries, also_post=retry_posts),
            calls_per_s=calls_per_s,
            private_addresses=private_addresses or (None if named else False),
        )
        service = Service(
            document=loaded,
            types=Types(loaded, taken=RESERVED.union(_TAKEN, [name or ""]), prefix=type_prefix),
            client=client,
            hidden={f"header {header.lower()}" for header in fixed} | (credentials.places() if credentials else set()),
            max_pages=max_pages,
            timeout_s=timeout_s,
        )
        tools = _tools(service, _Choice(allow, deny))
    box = Toolbox(tools, name=name or "", doc=_about(loaded) if name else "", errors=[HttpError], closing=client.close)
    try:
        box = with_effects(box, effects)
        return box if max_tokens is None else box.within_tokens(max_tokens, count_tokens)
    except ToolError:
        client.close()
        raise


def _tools(service: Service, choice: _Choice) -> list[Tool]:
    """A tool for each operation that is chosen and can be one."""
    tools: dict[str, Tool] = {}
    taken: set[str] = set(RESERVED)
    failed: ToolError | None = None
    for described in service.document.operations():
        operation_id = described.node.get("operationId")
        name = free(operation_name(operation_id, described.method, described.path), taken, "operation")
        taken.add(name)
        names = {name, str(operation_id or name)}
        if not choice.takes(names):
            continue
        try:
            function, paged = build(name, described, service, _base(described, service.client))
        except ToolError as error:
            where = f"operation {name!r} ({described.method.upper()} {described.path[:80]})"
            reason = ToolError(f"{where} cannot be a tool: {error}")
            if choice.names_exactly(names):
                raise reason from None
            if not isinstance(error, Unsupported):
                failed = failed or reason
            _log.warning("%s is left out: %s", where, error)
            continue
        effect: Effect = "read" if described.method in _READING else "write"
        # The client keeps the time itself; this one is for a service that drips bytes.
        longest_s = service.timeout_s * (PAGED_TIMES if paged else 1) + 5
        tools[name] = Tool(function, effect=effect, timeout_s=longest_s, scope={})
    choice.check()
    if failed is not None and not tools:
        raise failed
    return list(tools.values())


class _Choice:
    """Which operations become tools."""

    def __init__(self, allow: Iterable[str] | None, deny: Iterable[str]) -> None:
        self._allowed = None if allow is None else _listed(allow)
        self._denied = _listed(deny)
        self._met: set[str] = set()
        self._known: list[str] = []

    def takes(self, names: set[str]) -> bool:
        self._known += sorted(names)
        allowed = True if self._allowed is None else self._matches(self._allowed, names)
        return not self._matches(self._denied, names) and allowed

    def names_exactly(self, names: set[str]) -> bool:
        return bool(names & set(self._allowed or ()))

    def check(self) -> None:
        """Refuse a name or pattern that met nothing."""
        for option, patterns in (("allow", self._allowed or ()), ("deny", self._denied)):
            for pattern in patterns:
                if pattern not in self._met:
                    hint = did_you_mean(pattern, self._known)
                    raise ToolError(f"{option} names {pattern!r}, which no operation is called{hint}")

    def _matches(self, patterns: Iterable[str], names: set[str]) -> bool:
        matching = [pattern for pattern in patterns if any(fnmatch.fnmatchcase(name, pattern) for name in names)]
        self._met.update(matching)
        return bool(matching)


def _listed(patterns: Iterable[str]) -> list[str]:
    return [patterns] if isinstance(patterns, str) else list(patterns)


class _Fetcher:
    """Fetches a document, and the files that it refers to, from one host."""

    def __init__(self, timeout_s: float, private_addresses: bool) -> None:
        self._timeout_s = timeout_s
        self._private = private_addresses or None
        self._client: Client | None = None

    def fetch(self, url: str) -> bytes:
        if self._client is None:
            self._client = Client(
                str(address(url).copy_with(raw_path=b"/", fragment=None)),
                timeout_s=self._timeout_s,
                max_response_bytes=LARGEST_BYTES,
                retries=Retries(2),
                private_addresses=self._private,
            )
        try:
            return self._client.fetch(url)
        except (ConnectionError, TimeoutError) as error:
            raise ToolError(f"the OpenAPI document at {url} cannot be fetched: {error}") from None

    def close(self) -> None:
        if self._client is not None:
            self._client.close()


def _server_of(document: Document) -> str:
    server = document.server()
    if not server:
        raise ToolError("the document does not say where the service is; pass base_url=...")
    if document.address:
        ours, named = address(document.address).host, address(server).host
        if ours != named:
            raise ToolError(
                f"the document comes from {ours} and says that the service is on {named}; "
                f"pass base_url={server!r} if that is meant"
            )
    else:
        check_not_local(server, "the document")
    return server


def _base(described: Described, client: Client) -> httpx.URL:
    """Where the path of an operation begins: at its own server, if it names one and requests may go there."""
    own = client.base.join(described.server) if described.server else client.base
    if not client.serves(own):
        raise Unsupported(f"it is on {own.host}; pass hosts=[{own.host!r}] if that is meant")
    return own


def _checked_header(name: str, value: object) -> str:
    if not _HEADER.fullmatch(name):
        raise ToolError(f"{name!r} cannot be the name of a header: it takes letters, digits and hyphens")
    if not isinstance(value, str) or not value.isascii() or not value.isprintable():
        raise ToolError(f"headers[{name!r}] must be a string of printable ASCII characters")
    return value


def _about(document: Document) -> str:
    info = document.mapping(document.content.get("info"))
    return shortened(str(info.get("description") or info.get("title") or ""), 500)
