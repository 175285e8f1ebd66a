"""Tools out of an object: those of its methods that somebody allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from codeact.errors import ToolError
from codeact.tools.approval import Effect
from codeact.tools.tool import Tool, check_effect
from codeact.tools.wording import did_you_mean


def methods_of(obj: object, allow: Sequence[str], effects: Mapping[str, Effect]) -> list[Tool]:
    """The methods that `allow` names, as tools.

    Args:
        obj: any object.
        allow: names of methods.
        effects: effects by method name. Else a method has the effect of its `@tool`, or `write`.

    Raises:
        ToolError: a name is unknown, private, or not that of a method.
    """
    offered = [name for name in dir(obj) if not name.startswith("_")]
    for unknown in set(effects) - set(allow):
        raise ToolError(f"effects names {unknown!r}, which allow does not{did_you_mean(unknown, allow)}")
    tools = []
    for method in allow:
        if method.startswith("_"):
            raise ToolError(f"{method!r} is private to {type(obj).__name__} and cannot be a tool")
        if method not in offered:
            raise ToolError(f"{type(obj).__name__} has no method {method!r}{did_you_mean(method, offered)}")
        found = getattr(obj, method)
        if not callable(found) or isinstance(found, type):
            raise ToolError(f"{type(obj).__name__}.{method} is {type(found).__name__}, not a method")
        made = found if isinstance(found, Tool) else Tool(found, name=method)
        tools.append(made.with_effect(check_effect(effects[method], method)) if method in effects else made)
    return tools


def first_paragraph(obj: object) -> str:
    """Of the docstring of an object's class."""
    text = type(obj).__doc__ or ""
    return text.strip().split("\n\n")[0]
