"""Parameters in paths, queries, headers and cookies, written in OpenAPI's styles (OpenAPI 3.1.1, section 4.8.12)."""

from __future__ import annotations

import dataclasses
import json
import typing
from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args, get_origin
from urllib.parse import quote

from codeact.errors import ArgumentError
from codeact_adapters._openapi.document import Document
from codeact_adapters._openapi.names import class_case, field_name, snake_case
from codeact_adapters._openapi.schema import Types
from codeact_adapters._openapi.values import to_json

# What the client itself sets: a document's word on these is not followed (OpenAPI 3.1.1, section 4.8.12.1, and safety).
OWN_HEADERS = frozenset(
    {"accept", "authorization", "connection", "content-length", "content-type", "cookie", "host", "transfer-encoding"}
)
_STYLES = {"path": "simple", "query": "form", "header": "simple", "cookie": "form"}
_SEPARATORS = {"spaceDelimited": "%20", "pipeDelimited": "%7C"}
_RESERVED = ":/?@!$'()*,;"  # what may stand in a query unencoded and is no part of its own grammar
_MOST_PAIRS = 10_000


@dataclasses.dataclass(frozen=True)
class Argument:
    """One argument of the function, and where its value goes.

    Attributes:
        name: in Python.
        wire_name: what the service calls it.
        place: `path`, `query`, `header`, `cookie`, `body` (the whole body) or `field` (one property of it).
        annotation: its type.
        required: whether a call must have it.
        default: otherwise; None stands for leaving it out.
        style: how a list or an object is written; `json` for as JSON.
        exploded: whether each item of a list or an object stands for itself.
        reserved: whether reserved characters stay as they are; in paths, whether slashes do.
    """

    name: str
    wire_name: str
    place: str
    annotation: Any
    required: bool
    default: Any = None
    style: str = ""
    exploded: bool = False
    reserved: bool = False


def argument_of(parameter: Mapping[str, Any], hint: str, document: Document, types: Types) -> Argument:
    """The argument for a parameter object in a path, a query, a header or a cookie."""
    wire_name, place = parameter["name"], str(parameter["in"])
    required = parameter.get("required") is True or place == "path"
    content = document.mapping(parameter.get("content"))
    media = document.mapping(next(iter(content.values()), None))
    schema = media.get("schema", {}) if content else parameter.get("schema", {})
    annotation = types.annotated(schema, f"{hint}{class_case(wire_name)}", parameter.get("description"))
    node = document.mapping(schema)
    default = node.get("default")
    if not fits(annotation, default):
        default = None
    if required and default is not None and place != "path":
        required = False
    if required:
        default = None
    style = str(parameter.get("style") or _STYLES[place])
    explode = parameter.get("explode")
    return Argument(
        name=snake_case(wire_name) if place == "header" else field_name(wire_name),
        wire_name=wire_name,
        place=place,
        annotation=annotation if required or default is not None else typing.Optional[annotation],  # noqa: UP045
        required=required,
        default=default,
        style="json" if content else style,
        exploded=explode if isinstance(explode, bool) else style == "form",
        reserved=parameter.get("allowReserved") is True or parameter.get("x-multi-segment") is True,
    )


