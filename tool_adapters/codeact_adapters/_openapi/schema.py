"""JSON schemas as Python types: objects become dataclasses, choices become Literals, alternatives become unions."""

from __future__ import annotations

import contextlib
import dataclasses
import keyword
from collections.abc import Container, Mapping
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin

from codeact.errors import ToolError
from codeact_adapters._openapi.document import Document
from codeact_adapters._openapi.limits import limits, shortened, unlinked
from codeact_adapters._openapi.media import bare, is_json, is_text
from codeact_adapters._openapi.merge import Merger, has_type, is_object
from codeact_adapters._openapi.names import class_case, field_name, free, reference_name
from codeact_adapters._openapi.values import JSON_NAME, Discriminator

_SCALARS: dict[str, Any] = {"integer": int, "number": float, "boolean": bool, "string": str, "null": None}
_TYPE_NAMES = ("bool", "bytes", "dict", "float", "int", "list", "str")
_EXTRA = "additional_properties"
_LONGEST_DESCRIPTION = 400
_DEEPEST = 40
_MOST_CHOICES = 200
_LONGEST_CHOICES = 8_000  # characters, all together
_MOST_OPTIONS = 60

_Fields = list[tuple[str, str, bool]]  # Python name, JSON name, required


class Types:
    """Turns the schemas of one document into types. The same component always gives the same dataclass."""

    def __init__(self, document: Document, taken: Container[str], prefix: str = "") -> None:
        """Begin with no types.

        Args:
            document: where references lead.
            taken: names that no type may have.
            prefix: goes before the name of each dataclass.
        """
        self._document = document
        self._taken = taken
        self._prefix = prefix
        self._merger = Merger(document)
        self._names: set[str] = set()
        self._by_reference: dict[str, Any] = {}
        self._by_shape: dict[str, type] = {}
        self._depth = 0
        # Dataclasses whose fields have no types yet: however long a chain of references is, it is no deep recursion.
        self._unfilled: list[tuple[type, _Fields, Mapping[str, Any]]] = []
        # By identity: aliases of YAML make a small file of a vast tree, in which each node is met again and again. The
        # node is kept with its type, so that its identity cannot pass to another one.
        self._by_node: dict[int, tuple[Any, Any]] = {}

    def of(self, schema: Any, hint: str) -> Any:
        """The type of a schema's values; `Any` where the schema says nothing that a type could say.

        Args:
            schema: the schema, or a reference to one.
            hint: names an object type that has no name of its own.

        Raises:
            ToolError: a reference cannot be followed, or schemas are nested too deeply.
        """
        outermost = self._depth == 0
        found = self._within(schema, hint)
        while outermost and self._unfilled:
            self._depth += 1
            try:
                self._fill(*self._unfilled.pop())
            finally:
                self._depth -= 1
        return found

    def _within(self, schema: Any, hint: str) -> Any:
        if self._depth >= _DEEPEST:
            raise ToolError("schemas are nested too deeply")
        self._depth += 1
        try:
            if not isinstance(schema, Mapping):
                return Any
            if "$ref" in schema:
                return self._referenced(schema, hint)
            if id(schema) not in self._by_node:
                self._by_node[id(schema)] = (schema, self._inline(schema, hint))
            return self._by_node[id(schema)][1]
        finally:
            self._depth -= 1

    def annotated(self, schema: Any, hint: str, description: object = None) -> Any:
        """The type of a schema's values, with limits and a description for a reader."""
        from pydantic import Field

        annotation = self.of(schema, hint)
        node = self._merger.merged(schema)
        bounds, words = limits(node, annotation)
        own = schema.get("description") if isinstance(schema, Mapping) else None
        text = description if isinstance(description, str) else own
        text = shortened(unlinked(text), _LONGEST_DESCRIPTION).replace("\n", " ") if isinstance(text, str) else ""
        text = f"{text} ({words})" if text and words else text or words
        if bounds and get_origin(annotation) is Union:  # None needs no limits, and pydantic would hold it against them
            inner = [Annotated[option, Field(**bounds)] for option in get_args(annotation) if option is not type(None)]
            annotation, bounds = Union[(*inner, None)], {}
        options = {**bounds, **({"description": text} if text else {})}
        return Annotated[annotation, Field(**options)] if options else annotation

    def properties(self, schema: Any) -> dict[str, tuple[Any, bool]]:
        """Property name to (schema, required), with those of `allOf`; empty if it is no object with fixed ones."""
        node = self._merger.merged(schema)
        found = node.get("properties")
        if not is_object(node) or not isinstance(found, Mapping):
            return {}
        listed = node.get("required")
        required = {name for name in listed if isinstance(name, str)} if isinstance(listed, list) else set()
        return {str(name): (inner, name in required and not self._one_way(inner)) for name, inner in found.items()}

    def fields(self, schema: Any, *, form: bool) -> dict[str, tuple[Any, bool]]:
        """The properties of a request body that can be arguments; empty if the body must be given as a whole.

        Args:
            schema: of the body.
            form: whether the body is a form, whose fields are arguments also where they have alternatives.
        """
        node = self._merger.merged(schema)
        found = {
            name: (inner, name in (node.get("required") or ()))
            for name, (inner, _) in self.properties(schema).items()
            if not self._says(inner, "readOnly")
        }
        listed = [node[word] for word in ("oneOf", "anyOf") if isinstance(node.get(word), list)]
        others = [properties for options in listed for option in options if (properties := self.properties(option))]
        if not form:
            return {} if others or node.get("additionalProperties") not in (None, False) else found
        for properties in others:
            for name, (inner, _) in properties.items():
                found.setdefault(name, (inner, False))
        return found

    def _one_way(self, schema: Any) -> bool:
        """Whether a property stands in requests only or in answers only, so that the other way must do without."""
        return self._says(schema, "readOnly") or self._says(schema, "writeOnly")

    def _says(self, schema: Any, word: str) -> bool:
        if not isinstance(schema, Mapping):
            return False
        return schema.get(word) is True or self._document.mapping(schema).get(word) is True

    def _referenced(self, schema: Mapping[str, Any], hint: str) -> Any:
        reference = self._document.reference(schema)
        if reference not in self._by_reference:
            target = self._document.follow(schema)
            name = reference_name(reference) or hint
            self._by_reference[reference] = Any  # what a circle of plain references ends in
            node = self._merger.merged(target)
            mapped = self._mapped(target) if isinstance(target, Mapping) else None
            if mapped:
                self._by_reference[reference] = self._union(
                    [self.of({"$ref": each}, name) for each in dict.fromkeys(mapped.values())], target, name
                )
            elif is_object(node) and not node.get("oneOf") and not node.get("anyOf") and self.properties(target):
                made = self._make_class(target, name, reference)
                self._by_reference[reference] = _or_none(made, node.get("nullable") is True)
            else:
                self._by_reference[reference] = self.of(target, name)
        return self._by_reference[reference]

    def _inline(self, schema: Mapping[str, Any], hint: str) -> Any:
        node = self._merger.merged(schema)
        parts = self._merger.speaking_parts(schema)
        inner = self.of(parts[0], hint) if len(parts) == 1 else self._not_null(node, hint)
        return _or_none(inner, node.get("nullable") is True)

    def _not_null(self, node: Mapping[str, Any], hint: str) -> Any:
        choices = node.get("enum", [node["const"]] if "const" in node else None)
        if isinstance(choices, list) and _are_choices(choices):
            return Literal[tuple(choices)]
        for word in ("oneOf", "anyOf"):
            options = node.get(word)
            if isinstance(options, list) and options:
                alternatives = self._alternatives(node, word, options[:_MOST_OPTIONS])
                if alternatives:
                    types = [self.of(each, f"{hint}Option") for each in alternatives]
                    return self._union(types if len(options) <= _MOST_OPTIONS else [Any], node, hint)
        kind = node.get("type")
        if isinstance(kind, list):
            return _union([self._not_null(self._merger.with_type(node, single), hint) for single in kind])
        if kind in ("string", None) and _is_binary(node):
            return bytes
        if isinstance(kind, str) and kind in _SCALARS:
            return _SCALARS[kind]
        if kind == "array" or (kind is None and "items" in node):
            return list[self.of(node.get("items"), f"{hint}Item")]  # type: ignore[misc]
        if is_object(node):
            if self.properties(node):
                return self._make_class(node, hint, None)
            return dict[str, self._extra(node, hint)]  # type: ignore[misc]
        return Any

    def _extra(self, node: Mapping[str, Any], hint: str) -> Any:
        extra = node.get("additionalProperties")
        return self.of(extra, f"{hint}Value") if isinstance(extra, Mapping) and extra else Any

    def _alternatives(self, node: Mapping[str, Any], word: str, options: list[Any]) -> list[Any]:
        """The options, each with what the schema says beside them; empty if they only say what goes with what."""
        informative = [has_type(self._merger.merged(option)) for option in options]
        if self.properties(node) or "type" in node:
            if not any(informative):
                return []
            return [self._merger.joined(node, word, option) for option in options]
        return options

    def _mapped(self, schema: Mapping[str, Any]) -> dict[str, str]:
        """Value of the discriminator to reference, for a schema that names its kinds by a mapping alone."""
        if schema.get("oneOf") or schema.get("anyOf"):
            return {}
        return self._mapping(schema)

    def _mapping(self, schema: Mapping[str, Any]) -> dict[str, str]:
        discriminator = schema.get("discriminator")
        mapping = discriminator.get("mapping") if isinstance(discriminator, Mapping) else None
        if not isinstance(mapping, Mapping):
            return {}
        found: dict[str, str] = {}
        for value, at in mapping.items():
            if isinstance(at, str):
                reference = at if set(at) & set("#/.") else f"#/components/schemas/{at}"
                with contextlib.suppress(ToolError):  # a hint that leads nowhere is no loss
                    if self._document.mapping({"$ref": reference}):
                        found[str(value)] = reference
        return found

    def _union(self, options: list[Any], schema: Mapping[str, Any], hint: str) -> Any:
        """The union of the options; where a discriminator tells which is which, it comes with the type."""
        union = _union(options)
        discriminator = schema.get("discriminator")
        if union is Any or not isinstance(discriminator, Mapping):
            return union
        name = discriminator.get("propertyName")
        listed = [option for word in ("oneOf", "anyOf") for option in schema.get(word) or ()]
        ours = [
            self._document.reference(option) for option in listed if isinstance(option, Mapping) and "$ref" in option
        ]
        mapping = {**{reference_name(at): at for at in ours}, **self._mapping(schema)}
        kinds = {value: self.of({"$ref": at}, hint) for value, at in mapping.items()}
        named = {value: kind for value, kind in kinds.items() if dataclasses.is_dataclass(kind)}
        return Annotated[union, Discriminator(name, named)] if isinstance(name, str) and named else union

    def _make_class(self, schema: Mapping[str, Any], name: str, reference: str | None) -> type:
        node = self._merger.merged(schema)
        properties = self.properties(schema)
        python_names: dict[str, str] = {}
        for json_name in properties:
            wanted = field_name(json_name)
            # A field named like a type would hide it from the annotations of the fields below.
            wanted += "_" if wanted in _TYPE_NAMES else ""
            python_names[json_name] = free(wanted, python_names.values(), "field", hides=False)
        class_name = self._free_class_name(name)
        ordered = sorted(properties, key=lambda json_name: not properties[json_name][1])  # required ones first
        fields = [(python_names[each], each, properties[each][1]) for each in ordered]
        if node.get("additionalProperties") not in (None, False):
            fields.append((free(_EXTRA, python_names.values(), "field"), "", False))
        made: type = _dataclass(class_name, fields, schema)
        self._names.add(class_name)
        if reference is not None:
            self._by_reference[reference] = made
            self._unfilled.append((made, fields, node))
            return made
        self._fill(made, fields, node)
        # Documents repeat themselves where they have no names; the reader need not.
        shape = repr((fields, list(made.__annotations__.values()), _description(schema)))
        if shape in self._by_shape:
            self._names.discard(class_name)
        return self._by_shape.setdefault(shape, made)

    def _fill(self, made: type, fields: _Fields, node: Mapping[str, Any]) -> None:
        """Give the fields of a dataclass their types."""
        properties = self.properties(node)
        for python_name, json_name, required in fields:
            if json_name:
                annotation = self.annotated(properties[json_name][0], f"{made.__name__}{class_case(json_name)}")
            else:
                annotation = dict[str, self._extra(node, made.__name__)]  # type: ignore[misc]
            made.__annotations__[python_name] = annotation if required else optional(annotation)
        for field in dataclasses.fields(cast(Any, made)):
            field.type = made.__annotations__[field.name]

    def _free_class_name(self, name: str) -> str:
        wanted = self._prefix + (class_case(name) or "Record")
        taken = {*self._names, *(n for n in (wanted,) if n in self._taken or keyword.iskeyword(n))}
        return free(wanted, taken, "Record")


