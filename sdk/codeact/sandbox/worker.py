"""The worker: a fork of the zygote that puts up the wall, then runs programs for one session.

It speaks only through one socket. Frames from the host are trusted, frames to it are not trusted by it.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import sys
import time
from collections.abc import Callable
from typing import Any

from codeact import values
from codeact.errors import UnsupportedValue
from codeact.sandbox import offered, wall, wire
from codeact.sandbox.program import Interpreter, Stopped

SOCKET = 3
"""The descriptor of the session's socket; 0, 1 and 2 are /dev/null, and no other is open."""

_DESCRIPTORS = SOCKET + 2  # one spare, for the socket of a branch
_FLUSH_CHARS, _FLUSH_S = 8_000, 0.02
_SESSION_CPU_FACTOR, _SESSION_CPU_LEAST_S = 200, 3_600
_ADOPTION_S = 2.0
_address_space = 0
_prepared: dict[bool, Interpreter] = {}
_workspaces: list[Interpreter] = []


def warm_up() -> None:
    """Import and call once what a worker will need, for behind the wall nothing can be imported."""
    offered.warm_up()
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
    from codeact.sandbox import libraries, workspace_program

    libraries.warm_up(cache, names)
    _workspaces.append(workspace_program.prepare())
    measure()


def measure() -> None:
    """Note how much address space the bare worker has."""
    global _address_space
    with open("/proc/self/statm", encoding="ascii") as statm:
        _address_space = int(statm.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")


class Line:
    """This end of the session's socket. While a frame is under way, an interrupt waits."""

    def __init__(self, descriptor: int) -> None:
        self._socket = socket.socket(fileno=descriptor)
        self._buffer = bytearray()
        self.busy = False
        self.interrupted = False

    def send(self, message: wire.ToHost) -> None:
        self.busy = True
        try:
            self._socket.sendall(wire.frame(message))
        except OSError:
            os._exit(0)
        finally:
            self.busy = False

    def receive(self) -> wire.ToWorker:
        self.busy = True
        try:
            buffer = self._buffer
            while len(buffer) < 4 or len(buffer) < 4 + wire.HEADER.unpack_from(buffer)[0]:
                data = self._socket.recv(1 << 18)
                if not data:
                    os._exit(0)
                buffer += data
            return self._take()
        except OSError:
            os._exit(0)
        finally:
            self.busy = False

    def receive_with_socket(self) -> tuple[wire.ToWorker, int | None]:
        """As `receive`, between programs: a frame may bring a socket."""
        buffer, descriptor = self._buffer, None
        try:
            while len(buffer) < 4 or len(buffer) < 4 + wire.HEADER.unpack_from(buffer)[0]:
                data, descriptors, _, _ = socket.recv_fds(self._socket, 1 << 16, 1)
                if not data:
                    os._exit(0)
                buffer += data
                descriptor = descriptors[0] if descriptors else descriptor
        except OSError:
            os._exit(0)
        return self._take(), descriptor

    def _take(self) -> wire.ToWorker:
        size = wire.HEADER.unpack_from(self._buffer)[0]
        message: wire.ToWorker = wire.to_worker.decode(memoryview(self._buffer)[4 : 4 + size])
        del self._buffer[: 4 + size]
        return message

    def become(self, descriptor: int) -> None:
        """In a branch: speak through this socket from now on."""
        self._socket.close()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, fileno=descriptor)
        self._buffer.clear()


class Output:
    """What the program prints: bounded, and sent in pieces that are neither tiny nor late."""

    def __init__(self, line: Line, limit: int) -> None:
        self._line = line
        self._limit = limit
        self._pieces: list[str] = []
        self._held = 0
        self._room = limit
        self._flushed = 0.0

    def begin(self) -> None:
        self._pieces.clear()
        self._held = 0
        self._room = self._limit
        self._flushed = 0.0

    def write(self, text: str) -> None:
        room = self._room
        if len(text) > room:
            self._pieces.append(text[:room])
            self._room = 0
            self.flush()
            raise Stopped("output", f"it printed more than {self._limit:,} characters")
        self._room = room - len(text)
        self._held += len(text)
        self._pieces.append(text)
        now = time.monotonic()
        if self._held > _FLUSH_CHARS or now - self._flushed > _FLUSH_S:
            self.flush()
            self._flushed = now

    def flush(self) -> None:
        if self._pieces:
            text = "".join(self._pieces).encode("utf-8", "backslashreplace").decode()
            self._pieces.clear()
            self._held = 0
            if text:
                self._line.send(wire.Printed(text))


