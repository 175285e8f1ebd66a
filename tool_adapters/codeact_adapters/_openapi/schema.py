"""JSON schemas as Python types: objects become dataclasses, choices become Literals; and values to and from JSON."""

from __future__ import annotations

import dataclasses
import enum
import keyword
import types
import typing
from collections.abc import Container, Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from codeact.errors import ToolError
from codeact_adapters._openapi.document import Document
from codeact_adapters._openapi.names import class_case, field_name, free

_SCALARS: dict[str, Any] = {"integer": int, "number": float, "boolean": bool, "string": str, "null": None}
_TYPE_NAMES = ("bool", "bytes", "dict", "float", "int", "list", "str")
_LIMITS = {"minimum": "ge", "maximum": "le", "multipleOf": "multiple_of"}
_LENGTHS = {"minLength": "min_length", "maxLength": "max_length", "minItems": "min_length", "maxItems": "max_length"}
_LONGEST_DESCRIPTION = 400
_DEEPEST = 40
_MOST_CHOICES = 200


class Types:
    """Turns the schemas of one document into types. The same component always gives the same dataclass."""

    def __init__(self, document: Document, taken: Container[str]) -> None:
        self._document = document
        self._taken = taken
        self._classes: dict[str, type] = {}
        self._by_reference: dict[str, Any] = {}
        self._depth = 0
        self._by_node: dict[int, Any] = {}
        self._properties: dict[int, dict[str, tuple[Any, bool]]] = {}

    def of(self, schema: Any, hint: str) -> Any:
        """The type of a schema's values; `Any` where the schema says nothing that a type could say.

        Args:
            schema: the schema, or a reference to one.
            hint: names an object type that has no name of its own.

        Raises:
            ToolError: a reference cannot be followed, or schemas are nested too deeply.
        """
        if self._depth >= _DEEPEST:
            raise ToolError("schemas are nested too deeply")
        self._depth += 1
        try:
            if isinstance(schema, Mapping) and "$ref" in schema:
                return self._referenced(schema, hint)
            if not isinstance(schema, Mapping):
                return Any
            # By identity: aliases of YAML make a small file of a vast tree, in which each node is met again and again.
            if id(schema) not in self._by_node:
                self._by_node[id(schema)] = self._inline(schema, hint)
            return self._by_node[id(schema)]
        finally:
            self._depth -= 1

    def annotated(self, schema: Any, hint: str, description: object = None) -> Any:
        """The type of a schema's values, with limits and a description for a reader."""
        from pydantic import Field

        annotation = self.of(schema, hint)
        node = self._document.mapping(schema)
        options = _limits(node, annotation)
        text = description if isinstance(description, str) else node.get("description")
        if isinstance(text, str) and text.strip() and (description is not None or schema is node):
            options["description"] = shortened(text, _LONGEST_DESCRIPTION).replace("\n", " ")
        return Annotated[annotation, Field(**options)] if options else annotation

    def properties(self, schema: Any) -> dict[str, tuple[Any, bool]]:
        """Property name to (schema, required), with those of `allOf`; empty if it is no object with fixed ones."""
        return self._merged(schema, 0)

    def _referenced(self, schema: Mapping[str, Any], hint: str) -> Any:
        reference = str(schema["$ref"])
        if reference not in self._by_reference:
            target = self._document.follow(schema)
            name = reference.rpartition("/")[2] or hint
            self._by_reference[reference] = Any  # what a circle of plain references ends in
            if isinstance(target, Mapping) and _is_object(target) and self.properties(target):
                self._make_class(target, name, reference)
            else:
                self._by_reference[reference] = self.of(target, name)
        return self._by_reference[reference]

    def _inline(self, schema: Mapping[str, Any], hint: str) -> Any:
        nullable = schema.get("nullable") is True
        return _or_none(self._not_null(schema, hint), nullable)

    def _not_null(self, schema: Mapping[str, Any], hint: str) -> Any:
        choices = schema.get("enum", [schema["const"]] if "const" in schema else None)
        if isinstance(choices, list) and 0 < len(choices) <= _MOST_CHOICES and all(map(_is_choice, choices)):
            return Literal[tuple(choices)]
        for word in ("oneOf", "anyOf"):
            options = schema.get(word)
            if isinstance(options, list) and options:
                return _union([self.of(option, f"{hint}Option") for option in options])
        parts = schema.get("allOf")
        if isinstance(parts, list) and len(parts) == 1 and not schema.get("properties"):
            return self.of(parts[0], hint)
        kind = schema.get("type")
        if isinstance(kind, list):
            return _union([self._not_null({**schema, "type": single}, hint) for single in kind])
        if kind == "string" and schema.get("format") == "binary":
            return bytes
        if isinstance(kind, str) and kind in _SCALARS:
            return _SCALARS[kind]
        if kind == "array" or "items" in schema:
            return list[self.of(schema.get("items"), f"{hint}Item")]  # type: ignore[misc]
        if _is_object(schema):
            if self.properties(schema):
                return self._make_class(schema, hint, None)
            extra = schema.get("additionalProperties")
            return dict[str, self.of(extra, f"{hint}Value") if isinstance(extra, Mapping) else Any]  # type: ignore[misc]
        return Any

    def _make_class(self, schema: Mapping[str, Any], name: str, reference: str | None) -> type:
        properties = self.properties(schema)
        python_names: dict[str, str] = {}
        for json_name in properties:
            wanted = field_name(json_name)
            # A field named like a type would hide it from the annotations of the fields below.
            wanted += "_" if wanted in _TYPE_NAMES else ""
            python_names[json_name] = free(wanted, python_names.values(), "field", hides=False)
        ordered = sorted(properties, key=lambda json_name: not properties[json_name][1])  # required ones first
        fields: list[tuple[str, Any, Any]] = []
        for json_name in ordered:
            metadata = {"json": json_name}
            required = properties[json_name][1]
            options = {"metadata": metadata} if required else {"metadata": metadata, "default": None}
            fields.append((python_names[json_name], Any, dataclasses.field(**options)))
        class_name = self._free_class_name(name)
        made = dataclasses.make_dataclass(class_name, fields, namespace={"__doc__": _description(schema)})
        made.__module__ = __name__
        self._classes[class_name] = made
        if reference is not None:
            self._by_reference[reference] = made  # known before its fields are, as it may contain itself
        for json_name in ordered:
            inner, required = properties[json_name]
            annotation = self.annotated(inner, f"{class_name}{class_case(json_name)}")
            made.__annotations__[python_names[json_name]] = annotation if required else _or_none(annotation, True)
        for field in dataclasses.fields(made):
            field.type = made.__annotations__[field.name]
        return made

    def _free_class_name(self, name: str) -> str:
        wanted = class_case(name) or "Record"
        taken = {*self._classes, *(n for n in (wanted,) if n in self._taken or keyword.iskeyword(n))}
        return free(wanted, taken, "Record")

    def _merged(self, schema: Any, depth: int) -> dict[str, tuple[Any, bool]]:
        node = self._document.mapping(schema)
        if id(node) in self._properties:
            return self._properties[id(node)]
        found: dict[str, tuple[Any, bool]] = {}
        if depth > _DEEPEST or not _is_object(node) or node.get("additionalProperties") not in (None, False):
            return found
        parts = node.get("allOf")
        for part in parts if isinstance(parts, list) else []:
            found.update(self._merged(part, depth + 1))
        properties = node.get("properties")
        if isinstance(properties, Mapping):
            found.update({str(name): (inner, False) for name, inner in properties.items()})
        required = node.get("required")
        for name in required if isinstance(required, list) else []:
            if name in found:
                found[name] = (found[name][0], True)
        self._properties[id(node)] = found
        return found


