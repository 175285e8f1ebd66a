"""A part of a manifest, read key by key, with errors that name the place and say what would be right."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Never, TypeVar, overload

from codeact.errors import ToolError
from codeact.tools.wording import did_you_mean, listed, value_text

T = TypeVar("T")
_WORDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    dict: "a mapping",
    list: "a list",
}
Place = Callable[..., str]


class Section:
    """A mapping of a manifest, and what of it has not been read yet.

    Attributes:
        data: the mapping.
        keys: how it is reached from the top.
    """

    def __init__(self, data: object, place: Place, keys: tuple[str, ...] = ()) -> None:
        """Take a mapping.

        Args:
            data: what should be one.
            place: file, line and column of what some keys lead to.
            keys: how it is reached.

        Raises:
            ToolError: it is no mapping, or a key is no text.
        """
        self.keys = keys
        self.place = place
        if not isinstance(data, Mapping):
            self.fail(f"expected a mapping, got {value_text(data)}")
        self.data: dict[str, Any] = dict(data)
        for key in self.data:
            if not isinstance(key, str):
                self.fail(f"the key {value_text(key)} is no text; put it into quotes")
        self._known: list[str] = []

    def fail(self, problem: str, *keys: str | int) -> Never:
        """Raise a ToolError about what these keys lead to from here."""
        path = (*self.keys, *keys)
        name = ".".join(map(str, path))
        where = self.place(*path)
        raise ToolError(": ".join(part for part in (where, name, problem) if part))

    def __contains__(self, key: str) -> bool:
        if key not in self._known:
            self._known.append(key)
        return self.data.get(key) is not None

    @overload
    def get(self, key: str, kind: type[T]) -> T | None: ...
    @overload
    def get(self, key: str, kind: type[T], default: T) -> T: ...
    def get(self, key: str, kind: type[T], default: T | None = None) -> T | None:
        """The value of a key, if it is there; null counts as not there."""
        if key not in self:
            return default
        return self.typed(self.data[key], kind, key)

    def need(self, key: str, kind: type[T], hint: str = "") -> T:
        """The value of a key that must be there."""
        value = self.get(key, kind)
        if value is None:
            self.lacks(key, hint)
        return value

    def lacks(self, key: str, hint: str = "", join: str = ", ") -> Never:
        """Raise a ToolError about a key that must be there, and about one that looks like it, if there is one."""
        others = [other for other in self.data if other not in self._known]
        near = difflib.get_close_matches(key, others, n=1)
        if near:
            self.fail(f"unknown key; did you mean {key!r}?", near[0])
        self.fail(f"lacks the key {key!r}{join + hint if hint else ''}")

    def choice(self, key: str, options: tuple[str, ...], default: str | None = None) -> str:
        """One of some words."""
        value = self.need(key, str) if default is None else self.get(key, str, default)
        if value not in options:
            self.fail(f"expected one of {listed(options)}, got {value_text(value)}{did_you_mean(value, options)}", key)
        return value

    def number(self, key: str, default: float, above: float, most: float = math.inf) -> float:
        """A number above one limit and of at most the other."""
        value = self.get(key, float, default)
        if not above < value <= most:
            limit = f"above {above:g}" if most == math.inf else f"above {above:g} and of at most {most:g}"
            self.fail(f"expected a number {limit}, got {value_text(value)}", key)
        return value

    def whole(self, key: str, default: int | None, low: int, high: int) -> int:
        """A whole number within limits."""
        value = self.need(key, int) if default is None else self.get(key, int, default)
        if not low <= value <= high:
            self.fail(f"expected a whole number from {low} to {high}, got {value}", key)
        return value

    def section(self, key: str) -> Section | None:
        """The mapping under a key, if it is there."""
        return Section(self.data[key], self.place, (*self.keys, key)) if key in self else None

    def items(self) -> Iterator[tuple[str, Section]]:
        """All keys, with the mappings under them."""
        for key, value in self.data.items():
            self._known.append(key)
            yield key, Section(value, self.place, (*self.keys, key))

    def done(self) -> None:
        """Every key must have been asked for by now."""
        for key in self.data:
            if key not in self._known:
                hint = did_you_mean(key, self._known) or f"; known are {listed(sorted(self._known))}"
                self.fail(f"unknown key{hint}", key)

    def typed(self, value: object, kind: type[T], *keys: str | int) -> T:
        """A value, if it is of this type; a whole number will do for a number."""
        if kind is float and type(value) is int:
            value = float(value)
        finite = not isinstance(value, float) or math.isfinite(value)
        if type(value) is not kind or not finite:
            wanted = _WORDS[kind]
            hint = "; put it into quotes" if kind is str and type(value) in (bool, int, float) else ""
            self.fail(f"expected {wanted}, got {value_text(value)}{hint}", *keys)
        return value
