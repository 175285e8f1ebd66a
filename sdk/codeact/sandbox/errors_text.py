"""Errors as a model should read them: its own lines with a caret, type, message, a hint. Never a frame of ours."""

from __future__ import annotations

import difflib
import itertools
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from codeact.sandbox.filter import Refusal

MESSAGE_CHARS = 2_000
_FRAMES_FIRST, _FRAMES_LAST = 3, 4
_LINE_CHARS = 160


@dataclass(frozen=True)
class Told:
    """An error in words."""

    type: str
    message: str
    line: int | None
    text: str

    def as_tuple(self) -> tuple[str, str, int | None, str]:
        return (self.type, self.message, self.line, self.text)


@dataclass(frozen=True)
class _Place:
    file: str
    line: int
    function: str
    column: int | None
    end_column: int | None


def tell(
    error: BaseException, sources: Mapping[str, str], names: Callable[[], Iterable[str]], modules: Mapping[str, Any]
) -> Told:
    """An exception that came out of a program.

    Args:
        sources: the programs' texts by their file names; the last is the one that ran.
        names: gives the names that the program could have meant.
        modules: what it could have imported.
    """
    current = next(reversed(list(sources)), "")
    kind = type(error).__name__
    if isinstance(error, SyntaxError) and error.filename is not None and error.filename in sources:
        return _tell_syntax(error, sources[error.filename])
    message = _message(error)
    hint = _hint(error, message, names, modules)
    places = [place for place in _places(error.__traceback__) if place.file in sources]
    line = next((place.line for place in reversed(places) if place.file == current), None)
    head = _frames(places, sources, current)
    last = f"{kind}: {message}" if message else kind
    return Told(kind, message + hint, line, "\n".join([*head, last + hint]))


def tell_refusals(refused: Sequence[Refusal], code: str) -> Told:
    """What the filter refused."""
    ordered = sorted(refused, key=lambda refusal: (refusal.line, refusal.column))
    lines = []
    for refusal in ordered[:3]:
        lines.append(f"  line {refusal.line}")
        lines.extend(_source(code, refusal.line, refusal.column, refusal.end_column))
        lines.append(f"NotAllowed: {refusal.message}")
    if len(ordered) > 3:
        lines.append(f"... and {len(ordered) - 3} more like it")
    return Told("NotAllowed", ordered[0].message, ordered[0].line, "\n".join(lines))


def _tell_syntax(error: SyntaxError, code: str) -> Told:
    message = str(error.msg)
    lines = []
    if error.lineno:
        column = (error.offset or 1) - 1
        text = _line(code, error.lineno)
        end = (error.end_offset or 0) - 1 if error.end_lineno == error.lineno else len(text)
        lines = [f"  line {error.lineno}", *_pointed(text, column, max(end, column + 1))]
    lines.append(f"{type(error).__name__}: {message}")
    return Told(type(error).__name__, message, error.lineno, "\n".join(lines))


def _message(error: BaseException) -> str:
    try:
        message = str(error)
    except (Exception, SystemExit, KeyboardInterrupt, GeneratorExit):
        message = "(its message could not be made)"
    message = message.encode("utf-8", "backslashreplace").decode()
    if isinstance(error, MemoryError) and not message:
        message = "the program needs more memory than it may have"
    return message if len(message) <= MESSAGE_CHARS else message[:MESSAGE_CHARS] + "..."


def _places(traceback: types.TracebackType | None) -> Iterable[_Place]:
    while traceback is not None:
        code = traceback.tb_frame.f_code
        column = end_column = None
        positions = next(itertools.islice(code.co_positions(), traceback.tb_lasti // 2, None), None)
        if positions is not None:
            line, end_line, column, end_column = positions
            if line != end_line:
                end_column = None
        yield _Place(code.co_filename, traceback.tb_lineno or 1, code.co_name, column, end_column)
        traceback = traceback.tb_next


def _frames(places: list[_Place], sources: Mapping[str, str], current: str) -> list[str]:
    lines: list[str] = []
    skipped = len(places) - _FRAMES_FIRST - _FRAMES_LAST
    for index, place in enumerate(places):
        if skipped > 0 and _FRAMES_FIRST <= index < len(places) - _FRAMES_LAST:
            if index == _FRAMES_FIRST:
                lines.append(f"  ... {skipped} more calls ...")
            continue
        where = f"  line {place.line}"
        if place.file != current:
            where += " of an earlier program"
        if place.function != "<module>":
            where += f", in {place.function}"
        lines.append(where)
        text = _line(sources[place.file], place.line)
        whole = place.column is not None and _whole(text, place.column, place.end_column)
        if whole:
            lines.extend(_pointed(text, None, None))
        else:
            lines.extend(_source(sources[place.file], place.line, place.column, place.end_column))
    if lines:
        lines.insert(0, "Traceback (most recent call last):")
    return lines


def _whole(text: str, column: int, end_column: int | None) -> bool:
    """Whether a caret would point at the whole line, and so say nothing."""
    stripped = text.strip()
    return end_column is not None and text[column:end_column] == stripped and text.isascii()


def _line(code: str, line: int) -> str:
    lines = code.splitlines()
    return lines[line - 1] if 0 < line <= len(lines) else ""


def _source(code: str, line: int, column: int | None, end_column: int | None) -> list[str]:
    """A line and carets below it; columns count bytes, as `ast` and code objects do."""
    text = _line(code, line)
    data = text.encode()
    start = None if column is None else len(data[:column].decode(errors="replace"))
    end = None if end_column is None else len(data[:end_column].decode(errors="replace"))
    return _pointed(text, start, end)


def _pointed(text: str, start: int | None, end: int | None) -> list[str]:
    stripped = text.lstrip()
    indent = len(text) - len(stripped)
    stripped = stripped.rstrip()
    if not stripped:
        return []
    shown = stripped[:_LINE_CHARS]
    lines = [f"    {shown}"]
    if start is not None:
        first = max(0, start - indent)
        last = len(stripped) if end is None else max(first + 1, end - indent)
        if first < len(shown):
            lines.append("    " + " " * first + "^" * max(1, min(last, len(shown)) - first))
    return lines


def _hint(error: BaseException, message: str, names: Callable[[], Iterable[str]], modules: Mapping[str, Any]) -> str:
    if isinstance(error, NameError) and type(error.name) is str:
        if error.name in modules:
            return f". Did you forget to import '{error.name}'?"
        return _did_you_mean(error.name, names())
    if isinstance(error, AttributeError) and type(error.name) is str and "not available here" not in message:
        try:
            offered = [name for name in dir(error.obj) if not name.startswith("_")]
        except Exception:
            return ""
        return _did_you_mean(error.name, offered)
    return ""


def _did_you_mean(name: str, candidates: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(candidates), 1, 0.7)
    return f". Did you mean: '{near[0]}'?" if near else ""
