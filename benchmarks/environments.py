"""How often the reference programs of others' environments succeed: those of Gymnasium itself and of five packages.

Run it: `make environments`, which installs the packages into a virtual environment of its own; or

    python benchmarks/environments.py [--seeds 20] [--only MiniGrid miniwob/]
    python benchmarks/environments.py --write-docs     put the table into docs/any-environment.md

It exits with 1 when a program fails with an error or succeeds on fewer than LEAST of the seeds, and when a package, a
browser or Java is missing; then nothing is written.
"""

from __future__ import annotations

import argparse
import sys
from importlib.metadata import version
from pathlib import Path

from codeact_envs import gym_tools
from codeact_envs.gym_tools.packages import NotInstalled, package_of
from codeact_envs.gym_tools.references import referenced
from codeact_envs.gym_tools.task import GymTask

DOCUMENT = Path(__file__).parents[1] / "docs" / "any-environment.md"
BEGIN, END = "<!-- benchmarks/environments.py -->", "<!-- end -->"
LEAST = 0.4  # the share of the hands of Blackjack that the best play wins is 0.43


def main() -> int:
    parser = argparse.ArgumentParser(description="How often reference programs succeed in others' environments.")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--only", nargs="*", default=[""], help="environments, or beginnings of their ids")
    parser.add_argument("--write-docs", action="store_true")
    chosen = parser.parse_args()
    names = [name for name in referenced() if name.startswith(tuple(chosen.only))]
    lines = [f"| environment | package | solved, of {chosen.seeds} | a success is |", "| --- | --- | ---: | --- |"]
    print("\n".join(lines), flush=True)
    wrong = []
    for name in sorted(names, key=lambda name: (distribution(name), name)):
        try:
            solved, success, errors = played(name, chosen.seeds)
        except NotInstalled as missing:
            wrong.append(str(missing))
            continue
        lines.append(f"| `{name}` | {distribution(name)} {version(distribution(name))} | {solved} | {success} |")
        print(lines[-1], flush=True)
        wrong += errors
        if solved < LEAST * chosen.seeds:
            wrong.append(f"{name}: solved on {solved} of {chosen.seeds} seeds")
    print("\n".join(wrong), file=sys.stderr)
    if chosen.write_docs and not wrong:
        text = DOCUMENT.read_text()
        begin, end = text.index(BEGIN) + len(BEGIN), text.index(END)
        DOCUMENT.write_text(text[:begin] + "\n" + "\n".join(lines) + "\n" + text[end:])
    return 1 if wrong else 0


def played(name: str, seeds: int) -> tuple[int, str, list[str]]:
    """On how many seeds the program succeeds, what counts as that, and what it failed with.

    Raises:
        NotInstalled: something that the environment needs is missing.
    """
    env = gym_tools.wrap(name)
    solved, errors = 0, []
    for seed in range(seeds):
        env.reset(seed=seed)
        *_, info = env.step(env.oracle())
        solved += info["success"]
        if info["execution"].error is not None:
            errors.append(f"{name}, seed {seed}: {info['execution'].error.message}")
    env.close()
    assert isinstance(env.task, GymTask)
    return solved, success_of(env.task), errors


def success_of(task: GymTask) -> str:
    if task.told:
        return "its goal reached"
    if task.needed is None:
        return "a return above 0"
    return f"a return of {task.needed:g}" + ("" if task.threshold is not None else ", its own threshold")


def distribution(name: str) -> str:
    package = package_of(name)
    return "gymnasium" if package is None else package.distribution


if __name__ == "__main__":
    sys.exit(main())
