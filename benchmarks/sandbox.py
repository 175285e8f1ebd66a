"""What the sandbox costs, side by side in one run with plain `exec`, RestrictedPython, smolagents' local executor,
pydantic-monty, ipykernel and a spawned CPython.

Run it: `make bench-sandbox`, which installs the others; or `python benchmarks/sandbox.py` with those that are there.

    --check       exit with 1 when a target is missed at the pace of the machine on which they were set
    --quick       few repeats, to see that everything works; its numbers mean little
    --write-docs  write docs/benchmarks.md and docs/pictures/sandbox-speed.svg
    --rows A B    only these rows

After the rows the bare steps below them are measured (`sandbox_floors.py`), unless only some rows are asked for.

Within a row the others take turns with the sandbox, so that whatever else the machine does hits all of them. Nothing
is pinned to a processor, and no priority is changed.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from dataclasses import dataclass, field

import numpy as np
import sandbox_floors
import sandbox_report
from sandbox_peers import PEERS, Ours, Plain
from sandbox_rows import FULL, QUICK, ROWS, Amount, Row, pace

UNITS = {"ms": 1e3, "us": 1e6, "MB": 1e-6}


@dataclass
class Result:
    row: Row
    found: dict[str, list[float] | str] = field(default_factory=dict)
    pace: float = 1.0  # of the machine around this row: see `sandbox_rows.pace`

    def median(self, name: str) -> float | None:
        """In the row's unit."""
        samples = self.found.get(name)
        return statistics.median(samples) * UNITS[self.row.unit] if isinstance(samples, list) and samples else None

    def spread(self, name: str) -> tuple[float, float]:
        """The 10th and 90th percentile, in the row's unit."""
        samples = self.found[name]
        assert isinstance(samples, list)
        low, high = np.percentile(samples, [10, 90]) * UNITS[self.row.unit]
        return float(low), float(high)

    @property
    def limit(self) -> float | None:
        """The target in the row's unit."""
        if self.row.target is None or not self.row.relative:
            return self.row.target
        floor = self.median(Plain.name)
        return None if floor is None else floor * self.row.target

    @property
    def at_pace(self) -> float | None:
        """Our median, in the row's unit, as it would be at the pace of the machine on which the targets were set."""
        ours = self.median(Ours.name)
        timed = self.row.unit != "MB" and not self.row.relative
        return ours / self.pace if ours is not None and timed else ours

    @property
    def met(self) -> bool | None:
        """Whether the target is met as measured."""
        ours = self.median(Ours.name)
        return None if self.limit is None or ours is None else ours <= self.limit

    @property
    def met_at_pace(self) -> bool | None:
        """Whether it is met at that machine's pace."""
        return None if self.limit is None or self.at_pace is None else self.at_pace <= self.limit


def measure(rows: list[Row], amount: Amount) -> list[Result]:
    here = [kind for kind in PEERS if not kind.absent()]
    results = []
    for row in rows:
        before = pace()
        found = row.measure(here, amount)
        found.update({kind.name: kind.absent() for kind in PEERS if kind.absent()})
        results.append(Result(row, found, (before + pace()) / 2))
        print(sandbox_report.line(results[-1]), flush=True)
    return results


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="exit with 1 when a target is missed")
    parser.add_argument("--quick", action="store_true", help="few repeats")
    parser.add_argument("--write-docs", action="store_true", help="write the table and the chart into docs/")
    parser.add_argument("--rows", nargs="+", choices=[row.key for row in ROWS], help="only these rows")
    chosen = parser.parse_args()
    if chosen.write_docs and (chosen.quick or chosen.rows):
        parser.error("--write-docs takes a whole run: without --quick and --rows")
    rows = [row for row in ROWS if not chosen.rows or row.key in chosen.rows]
    before = sandbox_report.load()
    amount = QUICK if chosen.quick else FULL
    results = measure(rows, amount)
    floors = sandbox_floors.measure(amount) if rows == ROWS else []
    facts = [*sandbox_report.facts(), f"load average before and after: {before}, {sandbox_report.load()}"]
    print("\n" + sandbox_report.tables(results, facts, floors))
    if chosen.write_docs:
        for path in sandbox_report.write(results, facts, floors):
            print(f"wrote {path}")
    missed = [result.row.title for result in results if result.met_at_pace is False]
    if missed:
        print("missed, at the pace of the machine on which the targets were set: " + "; ".join(missed))
    return 1 if chosen.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
