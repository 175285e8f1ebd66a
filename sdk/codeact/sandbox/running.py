"""One run of one program, seen from the host: frames pumped, calls handed on, the end told.

What becomes of a call is in performing.py, the clocks are in clocks.py, and how a run is stopped is in stopping.py.

The frames are pumped by the thread that called `run`. At the first call of a tool that moves nothing the pump goes
over to the session's own thread, so that a tool that never returns can be given up; a tool that moves something, or
has a stop path, comes back to the caller's thread, is stopped at its deadline, and is waited for.
"""

from __future__ import annotations

import contextlib
import contextvars
import queue
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from codeact.events import EventSink
from codeact.frozen import made
from codeact.sandbox import stopping, wire
from codeact.sandbox.channel import Closed, Late, Malformed
from codeact.sandbox.clocks import CHECK_S, Clocks
from codeact.sandbox.connection import Connection
from codeact.sandbox.dispatch import LARGE_BYTES, Dispatcher, Pending
from codeact.sandbox.ending import Ended, Lost, Teller, never_began
from codeact.sandbox.execution import Execution
from codeact.sandbox.limits import Limits
from codeact.sandbox.performing import HandOver, Performer
from codeact.sandbox.record import Record
from codeact.sandbox.stopping import Stopping
from codeact.sandbox.text import clean
from codeact.sandbox.threads import SessionThreads

if TYPE_CHECKING:
    from codeact.sandbox.on_loop import OnLoop
    from codeact.sandbox.watch import Watch
    from codeact.sandbox.workspaces.workspace import Workspace
    from codeact.tools import Approve

_LAST_LOOK_S = 0.005  # for what came while this thread was late itself
_SEND_S = 5.0  # for a program to be taken


Step = Ended | Lost | HandOver
Steps = queue.SimpleQueue[Step | BaseException | None]


