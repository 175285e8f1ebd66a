"""What an adapter costs: calls a second from a program in the sandbox, beside the bare client in the host, and beside
the adapter's own functions called in the host, which tells the adapter's share of the cost from the sandbox's.

    python benchmarks/adapters.py                  print the table
    python benchmarks/adapters.py --only sql web   some rows
    python benchmarks/adapters.py --check          exit with 1 where the sandbox costs more than 15 %
    python benchmarks/adapters.py --write-docs     put the table into docs/adapters.md

Each row has a real counterpart on this machine. The three take turns, a batch of calls each; what is printed are the
medians over the turns.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

from adapter_rows import Pair, Row, all_rows

from codeact import Limits, Sandbox
from codeact.tools import Tool

TURNS = 15
BATCH_S = 0.15  # seconds of the bare client's calls in a turn
ALLOWED = 1.15  # times the bare client's time
DOCUMENT = Path(__file__).parents[1] / "docs" / "adapters.md"
HEADINGS = ["adapter, call", "against", "sandbox, calls/s", "adapter in the host, calls/s", "bare client, calls/s"]
HEADINGS += ["cost of a call", "of it the adapter's", "at most 15 %"]
BEGIN, END = "<!-- benchmarks/adapters.py -->", "<!-- end -->"


def main() -> int:
    parser = argparse.ArgumentParser(description="Calls a second through the sandbox, beside the bare client.")
    parser.add_argument("--only", nargs="*", help="names of rows, or beginnings of them")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--write-docs", action="store_true")
    chosen = parser.parse_args()
    rows = [row for row in all_rows() if not chosen.only or row.name.startswith(tuple(chosen.only))]
    lines = [f"| {' | '.join(HEADINGS)} |", f"|{' --- |' * len(HEADINGS)}"]
    late = False
    for row in rows:
        reason = row.missing()
        if reason:
            lines.append(f"| {row.name} | {row.counterpart} | skipped: {reason} | | | | | |")
        else:
            inside, host, bare = measured(row)
            late = late or inside > ALLOWED * bare
            lines.append(
                f"| {row.name} | {row.counterpart} | {1 / inside:,.0f} | {1 / host:,.0f} | {1 / bare:,.0f} | "
                f"{(inside - bare) * 1e6:+,.0f} us, {inside / bare - 1:+.0%} | {(host - bare) * 1e6:+,.0f} us | "
                f"{'yes' if inside <= ALLOWED * bare else '**no**'} |"
            )
        print(lines[-1], flush=True)
    if chosen.write_docs:
        text = DOCUMENT.read_text()
        begin, end = text.index(BEGIN) + len(BEGIN), text.index(END)
        DOCUMENT.write_text(text[:begin] + "\n" + "\n".join(lines) + "\n" + text[end:])
    return 1 if chosen.check and late else 0


class Seconds(NamedTuple):
    """Of a call: from a program, of the adapter's function in the host, of the bare client."""

    inside: float
    host: float
    bare: float


def measured(row: Row) -> Seconds:
    """The medians over the turns."""
    with row.open() as pair, Sandbox(pair.tools, limits=Limits(wall_s=120, tool_s=120, calls=10_000_000)) as sandbox:
        once = _looped(pair.bare, 3)
        count = max(3, round(BATCH_S / once))
        _inside(sandbox, pair, min(count, 100))
        in_host = _in_host(pair)
        turns = [
            Seconds(_inside(sandbox, pair, count), _looped(in_host, count), _looped(pair.bare, count))
            for _ in range(TURNS)
        ]
    return Seconds(*map(statistics.median, zip(*turns, strict=True)))


def _inside(sandbox: Sandbox, pair: Pair, count: int) -> float:
    """Seconds of a call as the program itself takes them, without the run around the loop."""
    program = f"import time\nbegin = time.perf_counter()\nfor _ in range({count}):\n    {pair.program}\n"
    result = sandbox.run(program + "time.perf_counter() - begin")
    if result.error:
        raise SystemExit(f"{pair.program}: {result.error.text}")
    return float(result.value) / count


def _in_host(pair: Pair) -> Callable[[], object]:
    """The program's line in the host: what it passes is validated there, too."""
    names: dict[str, Any] = {}
    for name, tool in pair.tools.tools.items():
        group, _, bare = name.rpartition(".")
        if group:
            setattr(names.setdefault(group, SimpleNamespace()), bare, _called(tool))
        else:
            names[name] = _called(tool)
    code = compile(pair.program, "the program", "eval")
    return lambda: eval(code, names)


def _called(tool: Tool[..., Any]) -> Callable[..., object]:
    return lambda *given: tool.invoke(tool.arguments.bind(tool.full_name, list(given), {}))


def _looped(call: Callable[[], object], count: int) -> float:
    begin = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - begin) / count


if __name__ == "__main__":
    sys.exit(main())
