"""The prompt of a session: blocks of several lines, history, completion and colours, by prompt_toolkit."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import Completer, Completion
from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.filters import Condition, completion_is_selected, has_focus
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.lexers import PygmentsLexer
from prompt_toolkit.output import create_output
from prompt_toolkit.styles import Style
from pygments.lexers.python import PythonLexer

from codeact.cli.blocks import INDENT, goes_on, indentation

HISTORY_BLOCKS = 1_000
_COLOURS = {
    "pygments.keyword": "ansibrightblue",
    "pygments.operator.word": "ansibrightblue",
    "pygments.name.builtin": "ansicyan",
    "pygments.name.decorator": "ansimagenta",
    "pygments.literal.string": "ansiyellow",
    "pygments.literal.number": "ansigreen",
    "pygments.comment": "ansibrightblack",
}
"""The terminal's own colours, which can be read on a light and on a dark background."""

Complete = Callable[[str], tuple[str, list[str]]]


def python_goes_on(text: str) -> bool:
    """Whether more lines belong to a block of Python, or to a command of `codeact sandbox`."""
    return goes_on(command_code(text))


@dataclass(frozen=True)
class Manner:
    """What is typed at a prompt.

    Attributes:
        name: of the history's file.
        prompt: before the first line; more: before the others.
        goes_on: whether more lines belong to a text when Enter is pressed at its end.
        python: whether it is Python: coloured, and indented.
    """

    name: str = "sandbox"
    prompt: str = ">>> "
    more: str = "... "
    goes_on: Callable[[str], bool] = python_goes_on
    python: bool = True


def history_file(name: str = "sandbox") -> Path:
    """`codeact/sandbox_history` in `XDG_STATE_HOME`, else in `~/.local/state`."""
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base).expanduser() if base else Path.home() / ".local" / "state") / "codeact" / f"{name}_history"


class LineEditor:
    """Reads one block after another."""

    def __init__(self, complete: Complete, *, colours: bool, manner: Manner | None = None) -> None:
        """Args:
        complete: from the line up to the cursor to what was typed of a name, and what it could become.
        colours: whether code is coloured as it is typed.
        manner: what is typed; Python by default.
        """
        manner = manner or Manner()
        self._session: PromptSession[str] = PromptSession(
            manner.prompt,
            multiline=True,
            prompt_continuation=manner.more,
            lexer=PygmentsLexer(PythonLexer) if colours and manner.python else None,
            history=_history(manner.name),
            enable_history_search=True,
            style=Style.from_dict(_COLOURS),
            include_default_pygments_style=False,
            complete_while_typing=False,
            completer=_Names(complete),
            key_bindings=_bindings(manner),
            enable_suspend=True,
            enable_open_in_editor=True,
            tempfile_suffix=".py" if manner.python else ".txt",
            output=create_output(always_prefer_tty=True),
        )

    def read(self) -> str:
        """The next block.

        Raises:
            KeyboardInterrupt: Ctrl-C: what was typed is given up.
            EOFError: Ctrl-D on an empty line.
        """
        text: str = self._session.prompt()
        return text


class _Names(Completer):
    def __init__(self, complete: Complete) -> None:
        self._complete = complete

    def get_completions(self, document: Any, complete_event: Any) -> Iterator[Completion]:
        typed, names = self._complete(document.current_line_before_cursor)
        for name in names:
            yield Completion(name, start_position=-len(typed))


def _history(name: str = "sandbox") -> History:
    """Kept for the next time, where that can be; cut when it is twice as long as it should be."""
    file = history_file(name)
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(file, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600))
        kept = list(FileHistory(file).load_history_strings())  # the newest first
        if len(kept) > 2 * HISTORY_BLOCKS:
            shorter = file.with_name(f"{file.name}.{os.getpid()}")
            with contextlib.suppress(FileNotFoundError):
                shorter.unlink()
            os.close(os.open(shorter, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            new = FileHistory(shorter)
            for block in reversed(kept[:HISTORY_BLOCKS]):
                new.store_string(block)
            shorter.replace(file)
    except OSError:
        return InMemoryHistory()
    return FileHistory(file)


def _bindings(manner: Manner) -> KeyBindings:
    bindings = KeyBindings()
    typing = has_focus(DEFAULT_BUFFER)
    bindings.add("enter", filter=typing & ~completion_is_selected)(partial(_enter, manner))
    bindings.add("enter", filter=typing & completion_is_selected)(_take_completion)
    if not manner.python:
        return bindings
    bindings.add("tab", filter=typing & Condition(_in_indentation))(_indent)
    bindings.add("backspace", filter=typing & Condition(_after_indentation))(_dedent)
    return bindings


def _enter(manner: Manner, event: Any) -> None:
    buffer = event.current_buffer
    text, below = buffer.document.text, buffer.document.text_after_cursor
    if ("\n" not in text or not below.strip()) and not manner.goes_on(text):
        buffer.text = text.rstrip()  # so it is kept, without the empty line that ended it
        buffer.cursor_position = len(buffer.text)
        buffer.validate_and_handle()
        return
    # What a terminal pastes key by key brings its own indentation.
    bare = not manner.python or bool(event.app.key_processor.input_queue)
    buffer.insert_text("\n" + ("" if bare else indentation(buffer.document.text_before_cursor)))


def command_code(text: str) -> str:
    """What of a block is code that can go on: `%time` takes code, the other commands are one line each."""
    word, _, rest = text.lstrip().partition(" ")
    return text if not word.startswith("%") else rest if word == "%time" else ""


def _take_completion(event: Any) -> None:
    event.current_buffer.complete_state = None


def _line_before() -> str:
    from prompt_toolkit.application import get_app

    line: str = get_app().current_buffer.document.current_line_before_cursor
    return line


def _in_indentation() -> bool:
    return not _line_before().strip()


def _after_indentation() -> bool:
    line = _line_before()
    return bool(line) and not line.strip(" ")


def _indent(event: Any) -> None:
    event.current_buffer.insert_text(" " * INDENT)


def _dedent(event: Any) -> None:
    event.current_buffer.delete_before_cursor((len(_line_before()) - 1) % INDENT + 1)