class Worker:
    """One session."""

    def __init__(self, line: Line, parent: int) -> None:
        self._line = line
        self._parent = parent
        self._armed = False

    def serve(self) -> None:
        """Run what the host sends, until it closes the socket."""
        signal.signal(signal.SIGINT, self._on_interrupt)
        setup = self._line.receive()
        if not isinstance(setup, wire.Setup):
            return
        self._value_bytes = int(setup.options["value_bytes"])
        self._types = values.make_types(setup.types)
        self._output = Output(self._line, int(setup.options["output_chars"]))
        workspace = setup.options.get("workspace")
        self._interpreter = _workspaces[0] if workspace else _prepared[bool(setup.options["filter"])]
        self._interpreter.configure(
            {name: (self._tool(name), doc) for name, doc in setup.tools},
            self._types,
            setup.errors,
            self._output.write,
            setup.options,
        )
        self._known_errors = self._interpreter.errors
        while True:
            message, descriptor = self._line.receive_with_socket()
            if isinstance(message, wire.Run):
                self._run(message)
            elif isinstance(message, wire.Branch) and descriptor is not None:
                self._branch(descriptor)

    def _on_interrupt(self, *_: object) -> None:
        if not self._armed:
            return
        if self._line.busy:
            self._line.interrupted = True
            return
        self._armed = False  # once: what is being unwound is not interrupted again
        raise Stopped("interrupt", "it was interrupted")

    def _check_interrupt(self) -> None:
        if self._line.interrupted:
            self._line.interrupted = False
            self._armed = False
            raise Stopped("interrupt", "it was interrupted")

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
                wired = values.pack(outcome.value, self._types)
                frame = wire.frame(wire.Result(wired))
                values.check_wire(memoryview(frame)[4:])
                if len(frame) > self._value_bytes:
                    wired = None
            except (UnsupportedValue, RecursionError, MemoryError):
                wired = None
        with contextlib.suppress(MemoryError):
            self._output.flush()
        self._line.send(wire.Done(message.number, wired, shown, outcome.error, outcome.stopped))

    def _arm(self, armed: bool) -> None:
        self._armed = armed

    def _tool(self, name: str) -> Callable[..., Any]:
        line, pack, frame_limit = self._line, values.pack, self._value_bytes

        def call(arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
            types = self._types
            packed = [pack(item, types, f"argument {index} of {name}()") for index, item in enumerate(arguments, 1)]
            named = {key: pack(item, types, f"argument {key} of {name}()") for key, item in keywords.items()}
            message = wire.Call(name, packed, named)
            self._output.flush()
            frame = wire.frame(message)
            if len(frame) > frame_limit:
                raise UnsupportedValue(
                    f"the arguments of {name}() take {len(frame):,} bytes; at most {frame_limit:,} may cross"
                )
            values.check_wire(memoryview(frame)[4:])
            line.send(message)
            answer = line.receive()
            self._check_interrupt()
            if isinstance(answer, wire.Result):
                return values.unpack(answer.value, types)
            if isinstance(answer, wire.Failed):
                raise self._error(answer.kind, [values.unpack(item, types) for item in answer.arguments])
            reason = answer.reason if isinstance(answer, wire.End) else "the host gave no answer"
            raise Stopped("end", reason)

        return call

    def _error(self, kind: str, arguments: list[Any]) -> BaseException:
        try:
            return self._known_errors[kind](*arguments)
        except (KeyError, TypeError):  # a class that wants other arguments
            return Exception(*arguments)

    # ---- a branch ---------------------------------------------------------------------------------------------------

    def _branch(self, descriptor: int) -> None:
        """Fork twice, so that the branch becomes the zygote's child. It takes the new socket; this process goes on."""
        chance = random.getstate()  # Python seeds this anew in a forked process
        try:
            child = os.fork()
        except OSError:
            os.close(descriptor)
            self._line.send(wire.Branched(0))
            return
        if child:
            os.close(descriptor)
            if os.waitpid(child, 0)[1]:
                self._line.send(wire.Branched(0))
            return
        try:
            grandchild = os.fork()
        except OSError:
            os._exit(1)
        if grandchild:
            os._exit(0)
        deadline = time.monotonic() + _ADOPTION_S
        while os.getppid() != self._parent:  # until the one between has ended
            if time.monotonic() > deadline:
                os._exit(1)
            time.sleep(0.0001)
        wall.die_with(self._parent)
        random.setstate(chance)
        self._line.send(wire.Branched(os.getpid()))
        self._line.become(descriptor)


def main(descriptor: int, zygote: int, options: dict[str, Any]) -> None:
    """Become a worker: never returns.

    Args:
        descriptor: the worker's end of the session's socket.
        zygote: the parent's process number; this process dies with it.
        options: `without`, `uid`, `memory_mb`, `cpu_s`, `fork`, and `workspace` as `workspace_wall.put_up` takes it.
    """
    if descriptor != SOCKET:
        os.dup2(descriptor, SOCKET)
    line = Line(SOCKET)
    try:
        wall.die_with(zygote)
        memory_bytes = _address_space + int(options["memory_mb"]) * 1024 * 1024
        cpu_s = max(_SESSION_CPU_LEAST_S, int(options["cpu_s"] * _SESSION_CPU_FACTOR))
        if "workspace" in options:
            from codeact.sandbox import workspace_wall

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
            )
        wall.die_with(zygote)  # again: a change of user forgets it
    except OSError as problem:
        line.send(wire.Broken(str(problem)))
        os._exit(1)
    sys.stdin = sys.__stdin__ = None  # type: ignore[misc]
    try:
        Worker(line, zygote).serve()
    except BaseException as problem:
        line.send(wire.Broken(f"{type(problem).__name__}: {problem}"))
    os._exit(0)