class Running:
    """The state of one run."""

    def __init__(
        self,
        code: str,
        connection: Connection,
        dispatcher: Dispatcher,
        limits: Limits,
        approve: Approve | None,
        on_event: EventSink | None,
        threads: SessionThreads,
        watch: Watch,
    ) -> None:
        self._code = code
        self._connection = connection
        self._channel = connection.channel
        self._dispatcher = dispatcher
        self._limits = limits
        self._record = Record(limits, on_event)
        self._threads = threads
        self._steps: Steps = queue.SimpleQueue()
        self._clocks = Clocks(connection, limits)
        self._stop = Stopping(connection, dispatcher.toolbox, self._wake)
        self._performer = Performer(
            connection, dispatcher, limits, approve, self._record, watch, self._clocks, self._stop, self._wake_by
        )
        self._pump_owner: object = object()
        self._ended = False
        self._answer: Any = None
        self._kill_at = 0.0
        self._grace: stopping.Grace | None = None  # of a program that is told to end by an answer
        self._looked = False
        self._soft = False  # whether the program is being interrupted, and not told by an answer
        self._rests = False  # whether the worker has said that it has
        self._away = False  # whether the session's thread has the pump
        self._looks_at = self._look_by = 0.0  # when who waits for a call looks how long it may take, and has to
        self.workspace: Workspace | None = None
        self.on_loop: OnLoop | None = None
        self.interrupt = self._stop.interrupt

    def _wake(self) -> None:
        self._steps.put(None)

    def _wake_by(self, deadline: float) -> None:
        """Have the thread that waits for a call look at it at that time at the latest: most often it does anyway."""
        if deadline < self._looks_at:
            self._look_by = deadline
            self._wake()

    # ---- the caller's thread ----------------------------------------------------------------------------------------

    def execute(self) -> tuple[Execution, bool]:
        """Run the program. Returns what came of it, and whether the worker is lost."""
        self._clocks.started = time.monotonic()
        try:
            with self._stop.lock:
                if self._stop.reason is not None:  # interrupted before it began: the worker never hears of it
                    self._stop.finished = True
                    return never_began(self._code, *self._stop.reason), False
                self._stop.sent = True
            if self._connection.runs:
                self._channel.require_silence()
            self._connection.runs += 1
            # A new worker may still be on its way; one that has run programs listens, or never will.
            patience = _SEND_S if self._connection.runs == 1 else min(_SEND_S, self._limits.wall_s)
            with contextlib.suppress(Closed):  # a worker that could not start has said why: that comes first
                self._channel.send(wire.Run(self._connection.runs, self._code), self._clocks.started + patience)
            self._connection.ready()
            self._clocks.watch_cpu(has_threads=self.workspace is not None)
            step = self._pump(threaded=False, owner=self._pump_owner)
            while isinstance(step, HandOver):
                step = self._move(step.pending) if step.pending.stays else self._hand_over(step.pending)
        except Late:
            step = Lost("WorkerLost", "it did not take the program")
        except Closed:
            step = Lost("WorkerLost", "")
        except Malformed as problem:
            step = Lost("ProtocolError", f"the worker sent {problem}")
        return self._report(step)

    def _move(self, pending: Pending) -> Step:
        """A tool with a stop path, in this thread; the watch stops it at its deadline."""
        self._performer.perform(pending, _never_awaits)
        return self._answer_and_note(pending) or self._pump(threaded=False, owner=self._pump_owner)

    def _hand_over(self, pending: Pending) -> Step:
        """Let the session's thread perform a call and pump on; wait for what it comes to."""
        owner = self._pump_owner = object()
        steps = self._steps = queue.SimpleQueue()  # new, so that no thread that was given up can put anything into it
        self._away = True
        context = contextvars.copy_context()
        on_loop = self.on_loop.wait if self.on_loop is not None else None
        self._threads.take().do(lambda wait: context.run(self._in_thread, pending, owner, steps, on_loop or wait))
        while True:
            try:
                step = steps.get(timeout=self._patience())
            except queue.Empty:
                step = None
            if isinstance(step, BaseException):
                self._away = False
                raise step
            if step is not None:
                self._away = False
                return step
            if late := self._too_late():
                return self._give_up(late)

    def _patience(self) -> float:
        with self._stop.lock:
            if self._stop.pending is not None and self._stop.pending.moves:
                left = CHECK_S  # the watch looks after it
            elif self._stop.reason is not None and self._stop.pending is not None:
                left = 0.0
            else:
                left = max(0.0, min(self._clocks.tool_time_left(self._stop.pending, self._stop.since), 3_600.0))
            now = time.monotonic()
            if self._look_by > now:  # also where that call has ended: the next one is likely to take as long at most
                left = min(left, self._look_by - now)
            self._looks_at = now + left
        return left

    def _too_late(self) -> Pending | None:
        with self._stop.lock:
            pending = self._stop.pending
            if pending is None or pending.moves:
                return None
            waits = self._stop.since == 0.0 or self._clocks.tool_time_left(pending, self._stop.since) > 0
            if self._stop.reason is None and waits:
                return None
            self._pump_owner = object()  # from here on the thread's outcome counts for nothing
            return pending

    def _give_up(self, pending: Pending) -> Step:
        """Leave a tool that does not return to its thread, and go on without it."""
        pending.give_up()
        self._threads.abandon()
        if self.on_loop is not None:
            self.on_loop.cancel()
        self._away = False
        spent = time.monotonic() - self._stop.since if self._stop.since else 0.0
        with self._stop.lock:
            self._pump_owner = object()
            owner = self._pump_owner
            self._stop.pending = None
            self._clocks.tool_s += spent
        given_up = Pending(pending.name, pending.effect, pending.tool)
        given_up.arguments, given_up.seconds = pending.arguments, spent
        self._dispatcher.late(
            given_up, f"{pending.name}() did not return within {spent:.3g} s; it may still be running"
        )
        if self._stop.reason is None and self._clocks.tool_s >= self._limits.tool_s:
            where = f"in {pending.name}(), which may still be running"
            self._stop.reason = ("TimeLimit", f"{self._clocks.tool_limit()} {where}")
        self._record.note(given_up)
        return self._answer_call(given_up) or self._pump(threaded=False, owner=owner)

    # ---- the session's thread ---------------------------------------------------------------------------------------

    def _in_thread(self, pending: Pending, owner: object, steps: Steps, wait: Callable[[Any], Any]) -> None:
        try:
            self._performer.perform(pending, wait, lambda: owner is not self._pump_owner)
            if owner is not self._pump_owner:
                return
            step = self._answer_and_note(pending) or self._pump(threaded=True, owner=owner, wait=wait)
        except BaseException as problem:
            if owner is self._pump_owner:
                steps.put(problem)
            return
        if owner is self._pump_owner:
            steps.put(step)

    # ---- either -----------------------------------------------------------------------------------------------------

    def _pump(self, threaded: bool, owner: object, wait: Callable[[Any], Any] | None = None) -> Step:
        """Take frames until the program ends, the worker is lost, or a call belongs to the other thread."""
        while True:
            try:
                message = self._channel.receive(self._deadline())
            except Late:
                lost = self._out_of_time()
                if lost is not None:
                    return lost
                continue
            except Closed:
                return Lost("WorkerLost", "")
            except Malformed as problem:
                if self._stop.reason is not None:  # that is the reason
                    return Lost("WorkerLost", "")
                return Lost("ProtocolError", f"the worker sent {problem}")
            if isinstance(message, wire.Printed):
                if not self._record.printed(message.text):
                    more = f"it sent more than the {self._limits.output_chars:,} characters of its limit"
                    return Lost("OutputLimit", more)
            elif isinstance(message, wire.Call):
                step = self._called(message, threaded, owner, wait)
                if step is not None:
                    return step
            elif isinstance(message, wire.Done) and message.number == self._connection.runs:
                return Ended(message)
            elif isinstance(message, wire.Broken) and message.full:
                return Lost("MemoryError", f"no memory was left; limit memory_mb allows {self._limits.memory_mb:,}")
            elif isinstance(message, wire.Broken):
                return Lost("WorkerLost", f"the worker could not be set up: {clean(message.message[:500])}")
            else:
                return Lost("ProtocolError", "the worker sent a frame that does not belong here")

    def _called(
        self, message: wire.Call, threaded: bool, owner: object, wait: Callable[[Any], Any] | None
    ) -> Step | None:
        if self._stop.reason is None and len(self._record.calls) >= self._limits.calls:
            self._stop.reason = ("CallLimit", f"it made more than {self._limits.calls:,} tool calls")
        if self._stop.reason is not None:
            return self._end(self._stop.reason[1])
        if not message.tool.isprintable():  # no tool has such a name, and it is shown
            message = wire.Call(repr(message.tool), message.arguments, message.keywords)
        pending = self._dispatcher.prepare(message, self._connection.arena)
        if self._channel.size > LARGE_BYTES:
            pending.large = True
        if pending.reply is not None:
            self._record.note(pending, started=True)
            return self._answer_call(pending)
        if threaded is pending.stays:
            return HandOver(pending)
        self._performer.perform(pending, wait or _never_awaits, lambda: owner is not self._pump_owner)
        if owner is not self._pump_owner:
            return Lost("WorkerLost", "")  # given up meanwhile: nobody listens
        return self._answer_and_note(pending)

    def _answer_and_note(self, pending: Pending) -> Step | None:
        """The program goes on while its call is noted."""
        try:
            return self._answer_call(pending)
        finally:
            self._record.note(pending)

    def _answer_call(self, pending: Pending) -> Step | None:
        if pending.ended:
            self._ended, self._answer = True, pending.answer
            self._stop.reason = self._stop.reason or ("end", "the program ended itself")
        if self._stop.reason is not None:
            return self._end(self._stop.reason[1])
        assert pending.reply is not None
        try:
            if rest := self._channel.post(pending.reply):
                self._channel.send(rest, max(self._deadline(), time.monotonic() + stopping.GRACE_S))
        except Late:  # it called, and does not listen
            self._out_of_time()
            return Lost("WorkerLost", "it did not take the answer to its call")
        except Closed:
            return Lost("WorkerLost", "")
        return None

    def _end(self, reason: str) -> Step | None:
        """Answer a call by the program's end, and give it a moment."""
        if not self._kill_at:
            self._kill_at, self._grace = time.monotonic() + stopping.GRACE_S, stopping.Grace(self._connection)
        try:
            self._channel.send(wire.End(reason), self._kill_at)
        except (Closed, Late):
            return Lost("WorkerLost", "")
        return None

    # ---- clocks -----------------------------------------------------------------------------------------------------

    def _deadline(self) -> float:
        if self._kill_at:
            return min(self._kill_at, time.monotonic() + stopping.INSIST_S) if self._soft else self._kill_at
        deadline = self._clocks.deadline()
        return deadline if self.workspace is None else min(deadline, self.workspace.next_look)

    def _out_of_time(self) -> Lost | None:
        """The deadline passed: interrupt first, end the worker next."""
        if self._kill_at:
            if self._soft and time.monotonic() < self._kill_at:
                self._connection.interrupt()  # again: the last one may have come before the program had begun
                return None
            if not self._looked and not self._channel.quiet():  # this thread was late itself: the end may have come
                self._looked, self._kill_at = True, time.monotonic() + _LAST_LOOK_S
                return None
            if self._stop.kind in ("Interrupted", "end") and self._grace is not None and not self._grace.over:
                self._kill_at = time.monotonic() + stopping.INSIST_S
                return None
            kind, reason = self._stop.reason or ("TimeLimit", "")
            return Lost(kind, reason)
        if self._stop.reason is None:
            if used_up := self._clocks.used_up():
                self._stop.reason = ("TimeLimit", used_up)
            elif self.workspace is not None and (reason := self.workspace.look(self._connection.pid)):
                self._stop.reason = ("DiskLimit", reason)
            else:
                return None
        self._kill_at, self._soft = time.monotonic() + stopping.GRACE_S, True
        self._connection.interrupt()
        return None

    def finish(self) -> None:
        """From here on an interrupt does nothing."""
        self._stop.finish()
        self._connection.when_ended(None)

    def recover(self) -> bool:
        """After an exception in the host: bring the worker back to rest. Returns whether that worked."""
        with self._stop.lock:
            if not self._stop.sent or self._rests:
                return True
            self._stop.reason = self._stop.reason or ("Interrupted", "the host left the run")
            self._pump_owner = object()
            pending = self._stop.pending
        if self.on_loop is not None:
            self.on_loop.cancel()
        if self._away:
            self._threads.abandon()
            if pending is None:
                return False  # the other thread may be reading frames: there is nothing to rely on
        if pending is not None:
            if pending.moves:
                with contextlib.suppress(Exception):
                    self._stop.stop_tool(pending)
            else:
                pending.give_up()
            if self._end("the host left the run") is not None:
                return False
        deadline = time.monotonic() + stopping.GRACE_S
        with contextlib.suppress(Closed, Malformed):
            while time.monotonic() < deadline:
                if pending is None:
                    self._connection.interrupt()
                try:
                    message = self._channel.receive(min(deadline, time.monotonic() + stopping.INSIST_S))
                except Late:
                    continue
                if isinstance(message, wire.Done):
                    return message.number == self._connection.runs
                if isinstance(message, wire.Call):
                    self._channel.send(wire.End("the host left the run"), deadline)
        return False

    # ---- the end ----------------------------------------------------------------------------------------------------

    def _report(self, step: Ended | Lost) -> tuple[Execution, bool]:
        self._rests = isinstance(step, Ended)
        self.finish()
        if self._stop.killed and self._rests:  # it ended by itself in that very moment, and its worker is gone
            step, self._rests = Lost("WorkerLost", ""), False
        seconds = time.monotonic() - self._clocks.started
        teller = Teller(
            self._connection, self._stop.reason, self._ended, self.workspace is not None, self._limits.memory_mb
        )
        end = teller.tell(step, self._dispatcher.toolbox.types)
        ended = self._ended and end.error is None
        execution = made(
            Execution,
            code=self._code,
            ok=end.error is None,
            value=end.value,
            shown=end.shown if end.error is None else "",
            stdout=self._record.output,
            error=end.error,
            calls=tuple(self._record.calls),
            seconds=seconds,
            code_seconds=max(0.0, seconds - self._clocks.tool_s - self._clocks.approval_s),
            tool_seconds=self._clocks.tool_s,
            ended=ended,
            answer=self._answer if ended else None,
            restarted=end.lost,
            truncated_output=end.truncated,
        )
        return execution, end.lost


def _never_awaits(awaitable: Any) -> Any:
    raise AssertionError("an async tool runs in the session's thread")
