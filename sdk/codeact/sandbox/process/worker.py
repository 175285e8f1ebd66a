"""The worker: a fork of the zygote that puts up the wall, then runs programs for one session.

It speaks only through one socket. Frames from the host are trusted, frames to it are not trusted by it.
"""

from __future__ import annotations

import contextlib
import gc
import os
import random
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from codeact import values
from codeact.errors import UnsupportedValue
from codeact.sandbox import arena, wire
from codeact.sandbox.kernel import seccomp, wall
from codeact.sandbox.language.program import Interpreter, Stopped
from codeact.sandbox.limits import Limits
from codeact.sandbox.process import memory, warming
from codeact.sandbox.process.clone import clone
from codeact.sandbox.process.line import Line
from codeact.sandbox.process.memory import WorkerMemory
from codeact.sandbox.process.output import Output, Turns
from codeact.sandbox.wire import AS_THEY_ARE

SOCKET = 3
"""The descriptor of the session's socket; 0, 1 and 2 are /dev/null, and no other is open."""

_DESCRIPTORS = SOCKET + 3  # two spare, for the socket and the memory of a branch
# The kernel counts a worker's processor time over its whole life, and the host that of each run: this only bounds what
# is left when the host does not look.
_SESSION_CPU_FACTOR, _SESSION_CPU_LEAST_S = 200, 3_600
_SMALL = 4_096  # bytes of a frame that can break no limit, so that nothing else looks at it
_ROOM = 1024 * 1024  # bytes that a session needs to go on: Python asks for no less when it needs more for small objects
_FULL = wire.frame(wire.Broken("", full=True))  # made while there is memory
_address_space = 0
_wall: wall.Prepared | None = None
_prepared: dict[bool, Interpreter] = {}
_workspaces: list[Interpreter] = []
_serving: list[Worker] = []  # in a worker, the one


def warm_up() -> None:
    """Import and call once what a worker will need, for behind the wall nothing can be imported."""
    global _wall
    _wall = wall.Prepared()
    memory.warm_up(arena.size_for(Limits.value_bytes))
    warming.warm_up()
    for filtered in (True, False):
        trial = Interpreter(filtered)
        trial.run("import math\nclass A:\n    x = 1\nx = [i for i in range(3)]\nx[0] += A().x\nx")
        for code in (
            "1/0",
            "x = ",
            "nme",
            "[].apend(1)",
            "import os",
            "def f(): f()\nf()",
            "'a'.encode('nope')",
            "().__class__",
        ):
            trial.run(code)
        _prepared[filtered] = Interpreter(filtered)
    measure()


def warm_up_libraries(cache: str, names: list[str]) -> None:
    """As `warm_up`, for the workers of workspace sessions. See `libraries.warm_up`."""
    from codeact.sandbox.workspaces import libraries, workspace_program

    libraries.warm_up(cache, names)
    _workspaces.append(workspace_program.prepare())
    measure()


