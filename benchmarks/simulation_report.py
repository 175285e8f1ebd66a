"""The tables and the page of `simulation.py`."""

from __future__ import annotations

import os
import platform
import statistics
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulation import Report

DOCS = Path(__file__).parents[1] / "docs"

PAGE = """# What the simulation costs

Measured side by side in one run with [panda-gym](https://github.com/qgallouedec/panda-gym), by

```text
make bench-simulation
```

which makes a virtual environment for panda-gym (`.venv-panda-gym`), runs `benchmarks/simulation.py --write-docs` and so
writes this page. It takes some minutes. `python benchmarks/simulation.py --check` exits with 1 when a target is missed
or could not be measured; `--quick` only shows that all of it works.

{tables}

## How it was measured

Both play "bring a cube to a place" by (dx, dy, dz, gripper), 20 steps of the simulation an action, with random actions
in episodes of 50 steps: `CodeAct/PickPlace-v0` with `action="cartesian"`, which has three cubes on its table, and
`PandaPickAndPlace-v3`, which has one. One script plays both, each in a process of its own, and they take turns episode
by episode. Times are processor time; what is said to be by the clock is wall time. Nothing is pinned to a processor.
What is inside Bullet's own step comes from episodes of its own, with a look at the clock before and after each.
Targets in milliseconds were set for a machine on which a million `s += i*i` take 84 to 93 ms in plain Python; times are
divided by how many times as long that took here, before they are compared.

Our step holds the robot to its limits, looks at contacts, and is the same to the last bit for the same seed, whatever
ran before and in whatever process. It can be fast because bodies that lie still, out of the arm's reach, sleep: with
random actions from the home posture that is most of the time. Where the arm works among the cubes they are awake, the
constraints are solved in full, and a step takes longer.

## What an episode of a program costs

`benchmarks/episode.py` compares an episode, its program in the sandbox included, with a script of PyBullet calls that
replays the same motor targets, and `benchmarks/episode_parts.py` shows where the difference goes. Nearly all of the
script's time are Bullet's steps, which are the same in both. What an episode adds are, in this order of size, the looks
at the moving arm, 20 in a simulated second, the check of each motion's whole path before it begins, and the calls from
the sandbox. The first two keep the arm from harm, so they are made faster where that is possible, and never rarer.

## What is not comparable

- panda-gym simulates at 500 Hz, so its action lasts 40 ms, and ours, at 240 Hz, 83 ms.
- panda-gym moves the tool by inverse kinematics once an action and lets the motors find the way. Ours follows a cubic
  in every step of the simulation, inside the maker's limits of velocity and acceleration.
- Bullet's own inverse kinematics knows no joint limits; its share is counted with and without them.
"""


def facts(report: Report) -> list[str]:
    """What the numbers depend on."""
    model = "unknown processor"
    with open("/proc/cpuinfo", encoding="utf-8") as cpus:
        for text in cpus:
            if text.startswith("model name"):
                model = text.partition(":")[2].strip()
                break
    versions = [
        f"{name} {found['version']} with gymnasium {found['gymnasium']} and numpy {found['numpy']}"
        for name, found in report.versions.items()
    ]
    return [
        f"processor: {model}, {len(os.sched_getaffinity(0))} cores for this process",
        f"kernel {platform.release()}, Python {platform.python_version()}",
        *versions,
        f"plain Python took {report.pace:.2f} times as long as where the targets were set; "
        f"load average {os.getloadavg()[0]:.1f}",
    ]


def _table(head: list[str], rows: list[list[str]]) -> str:
    ruled = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in ruled)


def _milliseconds(samples: list[float]) -> str:
    ordered = sorted(samples)
    low, high = ordered[len(ordered) // 10], ordered[(9 * len(ordered)) // 10]
    return f"{1e3 * statistics.median(samples):.3f} ({1e3 * low:.3f} to {1e3 * high:.3f})"


def speeds(report: Report) -> str:
    """Steps and resets, as soon as they are measured."""
    lines = [
        f"{name}: a step {_milliseconds(report.step_s[name])} ms, a reset {_milliseconds(report.reset_s[name])} ms"
        for name in report.step_s
    ]
    if report.speed is not None:
        lines.append(f"ours does {report.speed:.2f} times as many steps a second")
    return "\n".join(lines)


def tables(report: Report) -> str:
    """All of it in Markdown."""
    names = list(report.step_s)
    verdicts = {True: "yes", False: "**no**", None: "not measured"}
    targets = [[t.title, t.limit, t.found, verdicts[t.met]] for t in report.targets()]

    def checked(name: str) -> str:
        found = report.check[name]
        return found["failed"] or "; ".join(found["warnings"]) or "nothing to say"

    def memory(name: str) -> list[str]:
        first, *more = report.memory[name]
        each = [after["private"] - before["private"] for before, after in pairwise(more)]
        further = f"{statistics.mean(each) / 1e6:.0f}" if each else "not measured"
        return [f"{first['resident'] / 1e6:.0f} ({first['private'] / 1e6:.0f} private)", further]

    def picture(name: str, kind: str) -> str:
        return _milliseconds(report.pictures[name][kind]) if kind in report.pictures[name] else ""

    rows = [
        ["steps a second, of processor time", *(f"{1.0 / statistics.median(report.step_s[n]):,.0f}" for n in names)],
        ["a step, ms", *(_milliseconds(report.step_s[n]) for n in names)],
        ["of it inside Bullet's `stepSimulation`, ms", *(_milliseconds(report.inside_s[n]) for n in names)],
        ["a reset, ms", *(_milliseconds(report.reset_s[n]) for n in names)],
        ["largest difference of one seed, played twice", *(f"{report.difference[n]:g}" for n in names)],
        ["`check_env`", *(checked(n).replace("\n", " ").replace("|", "/") for n in names)],
        ["a picture, 320 x 240, ms", *(picture(n, "rgb") for n in names)],
        ["with depth and segmentation, ms", *(picture(n, "rgbd and segmentation") for n in names)],
        ["memory of a process with one, MB", *(memory(n)[0] for n in names)],
        ["private memory of each further one, MB", *(memory(n)[1] for n in names)],
        *(
            [f"steps a second of {count} processes, by the clock", *(f"{report.many[n][count]:,.0f}" for n in names)]
            for count in report.many[names[0]]
        ),
    ]
    parts = [
        "## Against the targets",
        "\n".join(f"- {fact}" for fact in facts(report)),
        _table(["", "target", "measured; times at the pace where the targets were set", "met"], targets),
        "## Beside each other",
        "Medians, and in brackets from the 10th to the 90th percentile.",
        _table(["", *names], rows),
        "## Inverse kinematics",
        "Random reachable poses, to 1 mm and 0.01 rad inside the limits: `benchmarks/simulation_kinematics.py`.",
        "```text\n" + "\n".join(row.line() for row in report.kinematics) + "\n```",
        "## Planning",
        "The Panda among five obstacles, found, touching and time: `benchmarks/simulation_planning.py`.",
        "```text\n" + "\n".join(row.line() for row in report.planning) + "\n```",
    ]
    return "\n\n".join(parts)


def write(text: str) -> Path:
    page = DOCS / "benchmarks-simulation.md"
    page.write_text(PAGE.format(tables=text))
    return page
