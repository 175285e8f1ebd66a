"""Values and types in the words of an error message."""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Iterable, Mapping
from typing import Any

_short = reprlib.Repr()
_short.maxstring = _short.maxother = 60
_short.maxlong = 40
_short.maxlevel = 3
_LONGEST_NAME = 100


def value_text(value: object) -> str:
    """A short, printable form of a value, followed by its type: `'fast' (str)`."""
    if value is None or isinstance(value, bool):
        return str(value)
    return f"{short_repr(value)} ({type(value).__name__})"


def short_repr(value: object) -> str:
    try:
        text = _short.repr(value)
    except ValueError:  # Python refuses to write out an int of more than 4,300 digits
        text = "..."
    return "".join(character if character.isprintable() else " " for character in text)


def call_text(tool: str, arguments: Mapping[str, Any]) -> str:
    """A call as a reader would write it: `arm.move_to(x=0.1, y=0.2)`."""
    return f"{tool}({', '.join(f'{name}={short_repr(value)}' for name, value in arguments.items())})"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'speed'?` when a known name is near, else an empty string."""
    if len(name) > _LONGEST_NAME:
        return ""
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def listed(names: Iterable[str]) -> str:
    """`a, b and c`, or `nothing`."""
    *head, last = list(names) or ["nothing"]
    return f"{', '.join(head)} and {last}" if head else last