def to_json(value: Any) -> Any:
    """A validated argument as JSON data. A field that was left at None and may be left out, is left out."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.metadata.get("json", field.name): to_json(inner)
            for field in dataclasses.fields(value)
            if (inner := getattr(value, field.name)) is not None or field.default is dataclasses.MISSING
        }
    if isinstance(value, enum.Enum):
        return to_json(value.value)
    if isinstance(value, (list, tuple, set, frozenset)):
        return [to_json(item) for item in value]
    if isinstance(value, dict):
        return {str(key): to_json(item) for key, item in value.items()}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise ToolError(f"a value of type {type(value).__name__} cannot be sent as JSON")


def from_json(annotation: Any, data: Any) -> Any:
    """JSON data as the type says; data that does not fit its type stays as it is."""
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in (Union, types.UnionType):
        for option in get_args(annotation):
            typed = from_json(option, data)
            if typed is not data:
                return typed
        return data
    if annotation is float and type(data) is int:
        return float(data) if abs(data) <= 2**53 else data
    if get_origin(annotation) is list and isinstance(data, list):
        (inner,) = get_args(annotation)
        return [from_json(inner, item) for item in data]
    if get_origin(annotation) is dict and isinstance(data, dict):
        inner = get_args(annotation)[1]
        return {key: from_json(inner, item) for key, item in data.items()}
    if isinstance(annotation, type) and dataclasses.is_dataclass(annotation) and isinstance(data, dict):
        hints = typing.cast(Any, annotation).__annotations__
        values = {}
        for field in dataclasses.fields(annotation):
            json_name = field.metadata["json"]
            if json_name in data:
                values[field.name] = from_json(hints[field.name], data[json_name])
            elif field.default is dataclasses.MISSING:
                return data
        return annotation(**values)
    return data


def shortened(text: str, longest: int) -> str:
    text = text.strip()
    return text if len(text) <= longest else f"{text[: longest - 3].rstrip()}..."


def _is_choice(value: Any) -> bool:
    return value is None or type(value) in (str, int, bool)


def _is_object(schema: Mapping[str, Any]) -> bool:
    kind = schema.get("type")
    if kind is None:
        return "properties" in schema or "additionalProperties" in schema or "allOf" in schema
    return kind in ("object", ["object"])


def _or_none(annotation: Any, nullable: bool) -> Any:
    return _union([annotation, None]) if nullable else annotation


def _union(options: list[Any]) -> Any:
    if any(option is Any for option in options):
        return Any
    return Union[tuple(options)]  # noqa: UP007


def _description(schema: Mapping[str, Any]) -> str:
    text = schema.get("description")
    return shortened(text, _LONGEST_DESCRIPTION) if isinstance(text, str) else ""


def _limits(node: Mapping[str, Any], annotation: Any) -> dict[str, Any]:
    """The limits that pydantic can hold values of this type against. The rest is the service's to check."""
    options: dict[str, Any] = {}
    if annotation in (int, float):
        for word, option in _LIMITS.items():
            if type(node.get(word)) in (int, float):
                options[option] = node[word]
        for word, option, plain in (("exclusiveMinimum", "gt", "ge"), ("exclusiveMaximum", "lt", "le")):
            if type(node.get(word)) in (int, float):
                options[option] = node[word]
            elif node.get(word) is True and plain in options:  # OpenAPI 3.0 says it with a flag
                options[option] = options.pop(plain)
        if options.get("multiple_of", 1) <= 0 or annotation is float:
            options.pop("multiple_of", None)  # for fractions it would be at the mercy of rounding
    elif annotation is str or get_origin(annotation) is list:
        for word, option in _LENGTHS.items():
            if word.endswith("Items") == (annotation is not str) and type(node.get(word)) is int and node[word] >= 0:
                options[option] = node[word]
    return options
