"""`python -m codeact.training`: `codeact train` for machines that have little more than torch and TRL.

It takes the options of `codeact train`, and needs neither typer nor what the sandbox is made of. It is what
`accelerate launch -m codeact.training` starts on each of several GPUs.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import types
import typing
from pathlib import Path
from typing import Any

from codeact.errors import CodeActError
from codeact.training.options import NAMES, TrainingOptions
from codeact.training.running import run


def parsed(arguments: list[str]) -> TrainingOptions:
    """The options that a command line says.

    Raises:
        TrainingError: a value is out of range.
    """
    parser = argparse.ArgumentParser("python -m codeact.training", description=TrainingOptions.__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    hints = typing.get_type_hints(TrainingOptions)
    for field in dataclasses.fields(TrainingOptions):
        kind, several = _kind(hints[field.name])
        flag = f"--{NAMES.get(field.name, field.name).replace('_', '-')}"
        if field.name == "data":
            parser.add_argument("data", nargs="*", type=Path)
        elif kind is bool:
            parser.add_argument(flag, dest=field.name, action="store_true")
        elif several:
            parser.add_argument(flag, dest=field.name, action="append", type=kind, default=[])
        else:
            required = field.default is dataclasses.MISSING
            parser.add_argument(flag, dest=field.name, type=kind, required=required, default=field.default)
    given = vars(parser.parse_args(arguments)).items()
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in given}
    return TrainingOptions(**values)


def _kind(hint: Any) -> tuple[Any, bool]:
    """What one value is made by, and whether there may be several."""
    several = typing.get_origin(hint) is tuple
    if several:
        hint = typing.get_args(hint)[0]
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        hint = next(each for each in typing.get_args(hint) if each is not type(None))
    return (str if typing.get_origin(hint) is typing.Literal else hint), several


def main() -> int:
    """Train; the exit status."""
    try:
        options = parsed(sys.argv[1:])
        run(options)
    except CodeActError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
