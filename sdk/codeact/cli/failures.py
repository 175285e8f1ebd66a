"""How a command ends: one clear message for what a user can mend, and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from codeact.errors import CodeActError

BROKE, USAGE, TIMED_OUT, INTERRUPTED = 1, 2, 124, 130


class UsageError(CodeActError):
    """A command was asked for wrongly."""


@contextmanager
def reported() -> Iterator[None]:
    """Turns errors into a message on standard error and an exit code. Errors that are bugs keep their traceback."""
    try:
        yield
    except KeyboardInterrupt as interrupt:
        say_error(str(interrupt) or "interrupted")
        raise typer.Exit(INTERRUPTED) from None
    except BrokenPipeError:  # the reader of a pipe has gone; Python must not complain again when it exits
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(BROKE) from None
    except CodeActError as error:
        from codeact.evaluation.errors import SelectionError

        say_error("\n".join([str(error), *getattr(error, "__notes__", ())]))
        raise typer.Exit(USAGE if isinstance(error, (SelectionError, UsageError)) else BROKE) from None
    except ImportError as error:
        say_error(f"{error}. `codeact doctor` says what is missing and how to install it.")
        raise typer.Exit(BROKE) from None


def say_error(message: str, heading: str = "error: ") -> None:
    """Print `message` on standard error, in red after `heading`, without what it could do to a terminal."""
    from rich.console import Console
    from rich.text import Text

    from codeact.episode.plain import printable

    text = Text.assemble((heading, "bold red"), (printable(message), "" if heading else "red"))
    Console(stderr=True, soft_wrap=True, highlight=False).print(text)