def fits(annotation: Any, value: Any) -> bool:
    """Whether a default is a plain value of its type."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) is Literal:
        return any(type(choice) is type(value) and choice == value for choice in get_args(annotation))
    if get_origin(annotation) in (list, dict):
        return False
    if get_args(annotation):
        return any(fits(option, value) for option in get_args(annotation) if option is not type(None))
    return type(value) in (str, int, float, bool) and (type(value) is annotation or annotation is Any)


def in_path(argument: Argument, value: Any) -> str:
    """A value as a part of a path. Whatever it holds, it stays in its segment, or below it if it may have several."""
    value, sep = to_json(value), ","
    safe = "/" if argument.reserved else ""
    if argument.style == "label":
        prefix, sep = ".", "." if argument.exploded else ","
    elif argument.style == "matrix":
        prefix, sep = f";{quote(argument.wire_name, safe='')}=", ","
        if argument.exploded and isinstance(value, (list, dict)):
            pairs = value.items() if isinstance(value, dict) else [(argument.wire_name, item) for item in value]
            return "".join(f";{quote(str(name), safe='')}={_quoted(item, safe)}" for name, item in pairs)
    else:
        prefix = ""
    text = _joined(value, sep, argument.exploded, safe)
    if not text or (not prefix and any(part in ("", ".", "..") for part in text.split("/"))):
        raise ArgumentError(f"argument {argument.name!r}: {value!r} cannot stand in a path")
    return prefix + text


def in_query(argument: Argument, value: Any) -> list[str]:
    """A value as `name=value` parts of a query, percent-encoded."""
    value = to_json(value)
    name, safe = argument.wire_name, _RESERVED if argument.reserved else ""
    if argument.style == "json":
        return [pair(name, json.dumps(value, allow_nan=False))]
    if argument.style == "deepObject":
        return deep_pairs(name, value)
    if isinstance(value, dict):
        if argument.exploded:
            return [part for key, item in value.items() for part in _exploded(key, item, safe)]
        return [f"{quote(name, safe='')}={_joined(value, ',', False, safe)}"]
    if isinstance(value, list) and not argument.exploded:
        separator = _SEPARATORS.get(argument.style, ",")
        return [f"{quote(name, safe='')}={_joined(value, separator, False, safe)}"]
    return _exploded(name, value, safe)


def in_header(argument: Argument, value: Any) -> str:
    """A value as that of a header.

    Raises:
        ArgumentError: it has characters that cannot stand there.
    """
    value = to_json(value)
    if argument.style == "json":
        return json.dumps(value, allow_nan=False)
    pairs = value.items() if isinstance(value, dict) else []
    if isinstance(value, dict):
        items = (
            [f"{k}={_text(v)}" for k, v in pairs] if argument.exploded else [_text(x) for each in pairs for x in each]
        )
        text = ",".join(items)
    else:
        text = ",".join(map(_text, value)) if isinstance(value, list) else _text(value)
    if not text.isascii() or not text.isprintable():
        raise ArgumentError(f"argument {argument.name!r}: a header takes printable ASCII characters, not {text[:60]!r}")
    return text


def in_cookie(argument: Argument, value: Any) -> str:
    """A value as `name=value` parts of the header Cookie, percent-encoded."""
    return "; ".join(in_query(argument, value))


def pair(name: str, value: Any, safe: str = "") -> str:
    return f"{quote(name, safe='')}={_quoted(value, safe)}"


def deep_pairs(name: str, value: Any) -> list[str]:
    """`filter[name]=bolt&filter[tags][]=new`: the style deepObject, with lists as most services read them."""
    found: list[str] = []
    _deep(name, value, found)
    return found


def _deep(name: str, value: Any, found: list[str]) -> None:
    if len(found) > _MOST_PAIRS:
        raise ArgumentError(f"the value of {name[:60]!r} has more than {_MOST_PAIRS:,} parts")
    if isinstance(value, dict):
        for key, item in value.items():
            _deep(f"{name}[{key}]", item, found)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            _deep(f"{name}[{number}]" if isinstance(item, (dict, list)) else f"{name}[]", item, found)
    else:
        found.append(pair(name, value))


def _exploded(name: str, value: Any, safe: str) -> list[str]:
    if isinstance(value, dict):
        return deep_pairs(name, value)
    items = value if isinstance(value, list) else [value]
    return [
        pair(name, json.dumps(item, allow_nan=False) if isinstance(item, (dict, list)) else item, safe)
        for item in items
    ]


def _joined(value: Any, separator: str, exploded: bool, safe: str) -> str:
    if isinstance(value, dict):
        if exploded:
            return separator.join(f"{quote(str(key), safe='')}={_quoted(item, safe)}" for key, item in value.items())
        return separator.join(
            f"{quote(str(key), safe='')}{separator}{_quoted(item, safe)}" for key, item in value.items()
        )
    items = value if isinstance(value, list) else [value]
    return separator.join(_quoted(item, safe) for item in items)


def _quoted(value: Any, safe: str) -> str:
    return quote(_text(value), safe=safe)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return ""
    if isinstance(value, (str, int, float)):
        return str(value)
    return json.dumps(value, allow_nan=False)
