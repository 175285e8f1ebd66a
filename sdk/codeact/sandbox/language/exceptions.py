"""Exceptions as a program names them."""

from __future__ import annotations

from codeact.sandbox.language.kinds import EXCEPTIONS


class Interrupted(BaseException):
    """`KeyboardInterrupt`, as a program may name it. The real one ends the program, and no program catches that."""


Interrupted.__name__ = Interrupted.__qualname__ = "KeyboardInterrupt"
Interrupted.__module__ = "builtins"


def exceptions() -> dict[str, type]:
    """The built-in exceptions that a program may name. `BaseException` is `Exception`: what ends a program passes."""
    return {
        **EXCEPTIONS,
        "BaseException": Exception,
        "BaseExceptionGroup": ExceptionGroup,
        "SystemExit": SystemExit,
        "KeyboardInterrupt": Interrupted,
        "GeneratorExit": GeneratorExit,
    }
