"""Values to and from JSON, as the types that were made of a document's schemas say."""

from __future__ import annotations

import base64
import dataclasses
import enum
import types
import typing
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from codeact.errors import ToolError

# In a field's metadata: what JSON calls it. Empty for the field that takes what the schema has no names for.
JSON_NAME = "json"


@dataclasses.dataclass(frozen=True)
class Discriminator:
    """In `Annotated`: the JSON property whose value says which dataclass of a union is meant."""

    name: str
    kinds: Mapping[str, Any]

    def __hash__(self) -> int:
        return hash((self.name, *self.kinds))


def to_json(value: Any) -> Any:
    """A validated argument as JSON data. A field that was left at None and may be left out, is left out.

    Bytes become base64.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {name: to_json(inner) for name, inner in given(value).items()}
    if isinstance(value, enum.Enum):
        return to_json(value.value)
    if isinstance(value, (list, tuple, set, frozenset)):
        return [to_json(item) for item in value]
    if isinstance(value, dict):
        return {str(key): to_json(item) for key, item in value.items()}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise ToolError(f"a value of type {type(value).__name__} cannot be sent as JSON")


def given(value: Any) -> dict[str, Any]:
    """JSON name to value of those fields of a dataclass that are to be sent."""
    found: dict[str, Any] = {}
    extra: Mapping[str, Any] = {}
    for field in dataclasses.fields(value):
        inner = getattr(value, field.name)
        name = field.metadata.get(JSON_NAME, field.name)
        if not name:
            extra = inner or {}
        elif inner is not None or field.default is dataclasses.MISSING:
            found[name] = inner
    return {**extra, **found}


def from_json(annotation: Any, data: Any) -> Any:
    """JSON data as the type says; data that does not fit its type stays as it is."""
    if get_origin(annotation) is Annotated:
        inner, *metadata = get_args(annotation)
        for item in metadata:
            if isinstance(item, Discriminator) and isinstance(data, dict):
                kind = item.kinds.get(str(data.get(item.name)))
                if kind is not None:
                    return from_json(kind, data)
        return from_json(inner, data)
    if get_origin(annotation) in (Union, types.UnionType):
        return _best(get_args(annotation), data)
    if annotation is float and type(data) is int:
        return float(data) if abs(data) <= 2**53 else data
    if get_origin(annotation) is list and isinstance(data, list):
        (inner,) = get_args(annotation)
        return [from_json(inner, item) for item in data]
    if get_origin(annotation) is dict and isinstance(data, dict):
        inner = get_args(annotation)[1]
        return {key: from_json(inner, item) for key, item in data.items()}
    if _is_dataclass(annotation) and isinstance(data, dict):
        return _record(annotation, data)
    return data


def _record(declared: Any, data: dict[str, Any]) -> Any:
    hints = declared.__annotations__
    values: dict[str, Any] = {}
    extra = ""
    for field in dataclasses.fields(declared):
        name = field.metadata.get(JSON_NAME, field.name)
        if not name:
            extra = field.name
        elif name in data:
            values[field.name] = from_json(hints[field.name], data[name])
        elif field.default is dataclasses.MISSING:
            return data
    if extra:
        known = {field.metadata.get(JSON_NAME) for field in dataclasses.fields(declared)}
        rest = {name: value for name, value in data.items() if name not in known}
        values[extra] = from_json(hints[extra], rest) if rest else None
    return declared(**values)


def _best(options: tuple[Any, ...], data: Any) -> Any:
    """The data as the option that fits it best; the first of several."""
    scores = [_fit(option, data) for option in options]
    best = max(scores)
    return from_json(options[scores.index(best)], data) if best > 0 else data


def _fit(annotation: Any, data: Any) -> float:
    """How well data fits a type, by a look at its surface: 0 for not at all."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType):
        return max(_fit(option, data) for option in get_args(annotation))
    if origin is Literal:
        return 2.0 if any(type(choice) is type(data) and choice == data for choice in get_args(annotation)) else 0.0
    if annotation is type(None):
        return 1.0 if data is None else 0.0
    if annotation is float:
        return 1.0 if type(data) is float else 0.5 if type(data) is int else 0.0
    if origin is list:
        if not isinstance(data, list):
            return 0.0
        return 1.0 + (_fit(get_args(annotation)[0], data[0]) if data else 0.0)
    if origin is dict:
        return 0.5 if isinstance(data, dict) else 0.0
    if _is_dataclass(annotation):
        return _record_fit(annotation, data) if isinstance(data, dict) else 0.0
    return 1.0 if annotation is Any or type(data) is annotation else 0.0


def _record_fit(declared: Any, data: dict[str, Any]) -> float:
    known = 0
    for field in dataclasses.fields(declared):
        name = field.metadata.get(JSON_NAME, field.name)
        if name in data:
            known += 1
            hint = declared.__annotations__[field.name]
            while get_origin(hint) is Annotated:
                hint = get_args(hint)[0]
            if get_origin(hint) is Literal and not _fit(hint, data[name]):
                return 0.0  # a fixed value that is another's
        elif name and field.default is dataclasses.MISSING:
            return 0.0
    return 1.0 + known / (1.0 + len(data))


def _is_dataclass(annotation: Any) -> typing.TypeGuard[type]:
    return isinstance(annotation, type) and dataclasses.is_dataclass(annotation)
