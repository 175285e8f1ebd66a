"""An HTTP service with an OpenAPI document becomes a toolbox: one typed Python function for each operation."""

from __future__ import annotations

import fnmatch
import logging
import os
from collections.abc import Iterable, Mapping
from typing import Any

from codeact.errors import ToolError
from codeact.tools import Effect, Tool, Toolbox
from codeact.tools.stubs import RESERVED
from codeact.tools.wording import did_you_mean
from codeact_adapters._openapi.client import Client, HttpError, address
from codeact_adapters._openapi.document import Document, load
from codeact_adapters._openapi.names import free, operation_name
from codeact_adapters._openapi.operation import Unsupported, build
from codeact_adapters._openapi.schema import Types, shortened

__all__ = ["HttpError", "openapi"]

_log = logging.getLogger(__name__)
_RAISED = ("HttpError", "ToolError", "ArgumentError", "Refused")


def openapi(
    document: str | os.PathLike[str] | Mapping[str, Any],
    *,
    base_url: str | None = None,
    token: str | None = None,
    allow: Iterable[str] | None = None,
    effects: Mapping[str, Effect] | None = None,
    name: str | None = None,
    timeout_s: float = 30.0,
    max_response_bytes: int = 10_000_000,
) -> Toolbox:
    """Make a toolbox of an HTTP service that describes itself by OpenAPI 3.0 or 3.1.

    Each operation is a function: path and query parameters and the body are its arguments, object schemas are
    dataclasses, what may be left out defaults to None. GET and HEAD have the effect `read`, all others `write`.

    A call returns what the service answered, as the document's types where the answer fits them. It raises `HttpError`
    when the service says that it failed, `TimeoutError` when there is no complete answer in time, and `ConnectionError`
    when the service cannot be reached. Requests go to the one host of `base_url`; redirects elsewhere are not followed.

    Args:
        document: a file, an `http(s)://` address, JSON or YAML text, or the parsed document.
        base_url: where the service is. By default what the document says; for a document fetched from an address, that
            must be on the same host.
        token: sent as `Authorization: Bearer ...`; no stub, error or answer shows it. It is not sent to fetch the
            document.
        allow: operation ids, function names, or patterns of these such as `get_*`; None for all operations.
        effects: effects by function name, where the HTTP method says the wrong thing.
        name: the name of the group: `name="shop"` gives `shop.next_order()`. None for no group.
        timeout_s: for a whole call, in seconds.
        max_response_bytes: longer answers are refused.

    Raises:
        ToolError: the document cannot be read or used, or `allow` or `effects` names what is not there. Operations that
            need headers, cookies or forms are left out (with a log line), or refused if `allow` names them exactly.
    """
    loaded = load(document, timeout_s)
    client = Client(
        base_url or _server_of(loaded), token=token, timeout_s=timeout_s, max_response_bytes=max_response_bytes
    )
    wanted = None if allow is None else [allow] if isinstance(allow, str) else list(allow)
    types = Types(loaded, taken=RESERVED.union(_RAISED, [name or ""]))
    tools: dict[str, Tool] = {}
    taken: set[str] = set(RESERVED)
    met: set[str] = set()
    known: list[str] = []
    for path, method, operation, parameters in loaded.operations():
        operation_id = operation.get("operationId")
        function_name = free(operation_name(operation_id, method, path), taken, "operation")
        taken.add(function_name)
        names = {function_name, str(operation_id or function_name)}
        known += sorted(names)
        matching = None if wanted is None else [p for p in wanted if any(fnmatch.fnmatchcase(n, p) for n in names)]
        if matching is not None:
            met.update(matching)
            if not matching:
                continue
        try:
            function = build(function_name, path, method, operation, parameters, loaded, types, client)
        except Unsupported as error:
            if names & set(matching or ()):
                raise ToolError(f"operation {function_name!r} cannot be a tool: {error}") from None
            _log.warning("operation %r is left out: %s", function_name, error)
            continue
        except ToolError as error:
            raise ToolError(f"operation {function_name!r} ({method.upper()} {path[:80]}): {error}") from None
        effect: Effect = "read" if method in ("get", "head") else "write"
        if effects and function_name in effects:
            effect = effects[function_name]
        # The client keeps the time itself; this one is for a service that drips bytes.
        tools[function_name] = Tool(function, effect=effect, timeout_s=timeout_s + 5, scope={})
    for pattern in set(wanted or ()) - met:
        raise ToolError(f"allow names {pattern!r}, which no operation is called{did_you_mean(pattern, known)}")
    for unknown in set(effects or ()) - set(tools):
        raise ToolError(f"effects names {unknown!r}, which is no tool here{did_you_mean(unknown, tools)}")
    return Toolbox(tools.values(), name=name or "", doc=_about(loaded) if name else "", errors=[HttpError])


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
    return server


def _about(document: Document) -> str:
    info = document.mapping(document.content.get("info"))
    return shortened(str(info.get("description") or info.get("title") or ""), 500)
