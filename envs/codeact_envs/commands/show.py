"""`codeact tasks show`: one episode of a task as a person reads it, and its scene as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from codeact.cli.failures import UsageError, reported

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def show(
    task: Annotated[str, typer.Argument(help="An id, or the path of a task's file.")],
    seed: Annotated[int, typer.Option(min=0)] = 0,
    out: Annotated[
        Path | None, typer.Option(help="The PNG that the scene is drawn to; without it, such as Stack2-v0-seed3.png.")
    ] = None,
    picture: Annotated[bool, typer.Option(help="Whether the scene is drawn.")] = True,
    unseen: Annotated[bool, typer.Option("--unseen", help="Draw unseen values.")] = False,
    width: Annotated[int, typer.Option(min=16, max=4096)] = 640,
    height: Annotated[int, typer.Option(min=16, max=4096)] = 480,
) -> None:
    """Show what an episode asks for, what the agent sees and may call, and where it is cut off, and draw its scene.

    Examples:

        codeact tasks show CodeAct/Stack2-v0 --seed 3 --out scene.png

        codeact tasks show my_task --no-picture
    """
    with reported():
        if out is not None and out.suffix.lower() != ".png":
            raise UsageError(f"--out {out}: a picture's file ends in .png")
        from codeact.evaluation import find_tasks
        from codeact_envs.commands.pictures import open_task

        (name, *more) = find_tasks([task])
        if more:
            raise UsageError(f"{task!r} matches {1 + len(more)} tasks; show them one by one")
        env = open_task(name, width, height)
        try:
            observation, info = env.reset(seed=seed, options={"values": "unseen" if unseen else "seen"})
            limits = env.task.limits
            typer.echo(f"{name}, seed {seed}: {env.task.title} (family {env.task.family}, tier {env.task.tier})\n")
            typer.echo(f"{info['instruction']}\n\n{observation}\n")
            typer.echo(f"Tools: {', '.join(env.tools.tools)}")
            typer.echo(
                f"Limits: {limits.turns} turns, {limits.simulated_seconds:g} simulated seconds, "
                f"{limits.tool_calls} tool calls"
            )
            if picture:
                drawn = out or Path(f"{Path(name).stem}-seed{seed}.png")
                _save(env.render(), drawn)
                typer.echo(f"Drawn to {drawn}")
        finally:
            env.close()


def _save(frame: object, out: Path) -> None:
    import numpy as np
    from PIL import Image

    try:
        Image.fromarray(np.asarray(frame)).save(out)
    except OSError as error:
        raise UsageError(f"--out {out}: cannot be written: {error.strerror or error}") from error
