"""Runs the programs in plain CPython: `python -I in_cpython.py`. Prints JSON, for each program what each cell gave.

Each program has a process of its own, and `__main__` for itself, as if it were run alone.
"""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import io
import json
import os
import sys
import types
import warnings
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
PROGRAMS = FOLDER / "programs"


def cells(text: str) -> list[str]:
    """A program's cells: `# %%` lines divide them, as editors have it."""
    return [cell for cell in ("\n" + text).split("\n# %%\n") if cell.strip()]


def _tools() -> dict[str, Any]:
    specification = importlib.util.spec_from_file_location("arm_and_orders", FOLDER / "arm_and_orders.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    names: dict[str, Any] = module.names()
    return names


def run_cell(cell: str, namespace: dict[str, Any]) -> list[str]:
    """Run one cell. Returns what it printed, the last expression's repr, and its error in a line."""
    tree = ast.parse(cell)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    shown = error = ""
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(out):
        try:
            exec(compile(tree, "program", "exec", dont_inherit=True), namespace)
            if last is not None:
                value = eval(compile(ast.Expression(last.value), "program", "eval", dont_inherit=True), namespace)
                shown = "" if value is None else repr(value)
        except BaseException as problem:
            if not (isinstance(problem, SystemExit) and problem.code in (None, 0)):
                error = f"{type(problem).__name__}: {problem}"
    return [out.getvalue(), shown, error]


def _run_alone(program: Path) -> list[list[str]]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        main = types.ModuleType("__main__")
        sys.modules["__main__"] = main
        namespace = vars(main)
        namespace.update(_tools() if program.parent.name == "tools" else {})
        made = [run_cell(cell, namespace) for cell in cells(program.read_text())]
        with open(writing, "w") as pipe:
            json.dump(made, pipe)
        os._exit(0)
    os.close(writing)
    with open(reading) as pipe:
        result: list[list[str]] = json.load(pipe)
    os.waitpid(child, 0)
    return result


if __name__ == "__main__":
    import asyncio
    import dataclasses
    import typing

    import numpy as np

    loaded = [asyncio, dataclasses, typing, np]  # once, for all of the children
    warnings.simplefilter("ignore")
    os.chdir("/")
    json.dump({str(p.relative_to(PROGRAMS))[:-3]: _run_alone(p) for p in sorted(PROGRAMS.rglob("*.py"))}, sys.stdout)
