"""The zygote: a process of its own that has everything imported, and forks the workers.

It never runs a program. It is started with an empty environment, holds nothing of the host's but one socket, and
ends when that socket closes or the host is no longer its parent, from its first import on (parent.py); the workers die
with it.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import resource
import select
import signal
import socket
import traceback
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import NoReturn

from codeact.errors import SandboxError
from codeact.sandbox import control
from codeact.sandbox.process.clone import clone
from codeact.sandbox.process.parent import unwatch

_PR_SET_CHILD_SUBREAPER = 36
_PARENT_CHECK_MS = 1_000
_STATUSES_KEPT = 1_000
# A branch needs one fork. The rest is for branches that have ended and were not collected yet, and for what else of
# that user starts meanwhile, where the user is the host's.
_FORKS = 8


def main(descriptor: int, host: int, libraries: Sequence[str] = ()) -> None:
    """Serve until the host goes.

    Args:
        descriptor: this end of the control socket, which `parent.watch` watches.
        host: the host's process number.
        libraries: for workspace sessions: a cache folder, and the names of the libraries to have ready.
    """
    channel = socket.socket(fileno=descriptor)
    channel.set_inheritable(False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        from codeact.sandbox.process import worker

        os.environ.clear()  # numpy has read what it says of threads
        worker.warm_up()
        signal.signal(signal.SIGINT, worker.on_interrupt)
        if libraries:
            worker.warm_up_libraries(libraries[0], list(libraries[1:]))
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, ctypes.c_ulong(1), *[ctypes.c_ulong(0)] * 3)
    except BaseException as problem:
        told = str(problem) if isinstance(problem, SandboxError) else traceback.format_exc()
        unwatch(descriptor)
        control.send(channel, control.Ready(0, told[-8_000:]))
        return
    os.dup2(0, 2)
    gc.collect()
    gc.freeze()  # what exists now is never collected, so that the workers share its pages
    gc.disable()  # a worker enables it when it is set up
    unwatch(descriptor)
    control.send(channel, control.Ready(0, ""))
    Zygote(channel, host).serve()


class Zygote:
    """The loop: requests in, forks, exits noticed."""

    def __init__(self, channel: socket.socket, host: int) -> None:
        self._channel = channel
        self._host = host
        self._me = os.getpid()
        self._workers: dict[int, int] = {}  # ticket -> process number
        self._tickets: dict[int, int] = {}  # process number -> ticket
        self._users: dict[int, int] = {}  # process number -> user
        self._uid = os.getuid()
        self._alone = len(os.listdir("/proc/self/task")) == 1
        self._statuses: OrderedDict[int, int] = OrderedDict()

    def serve(self) -> None:
        wake, woken = socket.socketpair()
        for end in (wake, woken):
            end.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(woken.fileno(), warn_on_full_buffer=False)
        poll = select.poll()
        poll.register(self._channel, select.POLLIN)
        poll.register(wake, select.POLLIN)
        while os.getppid() == self._host:
            for descriptor, _ in poll.poll(_PARENT_CHECK_MS):
                if descriptor == wake.fileno():
                    with contextlib.suppress(BlockingIOError):
                        wake.recv(4096)
                    self._reap()
                elif not self._answer():
                    _leave()
        _leave()

    def _answer(self) -> bool:
        try:
            request, descriptors = control.receive_request(self._channel)
        except ConnectionError:
            return False
        if request is None:
            return False
        try:
            if isinstance(request, control.Fork):
                self._fork(request, descriptors)
            elif isinstance(request, control.OpenBranch):
                self._open_branch(request)
            elif isinstance(request, control.CloseBranch):
                self._close_branch(request)
            else:
                self._reap()
                self._send(control.Status(request.ticket, self._statuses.get(request.worker)))
        except OSError as problem:
            self._send(control.Answer(request.ticket, 0, str(problem)))
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        return True

    def _send(self, message: control.FromZygote, descriptors: list[int] | None = None) -> None:
        # A host that has gone is noticed by the loop.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            control.send(self._channel, message, descriptors)

    def _fork(self, request: control.Fork, descriptors: list[int]) -> None:
        # Full libraries may have started threads; then the handlers that they registered for a fork have to run.
        pid = clone(signal.SIGCHLD) if self._alone else os.fork()
        if pid == 0:
            try:
                signal.set_wakeup_fd(-1)
                from codeact.sandbox.process import worker

                worker.main(descriptors[0], descriptors[1], self._me, request.options)
            except BaseException:
                pass
            finally:
                os._exit(1)
        uid = request.options["uid"]
        self._hand_out(request.ticket, pid, self._uid if uid is None or "uid" in request.options["without"] else uid)

    def _hand_out(self, ticket: int, pid: int, uid: int) -> None:
        self._workers[ticket] = pid
        self._tickets[pid] = ticket
        self._users[pid] = uid
        pidfd = os.pidfd_open(pid)
        try:
            self._send(control.Answer(ticket, pid), [pidfd])
        finally:
            os.close(pidfd)

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            ticket = self._tickets.pop(pid, None)
            if ticket is not None:
                del self._workers[ticket], self._users[pid]
                self._statuses[ticket] = status
                if len(self._statuses) > _STATUSES_KEPT:
                    self._statuses.popitem(last=False)

    # ---- branches: for a moment a worker may fork -------------------------------------------------------------------

    def _open_branch(self, request: control.OpenBranch) -> None:
        pid = self._workers.get(request.worker)
        if pid is None:
            raise OSError("the worker has ended")
        self._allow_forks(pid, True)
        self._send(control.Answer(request.ticket, pid))

    def _close_branch(self, request: control.CloseBranch) -> None:
        worker, branch = self._workers.get(request.worker), request.pid
        failure, uid = "", self._uid
        try:
            if worker is None:
                raise OSError("the worker has ended")
            uid = self._users[worker]
            self._allow_forks(worker, False)
            if branch:
                if branch in self._tickets or not self._is_child(branch):
                    raise OSError("the worker named a process that is not its branch")
                _limit_forks(branch, uid, 0)
        except OSError as problem:
            failure, branch = str(problem), 0
        if not self._sweep(worker, branch):
            failure, branch = "the worker forked more than it was asked to, and was ended", 0
        if branch:
            self._hand_out(request.ticket, branch, uid)
        else:
            self._send(control.Answer(request.ticket, 0, failure))

    def _allow_forks(self, pid: int, allowed: bool) -> None:
        """Let a worker fork, or no more: a few times only, as the limit counts all of its user's threads."""
        uid = self._users[pid]
        most = 0
        if allowed and uid != self._uid:
            most = list(self._users.values()).count(uid) + _FORKS
        elif allowed:
            most = _threads_of_all() + _FORKS
        _limit_forks(pid, uid, most)

    def _is_child(self, pid: int) -> bool:
        try:
            return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
        except (ChildProcessError, OverflowError):  # no process has such a number
            return False

    def _sweep(self, worker: int | None, branch: int) -> bool:
        """End every process below this one that is neither a worker nor this branch. False if there were any."""
        clean = True
        for _ in range(50):
            self._reap()
            known = {*self._tickets, branch}
            strangers = [pid for pid in _children(self._me) if pid not in known and _runs(pid)]
            # Only where seccomp was opted out of can a worker have children of its own.
            broods = [pid for pid in (worker, branch) if pid and any(map(_runs, _children(pid)))]
            if not strangers and not broods:
                return clean
            clean = False
            for pid in [*strangers, *broods]:
                for below in [*_children(pid), pid]:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(below, signal.SIGKILL)
        return clean


