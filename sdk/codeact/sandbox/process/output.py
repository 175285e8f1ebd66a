"""What a program says on its way to the host: its output, bounded, and its threads one after the other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from codeact.sandbox import wire
from codeact.sandbox.language.program import Stopped
from codeact.sandbox.process.line import Line

_FLUSH_CHARS, _FLUSH_S = 8_000, 0.02


class Output:
    """What the program prints: bounded, and sent in pieces that are neither tiny nor late."""

    def __init__(self, line: Line, limit: int, check: Callable[[], None]) -> None:
        """`check` ends the program if an interrupt came while something was under way."""
        self._line = line
        self._limit = limit
        self._check = check
        self._pieces: list[str] = []
        self._held = 0
        self._room = limit
        self._flushed = 0.0

    def begin(self) -> None:
        self._pieces.clear()
        self._held = 0
        self._room = self._limit
        self._flushed = 0.0

    def write(self, text: str) -> None:
        room = self._room
        if len(text) > room:
            self._pieces.append(text[:room])
            self._room = 0
            self.flush()
            raise Stopped("output", f"it printed more than {self._limit:,} characters")
        self._room = room - len(text)
        self._held += len(text)
        self._pieces.append(text)
        now = time.monotonic()
        if self._held > _FLUSH_CHARS or now - self._flushed > _FLUSH_S:
            self.flush()
            self._flushed = now
            self._check()

    def flush(self) -> None:
        if self._pieces:
            text = "".join(self._pieces).encode("utf-8", "backslashreplace").decode()
            self._pieces.clear()
            self._held = 0
            if text:
                self._line.send(wire.Printed(text))


class Turns:
    """Who may speak, where a program has threads: one at a time, and none but the first between two programs."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self.take()

    def take(self) -> None:
        """In the first thread: wait for the turn, and keep it."""
        self._lock.acquire()

    def give(self) -> None:
        """In the first thread: let the others speak, too."""
        self._lock.release()

    def each(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, called in turn."""
        lock = self._lock

        def call(*arguments: Any) -> Any:
            with lock:
                return function(*arguments)

        return call
