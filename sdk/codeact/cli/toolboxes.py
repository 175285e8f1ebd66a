"""`--tools MODULE:NAME` or `--tools FILE.py:NAME`: a toolbox that a user's own Python makes; or `--tools tools.yaml`.

An entry point in the group `codeact.tool_files` is named after the ending of such files, and names a function from a
path and a policy `ask`, which asks a person about a call where the file wants that, to a toolbox.
"""

from __future__ import annotations

import re
import shlex
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from codeact.cli.failures import UsageError
from codeact.errors import ToolError
from codeact.tools import Approve, Toolbox, ask_about_all
from codeact.tools.wording import did_you_mean, listed
from codeact.user_modules import NoSuchModule, load_module, where

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
        UsageError: there is no such module, file or toolbox, or the file of tools is wrong.
        ToolError: importing it failed, or what it names cannot be reached.
    """
    if reader := _reader(Path(place).suffix[1:]):
        return _read(reader, Path(place), ask)
    source, _, name = place.rpartition(":") if ":" in place else (place, "", "")
    if not source:
        raise UsageError(f"--tools {place}: write MODULE:NAME or FILE.py:NAME, such as my_tools.py:box, or tools.yaml")
    if Path(source).is_file() and Path(source).suffix != ".py":
        raise UsageError(
            f"--tools {place}: {source} is neither a file of Python nor of tools: these end in .py and .yaml"
        )
    try:
        module = load_module(source, Path.cwd())
    except NoSuchModule as error:
        raise UsageError(f"--tools {place}: {error}") from error
    except ToolError as error:
        raise ToolError(f"--tools {place}: {error}") from error
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
    if not boxes:
        raise UsageError(f"--tools {place}: {source} holds no Toolbox; write box = Toolbox([...]) there")
    if len(boxes) != 1:
        raise UsageError(f"--tools {place}: {source} holds {listed(boxes)} as toolboxes; name one, {source}:NAME")
    return next(iter(boxes.values()))


def load_adapter(text: str, ask: Approve = ask_about_all) -> Toolbox:
    """The toolbox of one adapter, as `--adapter` names it: what stands in a `tools.yaml` under one key.

    Args:
        text: the adapter, and its options as `KEY=VALUE`, as a shell splits them: `openapi document=shop.json`.
            `as=NAME` names the group of its tools; by default that is the adapter's name.
        ask: asks a person about a call.

    Raises:
        UsageError: the text or an option is wrong, or no package that reads files of tools is installed.
        ToolError: what it names cannot be reached.
    """
    try:
        adapter, *options = shlex.split(text)
        pairs = [option.partition("=") for option in options]
        entry = {"adapter": adapter, **{key: yaml.safe_load(value) for key, _, value in pairs}}
    except (ValueError, yaml.YAMLError) as error:
        raise UsageError(f"--adapter {text}: cannot be read: {error}") from None
    if wrong := [key for key, equals, _ in pairs if not equals or not key]:
        raise UsageError(f"--adapter {text}: {wrong[0]!r} is no option; write KEY=VALUE, such as path=notes")
    name = entry.pop("as", None) or re.sub(r"\W", "_", adapter.rpartition(":")[2].rpartition(".")[2]).lower()
    reader = _reader("yaml")
    if reader is None:
        raise UsageError(f"--adapter {text}: no installed package reads files of tools")
    with tempfile.TemporaryDirectory(prefix="codeact-") as folder:
        file = Path(folder) / "adapter.yaml"
        file.write_text(yaml.safe_dump({"tools": {str(name): entry}}))
        try:
            return _read(reader, file, ask, folder=Path.cwd())
        except UsageError as error:
            where = re.compile(rf"{re.escape(str(file))}(:\d+:\d+)?: (tools\.[^:]*: )?")
            raise UsageError(f"--adapter {text}: {where.sub('', str(error))}") from error


def _reader(ending: str) -> EntryPoint | None:
    from importlib.metadata import entry_points

    return next(iter(entry_points(group=GROUP, name=ending)), None) if ending not in ("", "py") else None


def _read(reader: EntryPoint, file: Path, ask: Approve, **options: Path) -> Toolbox:
    if not file.is_file():
        raise UsageError(f"--tools {file}: there is no such file")
    try:
        read = reader.load()
    except Exception as error:
        raise ToolError(f"--tools {file}: its reader {reader.value} cannot be loaded: {where(error)}") from error
    try:
        box: Toolbox = read(file, ask=ask, **options)
    except ToolError as error:
        if isinstance(error.__cause__, OSError):  # the file is right, and what it names cannot be reached
            raise
        raise UsageError(str(error)) from error
    return box
