"""`traceback` for a program: its own view of an error, as text. Frames and traceback objects stay out of reach."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from codeact.sandbox.language.views import ModuleView

Tell = Callable[[BaseException], str]
"""Tells an error as the program may read it, without a newline at its end."""


def handled() -> Exception | None:
    """The error that the program is handling now."""
    error = sys.exc_info()[1]
    return error if isinstance(error, Exception) else None


def exc_info() -> tuple[Any, ...]:
    """`sys.exc_info`, without the traceback."""
    error = handled()
    return (None, None, None) if error is None else (type(error), error, None)


def view(tell: Tell, write: Callable[[str], Any]) -> ModuleView:
    """`traceback`, for one session."""

    def text_of(error: Any) -> str:
        return "NoneType: None\n" if not isinstance(error, BaseException) else tell(error) + "\n"

    def given(arguments: tuple[Any, ...], value: Any = None) -> Any:
        """The error among `(error)` or `(type, error, traceback)`."""
        found = [each for each in (*arguments, value) if isinstance(each, BaseException)]
        return found[0] if found else None

    def format_exc(limit: object = None, chain: bool = True) -> str:
        return text_of(handled())

    def print_exc(limit: object = None, file: Any = None, chain: bool = True) -> None:
        (write if file is None else file.write)(text_of(handled()))

    def format_exception(*arguments: Any, value: Any = None, **_: object) -> list[str]:
        return text_of(given(arguments, value)).splitlines(keepends=True)

    def print_exception(*arguments: Any, value: Any = None, **_: object) -> None:
        write(text_of(given(arguments, value)))

    def format_exception_only(*arguments: Any, value: Any = None, **_: object) -> list[str]:
        error = given(arguments, value)
        if error is None:
            return ["NoneType: None\n"]
        message = str(error)
        return [f"{type(error).__name__}: {message}\n" if message else f"{type(error).__name__}\n"]

    made = (format_exc, print_exc, format_exception, print_exception, format_exception_only)
    return ModuleView("traceback", {function.__name__: function for function in made})
