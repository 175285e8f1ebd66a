"""Tells at once, in a thread of its own, that a process has ended: nobody reads its frames while a tool runs."""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Callable


class EndWatch:
    """Waits for one process to end, at no cost to the calls of its tools.

    Args:
        pidfd: of the process. A copy of it is kept until the process has ended.
    """

    def __init__(self, pidfd: int) -> None:
        self._tell: Callable[[], None] | None = None
        self._ended = False
        threading.Thread(target=self._wait, args=(os.dup(pidfd),), name="codeact-end-watch", daemon=True).start()

    def tell(self, tell: Callable[[], None] | None) -> None:
        """Have `tell` called when the process ends, in the watch's thread; at once, in this one, if it has ended.

        At the very moment of the end it may be called in both.
        """
        self._tell = tell
        if self._ended and tell is not None:
            tell()

    def _wait(self, pidfd: int) -> None:
        try:
            ended = select.poll()
            ended.register(pidfd, select.POLLIN)
            ended.poll()
        finally:
            os.close(pidfd)
        self._ended = True
        tell = self._tell
        if tell is not None:
            tell()
