"""Schemas with `allOf` as one schema: the properties of all parts, and the last word on all else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from codeact.errors import ToolError
from codeact_adapters._openapi.document import Document

_DEEPEST = 40
_ALTERNATIVES = ("oneOf", "anyOf")
_TYPES = ("type", "properties", "additionalProperties", "items", "enum", "const", "allOf", *_ALTERNATIVES)


class Merger:
    """Merges each schema of a document once."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._merged: dict[int, tuple[Any, Mapping[str, Any]]] = {}
        self._joined: dict[tuple[int, int], tuple[Any, Any, dict[str, Any]]] = {}
        self._typed: dict[tuple[int, str], tuple[Any, dict[str, Any]]] = {}
        self._open: set[int] = set()

    def merged(self, schema: Any) -> Mapping[str, Any]:
        """The schema that a node is or refers to, with the parts of its `allOf` in it.

        Raises:
            ToolError: a reference cannot be followed, or parts are nested too deeply.
        """
        node = self._document.mapping(schema)
        if "allOf" not in node:
            return node
        if id(node) not in self._merged:
            if id(node) in self._open:  # it is a part of itself, and adds nothing
                return {}
            if len(self._open) >= _DEEPEST:
                raise ToolError("schemas are nested too deeply")
            self._open.add(id(node))
            try:
                self._merged[id(node)] = (node, self._all(node))
            finally:
                self._open.discard(id(node))
        return self._merged[id(node)][1]

    def speaking_parts(self, schema: Mapping[str, Any]) -> list[Any]:
        """The parts of `allOf` that say something about types; none if the schema around them does so itself."""
        parts = schema.get("allOf")
        if not isinstance(parts, list) or any(word in schema for word in _TYPES if word != "allOf"):
            return []
        return [part for part in parts if has_type(self.merged(part))]

    def joined(self, node: Mapping[str, Any], word: str, option: Any) -> dict[str, Any]:
        """A schema of what `node` says and one of its alternatives under `word`. The same ones give the same schema."""
        key = (id(node), id(option))
        if key not in self._joined:
            rest = {name: value for name, value in node.items() if name not in (word, "discriminator", "nullable")}
            self._joined[key] = (node, option, {"allOf": [rest, option]})
        return self._joined[key][2]

    def with_type(self, node: Mapping[str, Any], kind: Any) -> dict[str, Any]:
        """The schema with a single type, where it lists several."""
        key = (id(node), str(kind))
        if key not in self._typed:
            self._typed[key] = (node, {**node, "type": kind})
        return self._typed[key][1]

    def _all(self, node: Mapping[str, Any]) -> dict[str, Any]:
        listed = node["allOf"]
        own = {name: value for name, value in node.items() if name != "allOf"}
        parts = [self._part(part) for part in listed] if isinstance(listed, list) else []
        found: dict[str, Any] = {}
        properties: dict[str, Any] = {}
        required: dict[str, None] = {}
        for part in (*parts, own):
            found.update({name: value for name, value in part.items() if name not in ("description", "title")})
            if isinstance(part.get("properties"), Mapping):
                properties.update(part["properties"])
            names = part.get("required")
            required.update(dict.fromkeys(n for n in names if isinstance(n, str)) if isinstance(names, list) else {})
        if properties:
            found["properties"] = properties
        if required:
            found["required"] = list(required)
        if isinstance(own.get("description"), str):
            found["description"] = own["description"]
        return found

    def _part(self, schema: Any) -> Mapping[str, Any]:
        """A part of `allOf`. What it says of its own kinds is not about the schema that it is part of."""
        part = self.merged(schema)
        dropped = ("discriminator", *_ALTERNATIVES) if "discriminator" in part else ("discriminator",)
        return {name: value for name, value in part.items() if name not in dropped}


def is_object(schema: Mapping[str, Any]) -> bool:
    """Whether values are objects."""
    kind = schema.get("type")
    if kind is None:
        return "properties" in schema or "additionalProperties" in schema
    return kind in ("object", ["object"])


def has_type(schema: Mapping[str, Any]) -> bool:
    """Whether the schema says something about the type of its values, rather than only which properties go together."""
    return any(word in schema for word in _TYPES)
