"""Tools of other libraries, and functions that are described for OpenAI's interface, as tools."""

from __future__ import annotations

import inspect
import os
import sys
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from codeact.errors import ToolError
from codeact.tools import Effect, Tool, Toolbox
from codeact.tools import annotations as kinds
from codeact_adapters._python.described import Described, toolbox_of, tools_of
from codeact_adapters._python.source import found

__all__ = ["langchain", "openai_function", "smolagents"]

_SMOLAGENTS_RETURNS: dict[str, Any] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": float,
    "object": dict,
    "array": list,
    "null": None,
}


def langchain(
    tools: object | os.PathLike[str],
    *,
    allow: Iterable[str] | None = None,
    effects: Mapping[str, Effect] | None = None,
    name: str | None = None,
    timeout_s: float | None = None,
) -> Toolbox:
    """Make a toolbox of LangChain's tools, as they are: typed functions with their descriptions.

    Arguments come from a tool's schema, what it returns from its function's annotation, if that can cross. A tool that
    only has a coroutine is awaited. All have the effect `write`, unless `effects` says otherwise.

    Args:
        tools: one tool, a list of them, or a toolkit with `get_tools()`; or where these are: `my_module:tools`.
        allow: names or patterns; all, if None.
        effects: effects by names or patterns; the last one that matches decides.
        name: the name of the group; None for no group.
        timeout_s: for one call, in seconds; None for the sandbox's own limit.

    Raises:
        ToolError: something there is no such tool, or `allow` or `effects` names what is not there.
    """
    given = found(tools, "LangChain's tools")
    if callable(getattr(given, "get_tools", None)):
        given = given.get_tools()
    described = [_of_langchain(each) for each in (given if isinstance(given, (list, tuple)) else [given])]
    return toolbox_of(
        described, name=name, doc="Tools of LangChain.", allow=allow, effects=effects, timeout_s=timeout_s
    )


def smolagents(
    tools: object | os.PathLike[str],
    *,
    allow: Iterable[str] | None = None,
    effects: Mapping[str, Effect] | None = None,
    name: str | None = None,
    timeout_s: float | None = None,
) -> Toolbox:
    """Make a toolbox of smolagents' tools, as they are. Images cross as images; audio cannot cross.

    Args:
        tools: one tool, or a list of them; or where these are: `my_module:tools`.
        allow: names or patterns; all, if None.
        effects: effects by names or patterns; the last one that matches decides. Else all have the effect `write`.
        name: the name of the group; None for no group.
        timeout_s: for one call, in seconds; None for the sandbox's own limit.

    Raises:
        ToolError: something there is no such tool, or `allow` or `effects` names what is not there.
    """
    given = found(tools, "smolagents' tools")
    described = [_of_smolagents(each) for each in (given if isinstance(given, (list, tuple)) else [given])]
    return toolbox_of(
        described, name=name, doc="Tools of smolagents.", allow=allow, effects=effects, timeout_s=timeout_s
    )


def openai_function(
    schema: Mapping[str, Any],
    call: Callable[..., Any],
    *,
    effect: Effect = "write",
    timeout_s: float | None = None,
) -> Tool:
    """Make a tool of a function that is described for OpenAI's interface.

    Args:
        schema: `{"type": "function", "function": {"name": ..., "description": ..., "parameters": {...}}}`, or what is
            under `function` alone.
        call: takes the arguments by name. Those that a program left out are not passed.
        effect: of the tool.
        timeout_s: for one call, in seconds; None for the sandbox's own limit.

    Raises:
        ToolError: the description is none, or its schema is wrong.
    """
    inner = schema.get("function", schema)
    if not isinstance(inner, Mapping) or not isinstance(inner.get("name"), str):
        raise ToolError("a function is described by its name, description and parameters, and here is no name")
    parameters = inner.get("parameters") or {"type": "object", "properties": {}}
    if not isinstance(parameters, Mapping):
        raise ToolError(f"the parameters of {inner['name']!r} are a JSON schema, not {type(parameters).__name__}")
    described = Described(
        name=inner["name"],
        doc=str(inner.get("description") or ""),
        schema=parameters,
        call=lambda given: call(**given),
        returns=_returned(call),
        is_async=inspect.iscoroutinefunction(call),
    )
    return tools_of([described], effect=effect, timeout_s=timeout_s)[0]


def _of_langchain(tool: Any) -> Described:
    if not all(hasattr(tool, face) for face in ("name", "description", "invoke", "ainvoke")):
        raise ToolError(f"{type(tool).__name__} is no tool of LangChain: it has no name, description and invoke()")
    schema = getattr(tool, "tool_call_schema", None) or getattr(tool, "args_schema", None)
    if schema is not None and not isinstance(schema, Mapping):
        schema = schema.model_json_schema() if hasattr(schema, "model_json_schema") else schema.schema()
    function, coroutine = getattr(tool, "func", None), getattr(tool, "coroutine", None)
    is_async = function is None and coroutine is not None
    plainly = getattr(tool, "response_format", "content") == "content"  # else its function returns more than it does
    return Described(
        name=str(tool.name),
        doc=str(tool.description or ""),
        schema=schema or {"type": "object", "properties": {}},
        call=tool.ainvoke if is_async else tool.invoke,
        returns=_returned(coroutine if is_async else function) if plainly else Any,
        is_async=is_async,
    )


def _of_smolagents(tool: Any) -> Described:
    inputs = getattr(tool, "inputs", None)
    if not isinstance(inputs, Mapping) or not hasattr(tool, "output_type") or not callable(tool):
        raise ToolError(f"{type(tool).__name__} is no tool of smolagents: it has no inputs and output_type")
    properties, required = {}, []
    for argument, described in inputs.items():
        kind = described.get("type", "any")
        names = [kind] if isinstance(kind, str) else list(kind)
        if "audio" in names:
            raise ToolError(f"the tool {tool.name!r} takes audio as {argument!r}, which cannot cross")
        schema = {} if {"any", "image"} & set(names) else {"type": kind}
        properties[argument] = {**schema, "description": str(described.get("description") or "")}
        if not described.get("nullable") and "null" not in names:
            required.append(argument)
    return Described(
        name=str(tool.name),
        doc=str(tool.description or ""),
        schema={"type": "object", "properties": properties, "required": required},
        call=lambda given: _picture(tool(**given)),
        returns=_smolagents_returns(tool),
    )


def _picture(value: Any) -> Any:
    """A picture of Pillow's as one that crosses; anything else as it is."""
    if "PIL" not in sys.modules:
        return value
    from PIL.Image import Image as Picture

    from codeact.values import Image

    return Image.from_pil(value) if isinstance(value, Picture) else value


def _smolagents_returns(tool: Any) -> Any:
    if tool.output_type == "audio":
        raise ToolError(f"the tool {tool.name!r} returns audio, which cannot cross")
    if tool.output_type == "image":
        from codeact.values import Image

        return Image
    return _SMOLAGENTS_RETURNS.get(str(tool.output_type), Any)


def _returned(function: Any) -> Any:
    """What a function says that it returns, if that can cross as it is; else anything."""
    try:
        returned = typing.get_type_hints(function).get("return", Any)
        kinds.check(returned, "it", {}, {}, returns=True)
    except Exception:  # whatever an annotation of another library does
        return Any
    return returned
