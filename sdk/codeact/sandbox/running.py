"""One run of one program, seen from the host: frames pumped, calls dispatched, clocks kept, the end told.

The frames are pumped by the thread that called `run`. At the first call of a tool that moves nothing the pump goes
over to the session's own thread, so that a tool that never returns can be given up; a tool that moves something, or
has a stop path, comes back to the caller's thread, is stopped at its deadline, and is waited for.
"""

from __future__ import annotations

import contextlib
import contextvars
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from codeact import telemetry
from codeact.events import EventSink
from codeact.frozen import made
from codeact.sandbox import wire
from codeact.sandbox.channel import Closed, Late, Malformed
from codeact.sandbox.connection import Connection
from codeact.sandbox.dispatch import LARGE_BYTES, Dispatcher, Pending
from codeact.sandbox.ending import Ended, Lost, Teller
from codeact.sandbox.execution import Execution, ExecutionError
from codeact.sandbox.limits import Limits
from codeact.sandbox.record import Record
from codeact.sandbox.text import clean
from codeact.sandbox.threads import SessionThreads

if TYPE_CHECKING:
    from codeact.sandbox.on_loop import OnLoop
    from codeact.sandbox.watch import Watch
    from codeact.sandbox.workspaces.workspace import Workspace
    from codeact.tools import Approve

GRACE_S = 0.04
"""How long a program has to end after a soft interrupt, before its worker is ended and its variables are lost."""

_INSIST_S = 0.01  # between two interrupts
_LAST_LOOK_S = 0.005  # for what came while this thread was late itself
_STOP_AGAIN_S = 0.25  # between two calls of a stop path that did not end its tool
_SEND_S = 5.0  # for a program to be taken
_CHECK_S = 0.25  # between two looks at a call that somebody else looks after
_STATE_CHARS = 300


@dataclass(frozen=True)
class HandOver:
    """This call is for the other thread."""

    pending: Pending


