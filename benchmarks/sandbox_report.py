"""The tables, the page and the picture of `sandbox.py`."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sandbox_peers import PEERS, Ours, Plain

if TYPE_CHECKING:
    from sandbox import Result
    from sandbox_floors import Floor

    Floors = list[tuple[Floor, list[float]]]

DOCS = Path(__file__).parents[1] / "docs"

PAGE = """# What the sandbox costs

Measured side by side in one run with other ways to run a model's Python, by

```text
make bench-sandbox
```

which makes a virtual environment of its own (`.venv-bench`), installs the others there at the versions of
`constraints.txt`, runs `benchmarks/sandbox.py --write-docs` and so writes this page. It takes some minutes.
`python benchmarks/sandbox.py --check` exits with 1 when a target is missed; `--quick` only shows that all of it works.

The targets were set on a machine on which a million `s += i*i` take 84 to 93 ms in plain `exec`. Before and after each
row that loop is run here, and the last column gives our time divided by how many times as long it took: what a faster
or slower processor does to the figures, and no more. `--check` judges by that column.

![Medians of each row, on logarithmic scales](pictures/sandbox-speed.svg)

{tables}

## How it was measured

In each row the systems take turns, one repeat each, after one warm-up, so that what else the machine does hits all of
them. There are 15 repeats, fewer where they are slow: a system that has used 2 s in a row stops after three, or after
one where its warm-up alone took 2 s. Nothing is pinned to a processor. Times are wall time
in the host. A range is that from the 10th to the 90th percentile. All sessions of the sandbox have the whole wall that
the machine allows.

## What is not comparable

- **exec**, **RestrictedPython** and **smolagents** run the program in the host's own process. Nothing there can be
  killed alone, and a call to a tool is a function call. They have no cost of isolation because they have no isolation.
- **Monty** isolates by a process and by an interpreter that can do nothing but what it was given. It runs a part of
  Python and has no numpy, so an array is bytes for it.
- **ipykernel** and the **spawned CPython** are processes of the host's user with all its rights. They are here for
  their speed, not as sandboxes.
- **RestrictedPython** is measured with the policy of its documentation. It refuses augmented assignment to items and
  attributes.
- A running zygote belongs to the sandbox as a running pool to Monty; its start is in the row of the new host process.
- The sandbox keeps one worker ready for the next session. In the first row ten sessions follow one another
  without a pause, so the time to make a worker is in it; a row of its own shows a host that pauses between sessions.

## The rows

