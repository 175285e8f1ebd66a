"""Async tools on the event loop of the code that awaits a run, and the thread in which that run goes on meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from codeact.sandbox.threads import awaited

T = TypeVar("T")


class OnLoop:
    """Runs awaitables on the caller's loop, for another thread that waits for them."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waited: Future[Any] | None = None

    def wait(self, awaitable: Any) -> Any:
        """The awaitable's result. Called in another thread than the loop's."""
        future = asyncio.run_coroutine_threadsafe(awaited(awaitable), self._loop)
        self._waited = future
        try:
            return future.result()
        finally:
            self._waited = None

    def cancel(self) -> None:
        """Cancel what is awaited, if anything is: nobody listens any more."""
        waited = self._waited
        if waited is not None:
            waited.cancel()


async def in_thread(work: Callable[[], T], interrupt: Callable[[], None] | None = None) -> T:
    """Do blocking work in a thread of its own, with the context of the caller, and wait without blocking the loop.

    When the task is cancelled, the work is interrupted and waited for, and CancelledError is raised after that. It
    is a daemon thread, and none of an executor's: those are few, and an exit of the interpreter waits for them.

    Args:
        interrupt: makes the work end soon. It may block, and is called in a thread of its own.
    """
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[T] = loop.create_future()
    context = contextvars.copy_context()

    def serve() -> None:
        try:
            value = context.run(work)
        except BaseException as problem:
            # A future takes no StopIteration, and an exit is for the thread alone.
            told = problem
            if not isinstance(problem, Exception) or isinstance(problem, StopIteration):
                told = RuntimeError(f"{type(problem).__name__}: {problem}")
            _tell(loop, lambda: _fail(outcome, told))
        else:
            _tell(loop, lambda: _succeed(outcome, value))

    threading.Thread(target=serve, name="codeact-run", daemon=True).start()
    try:
        return await asyncio.shield(outcome)
    except asyncio.CancelledError:
        if interrupt is not None:
            threading.Thread(target=_quietly, args=(interrupt,), name="codeact-cancel", daemon=True).start()
        while not outcome.done():
            with contextlib.suppress(asyncio.CancelledError):  # once is enough, and this one is raised below
                await asyncio.wait([outcome])
        if not outcome.cancelled():
            outcome.exception()  # looked at, so that nobody complains of it
        raise


def _succeed(outcome: asyncio.Future[T], value: T) -> None:
    if not outcome.done():
        outcome.set_result(value)


def _fail(outcome: asyncio.Future[Any], problem: BaseException) -> None:
    if not outcome.done():
        outcome.set_exception(problem)


def _tell(loop: asyncio.AbstractEventLoop, action: Callable[[], object]) -> None:
    with contextlib.suppress(RuntimeError):  # the loop has been closed meanwhile
        loop.call_soon_threadsafe(action)


def _quietly(action: Callable[[], None]) -> None:
    with contextlib.suppress(Exception):  # a stop path that fails is told by the run
        action()