def measure() -> None:
    """Note how much address space the bare worker has."""
    global _address_space
    with open("/proc/self/statm", encoding="ascii") as statm:
        _address_space = int(statm.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def on_interrupt(*_: object) -> None:
    """The handler of SIGINT. The zygote sets it and hears nothing of it: to set it in each worker takes longer."""
    for worker in _serving:
        worker.interrupt()


def _rehearse() -> None:
    """While nobody waits: run a program, so that the first one finds its pages copied from the zygote's."""
    _prepared[True].rehearse()
    wire.to_worker.decode(wire.frame(wire.Run(1, "1"))[4:])
    values.check_wire(wire.frame(wire.Done(1, [1, "a"], "1", None, False)))
    random.seed(0)
    np.random.seed(0)


def _require_room() -> None:
    """See whether another program could run.

    Raises:
        MemoryError: what the last one left takes all the memory. Then not even that which frees it would run.
    """
    try:
        bytearray(_ROOM)
    except MemoryError:
        gc.collect()
        bytearray(_ROOM)


def _are_short(arguments: tuple[Any, ...]) -> bool:
    return all(len(each) <= _SMALL for each in arguments if type(each) is str or type(each) is bytes)


class Worker:
    """One session."""

    def __init__(self, line: Line, arena: WorkerMemory, parent: int) -> None:
        self._line = line
        self._arena = arena
        self._parent = parent
        self._armed = False
        self._deaf = False  # an interrupt has come, and none is heard until the next program
        self._names: list[str] = []
        self._turns: Turns | None = None

    def serve(self) -> None:
        """Run what the host sends, until it closes the socket."""
        _serving.append(self)
        if not self._line.waiting:
            _rehearse()
        setup = self._line.receive()
        if not isinstance(setup, wire.Setup):
            return
        self._value_bytes = int(setup.options["value_bytes"])
        self._types = values.make_types(setup.types)
        self._output = Output(self._line, int(setup.options["output_chars"]), self._check_interrupt)
        workspace = setup.options.get("workspace")
        self._interpreter = _workspaces[0] if workspace else _prepared[bool(setup.options["filter"])]
        tools, write = {name: (self._tool(name), doc) for name, doc in setup.tools}, self._output.write
        if workspace:
            turns = self._turns = Turns()
            tools, write = {name: (turns.each(call), doc) for name, (call, doc) in tools.items()}, turns.each(write)
        self._interpreter.configure(tools, self._types, setup.errors, write, setup.options)
        gc.enable()
        while True:
            message, descriptors = self._line.receive_with_descriptors()
            if isinstance(message, wire.Run):
                self._arena.settle()
                if self._turns is not None:
                    self._turns.give()
                self._run(message)
            elif isinstance(message, wire.Branch) and descriptors is not None:
                self._branch(*descriptors)

    def interrupt(self) -> None:
        """End the program that runs, if one does."""
        if not self._armed:
            return
        if self._line.busy:
            self._line.interrupted = True
            return
        self._stop()

    def _stop(self) -> NoReturn:
        # Once: what is being unwound is not interrupted again. Nor is a function called that would then return to the
        # program: where a look at a type has to hold until the attribute is read, nothing may run in between.
        self._armed = False
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        self._deaf = True
        raise Stopped("interrupt", "it was interrupted")

    def _check_interrupt(self) -> None:
        # A program's further threads hear of no interrupt: it would end the one that happened to speak.
        if self._line.interrupted and self._armed and threading.current_thread() is threading.main_thread():
            self._line.interrupted = False
            self._stop()

    def _run(self, message: wire.Run) -> None:
        self._output.begin()
        self._line.interrupted = False
        try:
            outcome = self._interpreter.run(message.code, self._arm)
        finally:
            self._armed = False
        wired: Any = None
        shown = outcome.shown
        if outcome.value is not None:
            try:
                self._arena.begin()
                wired = values.pack(outcome.value, self._types, put=self._arena.put)
                frame = wire.frame(wire.Result(wired))
                values.check_wire(memoryview(frame)[4:])
                if len(frame) + self._arena.used > self._value_bytes:
                    wired = None
            except (UnsupportedValue, RecursionError, MemoryError):
                wired = None
        if self._turns is not None:
            self._turns.take()
        with contextlib.suppress(MemoryError):
            self._output.flush()
        if outcome.error is not None and outcome.error[0] == "MemoryError":
            _require_room()
        self._line.send(wire.Done(message.number, wired, shown, outcome.error, outcome.stopped, self._new_names()))

    def _new_names(self) -> list[str] | None:
        """The names that programs have bound, where they are others than last time."""
        names = list(self._interpreter.variables)
        if names == self._names:
            return None
        self._names = names
        told = [name for name in names if type(name) is str and name[:1] != "_" and len(name) <= wire.NAME_CHARS]
        return [name for name in told if name.isidentifier()][: wire.NAMES_TOLD]

    def _arm(self, armed: bool) -> None:
        if armed and self._deaf:
            signal.signal(signal.SIGINT, on_interrupt)
            self._deaf = False
        self._armed = armed

    def _tool(self, name: str) -> Callable[..., Any]:
        line, output, arena = self._line, self._output, self._arena

        def call(arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
            frame = None
            if not keywords and AS_THEY_ARE.issuperset(map(type, arguments)) and _are_short(arguments):
                with contextlib.suppress(OverflowError, UnicodeEncodeError):  # said better below
                    frame = wire.frame(wire.Call(name, arguments, keywords))
            if frame is None or len(frame) > _SMALL:
                frame = self._frame_of_call(name, arguments, keywords)
            output.flush()
            arena.look()
            line.send_frame(frame)
            answer = line.receive()
            if line.interrupted:
                self._check_interrupt()
            if type(answer) is wire.Plain:
                return answer.value
            if type(answer) is wire.Result:
                return values.unpack(answer.value, self._types, take=arena.take)
            if isinstance(answer, wire.Failed):
                raise self._error(answer.kind, [values.unpack(item, self._types) for item in answer.arguments])
            reason = answer.reason if isinstance(answer, wire.End) else "the host gave no answer"
            raise Stopped("end", reason)

        return call

    def _frame_of_call(self, name: str, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> bytearray:
        types, put = self._types, self._arena.put
        self._arena.begin()
        packed = [
            values.pack(item, types, f"argument {index} of {name}()", put) for index, item in enumerate(arguments, 1)
        ]
        named = {key: values.pack(item, types, f"argument {key} of {name}()", put) for key, item in keywords.items()}
        frame = wire.frame(wire.Call(name, packed, named))
        size = len(frame) + self._arena.used
        if size > self._value_bytes:
            raise UnsupportedValue(
                f"the arguments of {name}() take {size:,} bytes; at most {self._value_bytes:,} may cross"
            )
        values.check_wire(memoryview(frame)[4:])
        return frame

    def _error(self, kind: str, arguments: list[Any]) -> BaseException:
        try:
            return self._interpreter.error_class(kind)(*arguments)
        except TypeError:  # a class that wants other arguments
            return Exception(*arguments)

    # ---- a branch ---------------------------------------------------------------------------------------------------

    def _branch(self, descriptor: int, shared: int) -> None:
        """Fork. The branch is a child of the zygote too and takes the new socket and memory; this process goes on."""
        staying = self._arena.staying()
        try:
            child = clone(seccomp.FORK_FLAGS)
        except OSError:
            child = -1
        if child == 0:
            wall.die_with(self._parent)
            self._arena.remap(shared, staying)
            self._line.become(descriptor, self._arena.mailbox())
            os.close(shared)
            return
        self._line.send(wire.Branched(max(child, 0)))
        os.close(descriptor)
        os.close(shared)


def main(descriptor: int, shared: int, zygote: int, options: dict[str, Any]) -> None:
    """Become a worker: never returns.

    Args:
        descriptor: the worker's end of the session's socket.
        shared: the descriptor of the memory for arrays.
        zygote: the parent's process number; this process dies with it.
        options: `without`, `uid`, `memory_mb`, `arena_bytes`, `cpu_s`, `fork`, and `workspace` as
            `workspace_wall.put_up` takes it.
    """
    room = options["arena_bytes"]
    mine = WorkerMemory(shared, room)
    if descriptor != SOCKET:
        os.dup2(descriptor, SOCKET)
    line = Line(SOCKET, mine.mailbox())
    try:
        wall.die_with(zygote)
        memory_bytes = _address_space + arena.Layout(room).size + int(options["memory_mb"]) * 1024 * 1024
        cpu_s = max(_SESSION_CPU_LEAST_S, int(options["cpu_s"] * _SESSION_CPU_FACTOR))
        if "workspace" in options:
            from codeact.sandbox.kernel import workspace_wall

            workspace_wall.put_up(
                options["without"],
                options["workspace"],
                uid=options["uid"],
                memory_bytes=memory_bytes,
                cpu_s=cpu_s,
                kept=SOCKET + 1,
            )
        else:
            wall.put_up(
                options["without"],
                uid=options["uid"],
                memory_bytes=memory_bytes,
                cpu_s=cpu_s,
                kept=SOCKET + 1,
                descriptors=_DESCRIPTORS,
                fork=bool(options["fork"]),
                prepared=_wall or wall.Prepared(),
            )
        wall.die_with(zygote)  # again: a change of user forgets it
    except OSError as problem:
        line.send(wire.Broken(str(problem)))
        os._exit(1)
    sys.stdin = sys.__stdin__ = None  # type: ignore[misc]
    try:
        Worker(line, mine, zygote).serve()
    except MemoryError:
        line.send_frame(_FULL)
    except BaseException as problem:
        line.send(wire.Broken(f"{type(problem).__name__}: {problem}"))
    os._exit(0)
