"""What goes on though no call does: it is stopped when its program does not come to its end, and the author is told."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from codeact.sandbox.execution import Execution
from codeact.sandbox.text import clean

if TYPE_CHECKING:
    from codeact.tools import Toolbox

_log = logging.getLogger("codeact.tools")
_SAID_CHARS = 300


def stop_lingering(toolbox: Toolbox) -> str:
    """Stop it. Returns what the stop paths say, or that they failed. Never raises."""
    try:
        return toolbox.stop_lingering()()
    except Exception as problem:
        _log.error("a stop path failed after a program ended: %s", problem)
        return f"a stop path failed: {problem}"


def told_of_stop(execution: Execution, said: str) -> Execution:
    """The execution, with what its author should know of that."""
    error = execution.error
    if error is None or not said:
        return execution
    return replace(execution, error=replace(error, text=f"{error.text}\n({clean(said[:_SAID_CHARS])})"))
