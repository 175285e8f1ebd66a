"""`codeact sandbox FILE`: run one program, as `python FILE` would, and exit as it ended."""

from __future__ import annotations

import json
import sys
from contextlib import closing
from pathlib import Path

import typer

from codeact.cli.failures import BROKE, INTERRUPTED, TIMED_OUT, UsageError, say_error
from codeact.cli.interrupting import interrupts
from codeact.cli.sandbox_options import SandboxOptions
from codeact.errors import CodeActError
from codeact.events import Event, Printed
from codeact.sandbox import Execution

_AS_SYS_ARGV = """
try:
    import sys
except ImportError:  # --imports may leave it out
    pass
else:
    sys.argv[:] = argv
    del sys
"""


def run_script(code: str, arguments: list[str], options: SandboxOptions, *, as_json: bool, show_value: bool) -> None:
    """Run a program. What it prints goes to standard output as it comes, its error to standard error.

    Args:
        code: the program.
        arguments: what it finds in `argv` and in `sys.argv`, the name of the program first.
        as_json: print nothing as it comes, and the whole execution as one JSON object at the end.
        show_value: print the last expression's value, too.

    Raises:
        typer.Exit: with 1 after an error, 124 at a time limit, 130 when it was interrupted.
        CodeActError: an option is wrong, or the sandbox cannot be opened.
    """
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    with closing(options), options.open() as sandbox:
        told = sandbox.run(f"argv = {arguments!r}\n{_AS_SYS_ARGV}", on_event=_nobody)
        if told.error is not None:
            raise CodeActError(f"the program's arguments do not fit: {told.error.message}")
        with interrupts(sandbox.interrupt, options.asking):
            execution = sandbox.run(code, on_event=_nobody if as_json else _print)
    if as_json:
        from codeact.episode.schema import execution_data

        print(json.dumps(execution_data(execution), ensure_ascii=False))
    elif execution.error is not None:
        say_error(execution.error.text, heading="")
    elif show_value and execution.shown:
        print(execution.shown)
    sys.stdout.flush()
    status = exit_status(execution)
    if status:
        raise typer.Exit(status)


def exit_status(execution: Execution) -> int:
    """0, or what a shell expects of a program that failed, ran out of time or was interrupted."""
    if execution.error is None:
        return 0
    return {"TimeLimit": TIMED_OUT, "Interrupted": INTERRUPTED}.get(execution.error.type, BROKE)


def read_program(file: str) -> str:
    """The text of a program; `-` is standard input.

    Raises:
        UsageError: it cannot be read, or is not text in the encoding that it declares (UTF-8, if none).
    """
    import io
    import tokenize

    name = "standard input" if file == "-" else file
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as problem:
        raise UsageError(f"{name} cannot be read: {problem.strerror}") from None
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return io.TextIOWrapper(io.BytesIO(data), encoding).read()
    except (SyntaxError, UnicodeDecodeError, LookupError) as problem:
        place = f" at byte {problem.start}" if isinstance(problem, UnicodeDecodeError) else f": {problem}"
        raise UsageError(f"{name} is not a Python program in UTF-8 or the encoding that it names{place}") from None


def _print(event: Event) -> None:
    if isinstance(event, Printed):
        sys.stdout.write(event.text)
        sys.stdout.flush()


def _nobody(event: Event) -> None:
    return None
