"""`SandboxPool`: fresh sessions for servers, with workers ready and back-pressure."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from codeact import telemetry
from codeact.errors import PoolFull, PoolTimeout, SandboxError
from codeact.sandbox.asynchronous import AsyncSandbox
from codeact.sandbox.on_loop import in_thread
from codeact.sandbox.session import Sandbox

if TYPE_CHECKING:
    from codeact.tools import Toolbox

_RETRY_S = 1.0


@dataclass(frozen=True)
class PoolStatistics:
    """A pool at one moment.

    Attributes:
        live: sessions in use.
        ready: sessions that wait for their first user, with a worker each.
        waiting: who waits for a session.
        served: sessions that were given out so far.
        restarted: how often sessions lost their variables, those in use not counted yet.
    """

    live: int
    ready: int
    waiting: int
    served: int
    restarted: int


class _Waiter:
    """One who waits: granted or left, whichever comes first. Looked at and changed under the pool's lock only."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self.wake = wake
        self.granted = False


class SandboxPool:
    """Sessions of one kind for many users, in threads or on event loops. Each session is fresh, and used once."""

    def __init__(
        self,
        toolbox: Toolbox | None = None,
        *,
        size: int = 16,
        max_waiting: int = 64,
        ready: int | None = None,
        **options: Any,
    ) -> None:
        """Start with workers ready.

        Args:
            toolbox: what programs may call.
            size: how many sessions may be in use at once.
            max_waiting: how many may wait for one; who comes after these is turned away at once.
            ready: how many sessions are kept ready; by default `size`, but at most 4.
            options: as of `Sandbox`; the sessions share them.

        Raises:
            SandboxError: as for `Sandbox`, or a number makes no sense.
        """
        for name, number, least in (("size", size, 1), ("max_waiting", max_waiting, 0), ("ready", ready, 0)):
            if number is not None and (type(number) is not int or number < least):
                raise SandboxError(f"{name} of a pool is a whole number of at least {least}, not {number!r}")
        if options.get("workspace") is not None:
            raise SandboxError("sessions of a pool cannot share a workspace: open a Sandbox with a folder for each")
        self._make: Callable[[], Sandbox] = lambda: Sandbox(toolbox, **options)
        self._size, self._max_waiting = size, max_waiting
        self._target = min(size, 4) if ready is None else ready
        self._lock = threading.Lock()
        self._short = threading.Condition(self._lock)
        self._ready: deque[Sandbox] = deque()
        self._waiters: deque[_Waiter] = deque()
        self._in_use: set[Sandbox] = set()
        self._places = 0  # taken, also by sessions that are being opened
        self._served = self._restarted = 0
        self._closed = False
        first = self._make()  # says at once what is wrong with the options
        if self._target:
            self._ready.append(first)
            threading.Thread(target=self._fill, name="codeact-pool", daemon=True).start()
        else:
            first.close()

    # ---- sessions ---------------------------------------------------------------------------------------------------

    @contextmanager
    def session(self, timeout_s: float | None = None) -> Iterator[Sandbox]:
        """A fresh session for the body, closed after it.

        Args:
            timeout_s: how long to wait for one, in seconds; without limit if None.

        Raises:
            PoolFull: none is free, and enough wait already.
            PoolTimeout: none came free in time.
            SandboxError: the pool is closed, or no session can be opened.
        """
        woken = threading.Event()
        waiter = self._enter(woken.set)
        try:
            if not woken.wait(timeout_s) and not waiter.granted:
                raise PoolTimeout(f"no session of the pool came free within {timeout_s:g} s")
        except BaseException:
            self._leave(waiter)
            raise
        sandbox = self._open(waiter)
        try:
            yield sandbox
        finally:
            self._give_back(sandbox)

    @asynccontextmanager
    async def asession(self, timeout_s: float | None = None) -> AsyncIterator[AsyncSandbox]:
        """As `session`, for async code: nothing blocks the event loop."""
        loop = asyncio.get_running_loop()
        woken = asyncio.Event()

        def wake() -> None:
            with contextlib.suppress(RuntimeError):  # the loop has been closed
                loop.call_soon_threadsafe(woken.set)

        waiter = self._enter(wake)
        try:
            async with asyncio.timeout(timeout_s):
                await woken.wait()
        except TimeoutError:
            self._leave(waiter)
            raise PoolTimeout(f"no session of the pool came free within {timeout_s:g} s") from None
        except BaseException:
            self._leave(waiter)
            raise
        opened: list[Sandbox] = []
        try:
            await in_thread(lambda: opened.append(self._open(waiter)))
        except asyncio.CancelledError:
            for sandbox in opened:
                self._give_back(sandbox)
            raise
        try:
            yield AsyncSandbox.of(opened[0])
        finally:
            await in_thread(lambda: self._give_back(opened[0]))

    def _enter(self, wake: Callable[[], None]) -> _Waiter:
        waiter = _Waiter(wake)
        with self._lock:
            if self._closed:
                raise SandboxError("the pool is closed")
            if self._places < self._size and not self._waiters:
                self._places += 1
                waiter.granted = True
            elif len(self._waiters) >= self._max_waiting:
                raise PoolFull(
                    f"all {self._size} sessions of the pool are in use, and {len(self._waiters)} wait for one already"
                )
            else:
                self._waiters.append(waiter)
                _tell_waiting(1)
        if waiter.granted:
            wake()
        return waiter

    def _leave(self, waiter: _Waiter) -> None:
        with self._lock:
            if waiter.granted:
                self._free_place()
            elif waiter in self._waiters:
                self._waiters.remove(waiter)
                _tell_waiting(-1)

    def _free_place(self) -> None:
        """Under the lock: the place goes to who waits longest."""
        if self._waiters:
            waiter = self._waiters.popleft()
            waiter.granted = True
            _tell_waiting(-1)
            waiter.wake()
        else:
            self._places -= 1

    def _open(self, waiter: _Waiter) -> Sandbox:
        try:
            sandbox = self._take() or self._make()
        except BaseException:
            self._leave(waiter)
            raise
        with self._lock:
            if not self._closed:
                self._in_use.add(sandbox)
                self._served += 1
                _tell_live(1)
                return sandbox
        sandbox.close()
        self._leave(waiter)
        raise SandboxError("the pool is closed")

    def _take(self) -> Sandbox | None:
        while True:
            with self._lock:
                if self._closed:
                    raise SandboxError("the pool is closed")
                if not self._ready:
                    return None
                sandbox = self._ready.popleft()
                self._short.notify()
            if sandbox.untouched():
                return sandbox
            sandbox.close()  # its worker has died meanwhile, or this process is a fork

    def _give_back(self, sandbox: Sandbox) -> None:
        try:
            sandbox.close()
        finally:
            with self._lock:
                self._in_use.discard(sandbox)
                self._restarted += sandbox.restarts
                _tell_live(-1)
                self._free_place()

    # ---- workers ready ----------------------------------------------------------------------------------------------

    def _fill(self) -> None:
        while True:
            with self._lock:
                self._short.wait_for(lambda: self._closed or len(self._ready) < self._target)
                if self._closed:
                    return
            try:
                sandbox = self._make()
            except Exception:  # told to whoever asks for a session and gets none; tried again
                time.sleep(_RETRY_S)
                continue
            if not self._add(sandbox):
                sandbox.close()

    def _add(self, sandbox: Sandbox) -> bool:
        with self._lock:
            if not self._closed:
                self._ready.append(sandbox)
            return not self._closed

    # ---- the pool ---------------------------------------------------------------------------------------------------

    @property
    def statistics(self) -> PoolStatistics:
        """The pool at this moment."""
        with self._lock:
            return PoolStatistics(
                len(self._in_use), len(self._ready), len(self._waiters), self._served, self._restarted
            )

    def close(self) -> None:
        """End all sessions, also those in use. Who waits gets a SandboxError."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            sandboxes = [*self._ready, *self._in_use]
            self._ready.clear()
            self._short.notify_all()
            waiters = list(self._waiters)
            self._waiters.clear()
            for waiter in waiters:
                waiter.granted = True
                self._places += 1
                _tell_waiting(-1)
                waiter.wake()
        for sandbox in sandboxes:
            sandbox.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        await in_thread(self.close)

    def __repr__(self) -> str:
        now = self.statistics
        return f"<SandboxPool of {self._size}: {now.live} in use, {now.ready} ready, {now.waiting} waiting>"


def _tell_waiting(change: int) -> None:
    if telemetry.observer is not None:
        telemetry.observer.waiting(change)


def _tell_live(change: int) -> None:
    if telemetry.observer is not None:
        telemetry.observer.live(change)
