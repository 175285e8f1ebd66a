"""The tool by which a program says that it is done."""

from __future__ import annotations

from typing import Any, NoReturn

from codeact.errors import ProgramEnd
from codeact.tools.tool import Tool


def finish_tool() -> Tool:
    """Return the tool `finish(answer)`: it ends the calling program at once, successfully and with an answer."""
    return Tool(finish, effect="read")


def finish(answer: Any = None) -> NoReturn:
    """End the task. Call it once, when the task is done or cannot be done; `answer` is what the user gets to read."""
    raise ProgramEnd(answer)
