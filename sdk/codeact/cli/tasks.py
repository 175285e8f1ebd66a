"""`codeact tasks`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from codeact.cli.failures import BROKE
from codeact.cli.running import make_environment
from codeact.episode.plain import printable


def print_tasks(pattern: str) -> None:
    """One row a task that matches, with its tier and what seed 0 asks for.

    Raises:
        SelectionError: nothing matches.
        TaskError: a task cannot be made.
    """
    from codeact.evaluation.selection import find_tasks
    from codeact.evaluation.worker import tier_of

    console = Console(highlight=False)
    grid = Table(box=None, pad_edge=False, header_style="dim")
    grid.add_column("task", no_wrap=True)
    grid.add_column("tier")
    grid.add_column("seed 0 asks")
    for task in find_tasks([pattern]):
        env = make_environment(task, video=False)
        try:
            env.reset(seed=0)
            world: Any = env.unwrapped
            instruction = getattr(world, "instruction", "(its actions are not code)")
            grid.add_row(Text(task), Text(printable(tier_of(env) or "–")), Text(printable(str(instruction))))
        finally:
            env.close()
    console.print(grid)


def check(patterns: Sequence[str], seeds: str) -> None:
    """Print a report a task, as soon as it is there. Exits with 1 when a task does not pass.

    Raises:
        SelectionError: nothing matches, or the seeds cannot be read.
    """
    from codeact.evaluation import check_task, find_tasks, parse_seeds

    console = Console(highlight=False, soft_wrap=True)
    numbers = parse_seeds(seeds)
    passed = True
    for task in find_tasks(patterns):
        report = check_task(task, numbers)
        passed &= report.ok
        for number, line in enumerate(str(report).splitlines()):
            style = ("bold green" if report.ok else "bold red") if not number else "red" if "FAIL" in line[:6] else ""
            console.print(Text(printable(line), style=style))
    if not passed:
        raise typer.Exit(BROKE)
