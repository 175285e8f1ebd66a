"""`asyncio` for programs: the real tasks, queues and locks, on an event loop that asks nothing of the kernel.

Behind the wall there is no socket to wait on, and none is needed: the loop sleeps until the next timer. Programs run
their coroutines with `asyncio.run`, or with `await` outside of any function, as in a notebook. Tools block; while one
runs, all tasks wait.
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import time
import types
from asyncio import base_events
from collections.abc import Callable, Coroutine, Generator
from typing import Any

from codeact.sandbox.language.guards import Guards
from codeact.sandbox.language.views import ModuleView, Token, token
from codeact.sandbox.text import words

_FUTURE_NAMES = words(
    """add_done_callback cancel cancelled cancelling done exception get_name remove_done_callback result
    set_exception set_name set_result uncancel"""
)
_LIMITED: dict[type, frozenset[str]] = {
    asyncio.Future: _FUTURE_NAMES,
    asyncio.Task: _FUTURE_NAMES,
    asyncio.Lock: frozenset(["acquire", "locked", "release"]),
    asyncio.Semaphore: frozenset(["acquire", "locked", "release"]),
    asyncio.Event: frozenset(["clear", "is_set", "set", "wait"]),
    asyncio.Condition: words("""acquire locked notify notify_all release wait wait_for"""),
    asyncio.Queue: words(
        """empty full get get_nowait join maxsize put put_nowait qsize task_done QueueEmpty QueueFull"""
    ),
    asyncio.Barrier: frozenset(["abort", "broken", "n_waiting", "parties", "reset", "wait"]),
    asyncio.TaskGroup: frozenset(["create_task"]),
    asyncio.Timeout: frozenset(["expired", "reschedule", "when"]),
    asyncio.TimerHandle: frozenset(["cancel", "cancelled", "when"]),
    asyncio.Handle: frozenset(["cancel", "cancelled"]),
}
"""What may be read of asyncio's objects: the rest leads to the loop, to coroutines and to frames."""


class _Clock:
    """Stands for a selector: there is nothing to wait for but time."""

    def __init__(self) -> None:
        self.loop: Loop | None = None

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise RuntimeError("all tasks wait for each other, and nothing is left that could wake one")
        if timeout > 0:
            time.sleep(timeout)
        return []


class _Future(asyncio.Future[Any]):
    """Its text names no callbacks: those are of files of the host."""

    def __repr__(self) -> str:
        state = "cancelled" if self.cancelled() else "finished" if self.done() else "pending"
        return f"<Future {state}>"


class _Task(asyncio.Task[Any]):
    """As _Future."""

    def __repr__(self) -> str:
        state = "cancelled" if self.cancelled() else "finished" if self.done() else "pending"
        return f"<Task {state} name={self.get_name()!r}>"

    @classmethod
    def make(cls, loop: Any, coroutine: Any, **options: Any) -> Any:
        return cls(coroutine, loop=loop, **options)


_Future.__name__, _Task.__name__ = "Future", "Task"


class Loop(base_events.BaseEventLoop):
    """An event loop with timers only."""

    def __init__(self) -> None:
        super().__init__()
        self._selector = _Clock()

        self.set_task_factory(_Task.make)

    def create_future(self) -> asyncio.Future[Any]:
        return _Future(loop=self)

    def _process_events(self, event_list: Any) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """Nobody else wakes it."""

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """What a task raised and nobody asked for is not told: there is no log to write it to."""


class _Policy(asyncio.DefaultEventLoopPolicy):
    def new_event_loop(self) -> Loop:
        return Loop()


def install() -> None:
    """Let the real `asyncio` of this process use such loops: for programs that run without the language filter."""
    asyncio.set_event_loop_policy(_Policy())


