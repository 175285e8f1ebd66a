"""`codeact tasks`."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from codeact.episode.plain import printable


def print_tasks(pattern: str) -> None:
    """One row a task that matches: what it is called, its family, its tier, and how often its reference program was
    seen to do it. Nothing is simulated for that.

    Raises:
        SelectionError: nothing matches.
    """
    from codeact.evaluation.selection import find_tasks

    console = Console(highlight=False)
    grid = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("task", "title", "family", "tier", "oracle"):
        grid.add_column(column, no_wrap=column == "task")
    for task in find_tasks([pattern]):
        facts = facts_of(task)
        tier = facts.get("tiers", facts.get("tier", "–"))  # another package's environment may have one
        cells = (facts.get("title", "–"), facts.get("family", "–"), tier, facts.get("oracle", "–"))
        grid.add_row(Text(task), *(Text(printable(cell)) for cell in cells))
    console.print(grid)


def facts_of(task: str) -> dict[str, str]:
    """What the environment's class says of a task, through its `describe(**kwargs)`, when it has one."""
    from codeact.evaluation.selection import environment_class

    try:
        creator, kwargs = environment_class(task)
    except Exception:  # another distribution's environment may need what is not installed; its row stays empty
        return {}
    describe = getattr(creator, "describe", None)
    return dict(describe(**kwargs)) if describe is not None else {}
