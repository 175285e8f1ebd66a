"""What to use instead of what is not there: built-in functions, modules, and names of modules."""

from __future__ import annotations

import dataclasses
import difflib
import re
import types
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from codeact.sandbox.language.views import ModuleView
from codeact.values import Image

UNAVAILABLE = {
    "open": "files cannot be reached from here; use io.StringIO for text in memory, or a tool",
    "input": "nobody can answer; use the values you have or a tool",
    "compile": "write the code itself",
    "breakpoint": "use print",
}
"""Built-in functions that a program may name and not call, with what to do instead."""

_FILES = "files and the system cannot be reached from here"
_NETWORK = "the network can be reached only through tools"
_ONE_THREAD = "a program has one thread; call one thing after the other, or use asyncio or concurrent.futures"

MODULES = {
    "os": f"{_FILES}; pathlib.PurePath works with names of paths",
    "shutil": _FILES,
    "glob": _FILES,
    "tempfile": f"{_FILES}; use io.StringIO or io.BytesIO",
    "subprocess": "programs cannot be started from here",
    "socket": _NETWORK,
    "requests": _NETWORK,
    "httpx": _NETWORK,
    "aiohttp": _NETWORK,
    "urllib": f"{_NETWORK}; urllib.parse is available",
    "http": _NETWORK,
    "threading": _ONE_THREAD,
    "multiprocessing": _ONE_THREAD,
    "pickle": "use json",
    "sqlite3": "use dicts and lists",
    "inspect": "use dir(x), vars(x), help(x) or f.__annotations__",
    "importlib": "use an import statement",
    "argparse": "a program has no command line; set the values in the code",
    "unittest": "write functions with assert, and call them",
    "pytest": "write functions with assert, and call them",
    "scipy": "use numpy",
    "pandas": "use lists, dicts, csv or numpy",
    "matplotlib": "print numbers or text instead of figures",
    "sklearn": "use numpy",
    "torch": "use numpy",
    "sympy": "use fractions, decimal or numpy",
    "yaml": "use json",
    "gc": "memory is looked after",
    "weakref": "keep the objects in a dict",
    "locale": "use format specs such as f'{x:,.2f}'",
}
"""Modules that programs often ask for in vain, with what to do instead."""

NAMES = {
    ("pathlib", "Path"): "files cannot be reached from here; PurePath works with names of paths",
    ("string", "Formatter"): "use an f-string or str.format",
    ("functools", "update_wrapper"): "use functools.wraps",
    ("typing", "get_type_hints"): "read x.__annotations__",
    ("enum", "EnumMeta"): "write a class statement",
    ("enum", "EnumType"): "write a class statement",
    ("dataclasses", "make_dataclass"): "write a class statement with @dataclass",
    ("types", "FunctionType"): "write a def statement",
    ("types", "ModuleType"): "use types.SimpleNamespace",
    ("collections", "UserString"): "derive from str",
    ("numpy", "load"): "files cannot be reached from here; use a tool",
    ("numpy", "loadtxt"): "files cannot be reached from here; split the text and use np.array",
    ("numpy", "genfromtxt"): "files cannot be reached from here; split the text and use np.array",
    ("numpy", "save"): "files cannot be reached from here; print the array, or make it the last expression",
    ("numpy", "savetxt"): "files cannot be reached from here; print the array",
    ("numpy", "frombuffer"): "use np.array(list(data), dtype=np.uint8), or struct.unpack",
    ("sys", "modules"): "use an import statement",
    ("sys", "path"): "use an import statement",
    ("sys", "set_int_max_str_digits"): "write very large whole numbers as hex(n), or use math.log10(n)",
    ("sys", "stdin"): "nobody can answer; use the values you have or a tool",
    ("io", "open"): "files cannot be reached from here; use io.StringIO",
}
"""Names of offered modules that programs ask for in vain, with what to do instead."""


