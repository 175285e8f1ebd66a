"""A function, an object, a class or a module becomes a toolbox."""

from __future__ import annotations

import fnmatch
import inspect
import logging
import os
from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import Any

from codeact.errors import ToolError
from codeact.tools import Effect, Tool, Toolbox
from codeact.tools.tool import Stop
from codeact.tools.wording import did_you_mean, listed
from codeact_adapters._python.source import found
from codeact_adapters.choosing import only, with_effects

__all__ = ["python"]

_log = logging.getLogger(__name__)
_CLOSE = "close"


def python(
    source: object | os.PathLike[str],
    *,
    allow: Iterable[str] | None = None,
    effects: Mapping[str, Effect] | None = None,
    name: str | None = None,
    errors: Iterable[type[Exception]] = (),
    stop: str | None = None,
) -> Toolbox:
    """Make a toolbox of Python code as it is: typed functions become typed tools.

    - a function: one tool;
    - an object: its public methods; a method `close` closes the toolbox and is no tool, unless `allow` names it;
    - a class: the same of an object that is made without arguments;
    - a module: its public functions, those of `__all__` or else those that are defined there, and its exceptions.

    A tool has the effect of its `@tool`, or `write`. What has annotations that cannot cross is left out (with a log
    line), or refused if `allow` names it exactly.

    Args:
        source: see above; or where it is, such as `my_module:greeter`, `my_file.py:Greeter` or `my_file.py`.
        allow: names or patterns of what to offer; all that is public, if None.
        effects: effects by names or patterns; the last one that matches decides.
        name: the name of the group; None for no group.
        errors: exception classes that programs may name in `except`.
        stop: the method or function of `source` that brings to rest what the tools have set in motion.

    Raises:
        ToolError: there is nothing of that name, or nothing to offer, or `allow`, `effects` or `stop` names what is not
            there.
    """
    obj = found(source, "the Python source")
    if isinstance(obj, Toolbox):
        return with_effects(only(Toolbox([obj], name=name or "", errors=errors), allow), effects)
    if isinstance(obj, type) and not isinstance(obj, Tool):
        obj = _made(obj)
    if isinstance(obj, Tool) or inspect.isroutine(obj):
        members, halt, doc = [_tool(obj)], None, ""
        closing: Callable[[], object] | None = None
    else:
        names = _public(obj)
        wanted = _wanted(obj, names, allow)
        members = [made for each, exact in wanted.items() if (made := _offered(obj, each, exact)) is not None]
        if not members:
            raise ToolError(f"{_called(obj)} has nothing to offer: no public function that could be a tool")
        halt = _stop(obj, stop)
        closes = getattr(obj, _CLOSE, None)
        closing = closes if callable(closes) and not isinstance(obj, ModuleType) and _CLOSE not in wanted else None
        doc = (inspect.getdoc(obj if isinstance(obj, ModuleType) else type(obj)) or "").split("\n\n")[0]
        allow = None
    kinds = [*errors, *(_exceptions(obj) if isinstance(obj, ModuleType) else ())]
    box = Toolbox(members, name=name or "", doc=doc if name else "", errors=kinds, stop=halt, closing=closing)
    return with_effects(only(box, allow), effects)


def _made(kind: type) -> object:
    try:
        return kind()
    except TypeError as error:
        if error.__traceback__ is not None and error.__traceback__.tb_next is not None:
            raise  # its own, from further inside
        raise ToolError(f"{kind.__name__} cannot be made without arguments ({error}); pass an object of it") from None


def _public(obj: object) -> list[str]:
    """Names of what could be a tool. Properties are not asked: they may do anything."""
    if isinstance(obj, ModuleType):
        listed_names = getattr(obj, "__all__", None)
        if listed_names is not None:
            return [each for each in listed_names if _is_function(getattr(obj, each, None))]
        return [
            each
            for each, value in vars(obj).items()
            if not each.startswith("_") and _is_function(value) and getattr(value, "__module__", "") == obj.__name__
        ]
    return [each for each in dir(obj) if not each.startswith("_") and _is_method(obj, each)]


def _is_function(value: object) -> bool:
    return isinstance(value, Tool) or inspect.isroutine(value)


def _is_method(obj: object, name: str) -> bool:
    static = inspect.getattr_static(obj, name, None)
    return isinstance(static, (Tool, staticmethod, classmethod)) or inspect.isroutine(static)


def _wanted(obj: object, names: list[str], allow: Iterable[str] | None) -> dict[str, bool]:
    """What is to be offered, and whether it was named exactly."""
    if allow is None:
        return {each: False for each in names if each != _CLOSE or isinstance(obj, ModuleType)}
    patterns = [allow] if isinstance(allow, str) else list(allow)
    chosen: dict[str, bool] = {}
    for pattern in patterns:
        matching = fnmatch.filter(names, pattern)
        if not matching:
            raise ToolError(f"allow names {pattern!r}, which {_called(obj)} has not{did_you_mean(pattern, names)}")
        chosen.update({each: chosen.get(each, False) or each == pattern for each in matching})
    return {each: chosen[each] for each in names if each in chosen}


def _offered(obj: object, name: str, exact: bool) -> Tool | None:
    try:
        return _tool(getattr(obj, name), name)
    except ToolError as error:
        if exact:
            raise
        _log.warning("%s of %s is left out: %s", name, _called(obj), error)
        return None


def _tool(function: Any, name: str | None = None) -> Tool:
    return function if isinstance(function, Tool) else Tool(function, name=name, scope={})


def _stop(obj: object, name: str | None) -> Stop | None:
    if name is None:
        return None
    stop = getattr(obj, name, None)
    if not callable(stop):
        raise ToolError(f"stop names {name!r}, which {_called(obj)} has not; it has {listed(_public(obj))}")
    halt: Stop = stop.function if isinstance(stop, Tool) else stop
    return halt


def _exceptions(module: ModuleType) -> list[type[Exception]]:
    return [
        value
        for each, value in vars(module).items()
        if not each.startswith("_")
        and isinstance(value, type)
        and issubclass(value, Exception)
        and value.__module__ == module.__name__
    ]


def _called(obj: object) -> str:
    return f"the module {obj.__name__}" if isinstance(obj, ModuleType) else type(obj).__name__
