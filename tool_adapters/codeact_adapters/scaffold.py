"""The package that `codeact adapters new` writes: an adapter that works and passes its tests, to be changed."""

from __future__ import annotations

import keyword
import re
from importlib.resources import files
from pathlib import Path
from string import Template

from codeact.errors import ToolError

_NAME = re.compile(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*")


def write_package(name: str, out: Path) -> Path:
    """Write it into a new folder `out/codeact-NAME`, and return that.

    Raises:
        ToolError: the name is none for a package, or something is there already, or cannot be written.
    """
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        raise ToolError(
            f"{name!r} cannot be the name of an adapter: write small letters and digits, such as `my_device`"
        )
    words = re.split("[_-]", name)
    folder = out / f"codeact-{'-'.join(words)}"
    values = {
        "name": "_".join(words),
        "distribution": folder.name,
        "module": f"codeact_{'_'.join(words)}",
        "Class": "".join(word.capitalize() for word in words),
    }
    try:
        folder.mkdir(parents=True)
        for template in files("codeact_adapters").joinpath("template").iterdir():
            # In its name, two underscores stand for a slash; `.txt` keeps it from being a module of this package.
            name = template.name.removesuffix(".txt").replace("__", "/", 1).replace("MODULE", values["module"])
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(Template(template.read_text()).substitute(values))
    except FileExistsError:
        raise ToolError(f"{folder} is there already; take another name or --out") from None
    except OSError as error:
        raise ToolError(f"{folder} cannot be written: {error.strerror or error}") from None
    return folder
