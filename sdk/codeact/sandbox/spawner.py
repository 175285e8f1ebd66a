"""The host's end of the zygote: one a host process, started on first use, gone with the host.

A forked child of the host lets go of the inherited end and starts a zygote of its own.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import importlib.util
import itertools
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from codeact.errors import SandboxError
from codeact.sandbox import control

if TYPE_CHECKING:
    from codeact.sandbox.workspaces.libraries import Libraries

START_S = 60.0
"""How long the zygote may take to start, on a machine under load."""

LIBRARIES_START_S = 300.0
"""The same for one with full libraries: torch alone may take half a minute from a cold disk."""

ANSWER_S = 20.0
"""How long it may take to answer."""

_BOOT = (
    "import sys; sys.path[:0] = sys.argv[3].split({separator!r}); ends = int(sys.argv[1]), int(sys.argv[2]); "
    "from codeact.sandbox.process.parent import watch; watch(*ends); "
    "from codeact.sandbox.process.zygote import main; main(*ends, sys.argv[4:])"
)

# Nothing of the host's environment. One thread each for the numeric libraries: a worker may start none. The library
# path is the exception: some Pythons do not start without it.
_ENVIRONMENT = {
    "PYTHONHASHSEED": "0",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}
_KEPT = ("LD_LIBRARY_PATH",)
_LIBRARIES_ENVIRONMENT = {"MALLOC_ARENA_MAX": "2", "MPLBACKEND": "Agg"}  # an arena takes 64 MiB of address space


class Ticket:
    """The answer to a request, read when it is needed."""

    def __init__(self, spawner: Spawner, number: int) -> None:
        self._spawner = spawner
        self.number = number
        self.answer: control.FromZygote | None = None
        self.descriptor: int | None = None
        self.abandoned = False

    def wait(self, timeout_s: float = ANSWER_S) -> control.FromZygote:
        """The answer.

        Raises:
            SandboxError: the zygote has gone, or does not answer.
        """
        return self.answer or self._spawner.wait(self, timeout_s)


class Kept(Protocol):
    """A worker that waits for a session."""

    def close(self) -> None:
        """End it, or in a fork of the process that started it, let go of it."""


class Spawner:
    """A running zygote, with full libraries for workspace sessions or without."""

    def __init__(self, libraries: Libraries | None = None) -> None:
        self._channel, theirs = _channel()
        self._sending, self._reading = threading.Lock(), threading.Lock()
        self._numbers = itertools.count(1)
        self._open: dict[int, Ticket] = {}
        self.branching = threading.Lock()
        self._keeping, self._dropping = threading.Lock(), threading.Lock()
        self._kept: tuple[object, Kept] | None = None
        self.alive = True
        try:
            with theirs:
                self._start(theirs, libraries)
        except OSError as problem:
            self._channel.close()
            raise SandboxError(f"the sandbox's zygote process could not start: {problem}") from None

    def _start(self, theirs: socket.socket, libraries: Libraries | None) -> None:
        # In memory, for there may be no folder that can be written to.
        with os.fdopen(os.memfd_create("complaints", os.MFD_CLOEXEC), "w+b") as complaints:
            environment = _ENVIRONMENT | {name: os.environ[name] for name in _KEPT if name in os.environ}
            boot = _BOOT.format(separator=os.pathsep)
            import_path = dict.fromkeys([*_import_path(), *(libraries.import_path if libraries else ())])
            arguments = [str(theirs.fileno()), str(os.getpid()), os.pathsep.join(import_path)]
            if libraries is not None:
                environment |= _LIBRARIES_ENVIRONMENT
                arguments += libraries.arguments()
            self._process = subprocess.Popen(
                [sys.executable, "-s", "-S", "-P", "-B", "-X", "utf8", "-c", boot, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=complaints,
                pass_fds=[theirs.fileno()],
                env=environment,
                cwd="/",
                start_new_session=True,
            )
            theirs.close()
            ready = self._receive(time.monotonic() + (START_S if libraries is None else LIBRARIES_START_S))
            if not isinstance(ready, control.Ready) or ready.failure:
                complaints.seek(0)
                reason = (
                    ready.failure if isinstance(ready, control.Ready) else complaints.read().decode(errors="replace")
                )
                self.close()
                raise SandboxError(
                    f"the sandbox's zygote process could not start: {reason[-2_000:] or 'no reason given'}"
                )

    def fork(self, descriptors: list[int], options: dict[str, Any]) -> Ticket:
        """Ask for a worker with these descriptors as its socket and its memory for arrays. Does not wait."""
        return self._request(lambda number: control.Fork(number, options), descriptors)

    def take(self, start: object) -> Kept | None:
        """The worker that was kept for the next session that starts like this, if there is one."""
        with self._keeping:
            kept, self._kept = self._kept, None
        if kept is None:
            return None
        if kept[0] != start:
            kept[1].close()
            return None
        return kept[1]

    def keep(self, start: object, worker: Kept) -> None:
        """Keep a worker for the next session that starts like this. There is one such worker at most."""
        with self._keeping:
            kept, self._kept = self._kept, (start, worker)
        if kept is not None:
            kept[1].close()

    def open_branch(self, worker: int) -> Ticket:
        return self._request(lambda number: control.OpenBranch(number, worker))

    def close_branch(self, worker: int, pid: int) -> Ticket:
        return self._request(lambda number: control.CloseBranch(number, worker, pid))

    def status(self, worker: int) -> int | None:
        """How a worker ended, as of waitpid; None where that is not known (yet)."""
        with contextlib.suppress(SandboxError):
            answer = self._request(lambda number: control.AskStatus(number, worker)).wait(1.0)
            return answer.status if isinstance(answer, control.Status) else None
        return None

    def _request(self, make: Callable[[int], control.ToZygote], descriptors: list[int] | None = None) -> Ticket:
        if len(self._open) > 8 and self._reading.acquire(blocking=False):  # answers that nobody has come to read
            try:
                while self._receive(0.0) is not None:
                    pass
            finally:
                self._reading.release()
        ticket = Ticket(self, next(self._numbers))
        self._open[ticket.number] = ticket
        try:
            with self._sending:
                control.send(self._channel, make(ticket.number), descriptors)
        except OSError as problem:
            self._lost()
            raise SandboxError(f"the sandbox's zygote process has ended: {problem}") from None
        return ticket

    def wait(self, ticket: Ticket, timeout_s: float) -> control.FromZygote:
        deadline = time.monotonic() + timeout_s
        with self._reading:
            while ticket.answer is None:
                if self._receive(deadline) is None:
                    raise SandboxError("the sandbox's zygote process has ended, or does not answer")
        return ticket.answer

    def discard(self, ticket: Ticket) -> None:
        """Nobody will ask for this answer; a worker in it is not wanted."""
        ticket.abandoned = True
        if ticket.answer is not None:
            self._drop(ticket)

    def _drop(self, ticket: Ticket) -> None:
        with self._dropping:  # who gives it up and who reads its answer may both come here
            descriptor, ticket.descriptor = ticket.descriptor, None
        if descriptor is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
            os.close(descriptor)

    def _receive(self, deadline: float) -> control.FromZygote | None:
        poll = select.poll()
        try:
            poll.register(self._channel, select.POLLIN)
            if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
                return None
            answer, descriptors = control.receive_answer(self._channel)
        except (OSError, ValueError):
            answer, descriptors = None, []
        if answer is None:
            self._lost()
            return None
        ticket = self._open.pop(answer.ticket, None)
        if ticket is not None and descriptors:
            ticket.descriptor = descriptors.pop(0)
        for descriptor in descriptors:
            os.close(descriptor)
        if ticket is not None:
            ticket.answer = answer
            if ticket.abandoned:
                self._drop(ticket)
        return answer

    def _lost(self) -> None:
        self.alive = False

    def forget(self) -> None:
        """In a forked child of the host: let go, and leave the zygote to the parent."""
        self.alive = False
        self._channel.close()
        if self._kept is not None:
            self._kept[1].close()
        self._process.returncode = 0  # not this process's child: nothing to wait for

    def close(self) -> None:
        """End the zygote, and with it all workers."""
        self.alive = False
        self._keeping = threading.Lock()  # at exit a daemon thread may hold it for ever
        kept = self.take(None)
        assert kept is None  # it starts like nothing that is asked for, so it was closed
        self._channel.close()
        try:
            self._process.wait(2.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _channel() -> tuple[socket.socket, socket.socket]:
    """Our end and the zygote's.

    The zygote's is above the standard streams, which it gets new: in a host that has closed its own, the first free
    numbers are theirs.

    Raises:
        SandboxError
    """
    try:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            return ours, socket.socket(fileno=fcntl.fcntl(theirs.fileno(), fcntl.F_DUPFD_CLOEXEC, 3))
    except OSError as problem:
        raise SandboxError(f"the sandbox's zygote process could not start: {problem}") from None


def _import_path() -> list[str]:
    """The folders that hold what the zygote imports besides the standard library, and no other."""
    folders: dict[str, None] = {}
    for name in ("codeact", "numpy", "msgspec", "RestrictedPython"):
        found = importlib.util.find_spec(name)
        if found is None or found.origin is None:
            raise SandboxError(f"the sandbox needs the package {name}, which is not installed")
        folders[str(Path(found.origin).resolve().parent.parent)] = None
    return list(folders)


_lock = threading.Lock()
_starting: dict[Libraries | None, threading.Lock] = {}  # one each: that with torch keeps no other session waiting
_spawners: dict[Libraries | None, Spawner] = {}


def spawner(libraries: Libraries | None = None) -> Spawner:
    """This process's zygote, started if there is none: one for each set of libraries, and one without any."""
    with _lock:
        starting = _starting.setdefault(libraries, threading.Lock())
    with starting:
        found = _spawners.get(libraries)
        if found is None or not found.alive:
            if found is not None:
                found.close()
            found = _spawners[libraries] = Spawner(libraries)
        return found


def _close() -> None:
    while _spawners:
        _spawners.popitem()[1].close()


def _after_fork() -> None:
    global _lock
    _lock = threading.Lock()
    _starting.clear()
    while _spawners:
        _spawners.popitem()[1].forget()


atexit.register(_close)
os.register_at_fork(after_in_child=_after_fork)
