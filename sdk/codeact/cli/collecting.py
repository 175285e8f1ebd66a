"""`codeact collect`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from codeact.cli.failures import UsageError, reported
from codeact.cli.options import ActionFormat, Format, MaxTokens, StubsForm, Temperature

if TYPE_CHECKING:
    from codeact.collecting import Collected

EVERY = 50
"""A line is printed after so many episodes."""


def collect(
    out: Annotated[Path, typer.Option(help="The file of conversations, DATA.jsonl.")],
    suites: Annotated[
        list[Path] | None, typer.Argument(metavar="SUITE...", help="YAML files that say what is played.")
    ] = None,
    general: Annotated[
        Path | None,
        typer.Option(metavar="PROMPTS", help="In place of suites: questions that --model answers in words; YAML."),
    ] = None,
    model: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Plays in place of the reference programs, or answers.")
    ] = None,
    attempts: Annotated[int, typer.Option(min=1, help="How often a model tries each seed.")] = 1,
    temperature: Temperature = 0.0,
    max_tokens: MaxTokens = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes that play, or questions asked, at once.")] = 2,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with what the file holds.")] = False,
    action_format: Format = ActionFormat.code,
    stubs: Annotated[StubsForm, typer.Option(help="How prompts show the tools.")] = StubsForm.short,
) -> None:
    """Play episodes for their conversations, and keep verified successes as training data.

    The reference program of each episode is played through an agent and the sandbox, a share of them with a faulty
    program first; with --model, a model plays, and what succeeds is kept. Each conversation is a line, written in a
    fixed order; Ctrl-C keeps all lines, and `--resume` goes on. Beside DATA.jsonl, DATA.dropped.jsonl says what was
    dropped and why.

    Examples:

        codeact collect suite.yaml --out data.jsonl

        codeact collect one.yaml two.yaml --out data.jsonl --workers 4 --resume

        codeact collect suite.yaml --format json --out calls.jsonl

        codeact collect suite.yaml --model embedded --attempts 4 --temperature 0.7 --out own.jsonl

        codeact collect --general questions.yaml --model embedded-base --out words.jsonl
    """
    with reported():
        console = Console(highlight=False, soft_wrap=True)
        kept = shown = 0

        def show(done: int, total: int, so_far: int, rate: float | None = None) -> None:
            nonlocal kept, shown
            kept = so_far
            if done // EVERY > shown // EVERY or done == total:
                shown = done
                speed = "" if rate is None else f", {rate:.2f} conversations/s"
                console.print(f"[{done}/{total}] {kept} kept{speed}", markup=False)

        try:
            if general is not None:
                if suites or model is None:
                    raise UsageError("--general takes --model, and no suites")
                _answer(console, general, model, out, max_tokens, temperature, workers, resume, show)
                return
            if not suites:
                raise UsageError("nothing to play was named: give a suite, or questions with --general")
            if model is None and (attempts > 1 or temperature or max_tokens):
                raise UsageError("--attempts, --temperature and --max-tokens are for a --model")
            if attempts > 1 and not temperature:
                raise UsageError("without a --temperature, every attempt of a model is the same")
            from codeact.collecting import CollectionSuite
            from codeact.collecting import collect as run

            result = run(
                [CollectionSuite.load(suite) for suite in suites],
                out,
                model=model,
                attempts=attempts,
                temperature=temperature,
                max_tokens=max_tokens,
                workers=workers,
                resume=resume,
                action_format=action_format.value,
                stubs=stubs.value,
                on_progress=lambda progress: show(progress.done, progress.total, progress.kept, progress.rate),
            )
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"interrupted: {kept} conversations are kept in {out}; go on with the same command and --resume"
            ) from None
        print_summary(console, result)


def _answer(
    console: Console,
    general: Path,
    model: str,
    out: Path,
    max_tokens: int | None,
    temperature: float,
    workers: int,
    resume: bool,
    show: Callable[[int, int, int], None],
) -> None:
    from codeact.collecting.general import answer_prompts, read_prompts
    from codeact.models import load_model

    kept, dropped = answer_prompts(
        read_prompts(general),
        load_model(model),
        out,
        max_tokens=max_tokens or 256,
        temperature=temperature,
        workers=workers,
        resume=resume,
        on_progress=show,
    )
    _print_counts(console, "dropped", list(dropped.items()))
    console.print(f"{kept} conversations in {out}", markup=False)


def print_summary(console: Console, result: Collected) -> None:
    """A row a task, then what was dropped and why."""
    from codeact.episode.plain import printable

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
    from codeact.episode.plain import printable

    together: Counter[str] = Counter()
    for name, count in counts:
        together[name] += count
    for name, count in together.most_common():
        console.print(Text(f"{heading}: {count} {printable(name)}"))
