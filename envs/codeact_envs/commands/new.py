"""`codeact tasks new`: a task's file to begin with, which passes the gate as it is."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from codeact.cli.failures import reported
from codeact.errors import TaskError

app = typer.Typer(pretty_exceptions_enable=False)
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="In small letters, digits and underscores: `serve_block`.")],
    out: Annotated[Path, typer.Option(help="The folder that it is written to.")] = Path(),
) -> None:
    """Write NAME.yaml, a task that works and explains itself, to be changed.

    Examples:

        codeact tasks new serve_block

        codeact tasks check serve_block --seeds 3
    """
    with reported():
        path = write_task(name, out)
        typer.echo(f"wrote {path}; change it, look at it and hold it against the gate:")
        typer.echo(f"  codeact tasks show {path} --seed 0")
        typer.echo(f"  codeact tasks check {path} --seeds 3")


def write_task(name: str, out: Path) -> Path:
    """Write a new file `out/NAME.yaml`, and return its path.

    Raises:
        TaskError: the name is none for a task, or the file is there already, or cannot be written.
    """
    if not _NAME.fullmatch(name):
        raise TaskError(f"{name!r} cannot be the name of a task: write small letters and digits, such as serve_block")
    path = out / f"{name}.yaml"
    text = (files("codeact_envs.tasks") / "template.yaml").read_text()
    title = name.replace("_", " ").capitalize()
    try:
        with path.open("x") as file:
            file.write(text.replace("TITLE", title, 1))
    except FileExistsError:
        raise TaskError(f"{path} is there already; take another name or --out") from None
    except OSError as error:
        raise TaskError(f"{path} cannot be written: {error.strerror or error}") from None
    return path
