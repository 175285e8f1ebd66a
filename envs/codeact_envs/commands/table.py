"""`codeact tasks table`: the table of docs/tasks.md, from the tasks' files and the gate's record."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from codeact.cli.failures import UsageError, reported

app = typer.Typer(pretty_exceptions_enable=False)
BEGIN, END = "<!-- tasks: written by `make tasks-table` -->", "<!-- end of tasks -->"


@app.command()
def table(
    out: Annotated[
        Path | None, typer.Option(help=f"A file with the line `{BEGIN}`; without it, the table is printed.")
    ] = None,
) -> None:
    """Write all tasks of this package as a Markdown table: id, title, family, tier, and what the gate recorded.

    Examples:

        codeact tasks table

        codeact tasks table --out docs/tasks.md
    """
    with reported():
        text = markdown()
        if out is None:
            typer.echo(text)
            return
        try:
            before, begin, rest = out.read_text().partition(BEGIN)
            _, end, after = rest.partition(END)
            if not begin or not end:
                raise UsageError(f"--out {out}: the lines {BEGIN} and {END} are not in it")
            out.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")
        except OSError as error:
            raise UsageError(f"--out {out}: {error.strerror or error}") from error


def markdown() -> str:
    """The table, family by family."""
    from codeact.evaluation import wilson_interval
    from codeact_envs.tasks import environment_name, load_task, task_names
    from codeact_envs.tasks.rates import recorded_rates
    from codeact_envs.tool_use.catalog import tool_use_names

    rates = recorded_rates()
    rows = []
    for name in sorted((*task_names(), *tool_use_names()), key=lambda name: (load_task(name).family, name)):
        task, environment = load_task(name), f"CodeAct/{environment_name(name)}"
        rate = rates.get(environment)
        seen = ["–", "–", "–"]
        if rate is not None:
            low, high = wilson_interval(rate.solved, rate.seeds)
            seen = [f"{rate.solved}/{rate.seeds}", f"{low:.3f}–{high:.3f}", "passes" if rate.ok else "does not pass"]
        rows.append(
            [task.family, f"`{environment}`", task.title, ", ".join(getattr(task, "tiers", (task.tier,))), *seen]
        )
    head = ["family", "task", "title", "tier", "oracle", "95 % interval", "gate"]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows))
