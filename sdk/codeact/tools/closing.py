"""What a toolbox gives back when it is closed: connections, processes, files."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from codeact.errors import ToolError

Close = Callable[[], object]


class Closing:
    """A function that is called once, however often and from however many threads it is asked to."""

    def __init__(self, close: Close) -> None:
        self._close = close
        self._lock = threading.Lock()
        self.closed = False

    def __call__(self) -> None:
        with self._lock:
            if self.closed:
                return
            self.closed = True  # first, so that no call begins while it closes, nor after it failed
            self._close()


def close_all(closings: Iterable[Closing]) -> None:
    """Close all, the last one first, even if one of them fails.

    Raises:
        ToolError: some failed; it names the errors.
    """
    failed = []
    for closing in reversed(list(closings)):
        try:
            closing()
        except Exception as error:
            failed.append(f"{type(error).__name__}: {error}")
    if failed:
        raise ToolError(f"closing failed: {'; '.join(failed)}")
