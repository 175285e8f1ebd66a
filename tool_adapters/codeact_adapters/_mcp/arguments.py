"""The JSON schema of a tool's arguments as the arguments of a Python function."""

from __future__ import annotations

import dataclasses
import inspect
import typing
from collections.abc import Mapping
from typing import Annotated, Any, get_args, get_origin

from codeact_adapters._openapi.names import class_case, field_name, free
from codeact_adapters._openapi.schema import Types
from codeact_adapters._openapi.values import to_json


@dataclasses.dataclass(frozen=True)
class Argument:
    """One argument of the function: its name here, and for who takes it."""

    name: str
    wire_name: str
    annotation: Any
    required: bool
    default: Any = None


def arguments_of(schema: Mapping[str, Any], hint: str, types: Types) -> list[Argument]:
    """The properties of an object schema as arguments, those that are required first.

    Args:
        schema: as `Schemas.add` returned it.
        hint: begins the names of types that have none of their own.

    Raises:
        ToolError: the schema is wrong.
    """
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


def sent(arguments: list[Argument], given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments as JSON data under their own names; those that were left out are not sent."""
    return {
        argument.wire_name: to_json(given[argument.name])
        for argument in arguments
        if argument.required or given[argument.name] is not None
    }


def signature_of(arguments: list[Argument], returns: Any) -> inspect.Signature:
    """The signature of a function that takes these."""
    return inspect.Signature(
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
