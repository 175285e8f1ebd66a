"""How well a model acts: the rows of docs/model.md, played on test seeds.

    python benchmarks/model.py play --model embedded --out results/embedded         play all rows
    python benchmarks/model.py play --model embedded --rows tools-1 tools-2 --episodes 20 --out results/some
    python benchmarks/model.py table results/embedded --write-docs                  print the table, write docs/model.md
    python benchmarks/model.py failures results/embedded                            what failed, by task, with programs
    python benchmarks/model.py prompts --out prompts.jsonl                          what is asked first, one line each
    python benchmarks/model.py answer prompts.jsonl replies.jsonl --model "embedded?rows=24"    answered, many at once
    python benchmarks/model.py agree prompts.jsonl replies.jsonl --count 16         kept replies, held against the model

Whoever makes data from what failed reads the failures of `--seeds development`, and leaves the test seeds alone.

`play` goes on where it was stopped. Its episodes are spread over all tasks of a row, so that a part of it is a fair
sample. `prompts` and `answer` are for writing first replies on another machine, or many at once: hand the replies back
as `--model kept:replies.jsonl#embedded`, and `--turns 1` counts the first replies alone.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NOT_PLAYED = "not played"
SEEDS = {"development": range(1_000, 1_020), "test": range(10_000, 10_100)}
MAX_TURNS, MAX_TOKENS = 3, 512
DOCS = Path(__file__).parents[1] / "docs" / "model.md"
BEGIN, END = "<!-- benchmarks/model.py -->", "<!-- end -->"

ARM = ("Flip", "Lift", "PickPlace", "Push", "Reach", "Restack", "Slide", "Stack2")
LANGUAGE = (
    "AllInOneBowl",
    "AllToCornerOrSide",
    "EachToOwnCorner",
    "LineUp",
    "MatchingBowls",
    "MismatchedBowls",
    "NearestCornerToBowl",
    "NthFromDirection",
    "OffsetFromBowl",
    "PutBlockOnObject",
    "SideBlocksToCorner",
    "StackAll",
)
LEFT_OUT = ("EachToOwnSide", "NearestOrFarthestToBowl", "StackAtCorner")
TOOLS = ("Dna", "Files", "Messages", "Rest", "Site", "Sql", "Trade", "Travel")


@dataclass(frozen=True)
class Row:
    """One row of the table: tasks, options of their environments, and the share that must succeed."""

    title: str
    tasks: tuple[str, ...]
    required: float
    options: dict[str, str] = field(default_factory=dict)
    fails_first: bool = False


ROWS = {
    "seen": Row("A and B, seen instructions and values", (*ARM, *LANGUAGE), 0.90),
    "values": Row("B, unseen values (colours, shapes, names, numbers)", LANGUAGE, 0.85, {"values": "unseen"}),
    "phrasings": Row("B, unseen phrasings", LANGUAGE, 0.70, {"phrasing": "unseen"}),
    "left-out": Row("B, tasks left out of training", LEFT_OUT, 0.40),
    "tools-1": Row("tool use, grade 1", tuple(f"{name}1" for name in TOOLS), 0.85),
    "tools-2": Row("tool use, grade 2", tuple(f"{name}2" for name in TOOLS), 0.60),
    "tools-3": Row("tool use, grade 3", tuple(f"{name}3" for name in TOOLS), 0.30),
    "recovery": Row("A and B, recovered after a first failure", (*ARM, *LANGUAGE), 0.60, fails_first=True),
    "renamed": Row("A and B, renamed API", (*ARM, *LANGUAGE), 0.60, {"names": "unseen"}),
}


@dataclass(frozen=True)
class Job:
    row: str
    task: str
    seed: int


class FirstFails:
    """A model whose first reply in an episode is a given one, and then another model's."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self.first: str | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def generate(self, messages: Sequence[Any], options: Any, on_text: Any = None) -> Any:
        from codeact.models import Completion

        if self.first is None or any(message.role == "assistant" for message in messages):
            return self._model.generate(messages, options, on_text)
        return Completion(self.first, 0, 0, 0.0, "stop")