def _leave() -> NoReturn:
    """End at once. The workers end with this process, and they may be keeping the machine busy until then."""
    os._exit(0)


def _limit_forks(pid: int, uid: int, most: int) -> None:
    """Set how many threads a worker's user may have when the worker forks."""
    with _as_user(uid):
        hard = resource.prlimit(pid, resource.RLIMIT_NPROC)[1]
        if hard != resource.RLIM_INFINITY:
            most = min(most, hard)
        resource.prlimit(pid, resource.RLIMIT_NPROC, (most, hard))


def _threads_of_all() -> int:
    """How many threads there are on this machine: no user has more. Counting one user's would mean to ask each."""
    with open("/proc/loadavg", encoding="ascii") as load:
        return int(load.read().split()[3].partition("/")[2])


@contextlib.contextmanager
def _as_user(uid: int) -> Iterator[None]:
    """Take the worker's user as the real one for a moment: without CAP_SYS_RESOURCE root may set no limits else."""
    mine, group = os.getuid(), os.getgid()
    if uid == mine:
        yield
        return
    os.setresgid(uid, -1, -1)
    try:
        os.setresuid(uid, -1, -1)
        try:
            yield
        finally:
            os.setresuid(mine, -1, -1)
    finally:
        os.setresgid(group, -1, -1)


def _children(pid: int) -> list[int]:
    """The children of a process with one thread, such as this one and the workers."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as listing:
            return [int(child) for child in listing.read().split()]
    except (FileNotFoundError, ProcessLookupError):
        if not os.path.exists(f"/proc/{pid}"):
            return []
        # A kernel without that listing: ask every process for its parent.
        return [int(entry) for entry in os.listdir("/proc") if entry.isdigit() and _status(int(entry))[1] == pid]


def _runs(pid: int) -> bool:
    """Whether a process is more than an exit status that nobody has asked for yet."""
    return _status(pid)[0] not in "ZX"


def _status(pid: int) -> tuple[str, int]:
    """State letter and parent of a process, as /proc/PID/stat gives them; ("X", 0) when it has gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
            state, parent = stat.read().rpartition(")")[2].split()[:2]
    except OSError:
        return "X", 0
    return state, int(parent)
