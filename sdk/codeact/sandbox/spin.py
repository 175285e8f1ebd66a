"""Waiting for a frame that is about to come: look for it a moment before going to sleep.

A call from a program is answered within some microseconds, and to be woken on another core takes longer than that,
most of all in a virtual machine. So both ends look a few times, and sleep only then. With one core there is nobody
to wait for who could run meanwhile, and it is left out.
"""

from __future__ import annotations

import os
import select
import threading
import time

SPIN_S = 100e-6
"""How long to look. It is what a wait can waste of a core."""

_one_at_a_time = threading.Lock()
_cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1


class Spin:
    """Looks at one socket."""

    def __init__(self, descriptor: int) -> None:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        self.poll = poll.poll

    def ready(self) -> bool:
        """Whether something came within a moment. Only one thread of a process looks at a time; others are told no."""
        poll = self.poll
        if poll(0):
            return True
        if _cores < 2 or not _one_at_a_time.acquire(blocking=False):
            return False
        try:
            now = time.monotonic
            end = now() + SPIN_S
            while now() < end:
                if poll(0):
                    return True
            return False
        finally:
            _one_at_a_time.release()