Step = Ended | Lost | HandOver


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
        self._arena = connection.arena
        self._dispatcher = dispatcher
        self._limits = limits
        self._watches_cpu = False
        self._approve = approve
        self._record = Record(limits, on_event)
        self._threads = threads
        self._watch = watch
        self._steps: queue.SimpleQueue[Step | BaseException | None] = queue.SimpleQueue()
        self._lock = threading.RLock()  # a signal handler may call interrupt() in the thread that runs
        # What the other thread, the watch and interrupt() look at:
        self.pending: Pending | None = None
        self._pending_since = 0.0
        self._pump_owner: object = object()
        self.stopping: tuple[str, str] | None = None
        self._ended = False
        self._answer: Any = None
        self._tool_s = 0.0
        self._approval_s = 0.0
        self._kill_at = 0.0
        self._looked = False
        self._soft = False  # whether the program is being interrupted, and not told by an answer
        self._insists = False  # whether a thread interrupts until the program has ended
        self._rests = False  # whether the worker has said that it has
        self._away = False  # whether the session's thread has the pump
        self._killed = False  # whether an interrupt has ended the worker
        self.finished = False
        self.workspace: Workspace | None = None
        self.on_loop: OnLoop | None = None
        self._sent = False

    # ---- the caller's thread ----------------------------------------------------------------------------------------

    def execute(self) -> tuple[Execution, bool]:
        """Run the program. Returns what came of it, and whether the worker is lost."""
        self._started = time.monotonic()
        try:
            with self._lock:
                if self.stopping is not None:  # interrupted before it began: the worker never hears of it
                    return self._never_began(), False
                self._sent = True
            if self._connection.runs:
                self._channel.require_silence()
            self._connection.runs += 1
            # A new worker may still be on its way; one that has run programs listens, or never will.
            patience = _SEND_S if self._connection.runs == 1 else min(_SEND_S, self._limits.wall_s)
            self._channel.send(wire.Run(self._connection.runs, self._code), self._started + patience)
            self._connection.ready()
            # A program has one thread, but for one in a workspace, and uses no more than what the clock shows.
            self._watches_cpu = self._limits.cpu_s < self._limits.wall_s or self.workspace is not None
            self._cpu_start = self._connection.cpu_seconds() if self._watches_cpu else 0.0
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

    def _never_began(self) -> Execution:
        self.finished = True
        assert self.stopping is not None
        kind, reason = self.stopping
        message = f"the program was ended: {reason}"
        return Execution(self._code, False, error=ExecutionError(kind, message, None, f"{kind}: {message}"))

    def _move(self, pending: Pending) -> Step:
        """A tool with a stop path, in this thread; the watch stops it at its deadline."""
        self._perform(pending, _never_awaits)
        return self._answer_and_note(pending) or self._pump(threaded=False, owner=self._pump_owner)

    def _hand_over(self, pending: Pending) -> Step:
        """Let the session's thread perform a call and pump on; wait for what it comes to."""
        owner = self._pump_owner = object()
        self._away = True
        context = contextvars.copy_context()
        on_loop = self.on_loop.wait if self.on_loop is not None else None
        self._threads.take().do(lambda wait: context.run(self._in_thread, pending, owner, on_loop or wait))
        while True:
            try:
                step = self._steps.get(timeout=self._patience())
            except queue.Empty:
                step = None
            if isinstance(step, BaseException):
                self._away = False
                raise step
            if step is not None:
                self._away = False
                return step
            late = self._too_late()
            if late is not None:
                return self._give_up(late)

    def _patience(self) -> float:
        with self._lock:
            if self.pending is not None and self.pending.moves:
                return _CHECK_S  # the watch looks after it
            if self.stopping is not None and self.pending is not None:
                return 0.0
            left = self._tool_time_left(self.pending)
        return max(0.0, min(left, 3_600.0))

    def _tool_time_left(self, pending: Pending | None) -> float:
        left = self._limits.tool_s - self._tool_s
        if pending is None:
            return max(left, 0.01)
        if self._pending_since == 0.0:  # it waits for its approval
            return max(left, _CHECK_S)
        if pending.tool is not None and pending.tool.timeout_s is not None:
            left = min(left, pending.tool.timeout_s)
        return left - (time.monotonic() - self._pending_since)

    def _too_late(self) -> Pending | None:
        with self._lock:
            pending = self.pending
            if pending is None or pending.moves:
                return None
            waits = self._pending_since == 0.0 or self._tool_time_left(pending) > 0
            if self.stopping is None and waits:
                return None
            self._pump_owner = object()  # from here on the thread's outcome counts for nothing
            return pending

    def _give_up(self, pending: Pending) -> Step:
        """Leave a tool that does not return to its thread, and go on without it."""
        self._threads.abandon()
        if self.on_loop is not None:
            self.on_loop.cancel()
        self._away = False
        spent = time.monotonic() - self._pending_since if self._pending_since else 0.0
        with self._lock:
            self._pump_owner = object()
            owner = self._pump_owner
            self.pending = None
            self._tool_s += spent
        given_up = Pending(pending.name, pending.effect, pending.tool)
        given_up.arguments, given_up.seconds = pending.arguments, spent
        self._dispatcher.late(
            given_up, f"{pending.name}() did not return within {spent:.3g} s; it may still be running"
        )
        if self.stopping is None and self._tool_s >= self._limits.tool_s:
            self.stopping = ("TimeLimit", f"{self._tool_limit()} in {pending.name}(), which may still be running")
        self._record.note(given_up)
        return self._answer_call(given_up) or self._pump(threaded=False, owner=owner)

    def _tool_limit(self) -> str:
        return f"the limit of {self._limits.tool_s:g} s inside tools was reached"

    # ---- the session's thread ---------------------------------------------------------------------------------------

    def _in_thread(self, pending: Pending, owner: object, wait: Callable[[Any], Any]) -> None:
        try:
            self._perform(pending, wait, owner)
            if owner is not self._pump_owner:
                return
            step = self._answer_and_note(pending) or self._pump(threaded=True, owner=owner, wait=wait)
        except BaseException as problem:
            if owner is self._pump_owner:
                self._steps.put(problem)
            return
        if owner is self._pump_owner:
            self._steps.put(step)

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
                if self.stopping is not None:  # that is the reason
                    return Lost("WorkerLost", "")
                return Lost("ProtocolError", f"the worker sent {problem}")
            if isinstance(message, wire.Printed):
                if not self._record.printed(message.text):
                    return Lost(
                        "OutputLimit", f"it sent more than the {self._limits.output_chars:,} characters of its limit"
                    )
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
        if self.stopping is None and len(self._record.calls) >= self._limits.calls:
            self.stopping = ("CallLimit", f"it made more than {self._limits.calls:,} tool calls")
        if self.stopping is not None:
            return self._end(self.stopping[1])
        if not message.tool.isprintable():  # no tool has such a name, and it is shown
            message = wire.Call(repr(message.tool), message.arguments, message.keywords)
        pending = self._dispatcher.prepare(message, self._arena)
        if self._channel.size > LARGE_BYTES:
            pending.large = True
        if pending.reply is not None:
            self._record.note(pending, started=True)
            return self._answer_call(pending)
        if threaded is pending.stays:
            return HandOver(pending)
        self._perform(pending, wait or _never_awaits, owner)
        if owner is not self._pump_owner:
            return Lost("WorkerLost", "")  # given up meanwhile: nobody listens
        return self._answer_and_note(pending)

    def _perform(self, pending: Pending, wait: Callable[[Any], Any], owner: object | None = None) -> None:
        """Approve, tell and run one call, and make its reply."""
        self._pending_since = 0.0  # first: whoever sees the call sees that it has not begun
        self.pending = pending
        if self._approve is not None or (pending.tool is not None and pending.tool.approvals):
            self._approval_s += self._dispatcher.approve(pending, self._approve)
        self._record.started(pending)
        if pending.reply is None:
            if self.stopping is None:
                self._run_tool(pending, wait)
            else:
                self._dispatcher.left_out(pending)
        with self._lock:
            if owner is not None and owner is not self._pump_owner:
                return
            if self._pending_since:
                self._tool_s += time.monotonic() - self._pending_since
            self.pending = None
        if pending.reply is None:  # made here, where nobody can give it up any more: its arrays lie in shared memory
            self._dispatcher.reply(pending, self._arena)

    def _run_tool(self, pending: Pending, wait: Callable[[Any], Any]) -> None:
        if pending.moves or self._dispatcher.toolbox.lingers:
            self._connection.when_ended(self._worker_ended)
        with self._lock:
            if self.stopping is not None:
                self._dispatcher.left_out(pending)
                return
            self._pending_since = time.monotonic()
        if not pending.moves:
            if pending.tool is not None and pending.tool.timeout_s is not None:
                self._steps.put(None)  # the caller's thread has to wait for less than it does
            self._invoke(pending, wait)
            return
        with self._watch.over(self._tool_time_left(pending), lambda: self.stop_tool(pending)) as watched:
            self._invoke(pending, wait)
        state = self._state_left(pending)
        kind = self._stopping_kind()
        if watched.fired and kind is None:
            self._stopped_late(pending, watched.problem, state)
        elif kind == "Interrupted":
            self.stopping = ("Interrupted", f"it was interrupted in {pending.name}(), which was stopped{state}")
        elif kind == "WorkerLost":
            died = f"its process died ({self._connection.ending()})"
            self.stopping = ("WorkerLost", f"{died} while {pending.name}() ran, which was stopped{state}")

    def _worker_ended(self) -> None:
        """The program's process has ended: nothing may go on moving for it, and nothing may begin."""
        while True:
            stop_again = time.monotonic() + _STOP_AGAIN_S
            with self._lock:
                if self.finished:
                    return
                self.stopping = self.stopping or ("WorkerLost", "")  # a call that has not begun is left out
                pending = self.pending
                if pending is not None and not pending.moves:
                    self._steps.put(None)  # it is not waited for: something else may go on
                if pending is None or not (pending.moves and self._pending_since):
                    return
            with contextlib.suppress(Exception):
                self.stop_tool(pending)
            # Again, as the first may have come just before the tool set out. It is told when the tool has returned.
            while self.pending is pending and not self.finished and time.monotonic() < stop_again:
                time.sleep(_INSIST_S)

    def _stopping_kind(self) -> str | None:
        return self.stopping[0] if self.stopping is not None else None

    def _invoke(self, pending: Pending, wait: Callable[[Any], Any]) -> None:
        if telemetry.observer is None:
            self._dispatcher.invoke(pending, wait)
            return
        with telemetry.observer.call(pending):
            self._dispatcher.invoke(pending, wait)

    def _state_left(self, pending: Pending) -> str:
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

    def _stopped_late(self, pending: Pending, problem: str, left: str) -> None:
        """The deadline came while something moved: it was stopped, and only then the program hears of it."""
        spent = self._tool_s + time.monotonic() - self._pending_since
        state = f"; its stop path failed: {problem}" if problem else f"; it was stopped before it could finish{left}"
        if spent >= self._limits.tool_s:
            self.stopping = ("TimeLimit", f"{self._tool_limit()} in {pending.name}(){state}")
        pending.ended = False
        self._dispatcher.late(
            pending, f"{pending.name}() took longer than {time.monotonic() - self._pending_since:.3g} s{state}"
        )

    def stop_tool(self, pending: Pending) -> None:
        """Bring what a tool moves to rest: its own stop path, else the toolbox's."""
        if pending.tool is not None and pending.tool.stop is not None:
            pending.stopped = pending.tool.stop()
        else:
            pending.stopped = self._dispatcher.toolbox.stop()

    def _answer_and_note(self, pending: Pending) -> Step | None:
        """The program goes on while its call is noted."""
        try:
            return self._answer_call(pending)
        finally:
            self._record.note(pending)

    def _answer_call(self, pending: Pending) -> Step | None:
        if pending.ended:
            self._ended, self._answer = True, pending.answer
            self.stopping = self.stopping or ("end", "the program ended itself")
        if self.stopping is not None:
            return self._end(self.stopping[1])
        assert pending.reply is not None
        try:
            if rest := self._channel.post(pending.reply):
                self._channel.send(rest, max(self._deadline(), time.monotonic() + GRACE_S))
        except Late:  # it called, and does not listen
            self._out_of_time()
            return Lost("WorkerLost", "it did not take the answer to its call")
        except Closed:
            return Lost("WorkerLost", "")
        return None

    def _end(self, reason: str) -> Step | None:
        """Answer a call by the program's end, and give it a moment."""
        self._kill_at = self._kill_at or time.monotonic() + GRACE_S
        try:
            self._channel.send(wire.End(reason), self._kill_at)
        except (Closed, Late):
            return Lost("WorkerLost", "")
        return None

    # ---- clocks -----------------------------------------------------------------------------------------------------

    def _code_seconds(self) -> float:
        return time.monotonic() - self._started - self._tool_s - self._approval_s

    def _deadline(self) -> float:
        if self._kill_at:
            return min(self._kill_at, time.monotonic() + _INSIST_S) if self._soft else self._kill_at
        deadline = self._started + self._limits.wall_s + self._tool_s + self._approval_s
        if self._watches_cpu:
            left = self._cpu_start + self._limits.cpu_s - self._connection.cpu_seconds()
            deadline = min(deadline, time.monotonic() + left)
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
            kind, reason = self.stopping or ("TimeLimit", "")
            return Lost(kind, reason)
        limits = self._limits
        if self.stopping is None:
            if self._code_seconds() >= limits.wall_s:
                self.stopping = ("TimeLimit", f"it ran longer than {limits.wall_s:g} s")
            elif self._watches_cpu and self._connection.cpu_seconds() - self._cpu_start >= limits.cpu_s:
                self.stopping = ("TimeLimit", f"it used more than {limits.cpu_s:g} s of processor time")
            elif self.workspace is not None and (reason := self.workspace.look(self._connection.pid)):
                self.stopping = ("DiskLimit", reason)
            else:
                return None
        self._kill_at, self._soft = time.monotonic() + GRACE_S, True
        self._connection.interrupt()
        return None

    def interrupt(self) -> None:
        """From any thread: stop what moves, then end the program. Without effect once the program has ended."""
        with self._lock:
            if self.finished:
                return
            self.stopping = self.stopping or ("Interrupted", "it was interrupted")
            if not self._sent:
                return
            if not self._insists:
                threading.Thread(target=self._insist, name="codeact-interrupt", daemon=True).start()
                self._insists = True
            pending = self.pending
            started = self._pending_since != 0.0
        if pending is not None and pending.moves:
            if started:  # else it is left out
                self.stop_tool(pending)
        elif pending is not None:
            self._steps.put(None)

    def _insist(self) -> None:
        """Interrupt until the program has ended.

        One signal is not enough: it may come before the program has begun, and a stop path may be called just before
        the tool sets out.
        """
        began = stop_again = time.monotonic()
        stopped: Pending | None = None
        while True:
            action: Pending | None = None
            with self._lock:
                now = time.monotonic()
                pending = self.pending
                if self.finished:
                    return
                if pending is not None and pending.moves and self._pending_since:
                    if pending is not stopped:
                        stopped, stop_again = pending, now + _STOP_AGAIN_S
                    elif now >= stop_again:
                        action, stop_again = pending, now + _STOP_AGAIN_S
                elif pending is None:
                    if not self._connection.interrupt():
                        began = now  # it is still being made
                    elif now > began + GRACE_S:
                        self._killed = True
                        self._connection.kill()
                        return
                if pending is not None:
                    began = now  # its time to end begins when the call is over
            if action is not None:
                with contextlib.suppress(Exception):
                    self.stop_tool(action)
            time.sleep(_INSIST_S)

    def finish(self) -> None:
        """From here on an interrupt does nothing: it would hit the next program."""
        with self._lock:
            self.finished = True
        self._connection.when_ended(None)

    def recover(self) -> bool:
        """After an exception in the host: bring the worker back to rest. Returns whether that worked."""
        with self._lock:
            if not self._sent or self._rests:
                return True
            self.stopping = self.stopping or ("Interrupted", "the host left the run")
            self._pump_owner = object()
            pending = self.pending
        if self.on_loop is not None:
            self.on_loop.cancel()
        if self._away:
            self._threads.abandon()
            if pending is None:
                return False  # the other thread may be reading frames: there is nothing to rely on
        if pending is not None:
            if pending.moves:
                with contextlib.suppress(Exception):
                    self.stop_tool(pending)
            if self._end("the host left the run") is not None:
                return False
        deadline = time.monotonic() + GRACE_S
        with contextlib.suppress(Closed, Malformed):
            while time.monotonic() < deadline:
                if pending is None:
                    self._connection.interrupt()
                try:
                    message = self._channel.receive(min(deadline, time.monotonic() + _INSIST_S))
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
        if self._killed and self._rests:  # it ended by itself in that very moment, and its worker is gone
            step, self._rests = Lost("WorkerLost", ""), False
        seconds = time.monotonic() - self._started
        teller = Teller(
            self._connection, self.stopping, self._ended, self.workspace is not None, self._limits.memory_mb
        )
        end = teller.tell(step, self._dispatcher.toolbox.types)
        ended = self._ended and end.error is None
        return (
            made(
                Execution,
                code=self._code,
                ok=end.error is None,
                value=end.value,
                shown=end.shown if end.error is None else "",
                stdout=self._record.output,
                error=end.error,
                calls=tuple(self._record.calls),
                seconds=seconds,
                code_seconds=max(0.0, seconds - self._tool_s - self._approval_s),
                tool_seconds=self._tool_s,
                ended=ended,
                answer=self._answer if ended else None,
                restarted=end.lost,
                truncated_output=end.truncated,
            ),
            end.lost,
        )


def _never_awaits(awaitable: Any) -> Any:
    raise AssertionError("an async tool runs in the session's thread")
