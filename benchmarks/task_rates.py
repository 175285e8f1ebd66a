"""How often the reference programs of the robot tasks solve them, on the public seeds 0 to 99.

Run it: `make task-rates`, which plays up to 5600 episodes, may be ended at any time, and goes on where it was; or

    python benchmarks/task_rates.py --play [--only CodeAct/Lift-v0] [--seeds 0-99]    play what the record lacks
    python benchmarks/task_rates.py --results runs/oracle      take over what `codeact eval --agent oracle` gave
    python benchmarks/task_rates.py --write-docs               put the table into docs/tasks.md

The record, docs/data/task-rates.json, is written after each episode. A task that was changed is played anew when its
lines are taken out of it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import codeact_envs  # noqa: F401  (registers the tasks)
from codeact.evaluation import EpisodeResult, Progress, evaluate, parse_seeds, read_results, wilson_interval
from codeact_envs.commands.contact_sheet import robot_tasks
from codeact_envs.tasks import environment_name, load_task, task_names

DOCS = Path(__file__).parents[1] / "docs"
DOCUMENT, RECORD = DOCS / "tasks.md", DOCS / "data" / "task-rates.json"
BEGIN, END = "<!-- task rates: written by `make task-rates` -->", "<!-- end of task rates -->"
WANTED, SEEDS = 0.97, 100

Record = dict[str, dict[str, str | None]]
"""By task and seed: None where it was solved, and else how the episode ended."""


def main() -> None:
    parser = argparse.ArgumentParser(description="How often reference programs solve the robot tasks.")
    parser.add_argument("--play", action="store_true")
    parser.add_argument("--only", nargs="*", help="ids of tasks")
    parser.add_argument("--seeds", default=f"0-{SEEDS - 1}")
    parser.add_argument("--results", type=Path, help="a folder of `codeact eval --agent oracle`")
    parser.add_argument("--write-docs", action="store_true")
    chosen = parser.parse_args()
    record: Record = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    if chosen.results is not None:
        add(
            record,
            (
                each
                for each in read_results(chosen.results)
                if each.agent == "oracle" and not any(each.settings.values())
            ),
        )
        write(record)
    if chosen.play:
        seeds = parse_seeds(chosen.seeds)
        for task in sorted(chosen.only or robot_tasks(), key=lambda task: -len(record.get(task, ()))):
            play(record, task, seeds)
    text = table(record)
    print(text)
    if chosen.write_docs:
        before, _, rest = DOCUMENT.read_text().partition(BEGIN)
        DOCUMENT.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}")


def play(record: Record, task: str, seeds: Sequence[int]) -> None:
    """Play the seeds that the record lacks, and write each episode to it as it ends."""

    def note(progress: Progress) -> None:
        if progress.latest is not None:
            add(record, [progress.latest])
            write(record)
            print(f"{task} seed {progress.latest.seed}: {progress.latest.reason}", flush=True)

    missing = [seed for seed in seeds if str(seed) not in record.get(task, ())]
    if missing:
        evaluate([task], missing, "oracle", workers=1, on_progress=note)


def add(record: Record, results: Iterable[EpisodeResult]) -> None:
    for each in results:
        record.setdefault(each.task, {})[str(each.seed)] = None if each.success else each.reason


def write(record: Record) -> None:
    kept = {task: dict(sorted(seeds.items(), key=lambda item: int(item[0]))) for task, seeds in sorted(record.items())}
    lines = ",\n".join(f" {json.dumps(task)}: {json.dumps(seeds)}" for task, seeds in kept.items())
    RECORD.write_text(f"{{\n{lines}\n}}\n")


def table(record: Record) -> str:
    """As Markdown, with a line above it that says what all tasks say together."""
    rows, whole, stand = [], 0, 0
    tasks = {f"CodeAct/{environment_name(name)}": load_task(name) for name in task_names()}
    for task in robot_tasks():
        seeds = record.get(task, {})
        solved, count = sum(ended is None for ended in seeds.values()), len(seeds)
        low, high = wilson_interval(solved, count)
        whole += count >= SEEDS
        stand += count >= SEEDS and solved >= WANTED * count
        failed = ", ".join(seed for seed, ended in seeds.items() if ended is not None) or "none"
        interval = f"{low:.3f}–{high:.3f}" if count else "–"
        share = f"{solved}/{count}" if count else "–"
        rows.append(f"| {tasks[task].family} | `{task}` | {share} | {interval} | {failed if count else '–'} |")
    some = sum(bool(record.get(task)) for task in robot_tasks())
    episodes = sum(len(record.get(task, ())) for task in robot_tasks())
    head = (
        f"{episodes} episodes of {some} of {len(rows)} tasks were played. {whole} tasks have all {SEEDS} seeds; "
        f"{stand} of these stand at {WANTED:.0%} or more."
    )
    lines = ["| family | task | solved | 95 % interval | failed seeds |", "| --- | --- | --- | --- | --- |", *rows]
    return head + "\n\n" + "\n".join(lines)


if __name__ == "__main__":
    main()
