"""Errors as a model should read them: its own lines with a caret, type, message, a hint. Never a frame of ours."""

from __future__ import annotations

import itertools
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from codeact.sandbox.language.filter import Refusal
from codeact.sandbox.language.hints import hint_for, syntax_hint

MESSAGE_CHARS = 2_000
_FRAMES_FIRST, _FRAMES_LAST = 3, 4
_LINE_CHARS = 160
_CAUSES = 3
_MEMBERS = 5
_FROM = "The above exception was the direct cause of the following exception:"
_DURING = "During handling of the above exception, another exception occurred:"


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
    error: BaseException,
    sources: Mapping[str, str],
    running: str,
    known: Callable[[], Mapping[str, Any]],
    modules: Mapping[str, Any],
) -> Told:
    """An exception that came out of a program, with those that led to it.

    Args:
        sources: the programs' texts by their file names.
        running: the file name of the one that runs.
        known: gives what the program could have named.
        modules: what it could have imported.
    """
    if isinstance(error, SyntaxError) and error.filename is not None and error.filename == running:
        return _tell_syntax(error, sources[error.filename])
    teller = _Teller(sources, running)
    message = _message(error)
    hint = hint_for(error, message, known, modules)
    text = "\n".join([*teller.causes(error), *teller.one(error, hint)])
    return Told(type(error).__name__, message + hint, teller.line(error), text)


class _Teller:
    """Tells exceptions of one session."""

    def __init__(self, sources: Mapping[str, str], running: str) -> None:
        self._sources = sources
        self._running = running

    def line(self, error: BaseException) -> int | None:
        """The line of the running program where it came from."""
        return next((place.line for place in reversed(self._places(error)) if place.file == self._running), None)

    def _places(self, error: BaseException) -> list[_Place]:
        return [place for place in _places(error.__traceback__) if place.file in self._sources]

    def causes(self, error: BaseException) -> list[str]:
        """What led to it, the first first, as Python tells it."""
        links: list[tuple[BaseException, str]] = []
        seen = {id(error)}
        while len(links) < _CAUSES:
            cause, link = error.__cause__, _FROM
            if cause is None and not error.__suppress_context__:
                cause, link = error.__context__, _DURING
            if not isinstance(cause, Exception) or id(cause) in seen:
                break
            seen.add(id(cause))
            links.append((cause, link))
            error = cause
        lines: list[str] = []
        for cause, link in reversed(links):
            lines += [*self.one(cause, ""), "", link, ""]
        return lines

    def one(self, error: BaseException, hint: str) -> list[str]:
        """One exception: where, what, its notes, and what is in it if it is a group."""
        kind, message = type(error).__name__, _message(error)
        head = _frames(self._places(error), self._sources, self._running)
        lines = [*head, *_point_of_syntax(error), (f"{kind}: {message}" if message else kind) + hint, *_notes(error)]
        return [*lines, *self._members(error, "  ", 0)]

    def _members(self, error: BaseException, indent: str, depth: int) -> list[str]:
        if not isinstance(error, BaseExceptionGroup) or depth > 2:
            return []
        lines = []
        for number, member in enumerate(error.exceptions[:_MEMBERS], 1):
            line, message = self.line(member), _message(member)
            where = f" (line {line})" if line is not None else ""
            what = f"{type(member).__name__}: {message}" if message else type(member).__name__
            lines += [f"{indent}{number}. {what}{where}", *self._members(member, indent + "  ", depth + 1)]
        if len(error.exceptions) > _MEMBERS:
            lines.append(f"{indent}... and {len(error.exceptions) - _MEMBERS} more")
        return lines


def _notes(error: BaseException) -> list[str]:
    notes = getattr(error, "__notes__", None)
    return [str(note)[:MESSAGE_CHARS] for note in notes[:5] if type(note) is str] if type(notes) is list else []


def _point_of_syntax(error: BaseException) -> list[str]:
    """Of a text that the program evaluated: the text, and where it is wrong."""
    if not isinstance(error, SyntaxError) or type(error.text) is not str or type(error.offset) is not int:
        return []
    return _pointed(error.text, max(error.offset - 1, 0), error.offset)


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
        message += syntax_hint(text)
    lines.append(f"{type(error).__name__}: {message}")
    return Told(type(error).__name__, message, error.lineno, "\n".join(lines))


def _message(error: BaseException) -> str:
    try:
        message = str(error.msg) if isinstance(error, SyntaxError) else str(error)
    except BaseException:
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
