"""What an agent costs by itself, beside smolagents: no model, no program, 200 turns with observations of 2 kB.

python benchmarks/agent.py           needs nothing; smolagents is left out where it is not installed
python benchmarks/agent.py --check   exits with 1 when a turn costs more than 1 ms or 10 kB, or is not flat

Each agent gets the same program from a model that answers at once, and the same text back from a place that runs
nothing, so that what is left is the agent. Each run is a process of its own, and they take turns. Times are processor
time: what else the machine does does not count.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import json
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

TURNS = 200
PART = 50
"""Turns at the beginning and at the end that are compared: the same cost is flat."""
OBSERVATION = "x" * 1999 + "\n"
CODE = "print(1)"
MOST_MS, MOST_KB, MOST_GROWTH_MS = 1.0, 10.0, 0.1
WARM = 10

Tick = Callable[[], None]


def ours(turns: int, tick: Tick) -> None:
    """Play `turns` turns, and call `tick` before each."""
    from codeact.agent import Brief, CodeActAgent
    from codeact.models import Completion

    class Model:
        name, context_tokens = "scripted", None

        def generate(self, messages: Any, options: Any, on_text: Any = None) -> Completion:
            tick()
            text = f"I go on.\n<execute>\n{CODE}\n</execute>"
            return Completion(text, 1, 1, 0.0, "stop")

    agent = CodeActAgent(Model(), max_turns=turns + 1)
    agent.begin(Brief("Go on.", "def go() -> None: ...", ""), lambda event: None)
    for turn in range(turns):
        action = agent.act(f"{turn} {OBSERVATION}" if turn else None, lambda event: None)
        assert action.code == CODE


def smolagents(turns: int, tick: Tick) -> None:
    """The same with a `CodeAgent`."""
    from smolagents import ChatMessage, CodeAgent, Model
    from smolagents.local_python_executor import CodeOutput, PythonExecutor
    from smolagents.monitoring import LogLevel, TokenUsage

    class Scripted(Model):
        def generate(self, messages: Any, **options: Any) -> ChatMessage:
            tick()
            text = f"I go on.\n<code>\n{CODE}\n</code>"
            return ChatMessage(role="assistant", content=text, token_usage=TokenUsage(1, 1))

    class Nothing(PythonExecutor):
        turn = 0

        def send_tools(self, tools: Any) -> None: ...

        def send_variables(self, variables: Any) -> None: ...

        def __call__(self, code_action: str) -> CodeOutput:
            self.turn += 1
            return CodeOutput(None, f"{self.turn} {OBSERVATION}", self.turn >= turns)

    agent = CodeAgent([], Scripted(), executor=Nothing(), verbosity_level=LogLevel.OFF, max_steps=turns + 1)
    agent.run("Go on.")


AGENTS = {"codeact": ours, "smolagents": smolagents}


def times(play: Callable[[int, Tick], None]) -> dict[str, float]:
    """Milliseconds of processor time a turn: the median of all, and of those at the beginning and the end."""
    ticks: list[float] = []
    play(TURNS + WARM, lambda: ticks.append(time.process_time()))
    each = [(after - before) * 1000 for before, after in itertools.pairwise(ticks)][WARM:]
    return {
        "ms": statistics.median(each),
        "first_ms": statistics.median(each[:PART]),
        "last_ms": statistics.median(each[-PART:]),
    }


def memory(play: Callable[[int, Tick], None]) -> dict[str, float]:
    """Kilobytes that a turn leaves behind, from one fourth of the way to the end."""
    seen: list[int] = []
    tracemalloc.start()
    play(TURNS, lambda: seen.append(tracemalloc.get_traced_memory()[0]))
    begin = TURNS // 4
    return {"kb": (seen[-1] - seen[begin]) / (len(seen) - 1 - begin) / 1000}


def measured(name: str, what: str) -> dict[str, float]:
    """In a process of its own."""
    command = [sys.executable, __file__, "--one", name, what]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="exit with 1 when a target is missed")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each; the quickest counts")
    parser.add_argument("--one", nargs=2, metavar=("AGENT", "WHAT"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        name, what = chosen.one
        print(json.dumps({"times": times, "memory": memory}[what](AGENTS[name])))
        return 0
    here = [name for name in AGENTS if name == "codeact" or importlib.util.find_spec(name)]
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in here}
    for _ in range(chosen.repeats):
        for name in here:
            runs[name].append(measured(name, "times"))
    results = {name: min(found, key=lambda each: each["ms"]) | measured(name, "memory") for name, found in runs.items()}
    print(f"{TURNS} turns, observations of {len(OBSERVATION):,} characters")
    for name, found in results.items():
        first, last = found["first_ms"], found["last_ms"]
        each = f"{found['ms']:.3f} ms a turn (first {PART}: {first:.3f}, last {PART}: {last:.3f})"
        print(f"{name:<11} {each}, {found['kb']:.1f} kB a turn")
    own = results["codeact"]
    if other := results.get("smolagents"):
        times_as_long, times_as_much = other["ms"] / own["ms"], other["kb"] / own["kb"]
        print(f"smolagents takes {times_as_long:.0f} times the time, {times_as_much:.0f} times the memory")
    else:
        print("smolagents is not installed here: not measured")
    targets = {
        f"a turn takes at most {MOST_MS:g} ms": own["ms"] <= MOST_MS,
        f"the last turns take at most {MOST_GROWTH_MS:g} ms more than the first": own["last_ms"] - own["first_ms"]
        <= MOST_GROWTH_MS,
        f"a turn leaves at most {MOST_KB:g} kB": own["kb"] <= MOST_KB,
    }
    if other:
        targets["quicker and smaller than smolagents"] = own["ms"] < other["ms"] and own["kb"] < other["kb"]
    for target, met in targets.items():
        print(f"{'met   ' if met else 'MISSED'} {target}")
    return 1 if chosen.check and not all(targets.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
