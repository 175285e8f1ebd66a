"""`--tools MODULE:NAME` or `--tools FILE.py:NAME`: a toolbox that a user's own Python makes; or `--tools tools.yaml`.

An entry point in the group `codeact.tool_files` is named after the ending of such files, and names a function from a
path and a policy `ask`, which asks a person about a call where the file wants that, to a toolbox.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from codeact.cli.failures import UsageError
from codeact.errors import CodeActError, ToolError
from codeact.tools import Approve, Toolbox, ask_about_all
from codeact.tools.wording import did_you_mean, listed

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


GROUP = "codeact.tool_files"


def load_toolbox(place: str, ask: Approve = ask_about_all) -> Toolbox:
    """The toolbox at `place`. A module or file of Python is imported, with what it does on import.

    Args:
        place: a module, or a file that ends in `.py`, then `:` and the name of a `Toolbox` in it. Without the name, the
            only toolbox there. Modules are also looked for in the working folder. Or a file such as `tools.yaml`.
        ask: asks a person about a call.

    Raises:
        UsageError: there is no such module, file or toolbox.
        ToolError: importing it failed, or the file is wrong.
    """
    if reader := _reader(Path(place).suffix[1:]):
        return _read(reader, Path(place), ask)
    source, _, name = place.rpartition(":") if ":" in place else (place, "", "")
    if not source:
        raise UsageError(f"--tools {place}: write MODULE:NAME or FILE.py:NAME, such as my_tools.py:box, or tools.yaml")
    module = _module(source, place)
    boxes = {key: value for key, value in vars(module).items() if isinstance(value, Toolbox)}
    if name:
        if name in boxes:
            return boxes[name]
        if hasattr(module, name):
            kind = type(getattr(module, name)).__name__
            raise UsageError(
                f"--tools {place}: {name} is of type {kind}, not a Toolbox; write box = Toolbox([...]) there"
            )
        raise UsageError(f"--tools {place}: {source} has no {name!r}{did_you_mean(name, boxes)}")
    if len(boxes) != 1:
        raise UsageError(f"--tools {place}: {source} holds {listed(boxes)} as toolboxes; name one, {source}:NAME")
    return next(iter(boxes.values()))


def _reader(ending: str) -> EntryPoint | None:
    from importlib.metadata import entry_points

    return next(iter(entry_points(group=GROUP, name=ending)), None) if ending not in ("", "py") else None


def _read(reader: EntryPoint, file: Path, ask: Approve) -> Toolbox:
    if not file.is_file():
        raise UsageError(f"--tools {file}: there is no such file")
    try:
        read = reader.load()
    except Exception as error:
        raise ToolError(f"--tools {file}: its reader {reader.value} cannot be loaded: {_where(error)}") from error
    box: Toolbox = read(file, ask=ask)
    return box


def _module(source: str, place: str) -> ModuleType:
    try:
        if not source.endswith(".py"):
            _look_in(Path.cwd())
            return importlib.import_module(source)
        file = Path(source)
        if not file.is_file():
            raise UsageError(f"--tools {place}: there is no file {source}")
        _look_in(file.resolve().parent)
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
        kind = UsageError if error.name and f"{source}.".startswith(f"{error.name}.") else ToolError
        raise kind(f"--tools {place}: importing it failed: {_where(error)}") from error
    except Exception as error:
        raise ToolError(f"--tools {place}: importing it failed: {_where(error)}") from error


def _look_in(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


def _where(error: Exception) -> str:
    """The error, and the innermost line of Python that it came from."""
    import traceback

    frames = [frame for frame in traceback.extract_tb(error.__traceback__)[1:] if "importlib" not in frame.filename]
    place = f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{place}"
