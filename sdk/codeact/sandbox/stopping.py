"""How a run is stopped: what a tool moves first, then the program. Any thread may ask for it."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable

from codeact.sandbox.connection import Connection
from codeact.sandbox.dispatch import Pending
from codeact.tools import Toolbox

GRACE_S = 0.04
"""How long a program has to end after a soft interrupt, before its worker is ended and its variables are lost."""

LONGEST_GRACE_S = 0.5
"""How long it has after an interrupt where its worker gets no processor, as on a machine with more to do."""

INSIST_S = 0.01
"""Between two interrupts."""

_STATE_S = 2.0  # how long what a stop path says is waited for, once its tool has ended
_STOP_AGAIN_S = 0.25  # between two calls of a stop path that did not end its tool


class Grace:
    """The time that a program has to end after an interrupt. Nobody waits for a limit then, so a worker that has not
    had the processor yet is given more of it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.begin()

    def begin(self) -> None:
        self._began, self._used_s = time.monotonic(), self._connection.cpu_seconds()

    @property
    def over(self) -> bool:
        passed_s = time.monotonic() - self._began
        if passed_s <= GRACE_S:
            return False
        return passed_s > LONGEST_GRACE_S or self._connection.cpu_seconds() - self._used_s >= GRACE_S / 2


class Stopping:
    """The stop of one run.

    Attributes:
        lock: is held where what follows is looked at and acted on.
        pending: the call that is under way; since: when its tool began, 0 before that.
        reason: why the program is being ended, once it is: an error's type, and words.
        sent: whether the worker may have heard of the program.
        finished: from here on an interrupt does nothing: it would hit the next program.
        killed: whether an interrupt has ended the worker.
    """

    def __init__(self, connection: Connection, toolbox: Toolbox, wake: Callable[[], None]) -> None:
        """`wake` has the thread that waits for a call look at it again."""
        self._connection = connection
        self._toolbox = toolbox
        self._wake = wake
        self.lock = threading.RLock()  # a signal handler may call interrupt() in the thread that runs
        self.pending: Pending | None = None
        self.since = 0.0
        self.reason: tuple[str, str] | None = None
        self.sent = self.finished = self.killed = False
        self._in_stop_paths = 0
        self._out_of_stop_path = threading.Condition()
        self._insists = False  # whether a thread interrupts until the program has ended

    @property
    def kind(self) -> str | None:
        """The error's type of the reason."""
        return self.reason[0] if self.reason is not None else None

    def stop_tool(self, pending: Pending) -> None:
        """Bring what a tool moves to rest: its own stop path, else the toolbox's. Then it has to wait no longer."""
        own = pending.tool.stop if pending.tool is not None else None
        with self._out_of_stop_path:
            self._in_stop_paths += 1
        try:
            # One that is called again may find nothing to stop, and nothing to say.
            pending.stopped = (self._toolbox.stop() if own is None else own()) or pending.stopped
        finally:
            pending.give_up()
            with self._out_of_stop_path:
                self._in_stop_paths -= 1
                self._out_of_stop_path.notify_all()

    def wait_for_stop_path(self) -> None:
        """The tool has ended: its stop path, in another thread, may be about to say in which state it left things."""
        with self._out_of_stop_path:
            self._out_of_stop_path.wait_for(lambda: not self._in_stop_paths, _STATE_S)

    def interrupt(self) -> None:
        """Stop what moves, then end the program. Without effect once the program has ended."""
        with self.lock:
            if self.finished:
                return
            self.reason = self.reason or ("Interrupted", "it was interrupted")
            if not self.sent:
                return
            if not self._insists:
                threading.Thread(target=self._insist, name="codeact-interrupt", daemon=True).start()
                self._insists = True
            pending = self.pending
            began = self.since != 0.0
        if pending is not None and pending.moves:
            if began:  # else it is left out
                self.stop_tool(pending)
        elif pending is not None:
            self._wake()

    def _insist(self) -> None:
        """Interrupt until the program has ended.

        One signal is not enough: it may come before the program has begun, and a stop path may be called just before
        the tool sets out.
        """
        stop_again = time.monotonic()
        grace = Grace(self._connection)
        stopped: Pending | None = None
        while True:
            action: Pending | None = None
            with self.lock:
                now = time.monotonic()
                pending = self.pending
                if self.finished:
                    return
                if pending is not None and pending.moves and self.since:
                    if pending is not stopped:
                        stopped, stop_again = pending, now + _STOP_AGAIN_S
                    elif now >= stop_again:
                        action, stop_again = pending, now + _STOP_AGAIN_S
                elif pending is None:
                    if not self._connection.interrupt():
                        grace.begin()  # it is still being made
                    elif grace.over:
                        self.killed = True
                        self._connection.kill()
                        return
                if pending is not None:
                    grace.begin()  # its time to end begins when the call is over
            if action is not None:
                with contextlib.suppress(Exception):
                    self.stop_tool(action)
            time.sleep(INSIST_S)

    def worker_ended(self) -> None:
        """The program's process has ended: nothing may go on moving for it, and nothing may begin."""
        while True:
            stop_again = time.monotonic() + _STOP_AGAIN_S
            with self.lock:
                if self.finished:
                    return
                self.reason = self.reason or ("WorkerLost", "")  # a call that has not begun is left out
                pending = self.pending
                if pending is not None and not pending.moves:
                    self._wake()  # it is not waited for: something else may go on
                if pending is None or not (pending.moves and self.since):
                    return
            with contextlib.suppress(Exception):
                self.stop_tool(pending)
            # Again, as the first may have come just before the tool set out. It is told when the tool has returned.
            while self.pending is pending and not self.finished and time.monotonic() < stop_again:
                time.sleep(INSIST_S)

    def finish(self) -> None:
        """The program has ended."""
        with self.lock:
            self.finished = True