def module_hint(name: str, modules: Mapping[str, Any]) -> str:
    """To add to "the module ... is not available here"."""
    top = name.partition(".")[0]
    offered = sorted(module for module in modules if module[0] != "_")
    listed = [module for module in offered if module.rpartition(".")[0] not in offered]
    if top in MODULES:  # it says what to do; sixty names more would hide it
        return f": {MODULES[top]}"
    near = difflib.get_close_matches(name, offered, 1, 0.75)
    hint = f". Did you mean: '{near[0]}'?" if near else "."
    return f"{hint} Available: {', '.join(listed) or 'nothing'}"


def import_hint(module: str, name: str, offered: Iterable[str]) -> str:
    """To add to "cannot import name ..."."""
    if (module, name) in NAMES:
        return f"; {NAMES[module, name]}"
    return _did_you_mean(name, offered)


_UNEXPECTED = re.compile(r"(?:.*\.)?(\w+)\(\) got an unexpected keyword argument '(\w+)'")


def hint_for(
    error: BaseException, message: str, known: Callable[[], Mapping[str, Any]], modules: Mapping[str, Any]
) -> str:
    """What an error's message leaves out: the name that was meant, or the import that is missing."""
    if isinstance(error, NameError) and type(error.name) is str:
        if error.name in modules:
            return f". Did you forget to import '{error.name}'?"
        if error.name == "np" and "numpy" in modules:
            return ". Did you forget 'import numpy as np'?"
        homes = [module for module in _HOMES.split() if module in modules and error.name in dir(modules[module])]
        if homes:
            return f". Did you forget 'from {homes[0]} import {error.name}'?"
        if error.name in _NOTEBOOK:
            return _NOTEBOOK[error.name]
        return _did_you_mean(error.name, known())
    if isinstance(error, dataclasses.FrozenInstanceError):
        return "; its fields are fixed, so make a changed copy: dataclasses.replace(it, field=value)"
    if isinstance(error, AttributeError) and type(error.name) is str and "not available here" not in message:
        try:
            obj = error.obj
            home = obj._name if isinstance(obj, ModuleView) else ""
            offered = [name for name in dir(obj) if not name.startswith("_")]
            return import_hint(home, error.name, offered) or _fields(obj)
        except Exception:  # of the object's own making
            return ""
    unexpected = _UNEXPECTED.match(message) if isinstance(error, TypeError) else None
    if unexpected is not None:
        owner = message.partition(".")[0] if unexpected[1] == "__init__" else unexpected[1]
        return _did_you_mean(unexpected[2], _parameters(known().get(owner)))
    return ""


def syntax_hint(line: str) -> str:
    """What a line that is no Python was copied from."""
    start = line.strip()
    if start.startswith("```"):
        return "; a program is Python alone: leave out the lines with ```"
    if start.startswith((">>> ", "... ")):
        return "; leave out the prompts >>> and ..., and what was printed"
    if start.startswith(("!", "%")):
        return "; commands of a notebook are no Python: leave the line out"
    return ""


def _fields(obj: Any) -> str:
    """What an object holds that came from a tool, or that the program declared as a dataclass."""
    if type(obj) is Image:
        return "; the pixels are in its `array`, a numpy array of shape (height, width, channels)"
    if dataclasses.is_dataclass(type(obj)):
        names = [field.name for field in dataclasses.fields(obj)]
        return f"; its fields are {', '.join(names[:_MOST_FIELDS])}" if names else ""
    return ""


_MOST_FIELDS = 20
_NOTEBOOK = {"display": "; there is no notebook here: use print, or make it the last expression"}
_HOMES = """math collections dataclasses itertools functools datetime typing json re random statistics enum abc
    contextlib decimal fractions numpy"""
"""Modules whose names programs use and forget to import."""


def _parameters(function: Any) -> list[str]:
    function = function.__dict__.get("__init__") if isinstance(function, type) else function
    if type(function) is not types.FunctionType:
        return []
    code = function.__code__
    return list(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])


def _did_you_mean(name: str, candidates: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(candidates), 1, 0.7)
    return f". Did you mean: '{near[0]}'?" if near else ""
