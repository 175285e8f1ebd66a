"""`codeact tasks contact-sheet`: every task's first and last frame in one picture."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from codeact.cli.failures import UsageError, reported

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

    from codeact_envs.commands.pictures import Views

app = typer.Typer(pretty_exceptions_enable=False)
_WIDTH, _HEIGHT, _COLUMNS, _CAPTION, _GAP = 240, 180, 4, 52, 6
_FINER = 2  # times as many pixels are drawn each way: the renderer's shadows are ragged in small pictures


@app.command()
def contact_sheet(
    out: Annotated[Path, typer.Argument(help="The picture's file, such as docs/pictures/tasks.png.")],
    tasks: Annotated[list[str] | None, typer.Argument(help="Ids or patterns; all robot tasks without any.")] = None,
    seed: Annotated[int, typer.Option(min=0)] = 0,
) -> None:
    """Play each task's reference program and draw its first and last frame side by side.

    Examples:

        codeact tasks contact-sheet tasks.png

        codeact tasks contact-sheet stacks.png "CodeAct/Stack*"
    """
    with reported():
        if not out.parent.is_dir():
            raise UsageError(f"{out}: there is no folder {out.parent}")
        from codeact.evaluation import find_tasks
        from codeact_envs.commands.pictures import views

        names = find_tasks(tasks) if tasks else robot_tasks()
        pairs = []
        for name in names:
            pairs.append(views(name, seed, _FINER * _WIDTH, _FINER * _HEIGHT))
            typer.echo(f"{name}: {'done' if pairs[-1].success else 'NOT DONE'}")
        sheet(pairs).save(out)
        typer.echo(f"{len(pairs)} tasks drawn to {out}")


def robot_tasks() -> tuple[str, ...]:
    """Ids of the tasks that have a scene, family by family."""
    from codeact_envs.tasks import environment_name, load_task, task_names

    order = sorted((load_task(name).family, name) for name in task_names())
    return tuple(f"CodeAct/{environment_name(name)}" for _, name in order)


def sheet(pairs: Sequence[Views]) -> Picture:
    """One picture of all, four tasks a row."""
    from PIL import Image, ImageDraw

    cell = (2 * _WIDTH + _GAP, _HEIGHT + _CAPTION)
    rows = -(-len(pairs) // _COLUMNS)
    picture = Image.new("RGB", (_COLUMNS * (cell[0] + 2 * _GAP), max(1, rows) * (cell[1] + _GAP)), "white")
    pen = ImageDraw.Draw(picture)
    for index, pair in enumerate(pairs):
        row, column = divmod(index, _COLUMNS)
        x, y = column * (cell[0] + 2 * _GAP) + _GAP, row * (cell[1] + _GAP)
        for frame, at in ((pair.first, x), (pair.last, x + _WIDTH + _GAP)):
            picture.paste(Image.fromarray(frame).resize((_WIDTH, _HEIGHT), Image.Resampling.BOX), (at, y))
        words = textwrap.wrap(pair.instruction, cell[0] // 6)[:3]
        pen.text((x, y + _HEIGHT + 2), pair.task + ("" if pair.success else "  NOT DONE"), fill="black")
        for number, line in enumerate(words):
            pen.text((x, y + _HEIGHT + 14 + 12 * number), line, fill="dimgray")
    return picture
