"""The thread of a session's own, in which tools run that may never return."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from typing import Any


class SessionThread:
    """A daemon thread that performs tool calls which may never return, with an event loop for async tools."""

    def __init__(self) -> None:
        self._work: queue.SimpleQueue[Callable[[Callable[[Any], Any]], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="codeact-tools", daemon=True)
        self._thread.start()

    def do(self, work: Callable[[Callable[[Any], Any]], None]) -> None:
        self._work.put(work)

    def leave(self) -> None:
        """End after the work at hand, should that ever return."""
        self._work.put(None)

    def _serve(self) -> None:
        runner = asyncio.Runner()  # makes its loop when the first async tool is called
        try:
            while (work := self._work.get()) is not None:
                work(lambda awaitable: runner.run(awaited(awaitable)))
        finally:
            runner.close()


async def awaited(awaitable: Any) -> Any:
    """Any awaitable as a coroutine, which is what a loop runs."""
    return await awaitable


class SessionThreads:
    """At most one session thread in use; a new one after one was given up."""

    def __init__(self) -> None:
        self._thread: SessionThread | None = None

    def take(self) -> SessionThread:
        if self._thread is None:
            self._thread = SessionThread()
        return self._thread

    def abandon(self) -> None:
        if self._thread is not None:
            self._thread.leave()
            self._thread = None