{meanings}
"""


def load() -> str:
    return f"{os.getloadavg()[0]:.1f}"


def facts() -> list[str]:
    """What the numbers depend on."""
    model = "unknown processor"
    with open("/proc/cpuinfo", encoding="utf-8") as cpus:
        for text in cpus:
            if text.startswith("model name"):
                model = text.partition(":")[2].strip()
                break
    there = [f"{kind.name} {kind.version()}" for kind in PEERS if not kind.absent() and kind.package]
    absent = [kind.name for kind in PEERS if kind.absent()]
    from codeact.sandbox import level

    wall = level(workspace=False)
    return [
        f"processor: {model}, {len(os.sched_getaffinity(0))} cores for this process",
        f"kernel {platform.release()}, Python {platform.python_version()}",
        f"peers: {', '.join(there) or 'none'}" + (f"; not installed: {', '.join(absent)}" if absent else ""),
        f"layers of the wall: {', '.join(layer.name for layer in wall.layers if layer.reached)}"
        + "".join(f"; MISSING: {layer.name}" for layer in wall.missing),
    ]


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def line(result: Result) -> str:
    """One row as soon as it is measured."""
    cells = [f"{kind.name} {_cell(result, kind.name)}" for kind in PEERS]
    return f"{result.row.key} [{result.row.unit}]: " + ", ".join(cells)


def _cell(result: Result, name: str) -> str:
    median = result.median(name)
    return str(result.found.get(name, "not measured")) if median is None else number(median)


def _target(result: Result) -> str:
    row = result.row
    if row.target is None:
        return ""
    return f"<= {row.target:g} x exec" if row.relative else f"<= {row.target:g} {row.unit}"


def _met(result: Result) -> str:
    if result.row.target is None:
        return ""
    return {True: "yes", False: "**no**", None: "not measured"}[result.met]


def _at_pace(result: Result) -> str:
    """Our time at the pace of the machine on which the targets were set; empty where it says nothing."""
    if result.row.target is None or result.row.relative or result.row.unit == "MB" or result.at_pace is None:
        return ""
    verdict = "yes" if result.met_at_pace else "**no**"
    return f"{number(result.at_pace)} {result.row.unit} at 1/{result.pace:.2f}: {verdict}"


def _ours(result: Result) -> str:
    median = result.median(Ours.name)
    if median is None:
        return _cell(result, Ours.name)
    samples = result.found[Ours.name]
    text = f"{number(median)} {result.row.unit}"
    if len(samples) > 1:
        low, high = result.spread(Ours.name)
        text += f" ({number(low)} to {number(high)})"
    floor = result.median(Plain.name)
    return text + (f", {median / floor:.2f} x exec" if result.row.relative and floor else "")


def _table(head: list[str], rows: list[list[str]]) -> str:
    ruled = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in ruled)


def floor_table(floors: Floors) -> str:
    """What the bare steps took, in Markdown; empty where none was measured."""
    if not floors:
        return ""
    factors = {"ms": 1e3, "us": 1e6}
    rows = []
    for floor, samples in floors:
        low, median, high = np.percentile(samples, [10, 50, 90]) * factors[floor.unit]
        rows.append(
            [floor.title, f"{number(median)} {floor.unit} ({number(low)} to {number(high)})", floor.rows, floor.meaning]
        )
    return "\n\n".join(
        [
            "## Floors of this machine",
            "Bare steps below the rows, with no sandbox around them: what makes them takes at least as long here.",
            _table(["", "median (10th to 90th percentile)", "below", "what is done"], rows),
        ]
    )


def tables(results: list[Result], machine: list[str], floors: Floors) -> str:
    """Ours against the targets, the medians of all, the ratios and the floors, in Markdown."""
    others = [kind.name for kind in PEERS if kind is not Ours]
    reasons: list[str] = []

    def cell(result: Result, name: str) -> str:
        median = result.median(name)
        if median is not None:
            return number(median)
        reason = str(result.found.get(name, "not measured"))
        if reason == "not installed":
            return reason
        if reason not in reasons:
            reasons.append(reason)
        return f"n/a ({reasons.index(reason) + 1})"

    def ratio(result: Result, name: str) -> str:
        ours, theirs = result.median(Ours.name), result.median(name)
        return f"{ours / theirs:.2g}" if ours is not None and theirs else ""

    targets = [[r.row.title, _target(r), _ours(r), _met(r), _at_pace(r)] for r in results]
    medians = [[f"{r.row.title}, {r.row.unit}", *(cell(r, name) for name in [Ours.name, *others])] for r in results]
    ratios = [[r.row.title, *(ratio(r, name) for name in others)] for r in results]
    notes = "\n".join(f"- ({place}) {reason}" for place, reason in enumerate(reasons, 1))
    parts = [
        "## Against the targets",
        "\n".join(f"- {fact}" for fact in machine),
        _table(["", "target", "median (10th to 90th percentile)", "met", "at the targets' pace"], targets),
        "## Medians",
        _table(["", Ours.name, *others], medians),
        notes,
        "## Ratios",
        "The sandbox's median divided by the other's: below 1, the sandbox is faster or smaller.",
        _table(["", *others], ratios),
        floor_table(floors),
    ]
    return "\n\n".join(part for part in parts if part)


def write(results: list[Result], machine: list[str], floors: Floors) -> list[Path]:
    """Write the page and the picture.

    Raises:
        ImportError: matplotlib is not installed.
    """
    picture, page = DOCS / "pictures" / "sandbox-speed.svg", DOCS / "benchmarks.md"
    draw(results, picture)
    meanings = "\n".join(f"- **{result.row.title}.** {result.row.meaning}" for result in results)
    page.write_text(PAGE.format(tables=tables(results, machine, floors), meanings=meanings))
    return [page, picture]


def draw(results: list[Result], path: Path) -> None:
    """One small panel a row, each with a logarithmic scale of its own; a dashed line is the target."""
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams.update(
        {"svg.hashsalt": "codeact", "font.size": 8, "font.family": "DejaVu Sans", "axes.spines.top": False}
    )
    from matplotlib import pyplot

    across = 3
    down = -(-len(results) // across)
    figure, grid = pyplot.subplots(down, across, figsize=(12.5, 2.15 * down), layout="constrained", squeeze=False)
    for place, panel in enumerate(grid.flat):
        if place < len(results):
            _panel(panel, results[place])
        else:
            panel.set_axis_off()
    handles = [
        matplotlib.patches.Patch(color="#c2410c", label="codeact"),
        matplotlib.patches.Patch(color="#94a3b8", label="others"),
        matplotlib.lines.Line2D([], [], color="#0f766e", linestyle="--", label="target"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False)
    figure.suptitle("Medians; each panel has a logarithmic scale of its own, and shorter is better", fontsize=11)
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def _panel(panel: Any, result: Result) -> None:
    measured = [(kind.name, result.median(kind.name)) for kind in PEERS]
    bars = [(name, value) for name, value in measured if value]
    bars.reverse()  # the first is drawn at the bottom
    names, values = [name for name, _ in bars], [value for _, value in bars]
    every = [*values, *([result.limit] if result.limit else [])]
    low, high = min(every) / 4, max(every) * 6
    colours = ["#c2410c" if name == Ours.name else "#94a3b8" for name in names]
    panel.barh(names, [value - low for value in values], left=low, color=colours, height=0.7)
    panel.set_xscale("log")
    panel.set_xlim(low, high)
    panel.set_ylim(min(len(names), 5) - 5.5, len(names) - 0.5)  # a few bars stay slim, at the top
    for place, value in enumerate(values):
        text = panel.text(value * 1.12, place, f"{number(value)} {result.row.unit}", va="center", fontsize=7)
        text.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 0.6})
    if result.limit:
        panel.axvline(result.limit, color="#0f766e", linestyle="--", linewidth=1, zorder=2)
    panel.set_title(result.row.title.replace("`", ""), fontsize=8.5, loc="left")
    panel.tick_params(axis="y", length=0)
    panel.tick_params(axis="x", labelsize=6.5)
    panel.spines["right"].set_visible(False)
