"""Ending an episode early, in order: Ctrl-C and failures stop the robot first and end the episode between two steps."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType, TracebackType
from typing import Any

GRACE_S = 5.0
"""How long a step may go on after the robot was told to stop; then KeyboardInterrupt is raised in it."""


class Interrupts:
    """While entered in the main thread, SIGINT and SIGTERM end the episode in order.

    During a step of the environment the first signal calls `environment.interrupt()` from a thread of its own (which
    stops the robot and then ends the program) and lets the step return, so that the trace holds what happened. A second
    signal, or the end of `GRACE_S`, raises KeyboardInterrupt at once. Outside a step the first signal raises it. While
    files are being finished, signals wait. Handlers that somebody else installed are left alone.

    Python runs a signal's handler in the main thread, between two of its instructions: when that thread has just gone
    to sleep in a tool, that may be long after. So a thread of its own is woken by the signal and stops the robot, too.
    """

    def __init__(self, environment: Any) -> None:
        self._environment = environment
        self._kept: dict[int, Any] = {}
        self._stepping = False
        self._finishing = False
        self._woken: socket.socket | None = None
        self.requested = False

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGTERM, signal.SIG_DFL)):
                if signal.getsignal(number) is usual:
                    self._kept[number] = signal.signal(number, self._signalled)
            if self._kept:
                self._watch()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for number, handler in self._kept.items():
            signal.signal(number, handler)
        self._kept.clear()
        if self._woken is not None:
            signal.set_wakeup_fd(-1)
            self._woken.close()  # ends the thread that reads at the other end
            self._woken = None

    @contextmanager
    def step(self) -> Iterator[None]:
        """A step of the environment: signals let it return. `check` after it raises what they asked for."""
        self._stepping = True
        try:
            yield
        finally:
            self._stepping = False

    def check(self) -> None:
        """Raise KeyboardInterrupt when a signal came during the step that has just ended."""
        if self.requested:
            raise KeyboardInterrupt

    def finish(self) -> None:
        """From here on signals wait: what is left to do is short and must not be torn."""
        self._finishing = True

    def stop_robot(self) -> threading.Thread:
        """Tell the environment to stop the robot and the program, without waiting for it."""
        thread = threading.Thread(target=self._interrupt, name="codeact-interrupt", daemon=True)
        thread.start()
        return thread

    def _interrupt(self) -> None:
        interrupt = getattr(self._environment, "interrupt", None)
        if interrupt is not None:
            with suppress(Exception):  # the episode ends in any case, and its own error is the one to show
                interrupt()

    def _watch(self) -> None:
        reading, writing = socket.socketpair()
        writing.setblocking(False)
        other = signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
        if other != -1:  # an event loop watches already; the handler must do
            signal.set_wakeup_fd(other)
            reading.close()
            writing.close()
            return
        self._woken = writing

        def watch() -> None:
            with reading:
                while numbers := reading.recv(64):
                    if self._stepping and not self._finishing and self._kept.keys() & set(numbers):
                        self._interrupt()

        threading.Thread(target=watch, name="codeact-signals", daemon=True).start()

    def _signalled(self, number: int, frame: FrameType | None) -> None:
        again, self.requested = self.requested, True
        if self._finishing:
            return
        if again or not self._stepping:
            raise KeyboardInterrupt
        self.stop_robot()
        timer = threading.Timer(GRACE_S, self._abandon, [number])
        timer.daemon = True
        timer.start()

    def _abandon(self, number: int) -> None:
        if self._stepping and number in self._kept:
            signal.pthread_kill(threading.main_thread().ident or 0, number)
