"""`codeact eval`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from codeact.cli.failures import BROKE
from codeact.episode.plain import printable
from codeact.tools.wording import listed

if TYPE_CHECKING:
    from rich.console import RenderableType

    from codeact.agent import AgentSettings
    from codeact.cli.agent_options import AgentOptions
    from codeact.evaluation import EpisodeResult, EvaluationResult, Progress, Suite, Summary

WIDTH = 120
"""Columns of the table where no terminal says how many there are."""


def suite_of(
    file: Path | None,
    *,
    tasks: Sequence[str] | None,
    seeds: str | None,
    **options: Any,
) -> Suite:
    """What to play: from a file, or from the options in its place. `options` are the others that a suite has.

    Raises:
        SelectionError: both were given, or neither, or the file is wrong.
    """
    from codeact.evaluation import SelectionError, Suite

    if file is None:
        if not tasks:
            raise SelectionError("nothing to play was named: give --tasks, or a file with --suite")
        return Suite(tuple(tasks), seeds or "0-19", **options)
    given = {"tasks": tasks, "seeds": seeds, **options}
    doubled = [f"--{name}" for name, value in given.items() if value]
    if doubled:
        raise SelectionError(f"the suite says what is played: leave out {' and '.join(doubled)}, or --suite")
    return Suite.load(file)


def settings_of(suite: Suite, options: AgentOptions) -> AgentSettings:
    """What the suite and the options say of the agent, together.

    Raises:
        SelectionError: both say the same thing.
        CodeActError: they mean nothing, or a file cannot be read.
    """
    from codeact.evaluation import SelectionError

    usual = suite.settings
    if usual is not None and (doubled := sorted(set(usual.unusual_names()) & set(options.changes()))):
        raise SelectionError(f"the suite says {listed(doubled)}, too: leave it out there, or on the command line")
    return options.settings(usual)


def check_skills_before(suite: Suite, settings: AgentSettings) -> None:
    """Run the tests of the skills in the first environment of a suite.

    Raises:
        CodeActError: one fails, or there are none.
    """
    from codeact.cli.skill_checks import check_skills
    from codeact.evaluation import find_tasks, parse_seeds
    from codeact.evaluation.selection import make_environment

    given = {name: value for name, value in suite.options.items() if value is not None}
    env = make_environment(find_tasks(suite.tasks)[0], given)
    try:
        check_skills(settings, env=env, seed=parse_seeds(suite.seeds)[0])
    finally:
        env.close()


def evaluate_agent(
    suite: Suite,
    agent: str,
    *,
    out: Path,
    workers: int,
    resume: bool,
    traces: bool,
    options: AgentOptions,
) -> None:
    """Evaluate, with a live table on a terminal and a line an episode elsewhere. Exits with 1 when an episode broke.

    Raises:
        CodeActError: with the message that the user should read.
        KeyboardInterrupt: the lines that were written are kept.
    """
    from codeact.evaluation import evaluate

    settings = settings_of(suite, options)
    if options.check_skills:
        check_skills_before(suite, settings)
    console = Console(highlight=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = max(console.width, WIDTH)
    view = _LiveView(console) if console.is_terminal else _LineView(console)
    try:
        with view:
            result = evaluate(
                suite.tasks,
                suite.seeds,
                agent,
                workers=workers,
                out=out,
                resume=resume,
                **suite.options,
                traces=traces,
                on_progress=view.show,
                settings=settings,
            )
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"interrupted: {view.done} episodes are kept in {out}; go on with the same command and --resume"
        ) from None
    _print_result(console, result, agent)
    if result.errors:
        raise typer.Exit(BROKE)


def table(summaries: Sequence[Summary], total: Summary | None, counts: dict[str, int] | None = None) -> Table:
    """One row a task, and one for all. `counts`: how many episodes each task will have, while they are being played."""
    grid = Table(box=None, pad_edge=False, header_style="dim")
    means = ("score", "turns", "calls", "tokens", "time")
    for name in ("task", "episodes", "success", "95 %", *means, "violations", "errors"):
        grid.add_column(name, justify="left" if name == "task" else "right", no_wrap=True)
    for summary in [*summaries, *([total] if total is not None and len(summaries) > 1 else [])]:
        of = f"/{counts[summary.task]}" if counts and summary.task in counts else ""
        grid.add_row(
            Text(printable(summary.task), style="bold" if summary is total else ""),
            f"{summary.episodes}{of}",
            Text(f"{summary.rate:.1%}" if summary.episodes else "–", style="bold"),
            f"{summary.low:.2f}–{summary.high:.2f}" if summary.episodes else "–",
            f"{summary.score:.2f}",
            f"{summary.turns:.1f}",
            f"{summary.calls:.1f}",
            f"{summary.tokens:.0f}",
            f"{summary.seconds:.2f} s",
            str(summary.violations),
            Text(str(summary.errors), style="red" if summary.errors else ""),
        )
    return grid


def episode_line(result: EpisodeResult) -> str:
    """One episode in words."""
    if result.error is not None:
        return f"{result.task} seed {result.seed}: error: {printable(result.error).splitlines()[0]}"
    what = "success" if result.success else f"no success ({printable(result.reason)})"
    tokens = result.prompt_tokens + result.completion_tokens
    costs = f"{result.turns} turns, {result.calls} calls, {f'{tokens} tokens, ' if tokens else ''}"
    return f"{result.task} seed {result.seed}: {what}, score {result.score:.3f}, {costs}{result.times.seconds:.2f} s"


class _LineView:
    """A line an episode, for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.done = 0

    def show(self, progress: Progress) -> None:
        self.done = len(progress.results)
        if progress.latest is not None:
            self.console.print(Text(f"[{self.done}/{progress.total}] {episode_line(progress.latest)}"))
        elif not progress.running and progress.resumed:
            self.console.print(Text(f"{progress.resumed} of {progress.total} episodes are there already"))

    def __enter__(self) -> _LineView:
        return self

    def __exit__(self, *exception: object) -> None:
        pass


