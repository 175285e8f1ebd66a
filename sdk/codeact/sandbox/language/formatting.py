"""`str.format`, with each attribute that a field names read through a guard."""

from __future__ import annotations

import _string  # type: ignore[import-not-found]
from collections.abc import Callable, Iterator
from typing import Any

Read = Callable[[Any, str], Any]
"""Reads the attribute of that name, if the program may."""


def format_text(template: str, args: tuple[Any, ...], kwargs: Any, read: Read) -> str:
    """`template.format(*args, **kwargs)`."""
    return "".join(_pieces(template, _Fields(args, kwargs, read)))


class _Fields:
    """The values that a template's fields name."""

    def __init__(self, args: tuple[Any, ...], kwargs: Any, read: Read) -> None:
        self._args = args
        self._kwargs = kwargs
        self._read = read
        self._numbers = _Numbers()

    def value(self, field: str) -> Any:
        first, rest = _string.formatter_field_name_split(field)
        if first == "":
            first = self._numbers.next()
        elif type(first) is int:
            self._numbers.named()
        if type(first) is not int:
            value = self._kwargs[first]
        elif first < len(self._args):
            value = self._args[first]
        else:
            raise IndexError(f"Replacement index {first} out of range for positional args tuple")
        for is_attribute, name in rest:
            value = self._read(value, name) if is_attribute else value[name]
        return value


def _pieces(template: str, fields: _Fields, depth: int = 0) -> Iterator[str]:
    if depth > 1:
        raise ValueError("Max string recursion exceeded")
    for literal, field, spec, conversion in _string.formatter_parser(template):
        yield literal
        if field is None:
            continue
        value = fields.value(field)
        if conversion:
            if conversion not in "rsa":
                raise ValueError(f"Unknown conversion specifier {conversion!r}")
            value = ascii(value) if conversion == "a" else repr(value) if conversion == "r" else str(value)
        if spec and "{" in spec:
            spec = "".join(_pieces(spec, fields, depth + 1))
        yield format(value, spec or "")


class _Numbers:
    """`{}` counts by itself, `{0}` does not; a template keeps to one of them."""

    def __init__(self) -> None:
        self._next = 0
        self._kind = ""

    def next(self) -> int:
        self._choose("automatic")
        self._next += 1
        return self._next - 1

    def named(self) -> None:
        self._choose("manual")

    def _choose(self, kind: str) -> None:
        if self._kind not in ("", kind):
            raise ValueError("cannot switch between automatic field numbering and manual field specification")
        self._kind = kind
