"""One tool of a server as one Python function."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from codeact.tools.wording import short_repr
from codeact_adapters._mcp.arguments import Argument, arguments_of, sent, signature_of
from codeact_adapters._mcp.connection import Connection, McpError
from codeact_adapters._mcp.contents import Contents
from codeact_adapters._openapi.limits import shortened
from codeact_adapters._openapi.names import class_case
from codeact_adapters._openapi.schema import Types
from codeact_adapters._openapi.values import from_json, to_json

if TYPE_CHECKING:
    from mcp import Client
    from mcp_types import CallToolResult
    from mcp_types import Tool as Described

_LONGEST_DOC = 1_500
_WRAPPED = "result"
_AGAIN_S = 1.0


class Calls:
    """The calls of one tool that are under way, for its stop path."""

    def __init__(self) -> None:
        self.in_flight: set[Future[Any]] = set()
        self._stopped_at = -math.inf

    def stop(self) -> str:
        """Cancel them: the server is told, and the callers go on with an error. It is called again and again."""
        calls = list(self.in_flight)
        for call in calls:
            call.cancel()
        now = time.monotonic()
        self._stopped_at = now if calls else self._stopped_at
        return "the server was told to cancel it" if now - self._stopped_at < _AGAIN_S else ""


def build(
    name: str,
    described: Described,
    schemas: tuple[Mapping[str, Any], Mapping[str, Any] | None],
    types: Types,
    connection: Connection,
    contents: Contents,
    calls: Calls,
) -> Callable[..., Any]:
    """Make the function of a tool. Calling it calls the server.

    Args:
        name: of the function.
        described: the tool, as the server lists it.
        schemas: of its arguments, and of its structured answer if it has one.

    Raises:
        ToolError: a schema is wrong.
    """
    hint = class_case(name)
    takes, gives = schemas
    whole = takes.get("type", "object") != "object" or any(word in takes for word in ("oneOf", "anyOf"))
    arguments = [] if whole else arguments_of(takes, hint, types)
    whole = whole or (not arguments and takes.get("additionalProperties") not in (None, False))
    if whole:
        arguments = [Argument("arguments", "", types.annotated(takes, f"{hint}Arguments"), True)]
    returns, wrapped = _returns(gives, hint, types)
    signature = signature_of(arguments, returns)

    def call(*args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        given = bound.arguments
        passed = to_json(given["arguments"]) if whole else sent(arguments, given)

        async def ask(client: Client) -> CallToolResult:
            return await client.call_tool(described.name, passed)

        result = connection.request(ask, calls.in_flight)
        if result.is_error:
            said = [value for value in contents.values(result.content, "the error") if isinstance(value, str)]
            raise McpError(shortened("\n".join(said) or f"{name}() failed at the server", 4_000))
        if gives is not None and result.structured_content is not None:
            data = connection.secrets.hidden(_bounded(result.structured_content, connection.most_bytes))
            return from_json(returns, data[_WRAPPED] if wrapped else data)
        return contents.one(result.content, "the answer")

    call.__name__ = call.__qualname__ = name
    call.__doc__ = connection.secrets.hidden(_doc(described))
    call.__signature__ = signature  # type: ignore[attr-defined]
    return call


def _returns(schema: Mapping[str, Any] | None, hint: str, types: Types) -> tuple[Any, bool]:
    """The type of the answer, and whether it lies in an object whose one property is `result`."""
    if schema is None:
        return Any, False
    properties = types.properties(schema)
    if set(properties) == {_WRAPPED} and properties[_WRAPPED][1]:
        return types.of(properties[_WRAPPED][0], f"{hint}Result"), True
    return types.of(schema, f"{hint}Result"), False


def _bounded(data: Any, most_bytes: int) -> Any:
    size = len(json.dumps(data, ensure_ascii=False))
    if size > most_bytes:
        raise McpError(f"the answer is longer than {most_bytes:,} bytes")
    return data


def _doc(described: Described) -> str:
    hints = described.annotations
    title = described.title or (hints.title if hints else None) or ""
    text = shortened(described.description or title, _LONGEST_DOC)
    text = text or f"The server calls it {short_repr(described.name)}, and says no more of it."
    notes = []
    if hints is not None and hints.destructive_hint and not hints.read_only_hint:
        notes.append("It may destroy or overwrite something.")
    return "\n\n".join(part for part in (text, *notes) if part)
