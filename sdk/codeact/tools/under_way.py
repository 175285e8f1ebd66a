"""What a call of a tool waits for, so that it can be broken off once nobody waits for the call any more.

A tool that moves nothing is given up when its program is stopped: its thread is left to itself. `broken_off` has it let
go at once:

    with broken_off(lambda: connection.shutdown(socket.SHUT_RDWR)):
        answer = connection.recv(4096)
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from types import TracebackType

BreakOff = Callable[[], object]


class UnderWay:
    """A call of a tool.

    Attributes:
        given_up: whether nobody waits for it any more.
        waits: called each time that it waits for something that can be broken off.
    """

    given_up = False
    waits: Callable[[], object] | None = None
    _break_off: BreakOff | None = None

    def give_up(self) -> None:
        """From any thread: break off what it waits for, and have it wait for nothing more."""
        with _lock:
            self.given_up = True
            if self._break_off is not None:
                with contextlib.suppress(Exception):  # nobody is there to hear of it
                    self._break_off()

    def waits_for(self, break_off: BreakOff) -> None:
        """Before it waits.

        Raises:
            InterruptedError: it was given up.
        """
        if self.waits is not None:
            self.waits()
        with _lock:
            if self.given_up:
                raise InterruptedError("the call was given up")
            self._break_off = break_off

    def goes_on(self) -> None:
        """After it has waited."""
        with _lock:
            self._break_off = None


class _Thread(threading.local):
    call: UnderWay | None = None


_lock = threading.Lock()  # of all calls: it is held for microseconds
of_thread = _Thread()
"""`call` is the one that this thread makes."""


def _unlock() -> None:
    global _lock  # another thread may have held it at a fork
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_unlock)


def is_given_up() -> bool:
    """Whether this thread makes a call for which nobody waits any more."""
    call = of_thread.call
    return call is not None and call.given_up


class broken_off:
    """While the body runs: have `break_off` called, in another thread, once nobody waits for this call any more.

    It must not block. Where this thread makes no call of a program, nothing is done.

    Raises:
        InterruptedError: on entering, where nobody waits for the call already.
    """

    __slots__ = ("_break_off", "_call")

    def __init__(self, break_off: BreakOff) -> None:
        self._break_off = break_off
        self._call: UnderWay | None = None

    def __enter__(self) -> None:
        self._call = call = of_thread.call
        if call is not None:
            call.waits_for(self._break_off)

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._call is not None:
            self._call.goes_on()
