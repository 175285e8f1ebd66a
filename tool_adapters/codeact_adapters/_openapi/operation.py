"""One operation of a document as one Python function."""

from __future__ import annotations

import dataclasses
import inspect
import re
import typing
from collections.abc import Callable, Mapping
from typing import Any, get_args, get_origin
from urllib.parse import quote

from codeact.errors import ArgumentError, ToolError
from codeact_adapters._openapi.client import Client
from codeact_adapters._openapi.document import Document
from codeact_adapters._openapi.names import class_case, field_name, free, snake_case
from codeact_adapters._openapi.schema import Types, from_json, shortened, to_json

_LONGEST_DOC = 1500
_MOST_ERRORS = 6
_IN_PATHS = "/:@!$&'()*+,;=-._~%"


class Unsupported(ToolError):
    """An operation needs something that this adapter does not do."""


@dataclasses.dataclass(frozen=True)
class Argument:
    """One argument of the function, and where its value goes.

    Attributes:
        place: `path`, `query`, `body` (the whole body) or `field` (one property of it).
        wire_name: what the service calls it.
        exploded: for lists in the query: repeated, rather than joined by commas.
    """

    name: str
    wire_name: str
    place: str
    annotation: Any
    required: bool
    default: Any = None
    exploded: bool = True


def build(
    name: str,
    path: str,
    method: str,
    operation: Mapping[str, Any],
    parameters: list[Mapping[str, Any]],
    document: Document,
    types: Types,
    client: Client,
) -> Callable[..., Any]:
    """Make the function of an operation. Calling it sends the request.

    Raises:
        Unsupported: the operation needs a header, a cookie, a form or the like.
        ToolError: the document is wrong here.
    """
    if not path.startswith("/") or any(part in (".", "..") for part in path.split("/")):
        raise Unsupported(f"its path {path[:80]!r} is not a plain path")
    hint = class_case(name)
    arguments = [a for parameter in parameters if (a := _parameter(parameter, hint, document, types)) is not None]
    arguments += _body(operation, hint, document, types)
    named: list[Argument] = []
    for argument in arguments:
        free_name = free(argument.name, {other.name for other in named}, "argument", hides=False)
        named.append(dataclasses.replace(argument, name=free_name))
    placeholders = set(re.findall(r"\{([^{}]*)\}", path))
    if placeholders != {argument.wire_name for argument in named if argument.place == "path"}:
        raise Unsupported(f"its path {path[:80]!r} and its path parameters do not agree")
    ordered = sorted(named, key=lambda argument: not argument.required)
    returns = _returns(operation, hint, document, types)
    send = _Send(client, method, path, tuple(ordered), returns)
    signature = inspect.Signature(
        [
            inspect.Parameter(
                a.name,
                inspect.Parameter.POSITIONAL_OR_KEYWORD,
                annotation=a.annotation,
                default=inspect.Parameter.empty if a.required else a.default,
            )
            for a in ordered
        ],
        return_annotation=returns,
    )

    def call(*args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return send(bound.arguments)

    call.__name__ = call.__qualname__ = name
    call.__doc__ = _doc(name, operation, document)
    call.__signature__ = signature  # type: ignore[attr-defined]
    return call


class _Send:
    def __init__(self, client: Client, method: str, path: str, arguments: tuple[Argument, ...], returns: Any) -> None:
        self._client = client
        self._method = method
        self._pieces = re.split(r"\{([^{}]*)\}", path)  # text and placeholder names in turn
        self._arguments = arguments
        self._returns = returns

    def __call__(self, values: Mapping[str, Any]) -> Any:
        query: list[tuple[str, str]] = []
        in_path: dict[str, str] = {}
        body: Any = None
        for argument in self._arguments:
            value = values[argument.name]
            if argument.place == "path":
                in_path[argument.wire_name] = _segment(argument.name, value)
            elif value is None and not argument.required:
                continue
            elif argument.place == "query":
                query += _pairs(argument, value)
            elif argument.place == "field":
                body = {**(body or {}), argument.wire_name: to_json(value)}
            else:
                body = to_json(value)
        path = "".join(
            in_path[piece] if index % 2 else quote(piece, safe=_IN_PATHS) for index, piece in enumerate(self._pieces)
        )
        return from_json(self._returns, self._client.call(self._method, path, query, body))


def _parameter(parameter: Mapping[str, Any], hint: str, document: Document, types: Types) -> Argument | None:
    wire_name, place = parameter["name"], parameter.get("in")
    required = parameter.get("required") is True or place == "path"
    if place not in ("path", "query"):
        if required:
            raise Unsupported(f"it requires the {str(place)[:20]} parameter {wire_name[:60]!r}")
        return None
    schema = parameter.get("schema", {})
    annotation = types.annotated(schema, f"{hint}{class_case(wire_name)}", parameter.get("description"))
    if not _is_flat(annotation):
        if required:
            raise Unsupported(f"its parameter {wire_name[:60]!r} is an object")
        return None
    default = document.mapping(schema).get("default")
    if required or type(default) not in (str, int, float, bool):
        default = None
    return Argument(
        name=field_name(wire_name),
        wire_name=wire_name,
        place=place,
        annotation=annotation if required or default is not None else typing.Optional[annotation],  # noqa: UP045
        required=required,
        default=default,
        exploded=parameter.get("explode", True) is not False,
    )


def _is_flat(annotation: Any) -> bool:
    """Whether values are single ones, or lists of such."""
    if get_origin(annotation) is typing.Annotated:
        return _is_flat(get_args(annotation)[0])
    if get_origin(annotation) is dict or dataclasses.is_dataclass(annotation):
        return False
    return get_origin(annotation) is typing.Literal or all(_is_flat(inner) for inner in get_args(annotation))


def _body(operation: Mapping[str, Any], hint: str, document: Document, types: Types) -> list[Argument]:
    """A schema with a name is one argument, `body`; the properties of one without are arguments themselves."""
    node = document.mapping(operation.get("requestBody", {}))
    content = node.get("content")
    if not isinstance(content, Mapping) or not content:
        return []
    required = node.get("required") is True
    schema = _json_schema(content, document)
    if schema is None:
        if required:
            raise Unsupported(f"it takes a body of {', '.join(str(kind)[:40] for kind in content)}, not JSON")
        return []
    properties = types.properties(schema) if required and "$ref" not in schema else {}
    if not properties:
        annotation = types.annotated(schema, f"{hint}Body", node.get("description"))
        if not required:
            annotation = typing.Optional[annotation]  # noqa: UP045
        return [Argument("body", "body", "body", annotation, required)]
    arguments = []
    for wire_name, (inner, needed) in properties.items():
        annotation = types.annotated(inner, f"{hint}{class_case(wire_name)}")
        if not needed:
            annotation = typing.Optional[annotation]  # noqa: UP045
        arguments.append(Argument(field_name(wire_name), wire_name, "field", annotation, needed))
    return arguments


def _json_schema(content: Mapping[str, Any], document: Document) -> Mapping[str, Any] | None:
    for kind, media in content.items():
        name = str(kind).split(";")[0].strip().lower()
        if name == "application/json" or name.endswith("+json"):
            schema = document.mapping(media).get("schema", {})
            return schema if isinstance(schema, Mapping) else {}
    return None


def _returns(operation: Mapping[str, Any], hint: str, document: Document, types: Types) -> Any:
    responses = operation.get("responses")
    found: list[Any] = []
    for status, node in responses.items() if isinstance(responses, Mapping) else ():
        if not str(status).startswith("2"):
            continue
        content = document.mapping(node).get("content")
        if not isinstance(content, Mapping) or not content:
            found.append(None)
            continue
        schema = _json_schema(content, document)
        if schema is not None:
            found.append(types.of(schema, f"{hint}Result"))
        else:
            found.append(str if all(str(kind).startswith("text/") for kind in content) else Any)
    if not found or Any in found:
        return Any
    return typing.Union[tuple(found)]  # noqa: UP007


def _doc(name: str, operation: Mapping[str, Any], document: Document) -> str:
    texts = [operation.get("summary"), operation.get("description")]
    # A summary that is the name in other words says nothing.
    parts = [text.strip() for text in texts if isinstance(text, str) and text.strip() and snake_case(text) != name]
    if len(parts) == 2 and parts[1].startswith(parts[0]):
        del parts[0]
    errors = []
    responses = operation.get("responses")
    for status, node in responses.items() if isinstance(responses, Mapping) else ():
        meaning = document.mapping(node).get("description")
        if re.fullmatch(r"[45]\d\d", str(status)) and str(status) != "422" and isinstance(meaning, str):
            errors.append(f"HttpError {status}: {shortened(meaning, 100)}".replace("\n", " "))
    text = shortened("\n\n".join(parts), _LONGEST_DOC)
    return "\n\n".join(part for part in (text, "\n".join(errors[:_MOST_ERRORS])) if part)


def _segment(name: str, value: Any) -> str:
    """A value as one segment of a path: whatever it holds, it stays one segment."""
    text = ",".join(map(_text, value)) if isinstance(value, (list, tuple)) else _text(value)
    if text in ("", ".", ".."):
        raise ArgumentError(f"argument {name!r}: {text!r} cannot stand in a path")
    return quote(text, safe="")


def _pairs(argument: Argument, value: Any) -> list[tuple[str, str]]:
    if not isinstance(value, (list, tuple)):
        return [(argument.wire_name, _text(value))]
    if argument.exploded:
        return [(argument.wire_name, _text(item)) for item in value]
    return [(argument.wire_name, ",".join(map(_text, value)))]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return ""
    if isinstance(value, (str, int, float)):
        return str(value)
    raise ArgumentError(f"a value of type {type(value).__name__} cannot stand in an address")