class Player:
    """Plays episodes, and keeps the model and some environments."""

    def __init__(self, model: str, action_format: str, turns: int, stubs: str | None) -> None:
        import codeact_envs  # noqa: F401  (registers the tasks)
        from codeact import CodeActAgent, load_model

        self.model = FirstFails(load_model(model))
        settings: dict[str, Any] = {"max_tokens": MAX_TOKENS, "action_format": action_format, "stubs": stubs}
        self.agent = CodeActAgent(self.model, max_turns=turns, **settings)
        self.late = CodeActAgent(self.model, max_turns=turns + 1, **settings)
        self.environments: dict[tuple[str, str], Any] = {}

    def environment(self, job: Job) -> Any:
        import gymnasium

        row = ROWS[job.row]
        key = (job.task, json.dumps(row.options))
        if key not in self.environments:
            while len(self.environments) >= 6:
                self.environments.pop(next(iter(self.environments))).close()
            self.environments[key] = gymnasium.make(f"CodeAct/{job.task}-v0", **row.options)
        return self.environments[key]

    def play(self, job: Job) -> dict[str, Any]:
        from codeact import play
        from codeact.events import ActionChosen, Executed

        env = self.environment(job)
        self.model.first = None
        if ROWS[job.row].fails_first:
            self.model.first = first_failure(env, job.seed)
        episode = play(self.late if self.model.first else self.agent, env, job.seed)
        programs = [event.code for event in episode.trace if isinstance(event, ActionChosen)]
        errors = [
            event.execution.error.text.strip().splitlines()[-1]
            for event in episode.trace
            if isinstance(event, Executed) and event.execution.error is not None
        ]
        return {
            "row": job.row,
            "task": job.task,
            "seed": job.seed,
            "model": self.model.name,
            "instruction": env.unwrapped.instruction,
            "success": episode.success,
            "failed_first": not (episode.success and episode.turns == 1) if self.model.first else None,
            "score": episode.score,
            "reason": episode.reason,
            "turns": episode.turns,
            "calls": episode.calls,
            "tokens": [episode.prompt_tokens, episode.completion_tokens],
            "seconds": round(episode.seconds, 3),
            "violations": list(episode.violations),
            "programs": programs,
            "errors": errors,
        }


def first_failure(env: Any, seed: int) -> str:
    """A reply that goes wrong, made from the reference program of the episode with this seed."""
    from codeact.collecting.recovering import recoveries

    env.reset(seed=seed)
    world = env.unwrapped
    effects = {name: tool.effect for name, tool in world.tools.tools.items()}
    chance = random.Random(f"{world.spec.id if world.spec else world} {seed}")
    for recovery in recoveries(str(world.oracle()), effects, {}, chance):
        first = recovery.replies[0]
        if recovery.perturb is None and not first.learn and not first.cut:
            return str(first.text)
    raise RuntimeError("no fault fits this program")


def jobs_of(rows: Sequence[str], seeds: Sequence[int], only: Sequence[str] | None = None) -> Iterator[Job]:
    """Seed by seed over all tasks of all rows, or those among them that are named in `only`."""
    for seed in seeds:
        for name in rows:
            for task in ROWS[name].tasks:
                if only is None or task in only:
                    yield Job(name, task, seed)


_player: Player | None = None


def begin(model: str, action_format: str, turns: int, stubs: str | None, threads: int) -> None:
    global _player
    with suppress(ImportError):
        import torch

        torch.set_num_threads(threads)
    _player = Player(model, action_format, turns, stubs)


def play_one(job: Job) -> dict[str, Any]:
    assert _player is not None
    try:
        return _player.play(job)
    except Exception as error:
        return {"row": job.row, "task": job.task, "seed": job.seed, "error": f"{type(error).__name__}: {error}"}


def read_results(folder: Path) -> list[dict[str, Any]]:
    """The whole lines, the last of each episode; half a last one of a process that was killed is left out."""
    found: list[dict[str, Any]] = []
    with suppress(FileNotFoundError):
        for line in (folder / "episodes.jsonl").read_text().splitlines():
            with suppress(ValueError):
                found.append(json.loads(line))
    # what ended in an error is played again, and then stands there twice
    return list({(each["row"], each["task"], each["seed"]): each for each in found}.values())


