"""Python that a user names: a module, or a file that ends in `.py`, imported with what it does on import."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import traceback
from pathlib import Path
from types import ModuleType

from codeact.errors import CodeActError, ToolError


class NoSuchModule(ToolError):
    """There is no such module or file."""


def load_module(source: str, folder: Path) -> ModuleType:
    """Import a module.

    Args:
        source: a dotted name, or a file that ends in `.py`, relative to the folder.
        folder: where modules are looked for, too; for a file, the folder that it is in.

    Raises:
        NoSuchModule: there is none of that name.
        ToolError: importing it failed; the message says where.
        CodeActError: what it does on import raised that.
    """
    try:
        if not source.endswith(".py"):
            _look_in(folder)
            return importlib.import_module(source)
        file = (folder / source).resolve()
        if not file.is_file():
            raise NoSuchModule(f"there is no file {source}")
        _look_in(file.parent)
        known = sys.modules.get(file.stem)
        if known is not None and getattr(known, "__file__", None) == str(file):
            return known  # its classes stay the same ones
        spec = importlib.util.spec_from_file_location(file.stem, file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[file.stem] = module  # dataclasses look up their module by its name
        spec.loader.exec_module(module)
        return module
    except CodeActError:
        raise
    except ModuleNotFoundError as error:
        missing = error.name is not None and f"{source}.".startswith(f"{error.name}.")
        raise (NoSuchModule if missing else ToolError)(f"importing it failed: {where(error)}") from error
    except Exception as error:  # whatever a user's file does
        raise ToolError(f"importing it failed: {where(error)}") from error


def where(error: Exception) -> str:
    """The error, and the innermost line of Python that it came from."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__)[1:] if "importlib" not in frame.filename]
    place = f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{place}"


def _look_in(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
