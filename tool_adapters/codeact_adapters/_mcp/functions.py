"""One tool of a server as one Python function."""

from __future__ import annotations

import dataclasses
import inspect
import json
import math
import time
import typing
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin

from codeact_adapters._mcp.connection import Connection, McpError
from codeact_adapters._mcp.contents import Contents
from codeact_adapters._openapi.limits import shortened
from codeact_adapters._openapi.names import class_case, field_name, free
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


@dataclasses.dataclass(frozen=True)
class Argument:
    """One argument of the function: its name here, and at the server."""

    name: str
    wire_name: str
    annotation: Any
    required: bool
    default: Any = None


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
    arguments = [] if whole else _arguments(takes, hint, types)
    whole = whole or (not arguments and takes.get("additionalProperties") not in (None, False))
    if whole:
        arguments = [Argument("arguments", "", types.annotated(takes, f"{hint}Arguments"), True)]
    returns, wrapped = _returns(gives, hint, types)
    signature = inspect.Signature(
        [
            inspect.Parameter(
                argument.name,
                inspect.Parameter.POSITIONAL_OR_KEYWORD,
                annotation=argument.annotation,
                default=inspect.Parameter.empty if argument.required else argument.default,
            )
            for argument in arguments
        ],
        return_annotation=returns,
    )

    def call(*args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        given = bound.arguments
        sent = to_json(given["arguments"]) if whole else _sent(arguments, given)

        async def ask(client: Client) -> CallToolResult:
            return await client.call_tool(described.name, sent)

        result = connection.request(ask, calls.in_flight)
        if result.is_error:
            said = [value for value in contents.values(result.content, "the error") if isinstance(value, str)]
            raise McpError(shortened("\n".join(said) or f"{name}() failed at the server", 4_000))
        if gives is not None and result.structured_content is not None:
            data = connection.secrets.hidden(_bounded(result.structured_content, connection.most_bytes))
            return from_json(returns, data[_WRAPPED] if wrapped else data)
        return contents.one(result.content, "the answer")

    call.__name__ = call.__qualname__ = name
    call.__doc__ = _doc(described)
    call.__signature__ = signature  # type: ignore[attr-defined]
    return call


def _arguments(schema: Mapping[str, Any], hint: str, types: Types) -> list[Argument]:
    properties = schema.get("properties")
    needed = schema.get("required")
    required = set(map(str, needed)) if isinstance(needed, list) else set()
    found: dict[str, tuple[Any, bool]] = {}
    if isinstance(properties, Mapping):
        found = {str(wire_name): (inner, wire_name in required) for wire_name, inner in properties.items()}
    elif "allOf" in schema:
        found = types.properties(schema)
    arguments: list[Argument] = []
    for wire_name, (inner, needed_here) in found.items():
        name = free(field_name(wire_name), {other.name for other in arguments}, "argument", hides=False)
        annotation = types.annotated(inner, f"{hint}{class_case(wire_name)}")
        default = _default(inner, annotation)
        if not needed_here and default is None:
            annotation = typing.Optional[annotation]  # noqa: UP045
        arguments.append(Argument(name, wire_name, annotation, needed_here, default))
    return sorted(arguments, key=lambda argument: not argument.required)


def _default(schema: Any, annotation: Any) -> Any:
    """The default value that a schema names, where it is a plain one of the schema's own type."""
    value = schema.get("default") if isinstance(schema, Mapping) else None
    plain = get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
    options = get_args(plain) if get_origin(plain) is typing.Literal else ()
    if type(value) in (str, int, float, bool) and (plain is type(value) or value in options):
        return value
    return None


def _sent(arguments: list[Argument], given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments as the server takes them; those that were left out are not sent."""
    return {
        argument.wire_name: to_json(given[argument.name])
        for argument in arguments
        if argument.required or given[argument.name] is not None
    }


def _returns(schema: Mapping[str, Any] | None, hint: str, types: Types) -> tuple[Any, bool]:
    """The type of the answer, and whether it lies in an object whose one property is `result`."""
    if schema is None:
        return Any, False
    properties = schema.get("properties")
    if isinstance(properties, Mapping) and set(properties) == {_WRAPPED} and schema.get("required") == [_WRAPPED]:
        return types.of(properties[_WRAPPED], f"{hint}Result"), True
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
    notes = []
    if hints is not None and hints.destructive_hint and not hints.read_only_hint:
        notes.append("It may destroy or overwrite something.")
    return "\n\n".join(part for part in (text, *notes) if part)
