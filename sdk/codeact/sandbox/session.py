"""`Sandbox`: one session of programs, seen from the host."""

from __future__ import annotations

import asyncio
import os
import threading
import weakref
from collections.abc import Collection
from dataclasses import fields
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from codeact import telemetry
from codeact.errors import SandboxError
from codeact.events import EventSink
from codeact.sandbox import arguments, levels
from codeact.sandbox.connection import Connection
from codeact.sandbox.dispatch import Dispatcher
from codeact.sandbox.ending import told_of_loss, unfit
from codeact.sandbox.execution import Execution
from codeact.sandbox.limits import Limits
from codeact.sandbox.lingering import stop_lingering, told_of_stop
from codeact.sandbox.on_loop import OnLoop, in_thread
from codeact.sandbox.running import Running
from codeact.sandbox.threads import SessionThreads
from codeact.sandbox.turns import Exclusive, Request
from codeact.sandbox.watch import Watch

if TYPE_CHECKING:
    from codeact.sandbox.workspaces.workspace import Workspace
    from codeact.tools import Approve, Toolbox

_HOST_LIMITS = ("wall_s", "cpu_s", "tool_s", "calls", "code_chars", "record_mb")


class Sandbox:
    """Runs programs against a toolbox, in a worker process behind the wall. Variables last from run to run.

    One program runs at a time; several sandboxes run side by side in as many threads. After a fork of the host, a
    sandbox that the child inherits starts anew there.

    Attributes:
        restarts: how often the session has lost its variables, because a program could not be ended softly.
    """

    def __init__(
        self,
        toolbox: Toolbox | None = None,
        *,
        limits: Limits | None = None,
        approve: Approve | None = None,
        without: Collection[str] = (),
        seed: int = 0,
        on_event: EventSink | None = None,
        imports: Collection[str] | None = None,
        workspace: str | os.PathLike[str] | None = None,
        readable: Collection[str | os.PathLike[str]] = (),
    ) -> None:
        """Open a session. The worker is asked for at once and not waited for.

        Args:
            toolbox: what programs may call; nothing by default.
            limits: of each run.
            approve: looks at each call before it runs; see `codeact.tools.Approve`.
            without: layers of the wall to go without, by name: `filter`, `mounts`, `uid`, `rlimits`, `landlock`,
                `seccomp`.
            seed: of `random` and `numpy.random` in the program.
            on_event: hears `Printed`, `CallStarted` and `CallFinished` as they happen.
            imports: what programs may import. By default all that the sandbox offers (`offered_modules`), and in a
                workspace the standard library, numpy, and pandas, scipy, scikit-learn and matplotlib, if installed.
                Without a workspace a collection narrows it, `()` to nothing; with one it names the libraries.
            workspace: a folder that programs may write to, and in which they may use full libraries. Programs then run
                without the language filter, and the wall alone holds them; see `docs/workspace.md`.
            readable: further folders and files that programs may read; with a workspace only.

        Raises:
            SandboxError: a layer is missing on this machine and not opted out of; it says which, and how. Or a module
                is not offered, or the workspace is not fit for one.
        """
        arguments.require(toolbox, limits, approve, seed, without, imports, workspace, readable)
        levels.require(without, workspace is not None)
        if toolbox is None:
            from codeact.tools import Toolbox

            toolbox = Toolbox()
        self.approve = approve
        self.on_event = on_event
        self._workspace: Workspace | None = None
        if workspace is not None:
            from codeact.sandbox.workspaces import workspace as workspaces

            limits = limits or workspaces.LIMITS
            self._workspace = workspaces.Workspace(workspace, readable, imports, limits, without)
        self._limits = limits or Limits()
        self._without = frozenset(without)
        self._dispatcher = Dispatcher(toolbox, self._limits.value_bytes)
        self._setup = self._dispatcher.setup(
            {
                "value_bytes": self._limits.value_bytes,
                "output_chars": self._limits.output_chars,
                "recursion": self._limits.recursion,
                "seed": seed,
                "filter": "filter" not in self._without,
                **self._language(imports),
            }
        )
        self._begin(self._open())

    def _begin(self, connection: Connection) -> None:
        self._owner = os.getpid()
        self._lock = threading.Lock()
        self._threads = SessionThreads()
        self._watch = Watch()
        self._request: Request | None = None  # of the run that goes on
        self.restarts = 0
        self._untold = False  # whether variables were lost in a run that gave no execution
        self._closed = False
        self._held = [connection]  # shared with the finalizer
        self._finalizer = weakref.finalize(self, _let_go, self._held, self._threads, self._watch)

    def _language(self, imports: Collection[str] | None) -> dict[str, Any]:
        """What the interpreter has to know of imports and of the workspace."""
        if self._workspace is not None:
            return {"workspace": self._workspace.setup()}
        if imports is None:
            return {}
        from codeact.sandbox.language.imports import narrowed

        return {"imports": narrowed(imports)}

    def _open(self) -> Connection:
        return Connection.open(self._limits, self._without, self._setup, self._workspace)

    @property
    def toolbox(self) -> Toolbox:
        """What programs may call."""
        return self._dispatcher.toolbox

    @property
    def libraries(self) -> tuple[str, ...]:
        """What programs may import besides the standard library, in a workspace; empty without one."""
        return self._workspace.libraries.names if self._workspace is not None else ()

    @property
    def limits(self) -> Limits:
        """The limits of each run. New ones hold from the next run on.

        Raises:
            SandboxError: set to ones that differ in what the worker was made with, such as `memory_mb`.
        """
        return self._limits

    @limits.setter
    def limits(self, limits: Limits) -> None:
        arguments.require_limits(limits)
        held = [field.name for field in fields(limits) if field.name not in _HOST_LIMITS]
        changed = [name for name in held if getattr(limits, name) != getattr(self._limits, name)]
        if changed:
            raise SandboxError(
                f"{', '.join(changed)} cannot change in a session that runs; open a new Sandbox(limits=...)"
            )
        self._limits = limits

    def run(self, code: str, *, on_event: EventSink | None = None) -> Execution:
        """Run a program. Whatever it does, this returns; only errors of the host raise.

        Args:
            on_event: hears the events of this run, instead of the session's own.

        Raises:
            SandboxError: the sandbox is closed, a program is running already, or no worker can be started.
        """
        return self._observed(code, on_event, None, Request())

    async def arun(self, code: str, *, on_event: EventSink | None = None) -> Execution:
        """Run a program without blocking the event loop. Async tools run on that loop, all else in another thread.

        When the task is cancelled, as `asyncio.timeout` does, the program is interrupted (what a tool moves is stopped
        first) and waited for until it is at rest; CancelledError comes after that.

        Args:
            on_event: as in `run`. It is called in another thread.

        Raises:
            SandboxError: as in `run`.
        """
        on_loop = OnLoop(asyncio.get_running_loop())
        request = Request()

        def work() -> Execution:
            execution = self._observed(code, on_event, on_loop, request)
            self._untold = self._untold or (execution.restarted and request.interrupted)
            return execution

        return await in_thread(work, request.interrupt)

    def _observed(self, code: str, on_event: EventSink | None, on_loop: OnLoop | None, request: Request) -> Execution:
        observer = telemetry.observer
        if observer is None:
            return self._run(code, on_event, on_loop, request)
        with observer.run(code if isinstance(code, str) else "") as outcome:
            outcome.append(self._run(code, on_event, on_loop, request))
        return outcome[0]

    def _run(self, code: str, on_event: EventSink | None, on_loop: OnLoop | None, request: Request) -> Execution:
        if not isinstance(code, str):
            raise SandboxError(f"a program is a string, not {type(code).__name__}")
        refusal = unfit(code, self._limits)
        if refusal is not None:
            return Execution(code=code, ok=False, error=refusal)
        with self._exclusive():
            self._request = request  # from here on an interrupt hits this run, also while a new worker is asked for
            try:
                if self._closed:  # by another thread, just before it could see this run
                    raise SandboxError("the sandbox is closed")
                return self._execute(code, on_event, on_loop, request)
            finally:
                self._request = None
                if self._closed:
                    self._end()

    def _execute(self, code: str, on_event: EventSink | None, on_loop: OnLoop | None, request: Request) -> Execution:
        if self._held[0].gone:
            self._replace()
        running = Running(
            code,
            self._held[0],
            self._dispatcher,
            self._limits,
            self.approve,
            on_event or self.on_event,
            self._threads,
            self._watch,
        )
        running.on_loop = on_loop
        request.started(running)
        running.workspace = workspace = self._workspace
        if workspace is not None:
            workspace.begin()
            self._held[0].hold(False)
        try:
            execution, lost = running.execute()
        except BaseException as problem:
            try:
                self._bring_to_rest(running, problem)
            finally:
                if self.toolbox.lingers:
                    stop_lingering(self.toolbox)
            raise
        finally:
            running.finish()
            if workspace is not None:
                self._held[0].hold(True)  # threads that it started go on in the next run
        if lost:
            self._lose()
        if execution.error is not None and self.toolbox.lingers:
            execution = told_of_stop(execution, stop_lingering(self.toolbox))
        if self._untold:
            execution, self._untold = told_of_loss(execution), False
        return execution if workspace is None else workspace.finish(execution)

    def _exclusive(self) -> Exclusive:
        if self._closed:
            raise SandboxError("the sandbox is closed")
        if self._owner != os.getpid():
            self._start_anew()
        return Exclusive(self._lock)

    def _start_anew(self) -> None:
        """In a fork of the host: it has none of the threads, and may have inherited the lock locked."""
        self._owner = os.getpid()
        self._lock = threading.Lock()
        self._request = None
        self._threads, self._watch = SessionThreads(), Watch()
        self._finalizer.detach()
        self._finalizer = weakref.finalize(self, _let_go, self._held, self._threads, self._watch)

    def _bring_to_rest(self, running: Running, problem: BaseException) -> None:
        rests = False
        try:
            rests = running.recover()
        finally:  # also when another Ctrl-C comes
            if not rests:
                problem.add_note("The sandbox's session was restarted: its variables, functions and imports are lost.")
                self._lose()
                self._untold = True

    def _lose(self) -> None:
        """End the worker. The next run asks for another: at a time limit the caller waits for nothing more."""
        self.restarts += 1
        self._held[0].close()

    def _replace(self) -> None:
        self._held[0].close()
        self._held[0] = opened = self._open()
        if self._closed:  # by another thread, which may have seen the old worker only
            opened.close()
            raise SandboxError("the sandbox is closed")

    def reset(self) -> None:
        """Forget all variables. The new worker is asked for and not waited for.

        Raises:
            SandboxError: the sandbox is closed, or a program is running.
        """
        with self._exclusive():
            self._replace()

    def branch(self, *, toolbox: Toolbox | None = None) -> Sandbox:
        """A second session that starts with the same variables and goes on by itself. Close it when done.

        Args:
            toolbox: what calls in the branch reach, where that is not this session's toolbox but another one with the
                same tools, such as those of a copy of the world.

        Raises:
            SandboxError: the sandbox is closed, a program is running, the worker could not fork, or `toolbox` has other
                tools than this session's.
        """
        if self._workspace is not None:
            raise SandboxError(
                "a session with a workspace cannot branch: both would write the same files. Open a second sandbox, "
                "with a folder of its own"
            )
        if toolbox is not None and toolbox.stubs(whole=True) != self.toolbox.stubs(whole=True):
            raise SandboxError("a branch needs the same tools: its variables may hold functions of this one's toolbox")
        if not self._held[0].runs or self._held[0].gone:
            self.run("")  # a worker that has answered has its wall up; while it builds it, it undoes what lets it fork
        with self._exclusive():
            try:
                connection = self._held[0].branch(self._limits, self._without)
            except SandboxError:
                self._replace()
                raise
        other = object.__new__(type(self))
        other.approve, other.on_event = self.approve, self.on_event
        other._workspace = None
        other._limits, other._without = self._limits, self._without
        other._dispatcher, other._setup = self._dispatcher, self._setup
        if toolbox is not None:
            other._dispatcher = Dispatcher(toolbox, self._limits.value_bytes)
        other._begin(connection)
        return other

    def untouched(self) -> bool:
        """Whether nothing has run here yet, and the worker is there as far as one can tell without asking it."""
        connection = self._held[0]
        return not connection.gone and not connection.runs and connection.channel.quiet()

    def interrupt(self) -> bool:
        """From another thread: stop what a tool moves, then end the program. `run` returns with an error.

        Returns whether there was a program to end. None that is sent later is hit: who means one that another thread
        is about to send asks again until this is true.
        """
        request = self._request
        if request is None or self._owner != os.getpid():
            return False
        request.interrupt()
        return True

    def close(self) -> None:
        """End the worker. A program that is running is ended."""
        if self._closed:
            return
        self._closed = True
        if self.interrupt():
            self._held[0].kill()  # the thread that runs lets go of what it holds, for it may be using it
        else:
            self._end()

    def _end(self) -> None:
        self._finalizer()
        if self._workspace is not None:
            self._workspace.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Sandbox with {len(self._dispatcher.toolbox.tools)} tools{', closed' if self._closed else ''}>"


def _let_go(held: list[Connection], threads: SessionThreads, watch: Watch) -> None:
    foreign = held[0].foreign
    held[0].close()
    if not foreign:  # a fork has none of the threads, and may have inherited their locks locked
        threads.abandon()
        watch.close()
