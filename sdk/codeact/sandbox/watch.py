"""A watch over one thing at a time: when its time is up, an action runs in the watch's own thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

_NEVER = float("inf")


class Watched:
    """A `with` statement that is watched: whether its time was up, and how the action failed, if it did."""

    def __init__(self, watch: Watch, action: Callable[[], None]) -> None:
        self._watch = watch
        self.action = action
        self.fired = False
        self.problem = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._watch.leave()


class Watch:
    """Starts its thread on first use. Watching is cheap: the thread is woken only for an earlier deadline."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._condition = threading.Condition(self._lock)
        self._thread: threading.Thread | None = None
        self._deadline = _NEVER
        self._asleep_until = _NEVER
        self._watched: Watched | None = None
        self._acting = False
        self._closed = False

    def over(self, seconds: float, action: Callable[[], None]) -> Watched:
        """Run the action if the body takes longer than that. On leaving, an action under way is waited for."""
        watched = Watched(self, action)
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="codeact-watch", daemon=True)
                self._thread.start()
            self._deadline, self._watched = time.monotonic() + seconds, watched
            if self._deadline < self._asleep_until:
                self._condition.notify_all()
        return watched

    def leave(self) -> None:
        """The body is over."""
        with self._lock:
            self._deadline, self._watched = _NEVER, None
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
                    self._condition.wait(None if left == _NEVER else min(left, threading.TIMEOUT_MAX))
                    continue
                self._deadline = _NEVER
                watched = self._watched
                if watched is None:
                    continue
                watched.fired = self._acting = True
                self._condition.release()
                try:
                    watched.action()
                except Exception as problem:
                    watched.problem = f"{type(problem).__name__}: {problem}"
                finally:
                    self._condition.acquire()
                    self._acting = False
                    self._condition.notify_all()
