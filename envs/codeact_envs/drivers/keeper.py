"""Looks at an arm while nobody moves it: a program may think for minutes, and a joint may get hot meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Callable

LOOK_S = 0.1  # seconds between two looks


class Keeper:
    """Calls `look` again and again from a thread of its own, until it is closed.

    Each look reads the arm, which is also the heartbeat for a robot that wants to hear from its host: they end when the
    host's process does.
    """

    def __init__(self, look: Callable[[], None], every: float = LOOK_S) -> None:
        self._look, self._every = look, every
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="arm keeper", daemon=True)
        self._thread.start()

    def _keep(self) -> None:
        while not self._over.wait(self._every):
            self._look()

    def close(self) -> None:
        """Look no more. Returns when the last look is over. May be called again."""
        self._over.set()
        if self._thread is not threading.current_thread():
            self._thread.join()
