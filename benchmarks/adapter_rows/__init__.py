"""The rows of `benchmarks/adapters.py`: an adapter, its real counterpart, and the bare client beside it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

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


def needs(*modules: str) -> Callable[[], str]:
    """Whether packages are installed, for `Row.missing`."""
    from importlib.util import find_spec

    return lambda: ", ".join(f"{module} is not installed" for module in modules if find_spec(module) is None)


def all_rows() -> list[Row]:
    """All rows, in the order of the table."""
    from adapter_rows import data, devices, model_context, rest

    return [*rest.ROWS, *model_context.ROWS, *data.ROWS, *devices.ROWS]
