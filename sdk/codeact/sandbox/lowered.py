"""async, one step after the other: what `async def`, `await` and asyncio mean in a program.

An `async def` becomes a function that gives a `Coroutine`; awaiting it runs it to its end. Tools block, so nothing
is lost by that, and the order of effects is the order of awaits.
"""

from __future__ import annotations

import time
import types
from collections.abc import Callable
from typing import Any


class Coroutine:
    """A call of an `async def` function that has not run yet, or its outcome."""

    __slots__ = ("_call", "_error", "_state", "_value")

    def __init__(self, call: Callable[[], Any]) -> None:
        self._call: Callable[[], Any] | None = call
        self._state = "new"
        self._value: Any = None
        self._error: Exception | None = None

    def run(self) -> Any:
        if self._call is not None:
            call, self._call, self._state = self._call, None, "done"
            try:
                self._value = await_(call())
            except Exception as error:
                self._error = error
        if self._error is not None:
            raise self._error
        return self._value

    def result(self, timeout: object = None) -> Any:
        return self.run()

    def exception(self) -> Exception | None:
        try:
            self.run()
        except Exception as error:
            return error
        return None

    def done(self) -> bool:
        return self._state == "done"

    def cancel(self, *_: object) -> bool:
        return False

    def close(self) -> None:
        self._call = None

    def __repr__(self) -> str:
        return f"<coroutine {self._state}>"


def async_(function: Any) -> Any:
    """What is put on each `async def` function."""

    def call(*args: Any, **kwargs: Any) -> Coroutine:
        return Coroutine(lambda: function(*args, **kwargs))

    call.__name__, call.__qualname__, call.__doc__ = function.__name__, function.__qualname__, function.__doc__
    return call


def await_(value: Any) -> Any:
    """What each `await` does."""
    return value.run() if type(value) is Coroutine else value


def _gather(*awaitables: Any, return_exceptions: bool = False) -> Any:
    def run() -> list[Any]:
        results = []
        for awaitable in awaitables:
            try:
                results.append(await_(awaitable))
            except Exception as error:
                if not return_exceptions:
                    raise
                results.append(error)
        return results

    return Coroutine(run)


def _wait_for(awaitable: Any, timeout: object = None) -> Any:
    return awaitable if type(awaitable) is Coroutine else Coroutine(lambda: awaitable)


def _sleep(delay: float, result: Any = None) -> Coroutine:
    def run() -> Any:
        time.sleep(delay)
        return result

    return Coroutine(run)


def _task(awaitable: Any, **_: object) -> Any:
    return awaitable if type(awaitable) is Coroutine else Coroutine(lambda: awaitable)


def _as_completed(awaitables: Any, **_: object) -> Any:
    return [_task(awaitable) for awaitable in awaitables]


def _to_thread(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Coroutine:
    return Coroutine(lambda: function(*args, **kwargs))


class _Lock:
    """There is never anyone to wait for."""

    def __init__(self, value: int = 1) -> None:
        self._value = value

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        return None

    def locked(self) -> bool:
        return False


class _TaskGroup:
    def __init__(self) -> None:
        self._tasks: list[Any] = []

    def __enter__(self) -> _TaskGroup:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            for task in self._tasks:
                await_(task)

    def create_task(self, awaitable: Any, **_: object) -> Any:
        self._tasks.append(_task(awaitable))
        return self._tasks[-1]


def names(asyncio: types.ModuleType) -> dict[str, Any]:
    """What `asyncio` offers here."""
    return {
        "run": await_,
        "sleep": _sleep,
        "gather": _gather,
        "wait_for": _wait_for,
        "create_task": _task,
        "ensure_future": _task,
        "as_completed": _as_completed,
        "to_thread": _to_thread,
        "Lock": _Lock,
        "Semaphore": _Lock,
        "TaskGroup": _TaskGroup,
        "TimeoutError": TimeoutError,
        "CancelledError": asyncio.CancelledError,
    }
