"""What a session holds, found out by programs that run in the session: nobody reaches into the worker."""

from __future__ import annotations

import builtins
import keyword
import re
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from codeact.errors import SandboxError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from codeact.events import Event
    from codeact.sandbox import Execution, Sandbox

LOOK_S = 1.0
"""How long a look may take: it calls what programs define, such as `__repr__`."""
SHOWN_CHARS = 80

_VARIABLES = """
def _short(value):
    kind = type(value)
    try:
        if kind in (str, bytes) and len(value) > 100:
            return f"{len(value):,} long: {value[:100]!r}"
        if kind in (list, tuple) and len(value) > 20:
            return f"{len(value):,} items: {repr(value[:20])[:-1]}, ..."
        if kind in (dict, set, frozenset) and len(value) > 20:
            return f"{len(value):,} items"
        return repr(value)[:1000]
    except Exception as problem:
        return f"(its repr raised {type(problem).__name__})"

[[_name, type(_value).__name__, _short(_value)]
 for _name, _value in globals().items() if not _name.startswith("_")]
"""
_PATH = re.compile(r"(?:([^\W\d]\w*(?:\.[^\W\d]\w*)*)\.)?([^\W\d]\w*)?$")


def variables(sandbox: Sandbox, *, branches: bool) -> list[tuple[str, str, str]]:
    """Name, type and short repr of each variable of the session.

    Args:
        branches: whether to look from a branch, so that what a `__repr__` does is done to a copy.

    Raises:
        SandboxError: they could not be looked at; it says why.
    """
    with _view(sandbox, branches) as view:
        found = view.run(_VARIABLES, on_event=_nobody)
    if found.error is not None:
        lost = "" if branches or not found.restarted else ". The session was restarted: its variables are lost"
        raise SandboxError(f"the variables could not be looked at: {found.error.message}{lost}")
    rows = found.value if isinstance(found.value, list) else []
    return [(_plain(row[0]), _plain(row[1]), _plain(row[2])) for row in rows if isinstance(row, list) and len(row) == 3]


def completions(sandbox: Sandbox, before: str, *, branches: bool) -> tuple[str, list[str]]:
    """What the name that is being typed could become.

    Args:
        before: the line up to the cursor.
        branches: see `variables`.

    Returns:
        What was typed of the name, and the names that begin so: of tools, variables, built-in names and keywords, or
        after a dot of the object's attributes.
    """
    match = _PATH.search(before)
    path, typed = (match[1], match[2] or "") if match else (None, "")
    if not path and not typed:
        return "", []
    try:
        with _view(sandbox, branches) as view:
            names = _names(view.run(f"dir({path})" if path else "[*globals()]", on_event=_nobody))
    except SandboxError:
        names = []
    if not path:
        names += [name.split(".")[0] for name in sandbox.toolbox.tools]
        names += [*sandbox.toolbox.types, *sandbox.toolbox.errors, *keyword.kwlist, *dir(builtins)]
    hidden = not typed.startswith("_")
    return typed, sorted({name for name in names if name.startswith(typed) and not (hidden and name.startswith("_"))})


def _names(found: Execution) -> list[str]:
    value: Any = found.value
    return [name for name in value if isinstance(name, str) and name.isidentifier()] if isinstance(value, list) else []


def _plain(cell: object) -> str:
    """Text of a program, on one line and short."""
    text = "".join(character if character.isprintable() else " " for character in str(cell))
    return text if len(text) <= SHOWN_CHARS else text[: SHOWN_CHARS - 1] + "…"


@contextmanager
def _view(sandbox: Sandbox, branches: bool) -> Iterator[Sandbox]:
    """A session to look at for a moment, in which no tool can be called."""
    from codeact.tools import Refusal

    view = sandbox.branch() if branches else sandbox
    approve, view.approve = view.approve, lambda _: Refusal("this program only looks")
    clock = threading.Timer(LOOK_S, view.interrupt)
    clock.daemon = True
    clock.start()
    try:
        yield view
    finally:
        clock.cancel()
        view.approve = approve
        if view is not sandbox:
            view.close()


def _nobody(event: Event) -> None:
    return None
