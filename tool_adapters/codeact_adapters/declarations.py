"""What is wrong with a toolbox before any of its tools is called: stubs, docstrings, types, effects, stop paths."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator
from inspect import Parameter, Signature
from pathlib import Path
from typing import Any

from codeact.errors import ArgumentError, CodeActError
from codeact.tools import Tool, Toolbox
from codeact.tools.arguments import Arguments

_CHANGING = ("add", "create", "delete", "insert", "move", "publish", "remove", "send", "set", "update", "write")
_MOST_TYPE_ERRORS = 5


def check_declarations(box: Toolbox, reads: Collection[str] = (), *, types: bool = True) -> list[str]:
    """Hold the declarations of tools against what every adapter must do.

    Args:
        box: the tools.
        reads: full names of tools that only read, although their names say otherwise.
        types: have mypy look at the stubs, where it is installed; it takes some seconds.

    Returns:
        What is wrong, one sentence each; empty when nothing is.
    """
    found = ["there is no tool"] if not len(box) else []
    for name, tool in box.tools.items():
        found += [f"{name}(): {problem}" for problem in (*_doc(tool), *_types(tool), *_effect(tool, name in reads))]
    found += [f"the group {group!r} has no description" for group, doc in box.docs.items() if not doc]
    return [*found, *_stubs(box, types)]


def conforms(value: Any, annotation: Any) -> str:
    """Why a value is not what an annotation promises; empty if it is."""
    parameter = Parameter("value", Parameter.KEYWORD_ONLY, annotation=annotation)
    try:
        Arguments(Signature([parameter]), {}).bind("", (), {"value": value})
    except ArgumentError as error:
        return str(error).removeprefix("() argument ")
    return ""


def _doc(tool: Tool) -> Iterator[str]:
    if not tool.doc:
        yield "it has no docstring, and that is all that a program's author knows of it"


def _types(tool: Tool) -> Iterator[str]:
    signature = tool.signature
    if signature.return_annotation is Signature.empty:
        yield "it does not say what it returns; annotate it, with None for nothing"
    for parameter in signature.parameters.values():
        if parameter.annotation is Parameter.empty:
            yield f"argument {parameter.name!r} has no type, so that nothing is checked"
        elif parameter.default is not Parameter.empty and (
            problem := conforms(parameter.default, parameter.annotation)
        ):
            yield f"the default of argument {parameter.name!r} is not what it takes: {problem}"


def _effect(tool: Tool, reads: bool) -> Iterator[str]:
    if tool.effect == "physical" and tool.stop is None:
        yield "it moves something and has no stop path; pass stop=..."
    verb = tool.name.split("_")[0]
    if tool.effect == "read" and verb in _CHANGING and not reads:
        yield f"its effect is read, and {verb!r} says that it changes something; pass reads=[...] if it does not"


def _stubs(box: Toolbox, types: bool) -> Iterator[str]:
    stubs = box.stubs(whole=True)
    try:
        ast.parse(stubs)
    except SyntaxError as error:
        yield f"the stubs are no Python: line {error.lineno}: {error.msg}"
        return
    if types and importlib.util.find_spec("mypy") is not None:
        yield from _type_errors(stubs)


def _type_errors(stubs: str) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "tools.pyi")
        file.write_text(stubs)
        options = ("--strict", "--follow-imports=skip", "--config-file=", "--no-error-summary", "--cache-dir=")
        program = [sys.executable, "-m", "mypy", *options, file.name]
        done = subprocess.run(program, cwd=folder, capture_output=True, text=True, timeout=120)
    lines = [line for line in done.stdout.splitlines() if ": error: " in line]
    if done.returncode > 1:
        raise CodeActError(f"mypy could not look at the stubs: {done.stderr.strip() or done.stdout.strip()}")
    yield from (f"the stubs: {line}" for line in lines[:_MOST_TYPE_ERRORS])
