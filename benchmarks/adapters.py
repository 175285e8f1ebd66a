"""What an adapter costs: calls a second from a program in the sandbox, beside the bare client in the host.

    python benchmarks/adapters.py                  print the table
    python benchmarks/adapters.py --only sql web   some rows
    python benchmarks/adapters.py --check          exit with 1 where the sandbox costs more than 15 %
    python benchmarks/adapters.py --write-docs     put the table into docs/adapters.md

Each row has a real counterpart on this machine. Program and bare client take turns, a batch of calls each; what is
printed are the medians over the turns.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

from adapter_rows import Pair, Row, all_rows

from codeact import Limits, Sandbox

TURNS = 15
BATCH_S = 0.15  # seconds of the bare client's calls in a turn
ALLOWED = 1.15  # times the bare client's time
DOCUMENT = Path(__file__).parents[1] / "docs" / "adapters.md"
BEGIN, END = "<!-- benchmarks/adapters.py -->", "<!-- end -->"


def main() -> int:
    parser = argparse.ArgumentParser(description="Calls a second through the sandbox, beside the bare client.")
    parser.add_argument("--only", nargs="*", help="names of rows, or beginnings of them")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--write-docs", action="store_true")
    chosen = parser.parse_args()
    rows = [row for row in all_rows() if not chosen.only or row.name.startswith(tuple(chosen.only))]
    lines = [
        "| adapter, call | against | sandbox, calls/s | bare client, calls/s | cost of a call | at most 15 % |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    late = False
    for row in rows:
        reason = row.missing()
        if reason:
            lines.append(f"| {row.name} | {row.counterpart} | skipped: {reason} | | | |")
        else:
            inside, bare = measured(row)
            late = late or inside > ALLOWED * bare
            lines.append(
                f"| {row.name} | {row.counterpart} | {1 / inside:,.0f} | {1 / bare:,.0f} | "
                f"{(inside - bare) * 1e6:+,.0f} us, {inside / bare - 1:+.0%} | "
                f"{'yes' if inside <= ALLOWED * bare else '**no**'} |"
            )
        print(lines[-1], flush=True)
    if chosen.write_docs:
        text = DOCUMENT.read_text()
        begin, end = text.index(BEGIN) + len(BEGIN), text.index(END)
        DOCUMENT.write_text(text[:begin] + "\n" + "\n".join(lines) + "\n" + text[end:])
    return 1 if chosen.check and late else 0


def measured(row: Row) -> tuple[float, float]:
    """Seconds for a call from a program, and for one of the bare client."""
    with row.open() as pair, Sandbox(pair.tools, limits=Limits(wall_s=120, tool_s=120, calls=10_000_000)) as sandbox:
        once = _bare(pair, 3) / 3
        count = max(3, round(BATCH_S / once))
        _inside(sandbox, pair, min(count, 100))
        inside, bare = [], []
        for _ in range(TURNS):
            inside.append(_inside(sandbox, pair, count) / count)
            bare.append(_bare(pair, count) / count)
    return statistics.median(inside), statistics.median(bare)


def _inside(sandbox: Sandbox, pair: Pair, count: int) -> float:
    """Seconds of the loop as the program itself takes them, without the run around it."""
    program = f"import time\nbegin = time.perf_counter()\nfor _ in range({count}):\n    {pair.program}\n"
    result = sandbox.run(program + "time.perf_counter() - begin")
    if result.error:
        raise SystemExit(f"{pair.program}: {result.error.text}")
    return float(result.value)


def _bare(pair: Pair, count: int) -> float:
    begin = time.perf_counter()
    for _ in range(count):
        pair.bare()
    return time.perf_counter() - begin


if __name__ == "__main__":
    sys.exit(main())