def play_rows(arguments: argparse.Namespace) -> None:
    arguments.out.mkdir(parents=True, exist_ok=True)
    seeds = SEEDS[arguments.seeds][: arguments.episodes]
    before = [each for each in read_results(arguments.out) if "error" not in each]
    done = {(each["row"], each["task"], each["seed"]) for each in before}
    jobs = [job for job in jobs_of(arguments.rows, seeds, arguments.tasks) if (job.row, job.task, job.seed) not in done]
    print(f"{len(jobs)} episodes to play, {len(before)} played before", file=sys.stderr)
    context = multiprocessing.get_context("spawn")
    started, successes = time.monotonic(), 0
    with (
        context.Pool(
            arguments.workers,
            begin,
            (arguments.model, arguments.format, arguments.turns, arguments.stubs, arguments.threads),
        ) as pool,
        (arguments.out / "episodes.jsonl").open("a") as file,
    ):
        for number, result in enumerate(pool.imap_unordered(play_one, jobs), start=1):
            file.write(json.dumps(result) + "\n")
            file.flush()
            successes += bool(result.get("success"))
            if number % 50 == 0 or number == len(jobs):
                pace = (time.monotonic() - started) / number
                print(f"{number} of {len(jobs)}: {successes / number:.1%}, {pace:.2f} s each", file=sys.stderr)
    print_table([arguments.out])


def rate(results: Sequence[dict[str, Any]]) -> str:
    from codeact.evaluation.statistics import wilson_interval

    results = [each for each in results if each.get("failed_first") is not False]  # the fault did no harm
    if not results:
        return NOT_PLAYED
    successes = sum(bool(each.get("success")) for each in results)
    low, high = wilson_interval(successes, len(results))
    replies = sum(each.get("turns", 0) for each in results) / len(results)
    return (
        f"{successes / len(results):.1%} ({low:.0%}-{high:.0%}, {successes} of {len(results)}), {replies:.2f} replies"
    )


