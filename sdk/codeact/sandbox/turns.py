"""Whose turn it is in a session: one program at a time, each with an interrupt of its own."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from codeact.errors import SandboxError

if TYPE_CHECKING:
    from codeact.sandbox.running import Running


class Request:
    """The interrupt of one run, which may come before that run has begun."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # a signal handler may interrupt in the thread that runs
        self._running: Running | None = None
        self.interrupted = False

    def started(self, running: Running) -> None:
        with self._lock:
            self._running = running
            interrupted = self.interrupted
        if interrupted:
            running.interrupt()

    def interrupt(self) -> None:
        with self._lock:
            self.interrupted = True
            running = self._running
        if running is not None:
            running.interrupt()


class Exclusive:
    """One thing at a time, and an error instead of a wait."""

    def __init__(self, lock: Any) -> None:
        self._lock = lock

    def __enter__(self) -> None:
        if not self._lock.acquire(blocking=False):
            raise SandboxError(
                "a program is running in this sandbox; it runs one at a time, so use branch() or another sandbox"
            )

    def __exit__(self, *_: object) -> None:
        self._lock.release()
