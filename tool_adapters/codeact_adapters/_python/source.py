"""What an adapter of Python code is given: an object, or where one is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from codeact.user_modules import load_module
from codeact_adapters.adapter import load_object


def found(source: object, what: str) -> Any:
    """The object itself; or that at `module:name`, `file.py:name`, or a module or file without a name.

    Raises:
        ToolError: there is nothing, or importing it failed; `what` is the beginning of the message.
    """
    if not isinstance(source, (str, os.PathLike)):
        return source
    path = Path(source)
    folder = path.parent if path.parent != Path() else None
    place = path.name
    if ":" in place:
        return load_object(place, what, folder)
    return load_module(place, folder or Path.cwd())
