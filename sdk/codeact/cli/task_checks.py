"""`codeact tasks check`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from codeact.cli.failures import BROKE, UsageError
from codeact.cli.tasks import facts_of
from codeact.episode.plain import printable

if TYPE_CHECKING:
    from codeact.evaluation import GateReport


def check(
    patterns: Sequence[str],
    seeds: str,
    tier: str | None = None,
    perception: str | None = None,
    processes: int | None = None,
    record: Path | None = None,
) -> None:
    """Print a report a task, as soon as it is there, and a table of all. Exits with 1 when a task does not pass.

    Raises:
        SelectionError: nothing matches, or the seeds cannot be read.
        UsageError: the record cannot be read or written.
    """
    from codeact.evaluation import check_tasks

    console = Console(highlight=False, soft_wrap=True)
    reports: list[GateReport] = []
    before = _recorded(record) if record is not None else {}
    for report in check_tasks(patterns, seeds_of(seeds), tier=tier, perception=perception, processes=processes):
        reports.append(report)
        if record is not None:  # after each: what was seen is kept, whatever ends the rest
            _write(record, before, reports)
        for number, line in enumerate(str(report).splitlines()):
            style = ("bold green" if report.ok else "bold red") if not number else "red" if "FAIL" in line[:6] else ""
            console.print(Text(printable(line), style=style))
    if len(reports) > 1:
        console.print()
        console.print(_table(reports))
        passed = sum(report.ok for report in reports)
        console.print(f"{passed} of {len(reports)} pass, {sum(report.seconds for report in reports):.0f} s of looking")
    if not all(report.ok for report in reports):
        raise typer.Exit(BROKE)


def seeds_of(text: str) -> tuple[int, ...]:
    """Seeds from text; here a single number is how many: `20` are the seeds 0 to 19.

    Raises:
        SelectionError: it cannot be read.
    """
    from codeact.evaluation import parse_seeds

    return parse_seeds(f"0-{int(text) - 1}" if text.isdecimal() and int(text) > 0 else text)


def _table(reports: Sequence[GateReport]) -> Table:
    from codeact.evaluation import wilson_interval

    names = [check.name for check in reports[0].checks if check.name != "oracle"]
    grid = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("task", "family", "tier", "oracle", "95 % interval", *names, "seconds"):
        grid.add_column(column, no_wrap=column == "task")
    for report in sorted(reports, key=lambda report: report.task):
        facts, count = facts_of(report.task), len(report.seeds)
        low, high = wilson_interval(report.solved, count)
        checks = {check.name: check.ok for check in report.checks}
        marks = [Text("ok") if checks[name] else Text("FAIL", style="red") for name in names]
        style = "" if checks["oracle"] else "red"
        grid.add_row(
            Text(report.task),
            Text(printable(facts.get("family", "–"))),
            Text(printable(report.options.get("tier", facts.get("tier", "–")))),
            Text(f"{report.solved}/{count}", style=style),
            f"{low:.3f}–{high:.3f}",
            *marks,
            f"{report.seconds:.1f}",
        )
    return grid


def _recorded(path: Path) -> dict[str, Any]:
    """What a record says already, of other tasks too.

    Raises:
        UsageError: there is a file, and it is no record.
    """
    try:
        rows = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise UsageError(f"--record {path}: is there, and cannot be read as a record: {error}") from error
    if not isinstance(rows, dict):
        raise UsageError(f"--record {path}: is there, and is no record, which is a JSON object by task")
    return rows


def _write(path: Path, before: dict[str, Any], reports: Sequence[GateReport]) -> None:
    rows: dict[str, Any] = before | {
        report.task: {
            "ok": report.ok,
            "solved": report.solved,
            "seeds": len(report.seeds),
            **report.options,
            "failed": [check.detail for check in report.checks if not check.ok],
        }
        for report in reports
    }
    try:
        path.write_text(json.dumps(dict(sorted(rows.items())), indent=1) + "\n")
    except OSError as error:
        raise UsageError(f"--record {path}: cannot be written: {error.strerror or error}") from error
