"""The mechanics of the action formats: a scripted weak model plays the tool-use tasks as code, as JSON and as text.

python benchmarks/formats.py                print the table
python benchmarks/formats.py --write-docs   and write it into docs/agent.md

The script knows how each question is answered, from the reference program and the calls that this makes, so the table
says nothing about any model: it shows what each format costs to say the same, and what becomes of mistakes. In every
episode and every format the script makes the same two mistakes first: an action that fails, and a reply of words only.
"""

from __future__ import annotations

import argparse
import dataclasses
import enum
import json
import statistics
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import gymnasium

import codeact_envs  # noqa: F401  (registers the tasks)
from codeact import CodeActAgent, play
from codeact.agent import ProgramAgent
from codeact.events import ActionChosen, CallFinished, Executed, ModelReplied
from codeact.models import ScriptedModel
from codeact_envs.tool_use import GENERATORS

FORMATS = ("code", "json", "text")
GRADES = (1, 2, 3)
MAX_TURNS = 10
"""As in the paper's comparison of action formats on M3ToolEval (Wang et al., ICML 2024)."""
DOCS = Path(__file__).parents[1] / "docs" / "agent.md"
BEGIN, END = "<!-- made by benchmarks/formats.py -->", "<!-- end -->"

Calls = list[tuple[str, dict[str, Any]]]


@dataclasses.dataclass(frozen=True)
class Played:
    """One episode. `failures`: replies that ran nothing, and programs that ended in an error."""

    success: bool
    replies: int
    calls: int
    failures: int
    tokens: int
    reason: str


def plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, enum.Enum):
        return value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return plain(dataclasses.asdict(value))
    if isinstance(value, (list, tuple, set)):
        return [plain(item) for item in value]
    return {key: plain(item) for key, item in value.items()} if isinstance(value, dict) else value


def reference(env: gymnasium.Env[Any, Any], seed: int) -> tuple[str, Calls]:
    """The reference program of an episode, and the calls that it makes."""
    episode = play(ProgramAgent("oracle"), env, seed)
    assert episode.success, f"the reference program of {episode.environment}, seed {seed}, does not succeed"
    calls = [
        (event.call.tool, plain(event.call.arguments)) for event in episode.trace if isinstance(event, CallFinished)
    ]
    return env.unwrapped.oracle(), calls  # type: ignore[attr-defined]


def replies(action_format: str, program: str, calls: Calls) -> list[str]:
    """What the script writes: two mistakes, then all that has to be done."""
    words = "I see what went wrong, and would try it in another way now."
    if action_format == "code":
        return [
            "I look first.\n<execute>\nprint(what_there_is)\n</execute>",
            words,
            f"<execute>\n{program}\n</execute>",
        ]
    if action_format == "json":
        (first, arguments), *_ = calls
        wrong = {"tool": first, "args": {**arguments, "what_there_is": True}}
        return [json.dumps(wrong), words, *(json.dumps({"tool": name, "args": args}) for name, args in calls)]
    lines = [", ".join([name, *(f"{key}={value!r}" for key, value in args.items())]) for name, args in calls]
    return [f"Action: {lines[0]}, what_there_is=True", words, *(f"Action: {line}\n" for line in lines)]


def played(env: gymnasium.Env[Any, Any], seed: int, action_format: str, script: list[str]) -> Played:
    agent = CodeActAgent(
        ScriptedModel(script, name="weak script"), action_format=action_format, max_turns=MAX_TURNS, max_tokens=4096
    )
    episode = play(agent, env, seed)
    kinds = Counter(type(event) for event in episode.trace)
    errors = sum(isinstance(event, Executed) and not event.execution.ok for event in episode.trace)
    return Played(
        episode.success,
        kinds[ModelReplied],
        episode.calls,
        kinds[ModelReplied] - kinds[ActionChosen] + errors,
        episode.tokens,
        episode.reason.partition(":")[0],
    )


def measure(seeds: range) -> dict[tuple[str, int], list[Played]]:
    found: dict[tuple[str, int], list[Played]] = {(name, grade): [] for grade in GRADES for name in FORMATS}
    for grade in GRADES:
        for generator in GENERATORS:
            env = gymnasium.make(f"CodeAct/{generator.title()}{grade}-v0")
            for seed in seeds:
                program, calls = reference(env, seed)
                for name in FORMATS:
                    found[name, grade].append(played(env, seed, name, replies(name, program, calls)))
            env.close()
    return found


def table(found: dict[tuple[str, int], list[Played]]) -> str:
    lines = [
        "| tasks | format | episodes | solved | replies | calls | failures | tokens | ended by |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for (name, grade), episodes in found.items():
        means = [statistics.mean(getattr(each, part) for each in episodes) for part in ("replies", "calls", "failures")]
        tokens = statistics.mean(each.tokens for each in episodes)
        solved = sum(each.success for each in episodes)
        reasons = ", ".join(f"{count} {reason}" for reason, count in Counter(each.reason for each in episodes).items())
        cells = [f"grade {grade}", f"`{name}`", str(len(episodes)), str(solved), *(f"{mean:.1f}" for mean in means)]
        lines.append(f"| {' | '.join([*cells, f'{tokens:,.0f}', reasons])} |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3, help="how many of each task")
    parser.add_argument("--write-docs", action="store_true", help="write the table into docs/agent.md")
    chosen = parser.parse_args()
    made = table(measure(range(chosen.seeds)))
    print(made)
    if chosen.write_docs:
        text = DOCS.read_text(encoding="utf-8")
        before, _, rest = text.partition(BEGIN)
        DOCS.write_text(f"{before}{BEGIN}\n\n{made}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
