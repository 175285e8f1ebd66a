"""SQLite's functions of texts, of which its own take time by the square of their length, where no limit is looked at.

A statement that was given two long texts would hold its thread for hours: SQLite looks at the clock between the steps
of its machine, and one call is one step. These do the same in time by the length. See
https://www.sqlite.org/lang_corefunc.html.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

_LONGEST_PATTERN = 200  # bytes, of LIKE and GLOB, whose time is that of the pattern times that of the text
_FEW = 64  # characters

Value = None | int | float | str | bytes


def bound(connection: sqlite3.Connection, max_bytes: int) -> None:
    """Put these in place of SQLite's own, for this connection."""
    connection.setlimit(sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, _LONGEST_PATTERN)

    def replace(value: Value, old: Value, new: Value) -> Value:
        if value is None or old is None:
            return None
        text, find = _text(value), _text(old)
        if not find:
            return text if isinstance(value, bytes) else value
        if new is None:
            return None
        put = _text(new)
        if len(text) + text.count(find) * (len(put) - len(find)) > max_bytes:
            raise OverflowError  # SQLite says then that the string is too big
        return text.replace(find, put)

    connection.create_function("instr", 2, _instr, deterministic=True)
    connection.create_function("replace", 3, replace, deterministic=True)
    for name, left, right in (("trim", True, True), ("ltrim", True, False), ("rtrim", False, True)):
        connection.create_function(name, 1, _trim(left, right), deterministic=True)
        connection.create_function(name, 2, _trim(left, right), deterministic=True)


def _instr(value: Value, part: Value) -> int | None:
    if value is None or part is None:
        return None
    if isinstance(value, bytes) and isinstance(part, bytes):
        return value.find(part) + 1
    return _text(value).find(_text(part)) + 1


def _trim(left: bool, right: bool) -> Callable[..., str | None]:
    def trim(value: Value, away: Value = " ") -> str | None:
        if value is None or away is None:
            return None
        text, some = _text(value), _text(away)
        if len(some) <= _FEW:
            return text.strip(some) if left and right else text.lstrip(some) if left else text.rstrip(some)
        characters = set(some)
        start, end = 0, len(text)
        while left and start < end and text[start] in characters:
            start += 1
        while right and end > start and text[end - 1] in characters:
            end -= 1
        return text[start:end]

    return trim


def _text(value: Value) -> str:
    """A value as SQLite casts it to text."""
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    if isinstance(value, float):
        text = f"{value:.15g}"
        if text in ("inf", "-inf"):
            return text.replace("inf", "Inf")
        return text if "." in text else text.replace("e", ".0e") if "e" in text else f"{text}.0"
    return str(value)
