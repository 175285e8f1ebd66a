"""`codeact collect`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from codeact.cli.failures import reported
from codeact.cli.options import ActionFormat, Format, StubsForm
from codeact.episode.plain import printable

if TYPE_CHECKING:
    from codeact.collecting import Collected, CollectionProgress

EVERY = 50
"""A line is printed after so many episodes."""


def collect(
    suites: Annotated[list[Path], typer.Argument(metavar="SUITE...", help="YAML files: see docs/model.md.")],
    out: Annotated[Path, typer.Option(help="The file of conversations, DATA.jsonl.")],
    workers: Annotated[int, typer.Option(min=1, help="Processes that play at the same time.")] = 2,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with what the file holds.")] = False,
    action_format: Format = ActionFormat.code,
    stubs: Annotated[StubsForm, typer.Option(help="How prompts show the tools.")] = StubsForm.short,
) -> None:
    """Play episodes for their conversations, and keep verified successes as training data.

    The reference program of each episode is played through an agent and the sandbox, a share of them with a faulty
    program first. Each conversation is a line, written in a fixed order; Ctrl-C keeps all lines, and `--resume` goes
    on. Beside DATA.jsonl, DATA.dropped.jsonl says what was dropped and why.

    Examples:

        codeact collect suite.yaml --out data.jsonl

        codeact collect one.yaml two.yaml --out data.jsonl --workers 4 --resume
    """
    with reported():
        from codeact.collecting import CollectionSuite
        from codeact.collecting import collect as run

        console = Console(highlight=False, soft_wrap=True)
        kept = 0

        def show(progress: CollectionProgress) -> None:
            nonlocal kept
            kept = progress.kept
            if progress.done % EVERY == 0 or progress.done == progress.total:
                console.print(
                    f"[{progress.done}/{progress.total}] {progress.kept} kept, {progress.rate:.2f} conversations/s",
                    markup=False,
                )

        try:
            result = run(
                [CollectionSuite.load(suite) for suite in suites],
                out,
                workers=workers,
                resume=resume,
                action_format=action_format.value,
                stubs=stubs.value,
                on_progress=show,
            )
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"interrupted: {kept} conversations are kept in {out}; go on with the same command and --resume"
            ) from None
        print_summary(console, result)


def print_summary(console: Console, result: Collected) -> None:
    """A row a task, then what was dropped and why."""
    tasks = list(dict.fromkeys([task for task, _ in result.kept] + [task for task, _ in result.dropped]))
    grid = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("task", "kept", "with a fault", "dropped"):
        grid.add_column(name, justify="left" if name == "task" else "right", no_wrap=True)
    for task in sorted(tasks):
        kept = [(fault, count) for (of, fault), count in result.kept.items() if of == task]
        dropped = sum(count for (of, _), count in result.dropped.items() if of == task)
        grid.add_row(
            Text(printable(task)),
            str(sum(count for _, count in kept)),
            str(sum(count for fault, count in kept if fault is not None)),
            str(dropped),
        )
    console.print(grid)
    _print_counts(console, "faults", [(fault, count) for (_, fault), count in result.kept.items() if fault is not None])
    _print_counts(console, "dropped", [(why, count) for (_, why), count in result.dropped.items()])
    rate = result.new / result.seconds if result.seconds else 0.0
    console.print(
        f"{result.kept.total()} conversations in {result.out}; {result.new} new in {result.seconds:.0f} s, "
        f"{rate:.2f} a second",
        markup=False,
    )


def _print_counts(console: Console, heading: str, counts: Sequence[tuple[str, int]]) -> None:
    together: Counter[str] = Counter()
    for name, count in counts:
        together[name] += count
    for name, count in together.most_common():
        console.print(Text(f"{heading}: {count} {printable(name)}"))
