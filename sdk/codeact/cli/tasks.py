"""`codeact tasks`."""

from __future__ import annotations

from collections.abc import Sequence

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from codeact.cli.failures import BROKE
from codeact.episode.plain import printable


def print_tasks(pattern: str) -> None:
    """One row a task that matches: what it is called, its family and its tier. Nothing is simulated for that.

    Raises:
        SelectionError: nothing matches.
    """
    from codeact.evaluation.selection import find_tasks

    console = Console(highlight=False)
    grid = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("task", "title", "family", "tier"):
        grid.add_column(column, no_wrap=column == "task")
    for task in find_tasks([pattern]):
        facts = _facts(task)
        cells = (facts.get(column, "–") for column in ("title", "family", "tier"))
        grid.add_row(Text(task), *(Text(printable(cell)) for cell in cells))
    console.print(grid)


def _facts(task: str) -> dict[str, str]:
    """What the environment's class says of a task, through its `describe(**kwargs)`, when it has one."""
    from codeact.evaluation.selection import environment_class

    try:
        creator, kwargs = environment_class(task)
    except Exception:  # another distribution's environment may need what is not installed; its row stays empty
        return {}
    describe = getattr(creator, "describe", None)
    return dict(describe(**kwargs)) if describe is not None else {}


def check(patterns: Sequence[str], seeds: str, tier: str | None, perception: str | None) -> None:
    """Print a report a task, as soon as it is there. Exits with 1 when a task does not pass.

    Raises:
        SelectionError: nothing matches, or the seeds cannot be read.
    """
    from codeact.evaluation import check_task, find_tasks, parse_seeds

    console = Console(highlight=False, soft_wrap=True)
    numbers = parse_seeds(seeds)
    passed = True
    for task in find_tasks(patterns):
        report = check_task(task, numbers, tier=tier, perception=perception)
        passed &= report.ok
        for number, line in enumerate(str(report).splitlines()):
            style = ("bold green" if report.ok else "bold red") if not number else "red" if "FAIL" in line[:6] else ""
            console.print(Text(printable(line), style=style))
    if not passed:
        raise typer.Exit(BROKE)
