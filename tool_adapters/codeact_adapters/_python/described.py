"""A callable that a JSON schema describes, as one tool."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, cast

from codeact.errors import ToolError
from codeact.tools import Effect, Tool, Toolbox
from codeact.tools.stubs import RESERVED
from codeact_adapters._mcp.arguments import Argument, arguments_of, sent, signature_of
from codeact_adapters._mcp.schemas import Schemas
from codeact_adapters._openapi.limits import shortened
from codeact_adapters._openapi.names import class_case, free, snake_case
from codeact_adapters.choosing import only, with_effects

_LONGEST_DOC = 1_500
_TAKEN = RESERVED.union(("ToolError", "ArgumentError", "Refused"))


@dataclasses.dataclass(frozen=True)
class Described:
    """A tool of another library.

    Attributes:
        name: as the library has it.
        doc: for a reader.
        schema: JSON schema of its arguments, an object.
        call: takes the arguments by name, as JSON data; those that a program left out are not there.
        returns: the annotation of what it returns.
        is_async: whether `call` returns an awaitable.
    """

    name: str
    doc: str
    schema: Mapping[str, Any]
    call: Callable[[dict[str, Any]], Any]
    returns: Any = Any
    is_async: bool = False


def tools_of(described: Iterable[Described], *, effect: Effect = "write", timeout_s: float | None = None) -> list[Tool]:
    """Make tools. Equal definitions in their schemas become one type.

    Raises:
        ToolError: a schema is wrong.
    """
    schemas, taken = Schemas(), set(RESERVED)
    chosen: list[tuple[str, Described, Mapping[str, Any]]] = []
    for each in described:
        name = free(snake_case(each.name), taken, "tool")
        taken.add(name)
        if each.schema.get("type", "object") != "object":
            raise ToolError(f"the tool {each.name!r:.80}: its arguments are no object, but {each.schema['type']!r:.80}")
        try:
            chosen.append((name, each, schemas.add(name, each.schema)))
        except (ValueError, RecursionError) as error:
            raise ToolError(f"the tool {each.name!r:.80}: {error}") from None
    types = schemas.types(taken=_TAKEN)
    tools = []
    for name, each, schema in chosen:
        try:
            arguments = arguments_of(schema, class_case(name), types)
        except ToolError as error:
            raise ToolError(f"the tool {each.name!r:.80}: {error}") from None
        function = _function(each, name, arguments)
        tools.append(Tool(function, effect=effect, timeout_s=timeout_s, scope={}))
    return tools


def toolbox_of(
    described: Iterable[Described],
    *,
    name: str | None,
    doc: str,
    allow: Iterable[str] | None,
    effects: Mapping[str, Effect] | None,
    timeout_s: float | None,
) -> Toolbox:
    """A toolbox of these tools, as the faces of the adapters describe it."""
    box = Toolbox(tools_of(described, timeout_s=timeout_s), name=name or "", doc=doc if name else "")
    return with_effects(only(box, allow), effects)


def _passed(arguments: list[Argument], given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments under the tool's own names: JSON data, and pictures as Pillow's."""
    from codeact.values import Image

    pictures = {a.wire_name: value.to_pil() for a in arguments if isinstance(value := given[a.name], Image)}
    return {**sent([a for a in arguments if a.wire_name not in pictures], given), **pictures}


def _function(described: Described, name: str, arguments: list[Argument]) -> Callable[..., Any]:
    signature = signature_of(arguments, described.returns)

    def passed(args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return _passed(arguments, bound.arguments)

    def call(*args: Any, **kwargs: Any) -> Any:
        return plain(described.call(passed(args, kwargs)))

    async def call_async(*args: Any, **kwargs: Any) -> Any:
        return plain(await cast(Awaitable[Any], described.call(passed(args, kwargs))))

    function: Any = call_async if described.is_async else call
    function.__name__ = function.__qualname__ = name
    function.__doc__ = shortened(described.doc.strip(), _LONGEST_DOC)
    function.__signature__ = signature
    made: Callable[..., Any] = function
    return made


def plain(value: Any) -> Any:
    """Models of pydantic, at any depth of plain collections, as dicts, which can cross."""
    if hasattr(value, "model_dump") and hasattr(type(value), "model_fields"):
        return value.model_dump(mode="json")
    if type(value) in (list, tuple):
        return type(value)(plain(item) for item in value)
    if type(value) is dict:
        return {key: plain(item) for key, item in value.items()}
    return value
