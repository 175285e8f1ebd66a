"""`warnings` for a program: each warning is printed, or recorded, or raised."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from codeact.sandbox.language.views import ModuleView, Space


class Warned:
    """The warnings of one session."""

    __slots__ = ("_action", "_records", "_write")

    def __init__(self, write: Callable[[str], Any]) -> None:
        self._write = write
        self._action = "default"
        self._records: list[list[Any]] = []

    def warn(self, message: Any, category: Any = None, stacklevel: int = 1, source: object = None) -> None:
        kind = type(message) if isinstance(message, Warning) else UserWarning if category is None else category
        if not (isinstance(kind, type) and issubclass(kind, Warning)):
            raise TypeError(f"category must be a Warning subclass, not '{type(category).__name__}'")
        warning = message if isinstance(message, Warning) else kind(message)
        if self._action == "error":
            raise warning
        if self._action == "ignore":
            return
        if self._records:
            self._records[-1].append(Space(message=warning, category=kind, filename="program", lineno=0))
        else:
            self._write(f"{kind.__name__}: {warning}\n")

    def simple_filter(self, action: Any, *_: object, **__: object) -> None:
        self._action = str(action)

    def reset(self) -> None:
        self._action = "default"


class _Caught:
    """`warnings.catch_warnings`."""

    __slots__ = ("_before", "_during", "_record", "_warned")

    def __init__(self, warned: Warned, record: bool, action: Any) -> None:
        self._warned = warned
        self._record = record
        self._during = action

    def __enter__(self) -> list[Any] | None:
        self._before = self._warned._action
        if self._during is not None:
            self._warned.simple_filter(self._during)
        if not self._record:
            return None
        self._warned._records.append([])
        return self._warned._records[-1]

    def __exit__(self, *_: object) -> None:
        self._warned._action = self._before
        if self._record:
            self._warned._records.pop()


def view(write: Callable[[str], Any]) -> ModuleView:
    """`warnings`, for one session."""
    warned = Warned(write)

    def catch_warnings(*, record: bool = False, action: Any = None, **_: object) -> Any:
        return _Caught(warned, bool(record), action)

    return ModuleView(
        "warnings",
        {
            "warn": warned.warn,
            "filterwarnings": warned.simple_filter,
            "simplefilter": warned.simple_filter,
            "resetwarnings": warned.reset,
            "catch_warnings": catch_warnings,
        },
    )
