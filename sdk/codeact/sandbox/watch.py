"""A watch over one thing at a time: when its time is up, an action runs in the watch's own thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Watched:
    """Whether the time was up, and what the action's failure was, if it failed."""

    def __init__(self) -> None:
        self.fired = False
        self.problem = ""


class Watch:
    """Starts its thread on first use. Watching is cheap: the thread is woken only for an earlier deadline."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._thread: threading.Thread | None = None
        self._deadline = float("inf")
        self._asleep_until = float("inf")
        self._action: Callable[[], None] = _nothing
        self._watched = Watched()
        self._acting = False
        self._closed = False

    @contextmanager
    def over(self, seconds: float, action: Callable[[], None]) -> Iterator[Watched]:
        """Run the action if the body takes longer than that. On leaving, an action under way is waited for."""
        watched = Watched()
        with self._condition:
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="codeact-watch", daemon=True)
                self._thread.start()
            self._deadline, self._action, self._watched = time.monotonic() + seconds, action, watched
            if self._deadline < self._asleep_until:
                self._condition.notify_all()
        try:
            yield watched
        finally:
            with self._condition:
                self._deadline = float("inf")
                while self._acting:
                    self._condition.wait()

    def close(self) -> None:
        """End the thread."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()

    def _serve(self) -> None:
        with self._condition:
            while not self._closed:
                now = time.monotonic()
                if now < self._deadline:
                    self._asleep_until = self._deadline
                    left = self._deadline - now
                    self._condition.wait(None if left == float("inf") else min(left, threading.TIMEOUT_MAX))
                    continue
                self._deadline = float("inf")
                self._watched.fired = self._acting = True
                action, watched = self._action, self._watched
                self._condition.release()
                try:
                    action()
                except Exception as problem:
                    watched.problem = f"{type(problem).__name__}: {problem}"
                finally:
                    self._condition.acquire()
                    self._acting = False
                    self._condition.notify_all()


def _nothing() -> None:
    return None
