"""Single calls, held against the signatures of the tools before they are made."""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping, Sequence
from inspect import Parameter
from typing import Any, Literal, get_args, get_origin

from codeact.agent.formats import Broken
from codeact.errors import ToolError
from codeact.tools import Tool, Toolbox
from codeact.tools import annotations as kinds
from codeact.tools.wording import did_you_mean, listed

_FEW = 12
_BY_POSITION = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)


def objection(
    tools: Toolbox | None,
    others: Collection[str],
    name: str,
    positional: Sequence[Any],
    named: Mapping[str, Any],
) -> Broken | None:
    """Why the call cannot be made, in the words of the error that a program would get; None where it can.

    `others`: names of functions that are no tools.
    """
    if tools is None or name in others:
        return None
    if name not in tools:
        there = f"; there are {listed(tools.tools)}" if len(tools) <= _FEW else ""
        return Broken(f"There is no function {name!r}{did_you_mean(name, tools.tools) or there}.")
    try:
        tools[name].bind(positional, named)
    except ToolError as error:
        return Broken(f"{type(error).__name__}: {error}.")
    return None


def takes_text(tools: Toolbox | None, name: str, argument: int | str) -> bool:
    """Whether an argument, by place or by name, is text and nothing else, so that `12` is meant as text as well."""
    if tools is None or name not in tools:
        return False
    parameter = _parameter(tools[name], argument)
    if parameter is None:
        return False
    options = kinds.options(parameter.annotation) or [kinds.bare(parameter.annotation)]
    return all(option in (None, type(None)) or _is_text(option) for option in options)


def _parameter(tool: Tool, argument: int | str) -> Parameter | None:
    parameters = tool.signature.parameters
    if isinstance(argument, str):
        return parameters.get(argument)
    by_position = [each for each in parameters.values() if each.kind in _BY_POSITION]
    if argument < len(by_position):
        return by_position[argument]
    return next((each for each in parameters.values() if each.kind is Parameter.VAR_POSITIONAL), None)


def _is_text(option: Any) -> bool:
    option = kinds.bare(option)
    if get_origin(option) is Literal:
        return all(isinstance(value, str) for value in get_args(option))
    if kinds.is_enum(option):
        members: type[enum.Enum] = option
        return all(isinstance(member.value, str) for member in members)
    return option is str
