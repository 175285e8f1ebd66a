"""One tool call of a run: approved, told, run, stopped at its deadline, and its reply made."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from codeact import telemetry
from codeact.sandbox.clocks import Clocks
from codeact.sandbox.connection import Connection
from codeact.sandbox.dispatch import Dispatcher, Pending
from codeact.sandbox.limits import Limits
from codeact.sandbox.record import Record
from codeact.sandbox.stopping import Stopping
from codeact.sandbox.text import clean
from codeact.tools.under_way import of_thread

if TYPE_CHECKING:
    from codeact.sandbox.watch import Watch
    from codeact.tools import Approve

_STATE_CHARS = 300


@dataclass(frozen=True)
class HandOver:
    """This call is for the other thread."""

    pending: Pending


class Performer:
    """Performs the calls of one run, in whatever thread."""

    def __init__(
        self,
        connection: Connection,
        dispatcher: Dispatcher,
        limits: Limits,
        approve: Approve | None,
        record: Record,
        watch: Watch,
        clocks: Clocks,
        stopping: Stopping,
        wake_by: Callable[[float], None],
    ) -> None:
        """`wake_by` has the thread that waits for a call find out by then how long it may take."""
        self._connection = connection
        self._dispatcher = dispatcher
        self._limits = limits
        self._approve = approve
        self._record = record
        self._watch = watch
        self._clocks = clocks
        self._stopping = stopping
        self._wake_by = wake_by

    def perform(self, pending: Pending, wait: Callable[[Any], Any], given_up: Callable[[], bool] | None = None) -> None:
        """Approve, tell and run one call, and make its reply.

        Args:
            wait: runs an awaitable to its end, for an async tool.
            given_up: whether somebody has given the call up meanwhile: then nothing more is done for it.
        """
        stopping = self._stopping
        stopping.since = 0.0  # first: whoever sees the call sees that it has not begun
        stopping.pending = pending
        self._clocks.approval_s += self._dispatcher.approve(pending, self._approve)
        self._record.started(pending)
        if pending.reply is None:
            if stopping.reason is None:
                self._run_tool(pending, wait)
            else:
                self._dispatcher.left_out(pending)
        with stopping.lock:
            if given_up is not None and given_up():
                return
            if stopping.since:
                self._clocks.tool_s += time.monotonic() - stopping.since
            stopping.pending = None
        if pending.reply is None:  # made here, where nobody can give it up any more: its arrays lie in shared memory
            self._dispatcher.reply(pending, self._connection.arena)

    def _run_tool(self, pending: Pending, wait: Callable[[Any], Any]) -> None:
        stopping = self._stopping
        if pending.moves or self._dispatcher.toolbox.lingers:
            self._watch_worker()
        with stopping.lock:
            if stopping.reason is not None:
                self._dispatcher.left_out(pending)
                return
            stopping.since = since = time.monotonic()
        if not pending.moves:
            if pending.tool is not None and pending.tool.timeout_s is not None:
                self._wake_by(since + pending.tool.timeout_s)
            self._invoke(pending, wait)
            return
        left = self._clocks.tool_time_left(pending, stopping.since)
        with self._watch.over(left, lambda: stopping.stop_tool(pending)) as watched:
            self._invoke(pending, wait)
        kind = stopping.kind
        if kind is not None:
            stopping.wait_for_stop_path()
        state = _state_left(pending)
        if watched.fired and kind is None:
            self._stopped_late(pending, watched.problem, state)
        elif kind == "Interrupted":
            stopping.reason = ("Interrupted", f"it was interrupted in {pending.name}(), which was stopped{state}")
        elif kind == "WorkerLost":
            died = f"its process died ({self._connection.ending()})"
            stopping.reason = ("WorkerLost", f"{died} while {pending.name}() ran, which was stopped{state}")

    def _invoke(self, pending: Pending, wait: Callable[[Any], Any]) -> None:
        if not (pending.moves or self._dispatcher.toolbox.lingers):  # else its worker is watched already
            pending.waits = self._watch_worker
        outer, of_thread.call = of_thread.call, pending  # a tool may run a program of its own
        try:
            if telemetry.observer is None:
                self._dispatcher.invoke(pending, wait)
                return
            with telemetry.observer.call(pending):
                self._dispatcher.invoke(pending, wait)
        finally:
            of_thread.call = outer

    def _watch_worker(self) -> None:
        """Nobody waits for a call any more when the worker has died, either."""
        self._connection.when_ended(self._stopping.worker_ended)

    def _stopped_late(self, pending: Pending, problem: str, left: str) -> None:
        """The deadline came while something moved: it was stopped, and only then the program hears of it."""
        spent = time.monotonic() - self._stopping.since
        state = f"; its stop path failed: {problem}" if problem else f"; it was stopped before it could finish{left}"
        if self._clocks.tool_s + spent >= self._limits.tool_s:
            self._stopping.reason = ("TimeLimit", f"{self._clocks.tool_limit()} in {pending.name}(){state}")
        pending.ended = False
        self._dispatcher.late(pending, f"{pending.name}() took longer than {spent:.3g} s{state}")


def _state_left(pending: Pending) -> str:
    """What the stop path says of the state in which it left things, for the end of a sentence."""
    said = pending.stopped
    if callable(said):  # known only now that the tool has returned
        try:
            said = said()
        except Exception as problem:
            said = f"its state is not known: {type(problem).__name__}: {problem}"
    if not isinstance(said, str) or not said.strip():
        return ""
    pending.left = clean(said.strip()[:_STATE_CHARS])
    return f": {pending.left}"
