"""How a run came to its end, if it began at all, and what the host makes of it: a value, or an error that says what is
lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from codeact import values
from codeact.errors import UnsupportedValue
from codeact.sandbox import wire
from codeact.sandbox.connection import Connection
from codeact.sandbox.execution import Execution, ExecutionError
from codeact.sandbox.limits import Limits
from codeact.sandbox.text import clean

_SHOWN_CHARS = 8_000
_NAMES_SHOWN = 30


@dataclass(frozen=True)
class Ended:
    """The program has come to its end, in the worker's words."""

    done: wire.Done


@dataclass(frozen=True)
class Lost:
    """The worker is gone, or has to go. `kind` is an error's type, `reason` says why."""

    kind: str
    reason: str


@dataclass
class Outcome:
    """What came of it. `lost` says whether the worker is, `truncated` whether output was cut."""

    value: Any = None
    shown: str = ""
    error: ExecutionError | None = None
    lost: bool = False
    truncated: bool = False


def unfit(code: str, limits: Limits) -> ExecutionError | None:
    """Why a program is not even sent; None if it is."""
    message = ""
    if len(code) > limits.code_chars:
        message = f"the program has {len(code):,} characters; at most {limits.code_chars:,} are allowed"
    else:
        try:
            code.encode()
        except UnicodeEncodeError as problem:
            message = f"the program is not valid Unicode: {problem.reason} at character {problem.start}"
    return ExecutionError("SyntaxError", message, None, f"SyntaxError: {message}") if message else None


def never_began(code: str, kind: str, reason: str) -> Execution:
    """What became of a program that was ended before the worker heard of it."""
    message = f"the program was ended: {reason}"
    return Execution(code, False, error=ExecutionError(kind, message, None, f"{kind}: {message}"))


def told_of_loss(execution: Execution) -> Execution:
    """What lacks a name is told why, where the loss was in a run that gave no execution."""
    error = execution.error
    if error is None or error.type != "NameError":
        return execution
    text = f"{error.text}\n(The session was restarted before this program: all earlier variables are lost.)"
    return replace(execution, error=replace(error, text=text))


class Teller:
    """Tells the end of one run."""

    def __init__(
        self,
        connection: Connection,
        stopping: tuple[str, str] | None,
        ended: bool,
        has_workspace: bool,
        memory_mb: int,
    ) -> None:
        """Take what the run knows.

        Args:
            stopping: why the host ended the program, if it did: the error's type, and the reason.
            ended: whether a tool ended it, which is no error.
            memory_mb: how much it may have, in mebibytes.
        """
        self._connection = connection
        self._stopping = stopping
        self._ended = ended
        self._has_workspace = has_workspace
        self._memory_mb = memory_mb

    def tell(self, step: Ended | Lost, types: Mapping[str, type]) -> Outcome:
        """What the host makes of it. `types` are those that may come back in a value."""
        if isinstance(step, Ended):
            return self._done(step.done, types)
        error = None if self._ended else self._lost(step)
        return Outcome(error=error, lost=True, truncated=step.kind == "OutputLimit")

    def _done(self, done: wire.Done, types: Mapping[str, type]) -> Outcome:
        if done.names is not None:
            self._connection.bound = names_told(done.names)
        if done.error is not None and not (self._ended and done.stopped):
            error = self._told(done, *done.error)
            return Outcome(error=error, truncated=error.type == "OutputLimit")
        if self._ended:
            return Outcome()
        value: Any = None
        arena = self._connection.arena
        try:
            arena.begin()
            value = values.unpack(done.value, types, take=arena.take)
        except UnsupportedValue as problem:
            return Outcome(error=self._lost(Lost("ProtocolError", str(problem))), lost=True)
        except Exception:  # a declared class raised when it was made: a value that cannot cross
            value = None
        return Outcome(value, clean(done.shown[:_SHOWN_CHARS]))

    def _told(self, done: wire.Done, kind: str, message: str, line: int | None, text: str) -> ExecutionError:
        kind, message, text = clean(kind[:200]), clean(message[:4_000]), clean(text[:16_000])
        if kind == "MemoryError":
            allowed = f"; limit memory_mb allows {self._memory_mb:,}"
            message, text = message + allowed, text + allowed
        if done.stopped:
            kind, reason = self._stopping or ("OutputLimit" if kind == "output" else "Interrupted", message)
            where = text[: text.rfind("\n") + 1] if "\n" in text else ""
            message = f"the program was ended: {reason}"
            text = f"{where}{kind}: {message}"
        return ExecutionError(kind, message, line, text)

    def _lost(self, step: Lost) -> ExecutionError:
        reason = step.reason
        if self._stopping is not None and step.kind == "WorkerLost":
            step = Lost(*self._stopping)
            reason = step.reason
        if not reason:
            reason = f"its process died: {self._connection.ending()}"
        message = f"the program was ended: {reason}. It could not be ended softly, so the session was restarted: "
        message += f"all variables, functions and imports are lost{_listed(self._connection.bound)}"
        if self._has_workspace:
            message += "; the files in the workspace are still there"
        return ExecutionError(step.kind, message, None, f"{step.kind}: {message}")


def names_told(names: list[str]) -> tuple[str, ...]:
    """Names as the worker gives them: what is none, or too long to be shown, is left out."""
    return tuple(name for name in names[: wire.NAMES_TOLD] if len(name) <= wire.NAME_CHARS and name.isidentifier())


def _listed(names: tuple[str, ...]) -> str:
    if not names:
        return ""
    more = len(names) - _NAMES_SHOWN
    return f" ({', '.join(names[:_NAMES_SHOWN])}{f' and {more} more' if more > 0 else ''})"
