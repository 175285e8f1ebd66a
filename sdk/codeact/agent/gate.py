"""Pausing an agent: a gate that it passes before each reply, each program and each call of a tool."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from codeact.events import EventSink, Paused, Resumed


class Gate:
    """Open, closed for a while, or left for good. Any thread may close, open or leave it; the agent's own passes it.

    Attributes:
        on_event: is told that the agent stands before the gate, and that it goes on.
        rest: stops what goes on between calls, such as a belt, and returns what it says of that.
    """

    def __init__(self) -> None:
        self.on_event: EventSink | None = None
        self.rest: Callable[[], str] | None = None
        self._changed = threading.Condition()
        self._closed = self._stopped = self._waits = False

    def begin(self) -> None:
        """A task begins: an earlier stop is over. A pause is not."""
        with self._changed:
            self._stopped = False

    def close(self, wait_s: float = 0.0) -> bool:
        """Let nothing pass. Returns whether the agent stands before the gate, at the latest after `wait_s`."""
        with self._changed:
            if not self._stopped:
                self._closed = True
            return self._changed.wait_for(lambda: self._waits, wait_s)

    def open(self) -> None:
        """Let it pass again."""
        with self._changed:
            self._closed = False
            self._changed.notify_all()

    def stop(self) -> None:
        """The task is to end: whoever stands before the gate goes on, to find that."""
        with self._changed:
            self._stopped, self._closed = True, False
            self._changed.notify_all()

    @property
    def stopped(self) -> bool:
        """Whether the task is to end."""
        return self._stopped

    def wait(self, before: str) -> float:
        """Pass it: at once, or when it is opened. Returns the seconds that this took.

        Args:
            before: what comes next, in words.
        """
        if not self._closed:  # read without the lock: who closes it a moment later means what comes after this
            return 0.0
        began = time.monotonic()
        left = self.rest() if self.rest is not None else ""
        if self.on_event is not None:
            self.on_event(Paused(before, left))
        with self._changed:
            self._waits = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._closed)
            self._waits = False
        seconds = time.monotonic() - began
        if self.on_event is not None:
            self.on_event(Resumed(seconds))
        return seconds