class _LiveView(_LineView):
    """A table that stands still and counts."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self.progress: Progress | None = None
        self.live = Live(console=console, refresh_per_second=4, get_renderable=self.render, transient=True)

    def show(self, progress: Progress) -> None:
        self.done = len(progress.results)
        self.progress = progress
        if progress.latest is not None and progress.latest.error is not None:
            self.console.print(Text(episode_line(progress.latest), style="red"))

    def render(self) -> RenderableType:
        from codeact.evaluation import summarize

        progress = self.progress
        if progress is None:
            return Text("starting")
        names = list(dict.fromkeys(result.task for result in progress.results))
        results = list(progress.results)
        rows = [summarize(name, [result for result in results if result.task == name]) for name in names]
        running = Table.grid(padding=(0, 2))
        now = time.monotonic()
        for episode in progress.running:
            running.add_row(
                Text("▸", style="magenta"),
                printable(episode.task),
                f"seed {episode.seed}",
                f"{now - episode.since:.0f} s",
            )
        bar = Table.grid(padding=(0, 2))
        bar.add_row(ProgressBar(progress.total, len(results), width=40), f"{len(results)}/{progress.total}")
        return Group(table(rows, summarize("all", results)), Text(), running, bar)

    def __enter__(self) -> _LiveView:
        self.live.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self.live.stop()


def _print_result(console: Console, result: EvaluationResult, agent: str) -> None:
    console.print(Text(f"\nagent {printable(agent)}, tier {printable(result.total.tier)}"))
    console.print(table(result.tasks, result.total), soft_wrap=True)
    for broken in result.errors:
        console.print(Text(episode_line(broken), style="red"))
    console.print(Text(f"{result.out}/results.jsonl", style="dim"))
