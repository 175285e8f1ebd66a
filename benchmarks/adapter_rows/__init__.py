"""The rows of `benchmarks/adapters.py`: an adapter, its real counterpart, and the bare client beside it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from codeact import Toolbox


@dataclass(frozen=True)
class Pair:
    """The same call twice.

    Attributes:
        tools: what the program gets.
        program: one line of it, the call.
        bare: the call by the client itself.
    """

    tools: Toolbox
    program: str
    bare: Callable[[], object]


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        name: the adapter, and which call.
        counterpart: what is at the other end.
        open: starts that, and ends it.
        missing: why it cannot be had here; empty if it can.
    """

    name: str
    counterpart: str
    open: Callable[[], AbstractContextManager[Pair]]
    missing: Callable[[], str] = lambda: ""


@contextmanager
def process(script: str, *arguments: str) -> Iterator[str]:
    """Runs a server: a script beside this file, or at a path. Gives the line that it prints."""
    command = [sys.executable, str(Path(__file__).parent / script), *arguments]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert server.stdout is not None
    try:
        yield server.stdout.readline().strip()
    finally:
        server.kill()
        server.communicate()


def needs(*modules: str) -> Callable[[], str]:
    """Whether packages are installed, for `Row.missing`."""
    from importlib.util import find_spec

    return lambda: ", ".join(f"{module} is not installed" for module in modules if find_spec(module) is None)


def all_rows() -> list[Row]:
    """All rows, in the order of the table."""
    from adapter_rows import data, devices, functions, model_context, rest

    return [*functions.ROWS, *rest.ROWS, *model_context.ROWS, *data.ROWS, *devices.ROWS]
