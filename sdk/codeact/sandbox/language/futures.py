"""`concurrent.futures` for a program, which has one thread: what is submitted runs at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from codeact.sandbox.language.views import ModuleView


class Future:
    """The outcome of a call that has run already."""

    __slots__ = ("_error", "_value")

    def __init__(self, function: Callable[..., Any], args: Any, kwargs: Any) -> None:
        self._value: Any = None
        self._error: Exception | None = None
        try:
            self._value = function(*args, **kwargs)
        except Exception as error:
            self._error = error

    def result(self, timeout: object = None) -> Any:
        if self._error is not None:
            raise self._error
        return self._value

    def exception(self, timeout: object = None) -> Exception | None:
        return self._error

    def done(self) -> bool:
        return True

    def running(self) -> bool:
        return False

    def cancel(self) -> bool:
        return False

    def cancelled(self) -> bool:
        return False

    def add_done_callback(self, function: Callable[[Any], Any]) -> None:
        function(self)


class Executor:
    """Runs what is submitted, at once."""

    __slots__ = ("_closed",)

    def __init__(self, max_workers: object = None, *_: object, **__: object) -> None:
        self._closed = False

    def __enter__(self) -> Executor:
        return self

    def __exit__(self, *_: object) -> None:
        self._closed = True

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._closed = True

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future:
        if self._closed:
            raise RuntimeError("cannot schedule new futures after shutdown")
        return Future(function, args, kwargs)

    def map(
        self, function: Callable[..., Any], *iterables: Iterable[Any], timeout: object = None, chunksize: object = 1
    ) -> Iterator[Any]:
        made = [self.submit(function, *each) for each in zip(*iterables, strict=False)]
        return (future.result() for future in made)


def _as_completed(futures: Iterable[Future], timeout: object = None) -> Iterator[Future]:
    return iter(list(futures))


def _wait(futures: Iterable[Future], timeout: object = None, return_when: object = None) -> Any:
    return set(futures), set()


def views() -> dict[str, ModuleView]:
    """`concurrent` and `concurrent.futures`."""
    inner = ModuleView(
        "concurrent.futures",
        {
            "ThreadPoolExecutor": Executor,
            "ProcessPoolExecutor": Executor,
            "Future": Future,
            "as_completed": _as_completed,
            "wait": _wait,
            "TimeoutError": TimeoutError,
            "ALL_COMPLETED": "ALL_COMPLETED",
            "FIRST_COMPLETED": "FIRST_COMPLETED",
            "FIRST_EXCEPTION": "FIRST_EXCEPTION",
        },
    )
    return {"concurrent": ModuleView("concurrent", {"futures": inner}), "concurrent.futures": inner}
