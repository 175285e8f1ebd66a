"""A worker as the host holds it: its channel, its process, and how to interrupt and end it."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from codeact.errors import SandboxError
from codeact.sandbox import arena, control, levels, spawner, wire
from codeact.sandbox.arena import HostMemory
from codeact.sandbox.channel import Channel, Closed, Late, Malformed
from codeact.sandbox.end_watch import EndWatch
from codeact.sandbox.limits import Limits
from codeact.sandbox.spin import send_away

if TYPE_CHECKING:
    from codeact.sandbox.workspaces.workspace import Workspace

BRANCH_S = 10.0
"""How long a branch may take, on a machine under load."""

SETUP_S = 10.0
"""How long a new worker may take to listen; what a socket holds is sent without it."""

_users = itertools.count()


@dataclass(frozen=True)
class Start:
    """What has to be known of a session before its worker is started."""

    without: tuple[str, ...]
    memory_mb: int
    cpu_s: float
    arena_bytes: int

    @classmethod
    def of(cls, limits: Limits, without: Collection[str]) -> Start:
        return cls(tuple(sorted(without)), limits.memory_mb, limits.cpu_s, arena.size_for(limits.value_bytes))


class Connection:
    """One worker. `uid` is the user that was made for it, None where it is this process's own."""

    def __init__(
        self,
        end: socket.socket,
        max_frame: int,
        memory: HostMemory,
        ticket: spawner.Ticket,
        zygote: spawner.Spawner,
        uid: int | None,
    ) -> None:
        self.channel = Channel(end, max_frame, memory.mailbox, self._part)
        self.arena = memory
        self._ticket = ticket
        self._zygote = zygote
        self.uid = uid
        self._owner = os.getpid()
        self._pid = 0
        self._pidfd: int | None = None
        self._end_watch: EndWatch | None = None
        self._closed = False
        # A number that is closed can become another worker's: no signal is sent while it is closed. A signal handler
        # may come here in the thread that holds it.
        self._signalling = threading.RLock()
        self.runs = 0
        self.bound: tuple[str, ...] = ()  # the names that programs have bound, as the worker told them last

    @classmethod
    def open(
        cls, limits: Limits, without: Collection[str], setup: bytearray, workspace: Workspace | None = None
    ) -> Connection:
        """Take the worker that waits for its session, or ask for one; ask for the next; send the first frame.

        Raises:
            SandboxError: there is no zygote, and none can be started.
        """
        start = Start.of(limits, without)
        libraries = workspace.libraries if workspace else None
        zygote = spawner.spawner(libraries)
        try:
            made = cls._waiting(zygote, start, workspace) or cls._ask(zygote, start, workspace)
        except SandboxError:  # it died since the last session: a new one takes its place
            zygote = spawner.spawner(libraries)
            made = cls._ask(zygote, start, workspace)
        if workspace is None:
            with contextlib.suppress(SandboxError, OSError):
                zygote.keep(start, cls._ask(zygote, start, None))
        made.channel.max_frame = _max_frame(limits)
        try:
            with contextlib.suppress(Closed):  # noticed, with its reason, when something is expected from it
                made.channel.send(setup, time.monotonic() + SETUP_S)
        except BaseException as problem:
            made.close()
            if isinstance(problem, Late):
                raise SandboxError(
                    f"a new worker did not listen within {SETUP_S:g} s: is the machine too busy?"
                ) from None
            raise
        return made

    @classmethod
    def _waiting(cls, zygote: spawner.Spawner, start: Start, workspace: Workspace | None) -> Connection | None:
        kept = zygote.take(start) if workspace is None else None
        if isinstance(kept, cls):
            if kept.channel.quiet():
                return kept
            kept.close()  # it has died, or has to say why it cannot start
        return None

    @classmethod
    def _ask(cls, zygote: spawner.Spawner, start: Start, workspace: Workspace | None) -> Connection:
        uid = _spare_user() if "uid" not in start.without else None
        options: dict[str, Any] = {
            "without": start.without,
            "uid": uid,
            "memory_mb": start.memory_mb,
            "arena_bytes": start.arena_bytes,
            "cpu_s": start.cpu_s,
            "fork": _may_fork(start.without),
        }
        if workspace is not None:
            options["workspace"] = workspace.options()
        memory, ours, theirs = _ends(start.arena_bytes)
        with theirs:
            try:
                ticket = zygote.fork([theirs.fileno(), memory.descriptor], options)
            except SandboxError:
                memory.close()
                ours.close()
                raise
        return cls(ours, 0, memory, ticket, zygote, uid)

    def ready(self) -> None:
        """Wait until there is a process.

        Raises:
            SandboxError: it could not be made.
        """
        if self._pidfd is not None:
            return
        answer = self._ticket.wait()
        if not isinstance(answer, control.Answer) or self._ticket.descriptor is None:
            failure = answer.failure if isinstance(answer, control.Answer) else ""
            raise SandboxError(f"the sandbox could not start a worker: {failure or 'no answer'}")
        with self._signalling:
            if self._closed:  # by another thread, which has given the process up
                raise SandboxError("the sandbox is closed")
            self._pid, self._pidfd, self._ticket.descriptor = answer.pid, self._ticket.descriptor, None

    def interrupt(self) -> bool:
        """Ask the program to end, softly: its variables live on. Returns whether there is a process yet."""
        return self._signal(signal.SIGINT)

    def kill(self) -> None:
        """End the process, whatever it is doing. Who waits for its frames is told that there are no more."""
        if self._signal(signal.SIGKILL):
            self.channel.shut()

    def _signal(self, number: signal.Signals) -> bool:
        if self.foreign:  # the process that opened it goes on
            return False
        with self._signalling:
            if self._pidfd is None:
                return False
            with contextlib.suppress(OSError):  # it has ended
                signal.pidfd_send_signal(self._pidfd, number)
            return True

    def when_ended(self, tell: Callable[[], None] | None) -> None:
        """Have `tell` called, see `EndWatch.tell`, when the process has ended; None for nothing any more."""
        if self._end_watch is None:
            if tell is None or self._pidfd is None:
                return
            self._end_watch = EndWatch(self._pidfd)
        self._end_watch.tell(tell)

    @property
    def pid(self) -> int:
        """The worker's process number; 0 where there is no process yet."""
        return self._pid

    def hold(self, held: bool) -> None:
        """Stop the process between two runs, with all its threads, or let it go on."""
        self._signal(signal.SIGSTOP if held else signal.SIGCONT)

    def _part(self) -> None:
        if self._pid:
            send_away(self._pid)

    def cpu_seconds(self) -> float:
        """Processor time of the worker so far, in seconds; 0 where it has ended."""
        try:
            # The clock of another process: MAKE_PROCESS_CPUCLOCK(pid, CPUCLOCK_SCHED) of linux/posix-timers.h.
            return time.clock_gettime(((~self._pid) << 3) | 2)
        except OSError:
            return 0.0

    def ending(self) -> str:
        """How the process ended, in words."""
        deadline = time.monotonic() + 0.2
        while (status := self._zygote.status(self._ticket.number)) is None and time.monotonic() < deadline:
            if not self._zygote.alive:
                return "its parent process ended"
            time.sleep(0.005)
        if status is None:
            return "it closed its connection"
        if os.WIFSIGNALED(status):
            number = os.WTERMSIG(status)
            name = signal.Signals(number).name if number in set(signal.Signals) else str(number)
            return f"it was ended by {name}"
        return f"it exited with status {os.waitstatus_to_exitcode(status)}"

    @property
    def gone(self) -> bool:
        """Whether it was closed, or is to be left behind as another process's."""
        return self._closed or self.foreign

    @property
    def foreign(self) -> bool:
        """Whether this process is a fork of the one that opened the connection."""
        return self._owner != os.getpid()

    def close(self) -> None:
        """End the worker and let go of it. In a forked child of the host, only let go."""
        if self.foreign:
            self._signalling = threading.RLock()  # a fork may have left it locked
        with self._signalling:
            if self._closed:
                return
            self._closed = True
            self.kill()
            pidfd, self._pidfd = self._pidfd, None
            if pidfd is not None:
                os.close(pidfd)
        self.arena.close()
        self.channel.close()
        if pidfd is None and not self.foreign:
            self._zygote.discard(self._ticket)

    # ---- a branch ---------------------------------------------------------------------------------------------------

    def branch(self, limits: Limits, without: Collection[str]) -> Connection:
        """A second worker with the same variables.

        Raises:
            SandboxError: the worker cannot fork in this set-up, or failed to.
        """
        if not _may_fork(without) and "seccomp" not in without:
            missing = [layer for layer in ("rlimits", "uid") if layer in without]
            raise SandboxError(
                f"a session without {', '.join(missing)} cannot branch: only that layer bounds its forks"
            )
        self.ready()
        memory, ours, theirs = _ends(arena.size_for(limits.value_bytes))
        try:
            with theirs, self._zygote.branching:
                adopted, failure = self._fork([theirs.fileno(), memory.descriptor])
        except BaseException:
            memory.close()
            ours.close()
            raise
        made = Connection(ours, _max_frame(limits), memory, adopted, self._zygote, self.uid)
        try:
            made.ready()
        except SandboxError as problem:
            made.close()
            raise SandboxError(f"the session could not branch: {failure or problem}") from None
        made.bound, made.runs = self.bound, self.runs  # it has run those programs, too
        return made

    def _fork(self, descriptors: list[int]) -> tuple[spawner.Ticket, str]:
        """Have the worker fork, for the moment in which the zygote lets it. Returns the ticket of the branch, and why
        there may be none."""
        deadline = time.monotonic() + BRANCH_S
        number, pid, failure = self._ticket.number, 0, ""
        opened = self._zygote.open_branch(number)
        try:
            failure = getattr(opened.wait(), "failure", "")
            if not failure:
                self.channel.send(wire.Branch(), deadline, descriptors)
                answer = self.channel.receive(deadline)
                pid = answer.pid if isinstance(answer, wire.Branched) else 0
        except (Closed, Late, Malformed) as problem:
            failure = f"{type(problem).__name__}: {problem}"
        except BaseException:  # no answer, or an interrupt: what was asked for may still be granted
            with contextlib.suppress(SandboxError):
                self._zygote.discard(self._zygote.close_branch(number, 0))
            raise
        adopted = self._zygote.close_branch(number, pid)
        try:
            adopted.wait()
        except BaseException:
            self._zygote.discard(adopted)
            raise
        return adopted, failure


def _ends(arena_bytes: int) -> tuple[HostMemory, socket.socket, socket.socket]:
    """The memory for arrays, our end of a socket and the worker's.

    Raises:
        SandboxError: this process may open no more, or there is no memory.
    """
    try:
        memory = HostMemory(arena_bytes)
        try:
            return memory, *socket.socketpair()
        except OSError:
            memory.close()
            raise
    except OSError as problem:
        raise SandboxError(f"the sandbox could not start a worker: {problem}") from None


def _max_frame(limits: Limits) -> int:
    return limits.value_bytes + wire.SLACK + 8 * limits.output_chars


def _may_fork(without: Collection[str]) -> bool:
    """Whether RLIMIT_NPROC bounds a worker's forks, so that seccomp may let one through. It does not bind root."""
    return "rlimits" not in without and not ("uid" in without and os.geteuid() == 0)


def _spare_user() -> int | None:
    spare = levels.spare_users()
    if spare is None:
        return None
    first, count = spare
    # Two hosts on one machine start at different places, so that they do not share a user.
    return first + (os.getpid() * 4099 + next(_users)) % count
