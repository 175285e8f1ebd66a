"""Python functions, and tools of LangChain and smolagents. What is at the other end is in the host itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from adapter_rows import Pair, Row, needs
from codeact_adapters import langchain, python, smolagents


def weigh(count: int, grams: float) -> float:
    """Weigh parts.

    Args:
        count: how many there are.
        grams: what one of them weighs.
    """
    return count * grams


@contextmanager
def _python() -> Iterator[Pair]:
    with python(weigh) as box:
        yield Pair(box, "weigh(3, 2.5)", lambda: weigh(3, 2.5))


@contextmanager
def _langchain() -> Iterator[Pair]:
    from langchain_core.tools import tool

    made: Any = tool(weigh)
    with langchain(made) as box:
        yield Pair(box, "weigh(3, 2.5)", lambda: made.invoke({"count": 3, "grams": 2.5}))


@contextmanager
def _smolagents() -> Iterator[Pair]:
    from smolagents import tool

    made: Any = tool(weigh)
    with smolagents(made) as box:
        yield Pair(box, "weigh(3, 2.5)", lambda: made(count=3, grams=2.5))


ROWS = [
    Row("python, a function", "the function", _python),
    Row("langchain, a tool", "LangChain's tool", _langchain, needs("langchain_core")),
    Row("smolagents, a tool", "smolagents' tool", _smolagents, needs("smolagents")),
]
