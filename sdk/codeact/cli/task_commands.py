"""`codeact tasks`: its commands, their options and their help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from codeact.cli.failures import reported
from codeact.cli.options import Perception, Tier
from codeact.cli.plugged import PluggedTaskGroup

tasks_app = typer.Typer(
    cls=PluggedTaskGroup,
    help="List the tasks here, look at one, make one, or hold them against the gate.",
    invoke_without_command=True,
    pretty_exceptions_enable=False,
)


@tasks_app.callback()
def _tasks(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        list_tasks()


@tasks_app.command("list")
def list_tasks(pattern: Annotated[str, typer.Argument(help="A glob over Gymnasium's registry.")] = "CodeAct/*") -> None:
    """List the tasks with their families, their tiers, and how many of the gate's seeds the reference program solved.

    Examples:

        codeact tasks

        codeact tasks list "CodeAct/P*"
    """
    with reported():
        from codeact.cli.tasks import print_tasks

        print_tasks(pattern)


@tasks_app.command("check")
def check_tasks(
    tasks: Annotated[
        list[str] | None, typer.Argument(metavar="TASK...", help="Ids, patterns, or paths of tasks' files.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All tasks of this package, `CodeAct/*`.")] = False,
    seeds: Annotated[str, typer.Option(help="How many, as 20, or which, as 0-19,25.")] = "20",
    tier: Tier = None,
    perception: Perception = None,
    processes: Annotated[
        int | None, typer.Option(min=1, help="How many play at once; as many as there are processors without it.")
    ] = None,
    record: Annotated[
        Path | None, typer.Option(help="Keep what was seen of each task in this JSON file, beside what it holds.")
    ] = None,
) -> None:
    """Hold tasks against the gate.

    The reference program must solve 95 % of the seeds, doing nothing and doing the opposite must score 0, Gymnasium's
    `check_env` must pass, and two processes must go the same way, bit for bit. The exit code is 0 when all tasks pass.

    Examples:

        codeact tasks check CodeAct/Stack2-v0 my_task.yaml

        codeact tasks check --all --seeds 20

        codeact tasks check CodeAct/Stack2-v0 --perception camera
    """
    with reported():
        from codeact.cli.task_checks import check

        if bool(tasks) == everything:
            raise typer.BadParameter("name tasks, or give --all for all of this package", param_hint="TASK...")
        check(tasks or ["CodeAct/*"], seeds, tier, perception, processes, record)
