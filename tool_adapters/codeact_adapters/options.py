"""The options of an adapter: arguments of a function or of a class's constructor, held against their annotations."""

from __future__ import annotations

import inspect
import os
import re
from collections import abc
from collections.abc import Callable, Mapping
from functools import reduce
from inspect import Parameter, Signature
from operator import or_
from pathlib import Path, PurePath
from typing import Any, get_origin

from codeact.errors import ArgumentError, ToolError
from codeact.tools import annotations as kinds
from codeact.tools.arguments import Arguments
from codeact.tools.wording import did_you_mean, listed

_NAMED = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
_MODULES = re.compile(r"""(?P<text>'[^']*'|"[^"]*")|\b(?:[A-Za-z_]\w*\.)+(?=[A-Za-z_])""")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


class OptionError(ToolError):
    """An option of an adapter is unknown, missing or wrong.

    Attributes:
        option: its name; of one that is missing, too.
    """

    def __init__(self, message: str, option: str = "") -> None:
        super().__init__(message)
        self.option = option


def adapter_options(source: Callable[..., Any]) -> dict[str, Parameter]:
    """The options that a function or class takes, by name, with annotations that are types.

    Raises:
        ToolError: the signature cannot be read, or takes arguments that have no names.
    """
    function: Any = source
    if inspect.isclass(source):
        function = source.__init__
        if function is object.__init__:
            return {}
    where = f"the options of {source.__name__}"
    try:
        parameters = list(kinds.resolved_signature(function, {}).parameters.values())
    except NameError as error:
        raise ToolError(f"{where} cannot be read: an annotation names {error.name!r}, which is not defined") from None
    except (TypeError, ValueError) as error:
        raise ToolError(f"{where} cannot be read: {error}") from None
    if inspect.isclass(source):
        del parameters[0]
    for parameter in parameters:
        if parameter.kind is Parameter.POSITIONAL_ONLY:
            raise ToolError(f"{where}: {parameter.name!r} has no name that a file could give; take it by name")
    return {p.name: p for p in parameters if p.kind in (*_NAMED, Parameter.VAR_KEYWORD)}


def takes_option(source: Callable[..., Any], name: str) -> bool:
    """Whether a function or class names an option so."""
    parameter = adapter_options(source).get(name)
    return parameter is not None and parameter.kind in _NAMED


def takes_numbers_alone(source: Callable[..., Any], name: str) -> bool:
    """Whether an option takes numbers, True and False, or None, and no text that could be meant instead."""
    parameter = adapter_options(source).get(name)
    taken = [kinds.bare(each) for each in _alternatives(parameter.annotation)] if parameter else []
    numbers = [each in (int, float, bool) for each in taken if each not in (None, type(None))]
    return bool(numbers) and all(numbers)


def described_options(source: Callable[..., Any]) -> list[str]:
    """Each option that a file can give, as Python writes it: `path: Path`, `most_rows: int = 1000`.

    `name` is not among them, as a group's name is its key in the file, nor is what takes nothing but a function.

    Raises:
        ToolError: the signature cannot be read.
    """
    lines = []
    for parameter in adapter_options(source).values():
        if parameter.name == "name" or _functions_alone(parameter.annotation):
            continue
        stars = "**" if parameter.kind is Parameter.VAR_KEYWORD else ""
        line = str(parameter.replace(kind=Parameter.KEYWORD_ONLY))
        lines.append(stars + _MODULES.sub(lambda match: match["text"] or "", line))
    return lines


def checked_options(source: Callable[..., Any], options: Mapping[str, Any], folder: Path | None) -> dict[str, Any]:
    """The options as the adapter gets them: of the types that it asks for, and relative paths from `folder`.

    Raises:
        OptionError: one is unknown, missing or of the wrong type; its value is not in the message.
    """
    called = getattr(source, "__name__", "the adapter")
    known = adapter_options(source)
    named = [name for name, parameter in known.items() if parameter.kind in _NAMED]
    rest = next((p for p in known.values() if p.kind is Parameter.VAR_KEYWORD), None)
    checked: dict[str, Any] = {}
    for name, value in options.items():
        parameter = known[name] if name in named else rest
        if parameter is None:
            hint = did_you_mean(name, named) or f"; it takes {listed(named)}"
            raise OptionError(f"{called} has no option {name!r}{hint}", name)
        checked[name] = _checked(name, parameter.annotation, value, folder)
    for name in named:
        if name not in checked and known[name].default is Parameter.empty:
            raise OptionError(f"{called} needs the option {name!r}", name)
    return checked


def _checked(name: str, annotation: Any, value: Any, folder: Path | None) -> Any:
    if _takes_path(annotation) and isinstance(value, (str, PurePath)):
        return _path(annotation, value, folder)
    plain = _crossing(annotation)
    try:
        kinds.check(plain, name, {}, {})
    except ToolError:
        return value  # a callable, a client: nothing that can be told apart here
    parameter = Parameter(name, Parameter.KEYWORD_ONLY, annotation=plain)
    try:
        return Arguments(Signature([parameter]), {}).bind("", (), {name: value})[name]
    except ArgumentError as error:
        message = str(error).removeprefix("() argument ")
        # What was given may be a secret, or hold one: only its type is shown.
        message = re.sub(r", got .* \((\w+)\)", r", got \1", message, flags=re.DOTALL)
        raise OptionError(f"option {message}", name) from None


def _path(annotation: Any, value: str | PurePath, folder: Path | None) -> Any:
    text_too = any(kinds.plain_scalar(kinds.bare(option)) is str for option in _alternatives(annotation))
    if text_too and isinstance(value, str) and (_ADDRESS.match(value) or "\n" in value or value[:1] in ("", "{")):
        return value  # an address, or the document itself
    return (folder or Path()) / Path(value).expanduser()


def _alternatives(annotation: Any) -> list[Any]:
    return kinds.options(annotation) or [annotation]


def _is_path(annotation: Any) -> bool:
    origin = get_origin(kinds.bare(annotation)) or kinds.bare(annotation)
    return isinstance(origin, type) and issubclass(origin, (os.PathLike, PurePath))


def _functions_alone(annotation: Any) -> bool:
    taken = [get_origin(kinds.bare(each)) for each in _alternatives(annotation) if each not in (None, type(None))]
    return bool(taken) and all(each is abc.Callable for each in taken)


def _takes_path(annotation: Any) -> bool:
    return any(map(_is_path, _alternatives(annotation)))


def _crossing(annotation: Any) -> Any:
    """The annotation with strings for paths, so that it can be held against what a file gives."""
    if not _takes_path(annotation):
        return annotation
    return reduce(or_, (str if _is_path(option) else option for option in _alternatives(annotation)))
