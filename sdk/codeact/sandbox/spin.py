"""Waiting for a frame that is about to come: look for it a moment before going to sleep.

A call from a program is answered within some microseconds, and to be woken on another core takes longer than that,
most of all in a virtual machine. So both ends look a few times, into the mailbox and at the socket, and sleep only
then. Where looking does not help it is soon left out: the other end may have more to do. Or it shares this core, where
neither can look for the other; then the host sends the worker to another one, for the kernel would leave them together.
Where more threads run than the machine has cores, who looks takes the time of who is to answer: then the host lets it
be for a while, and tells the worker to.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import threading
import time
from collections.abc import Callable

from codeact.sandbox.mailbox import Mailbox

SPIN_S = 200e-6
"""How long to look at most. It is what one wait can waste of a core."""

_LEAST_S = 5e-6
_GLANCES = 32  # at the mailbox, for each look at the socket, which takes a system call
_LEFT_OUT = 50  # waits without a look, before it is tried again
_PART_EVERY_S = 0.02
_CROWDED_S = 0.05

_libc = ctypes.CDLL(None)
_one_at_a_time = threading.Lock()
_cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1


class Spin:
    """Looks at one socket, and the mailbox that goes with it."""

    def __init__(self, descriptor: int, mailbox: Mailbox, part: Callable[[], None] | None = None) -> None:
        """`part` sends the other end to another core."""
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        self.poll = poll.poll
        self.mailbox = mailbox
        self._span = SPIN_S
        self._left_out = 0
        self._part = part
        self._part_at = self._calm_at = 0.0

    def ready(self) -> bool:
        """Whether something came within a moment. Only one thread of a process looks at a time; others are told no."""
        self.mailbox.wake()
        words, at, crowded = self.mailbox.words, self.mailbox.incoming, self.mailbox.crowded
        if words[at]:
            return True
        if words[crowded]:
            if self._part is None or time.monotonic() < self._calm_at:
                return False
            words[crowded] = 0
        if self._span < _LEAST_S:
            self._left_out += 1
            if self._left_out < _LEFT_OUT:
                return False
            self._span, self._left_out = SPIN_S / 2, 0
        if _cores < 2 or not _one_at_a_time.acquire(blocking=False):
            return False
        try:
            poll, now = self.poll, time.monotonic
            end = now() + self._span
            while now() < end:
                for _ in range(_GLANCES):
                    if words[at]:
                        self._span = SPIN_S
                        return True
                if poll(0):
                    self._span = SPIN_S
                    return True
        finally:
            _one_at_a_time.release()
        if self._part is not None and end > self._part_at:
            self._part_at = end + _PART_EVERY_S
            if is_crowded():
                words[crowded], self._calm_at = 1, end + _CROWDED_S
            else:
                self._part()
        else:
            self._span /= 2
        return False


def is_crowded() -> bool:
    """Whether more threads run, or would if they could, than this machine has cores."""
    try:
        with open("/proc/loadavg", "rb") as load:
            return int(load.read().split()[3].partition(b"/")[0]) > (os.cpu_count() or 1)
    except OSError:
        return False


def send_away(process: int) -> None:
    """Send a process to another core than this thread's, and leave the choice to the kernel again."""
    with contextlib.suppress(OSError):
        allowed = os.sched_getaffinity(process)
        others = allowed - {int(_libc.sched_getcpu())}
        if others:
            os.sched_setaffinity(process, others)
            os.sched_setaffinity(process, allowed)