async def _in_turn(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    await asyncio.sleep(0)
    return function(*args, **kwargs)


@types.coroutine
def _ready(value: Any) -> Generator[Any, None, Any]:
    yield from ()
    return value


def awaitable(value: Any) -> Any:
    """What each `await` waits for: a value that cannot be awaited, such as a tool's result, is its own outcome."""
    if inspect.isawaitable(value):
        return value
    return _ready(value)


def run(main: Any) -> Any:
    """`asyncio.run`."""
    if asyncio._get_running_loop() is not None:
        raise RuntimeError("asyncio.run() cannot be called from a running event loop; use await")
    if not inspect.isawaitable(main):
        return main  # the result of a tool
    loop = Loop()
    try:
        asyncio.set_event_loop(loop)
        result = loop.run_until_complete(main if inspect.iscoroutine(main) else _outcome(main))
    except KeyboardInterrupt:
        raise  # the program is ended: nothing of it runs on
    except BaseException:
        _finish(loop)
        raise
    else:
        _finish(loop)
    finally:
        asyncio.set_event_loop(None)
    return result


async def _outcome(value: Any) -> Any:
    return await value


def _finish(loop: Loop) -> None:
    """Cancel what still runs, and let it end."""
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    if left:
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


def _task(value: Any, *, name: str | None = None) -> asyncio.Task[Any]:
    coroutine: Coroutine[Any, Any, Any] = value if inspect.iscoroutine(value) else _outcome(awaitable(value))
    return asyncio.get_running_loop().create_task(coroutine, name=name)


def _ensure(value: Any) -> asyncio.Future[Any]:
    return value if isinstance(value, asyncio.Future) else _task(value)


def _gather(*awaitables: Any, return_exceptions: bool = False) -> Any:
    return asyncio.gather(*[awaitable(each) for each in awaitables], return_exceptions=return_exceptions)


class _LoopView:
    """The running loop, as a program may have it."""

    __slots__ = ()

    def create_task(self, value: Any, *, name: str | None = None) -> Any:
        return _task(value, name=name)

    def create_future(self) -> Any:
        return asyncio.get_running_loop().create_future()

    def run_in_executor(self, executor: object, function: Callable[..., Any], *args: Any) -> Any:
        return _task(_in_turn(function, *args))

    def run_until_complete(self, value: Any) -> Any:
        return run(value)

    def call_soon(self, callback: Callable[..., Any], *args: Any) -> Any:
        return asyncio.get_running_loop().call_soon(callback, *args)

    def call_later(self, delay: float, callback: Callable[..., Any], *args: Any) -> Any:
        return asyncio.get_running_loop().call_later(delay, callback, *args)

    def time(self) -> float:
        return time.monotonic()

    def is_running(self) -> bool:
        return asyncio._get_running_loop() is not None

    def close(self) -> None:
        """It is closed by itself."""


_LOOP = _LoopView()


def _running_loop() -> _LoopView:
    asyncio.get_running_loop()  # or says that there is none
    return _LOOP


class FutureToken(Token):
    """`asyncio.Future` and `asyncio.Task`: types to compare with; a future is made by the running loop."""

    __slots__ = ()

    def __call__(self) -> Any:
        if self._type is not asyncio.Future:
            raise TypeError("asyncio.create_task() makes tasks")
        return asyncio.get_running_loop().create_future()


_AS_THEY_ARE = """sleep wait wait_for as_completed shield timeout timeout_at Lock Event Condition Semaphore
    BoundedSemaphore Queue PriorityQueue LifoQueue Barrier TaskGroup QueueEmpty QueueFull CancelledError TimeoutError
    InvalidStateError BrokenBarrierError FIRST_COMPLETED FIRST_EXCEPTION ALL_COMPLETED iscoroutine iscoroutinefunction
    isfuture current_task all_tasks"""


def view(guards: Guards) -> ModuleView:
    """`asyncio`, for one session."""
    guards.limited.update(_LIMITED)
    return ModuleView(
        "asyncio",
        {
            **{name: getattr(asyncio, name) for name in _AS_THEY_ARE.split() if hasattr(asyncio, name)},
            "run": run,
            "gather": _gather,
            "create_task": _task,
            "ensure_future": _ensure,
            "to_thread": _in_turn,
            "get_running_loop": _running_loop,
            "get_event_loop": lambda: _LOOP,
            "new_event_loop": lambda: _LOOP,
            "set_event_loop": lambda loop: None,
            "Future": FutureToken(asyncio.Future),
            "Task": FutureToken(asyncio.Task),
            "AbstractEventLoop": token(asyncio.AbstractEventLoop),
        },
    )


def warm_up() -> None:
    """Run once what imports or remembers something when it first runs."""

    async def main() -> None:
        await asyncio.wait_for(_gather(asyncio.sleep(0), _in_turn(int)), 1)

    run(main())
    contextvars.copy_context()