def table(folders: Sequence[Path]) -> str:
    """The rows with a column for each folder of results."""
    played = {folder.name: read_results(folder) for folder in folders}
    seeds = {each["seed"] for results in played.values() for each in results}
    kinds = " and ".join(kind for kind, all_of in SEEDS.items() if seeds & set(all_of))
    lines = [f"| on {kinds} seeds | required | " + " | ".join(played) + " |", "|---|---|" + "---|" * len(played)]
    for name, row in ROWS.items():
        cells = [rate([each for each in results if each["row"] == name]) for results in played.values()]
        if set(cells) == {NOT_PLAYED}:
            continue
        lines.append(f"| {row.title} | {row.required:.0%} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def summary(folders: Sequence[Path]) -> str:
    """A line for each folder, of the episodes that do not begin with a fault."""
    lines = []
    for folder in folders:
        episodes = [each for each in read_results(folder) if "error" not in each and not ROWS[each["row"]].fails_first]
        if not episodes:
            continue
        won = [each for each in episodes if each["success"]]
        replies = sum(each["turns"] for each in episodes) / len(episodes)
        replies_won = sum(each["turns"] for each in won) / max(1, len(won))
        read, written = (sum(each["tokens"][i] for each in episodes) / len(episodes) for i in (0, 1))
        lines.append(
            f"{folder.name}, all: {len(won)} of {len(episodes)} ({len(won) / len(episodes):.1%}), "
            f"{sum(each['turns'] == 1 for each in won)} at the first reply; {replies:.2f} replies, "
            f"{replies_won:.2f} of those won; {read:,.0f} tokens read and {written:.0f} written; "
            f"{sum(each['seconds'] for each in episodes) / len(episodes):.1f} s; "
            f"in {sum(not each['programs'] for each in episodes)} no reply held a program"
        )
    return "\n".join(lines)


def tasks_table(folders: Sequence[Path]) -> str:
    """Rates by task, in the order of the rows."""
    lines = []
    for folder in folders:
        results = read_results(folder)
        for name, row in ROWS.items():
            of_row = [each for each in results if each["row"] == name]
            if not of_row:
                continue
            cells = []
            for task in row.tasks:
                mine = [bool(each.get("success")) for each in of_row if each["task"] == task]
                cells.append(f"{task} {sum(mine)}/{len(mine)}")
            turns = sum(each.get("turns", 0) for each in of_row) / len(of_row)
            lines.append(f"{folder.name}, {name} ({turns:.2f} turns): " + ", ".join(cells))
    return "\n".join(lines)


def print_table(folders: Sequence[Path], write: bool = False) -> None:
    text = table(folders)
    print(text)
    print()
    print(tasks_table(folders))
    print()
    print(summary(folders))
    if write:
        whole = DOCS.read_text()
        head, _, rest = whole.partition(BEGIN)
        _, _, tail = rest.partition(END)
        DOCS.write_text(f"{head}{BEGIN}\n{text}\n{END}{tail}")


def print_failures(folder: Path, count: int) -> None:
    """Failed episodes of each row and task, with what was asked and written."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for each in read_results(folder):
        if not each.get("success"):
            groups[each["row"], each["task"]].append(each)
    for (row, task), failed in sorted(groups.items(), key=lambda item: -len(item[1])):
        reasons = Counter((each.get("errors") or [each.get("reason", each.get("error", ""))])[-1] for each in failed)
        print(f"== {row} {task}: {len(failed)}; {reasons.most_common(3)}")
        for each in failed[:count]:
            print(f"-- seed {each['seed']}: {each.get('instruction')}")
            for program in each.get("programs", []):
                print(program, "\n---")
            print(each.get("errors"), each.get("reason"), each.get("error", ""))


class Asked(Exception):
    """Carries the question that was asked."""


class Asking:
    """A model that only takes the question down."""

    name = "asking"
    context_tokens = None

    def __init__(self, stubs: str) -> None:
        self.stubs = stubs

    def generate(self, messages: Sequence[Any], options: Any, on_text: Any = None) -> Any:
        raise Asked(messages, options)


def write_prompts(arguments: argparse.Namespace) -> None:
    """What a model is asked first in each episode, each question once."""
    import codeact_envs  # noqa: F401  (registers the tasks)
    from codeact import CodeActAgent, play
    from codeact.models.kept_replies import question_digest

    player = Player.__new__(Player)
    player.environments = {}
    agent = CodeActAgent(
        Asking(arguments.stubs),
        max_turns=MAX_TURNS,
        max_tokens=MAX_TOKENS,
        action_format=arguments.format,  # type: ignore[arg-type]
    )
    known = set()
    with arguments.out.open("w") as file:
        for name in arguments.rows:
            row = ROWS[name]
            if row.fails_first:
                continue
            for task in row.tasks if arguments.tasks is None else sorted({*row.tasks} & {*arguments.tasks}):
                for seed in SEEDS[arguments.seeds][: arguments.episodes]:
                    try:
                        play(agent, player.environment(Job(name, task, seed)), seed)
                    except Asked as asked:
                        messages, options = asked.args
                    question = question_digest(messages, options)
                    if question in known:
                        continue
                    known.add(question)
                    content = [{"role": each.role, "content": each.content} for each in messages]
                    line = {"id": question, "messages": content, "max_tokens": options.max_tokens}
                    file.write(json.dumps(line) + "\n")
    print(f"{len(known)} questions in {arguments.out}")


def answer_prompts(arguments: argparse.Namespace) -> None:
    """Write the replies that the file lacks, and keep each as it ends."""
    from codeact.models import GenerationOptions, Message, generate_many, load_model

    asked = [json.loads(line) for line in arguments.prompts.read_text().splitlines()]
    part, _, parts = arguments.part.partition("/")
    asked = asked[int(part) - 1 :: int(parts)]
    model = load_model(f"kept:{arguments.replies}#{arguments.model}")
    started = time.monotonic()
    for first in range(0, len(asked), arguments.rows):
        some = asked[first : first + arguments.rows]
        conversations = [[Message(each["role"], each["content"]) for each in one["messages"]] for one in some]
        options = [GenerationOptions(max_tokens=one["max_tokens"], stop=("</execute>",)) for one in some]
        generate_many(model, conversations, options, at_once=arguments.rows)
        done = min(first + arguments.rows, len(asked))
        print(f"{done} of {len(asked)}, {(time.monotonic() - started) / done:.2f} s each", file=sys.stderr, flush=True)


def print_agreement(arguments: argparse.Namespace) -> None:
    """How many kept replies a model writes again to the letter."""
    from codeact.models import GenerationOptions, Message, load_model

    asked = {each["id"]: each for each in map(json.loads, arguments.prompts.read_text().splitlines())}
    kept = [each for each in map(json.loads, arguments.replies.read_text().splitlines()) if each["question"] in asked]
    model = load_model(arguments.model)
    equal = 0
    chosen = random.Random(0).sample(kept, min(arguments.count, len(kept)))
    for each in chosen:
        question = asked[each["question"]]
        messages = [Message(message["role"], message["content"]) for message in question["messages"]]
        options = GenerationOptions(max_tokens=question["max_tokens"], stop=("</execute>",))
        equal += model.generate(messages, options).text.strip() == each["text"].strip()
    print(f"{equal} of {len(chosen)} replies are the same to the letter")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    playing = commands.add_parser("play")
    playing.add_argument("--model", default="embedded")
    playing.add_argument("--turns", type=int, default=MAX_TURNS, help="replies in an episode")
    playing.add_argument("--stubs", choices=("short", "full"), help="by default as the model prefers them")
    playing.add_argument("--workers", type=int, default=2)
    playing.add_argument("--threads", type=int, default=1, help="of torch, in each worker")
    asking = commands.add_parser("prompts")
    asking.add_argument("--stubs", choices=("short", "full"), default="short", help="as the model prefers them")
    known = sorted({task for row in ROWS.values() for task in row.tasks})
    for each in (playing, asking):
        each.add_argument("--rows", nargs="+", default=list(ROWS), choices=list(ROWS))
        each.add_argument("--tasks", nargs="+", metavar="TASK", choices=known, help="these alone, such as Lift")
        each.add_argument("--seeds", choices=list(SEEDS), default="test")
        each.add_argument("--episodes", type=int, help="a task, from the first seed on; all without it")
        each.add_argument("--format", default="code", choices=("code", "json", "text"))
        each.add_argument("--out", type=Path, required=True)
    tabling = commands.add_parser("table")
    tabling.add_argument("folders", type=Path, nargs="+")
    tabling.add_argument("--write-docs", action="store_true")
    failing = commands.add_parser("failures")
    failing.add_argument("folder", type=Path)
    failing.add_argument("--count", type=int, default=2, help="episodes shown of each task")
    answering = commands.add_parser("answer")
    answering.add_argument("prompts", type=Path)
    answering.add_argument("replies", type=Path)
    answering.add_argument("--model", default="embedded?rows=24")
    answering.add_argument("--rows", type=int, default=24, help="asked at once")
    answering.add_argument("--part", default="1/1", help="1/2 and 2/2 for two processes")
    agreeing = commands.add_parser("agree")
    agreeing.add_argument("prompts", type=Path)
    agreeing.add_argument("replies", type=Path)
    agreeing.add_argument("--model", default="embedded")
    agreeing.add_argument("--count", type=int, default=16)
    arguments = parser.parse_args()
    match arguments.command:
        case "play":
            play_rows(arguments)
        case "prompts":
            write_prompts(arguments)
        case "answer":
            answer_prompts(arguments)
        case "agree":
            print_agreement(arguments)
        case "table":
            print_table(arguments.folders, arguments.write_docs)
        case "failures":
            print_failures(arguments.folder, arguments.count)
    return 0


if __name__ == "__main__":
    sys.exit(main())
