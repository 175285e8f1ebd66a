"""The JSON schemas of a server's tools as types, all in one document so that equal definitions become one type."""

from __future__ import annotations

import json
from collections.abc import Container, Mapping
from typing import Any

from codeact_adapters._openapi.document import Document
from codeact_adapters._openapi.names import class_case
from codeact_adapters._openapi.schema import Types

_DEFINITIONS = ("$defs", "definitions")
_DEEPEST = 60
_MOST_COMPARED = 100_000  # definitions with all that they refer to, in the schemas of one server


class Schemas:
    """The schemas of the tools of one server.

    Each schema is a document of its own, with references that begin at its own root. Here they are put into one, with
    references to match; definitions that say the same under the same name are put there once.
    """

    def __init__(self) -> None:
        self._whole: dict[str, Any] = {"openapi": "3.1.0", "roots": {}, "definitions": {}}
        self._known: dict[tuple[str, str], str] = {}
        self._compared = 0

    def add(self, key: str, schema: Mapping[str, Any], shared: bool = False) -> dict[str, Any]:
        """Take a schema in. Returns it with its references as they are in the whole.

        Args:
            key: names it.
            shared: whether it is as good as a definition of its title, if it has one.

        Raises:
            ValueError: it is nested too deeply.
        """
        definitions = {
            f"#/{word}/{_escaped(name)}": (str(name), inner)
            for word in _DEFINITIONS
            if isinstance(found := schema.get(word), Mapping)
            for name, inner in found.items()
        }
        root = f"#/roots/{_escaped(key)}"
        whole = {word: inner for word, inner in schema.items() if word not in _DEFINITIONS}
        title = class_case(schema["title"]) if isinstance(schema.get("title"), str) else ""
        shared = shared and bool(title) and all(found in definitions for found in _references(whole))
        if shared:
            definitions["#"] = (title, whole)
        places: dict[str, str] = {}
        for reference, (name, inner) in definitions.items():
            meaning = f"{key} {reference}"  # its own, where comparing would take too long
            if self._compared < _MOST_COMPARED:
                closure = _closure(reference, definitions)
                self._compared += 1 + len(closure)
                meaning = json.dumps([inner, closure], sort_keys=True, default=str)
            if (name, meaning) not in self._known:
                self._known[name, meaning] = self._free(name)
            places[reference] = self._known[name, meaning]
        moved = {reference: f"#/definitions/{_escaped(place)}" for reference, place in places.items()}
        for reference, (_, inner) in definitions.items():
            if self._whole["definitions"][places[reference]] is None:
                self._whole["definitions"][places[reference]] = _moved(inner, moved, root)
        inner = _moved({"$ref": "#"} if shared else whole, moved, root)
        self._whole["roots"][key] = inner
        result: dict[str, Any] = inner
        return result

    def _free(self, name: str) -> str:
        """A place for a definition, taken from now on."""
        place, number = name, 2
        while place in self._whole["definitions"]:
            place, number = f"{name}_{number}", number + 1
        self._whole["definitions"][place] = None
        return place

    def types(self, taken: Container[str]) -> Types:
        """What makes types of the schemas that were taken in.

        Args:
            taken: names that no type may have.
        """
        return Types(Document(self._whole), taken)


def _moved(node: Any, moved: Mapping[str, str], root: str, depth: int = 0) -> Any:
    """The node with its references rewritten."""
    if depth > _DEEPEST:
        raise ValueError("its schema is nested too deeply")
    if isinstance(node, Mapping):
        rewritten = {str(key): _moved(inner, moved, root, depth + 1) for key, inner in node.items()}
        reference = node.get("$ref")
        if isinstance(reference, str) and reference.startswith("#"):
            rewritten["$ref"] = _new_reference(reference, moved, root)
        return rewritten
    if isinstance(node, list):
        return [_moved(inner, moved, root, depth + 1) for inner in node]
    return node


def _new_reference(reference: str, moved: Mapping[str, str], root: str) -> str:
    for old in ("/".join(reference.split("/")[:3]), "#"):
        if old in moved:
            return moved[old] + reference[len(old) :]
    return root + reference[1:]


def _closure(reference: str, definitions: Mapping[str, tuple[str, Any]]) -> dict[str, Any]:
    """All that a definition refers to, by reference: what it means besides its own words."""
    found: dict[str, Any] = {}
    waiting = _references(definitions[reference][1])
    while waiting:
        next_one = waiting.pop()
        if next_one not in found and next_one in definitions:
            found[next_one] = definitions[next_one][1]
            waiting += _references(found[next_one])
    return found


def _references(node: Any) -> list[str]:
    found: list[str] = []
    stack = [node]
    while stack:
        inner = stack.pop()
        if isinstance(inner, Mapping):
            if isinstance(inner.get("$ref"), str):
                found.append("/".join(inner["$ref"].split("/")[:3]))
            stack += inner.values()
        elif isinstance(inner, list):
            stack += inner
    return found


def _escaped(name: object) -> str:
    """A name as a part of a JSON pointer."""
    return str(name).replace("~", "~0").replace("/", "~1")