def optional(annotation: Any) -> Any:
    """The annotation or None. What is said of it stays where a reader is shown it: around the whole union."""
    if get_origin(annotation) is Annotated:
        inner, *metadata = get_args(annotation)
        if get_origin(inner) is Union:
            return Annotated[(_or_none(inner, True), *metadata)]
    return _or_none(annotation, True)


def _dataclass(name: str, fields: _Fields, schema: Mapping[str, Any]) -> Any:
    """A dataclass of these fields, whose types are still to come."""
    made = dataclasses.make_dataclass(
        name,
        [
            (
                python_name,
                Any,
                dataclasses.field(metadata={JSON_NAME: json_name})
                if required
                else dataclasses.field(metadata={JSON_NAME: json_name}, default=None),
            )
            for python_name, json_name, required in fields
        ],
        namespace={"__doc__": _description(schema)},
    )
    made.__module__ = __name__
    return made


def _is_binary(node: Mapping[str, Any]) -> bool:
    """Whether values are bytes as they are: `format: binary` in OpenAPI 3.0, `contentMediaType` in 3.1."""
    if node.get("format") == "binary":
        return True
    kind = node.get("contentMediaType")
    return (
        isinstance(kind, str) and "contentEncoding" not in node and not is_json(bare(kind)) and not is_text(bare(kind))
    )


def _are_choices(values: list[Any]) -> bool:
    """Whether values are plain, and few and short enough for all of them to be shown to who writes programs."""
    if not 0 < len(values) <= _MOST_CHOICES or not all(v is None or type(v) in (str, int, bool) for v in values):
        return False
    return sum(len(v) for v in values if isinstance(v, str)) <= _LONGEST_CHOICES


def _or_none(annotation: Any, nullable: bool) -> Any:
    return _union([annotation, None]) if nullable else annotation


def _union(options: list[Any]) -> Any:
    if any(option is Any for option in options):
        return Any
    return Union[tuple(options)]  # noqa: UP007


def _description(schema: Mapping[str, Any]) -> str:
    text = schema.get("description")
    return shortened(unlinked(text), _LONGEST_DESCRIPTION) if isinstance(text, str) else ""
