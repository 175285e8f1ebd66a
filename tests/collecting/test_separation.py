"""What is collected for training shows nothing of what models are judged by: no seed, no task, no word."""

from __future__ import annotations

import json
import lzma
import re
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest

from codeact.collecting import RESERVED_SEEDS, CollectionSuite, collect, read_conversations
from codeact.collecting.suite import Job, plan
from codeact_envs.tasks import load_task
from codeact_envs.tasks.phrasing import _file, read_phrasings
from codeact_envs.tool_use.task import ToolUseTask

SUITES = sorted((Path(__file__).parents[2] / "envs/codeact_envs/tasks/suites/training").glob("*.yaml"))
LEFT_OUT = ("StackAtCorner", "EachToOwnSide", "NearestOrFarthestToBowl")
LEARNT = Path(__file__).parents[2] / "docs/data"
ROUNDS = ("1.data", "1.chats", "2", "3", "4", "5", "6", "7", "8", "9")
FORMATS = ("code", "json", "text")
LEARNT_FILES = (*(f"embedded-{part}" for part in ROUNDS), *(f"formats.{name}" for name in FORMATS))
# Reference programs that wrote a table of all directions, lines or places, and so words of the unseen half as well.
# The instructions of these tasks are looked at whole, their first replies for colours alone.
WITH_TABLES = {
    "PickPlace": LEARNT_FILES,
    "LineUp": ("embedded-1.data", "embedded-1.chats", "embedded-2", "embedded-3"),
    "OffsetFromBowl": ("embedded-1.data", "embedded-1.chats", "embedded-2", "embedded-3", "embedded-4"),
    "AllToCornerOrSide": ("embedded-1.data", "embedded-2", "embedded-3"),
}
SEEDS_LOOKED_AT = 8  # of each task and suite: drawing an instruction takes milliseconds


@pytest.fixture(scope="module")
def jobs() -> list[Job]:
    return plan([CollectionSuite.load(path) for path in SUITES])


def unseen_templates() -> list[re.Pattern[str]]:
    """The kept phrasings, with any words in their fields."""
    found: list[str] = []
    for given in read_phrasings(_file("unseen")).values():
        for templates in given.values() if isinstance(given, dict) else [given]:
            found += templates
    parts = [re.split(r"\{\w+\}", template) for template in found]
    return [re.compile("[^,;]+?".join(map(re.escape, each)) + r"(?:$|\s)", re.DOTALL) for each in parts]


def shows_an_unseen_phrasing(text: str, templates: list[re.Pattern[str]]) -> bool:
    return any(template.match(text) for template in templates)


def unseen_colors(task: Any) -> list[str]:
    """Of a robot's task."""
    colors = task.spec.attributes.get("color")
    return list(colors.unseen) if colors is not None else []


def unseen_words(name: str, task: Any) -> list[str]:
    """What only the unseen half has: words of a generator; colours, numbers, directions and places of a robot's task.

    A task to practise on is in no evaluation, and what is unseen of it beside colours is nothing that is kept.
    """
    if isinstance(task, ToolUseTask):
        return [word for vocabulary in task.generator.vocabularies.values() for word in vocabulary.unseen]
    if name.startswith("Practice/"):
        return unseen_colors(task)
    return [word for attribute in task.spec.attributes.values() for word in attribute.words("unseen")]


def shows(word: str, text: str) -> bool:
    return re.search(rf"\b{re.escape(word)}\b", text, re.IGNORECASE) is not None


def test_no_seed_and_no_task_of_the_evaluation_is_trained_on(jobs: list[Job]) -> None:
    assert len(jobs) > 5_000
    assert not any(job.seed in reserved for job in jobs for reserved in RESERVED_SEEDS.values())
    assert not any(name in job.task for job in jobs for name in LEFT_OUT)
    assert not any("unseen" in map(str, job.options.values()) for job in jobs)


def test_no_instruction_is_in_unseen_words_or_about_unseen_values(jobs: list[Job]) -> None:
    templates = unseen_templates()
    looked_at: dict[tuple[str, str], int] = {}
    for job in jobs:
        key = job.task, job.options.get("phrasing", "usual")
        looked_at[key] = looked_at.get(key, 0) + 1
        if looked_at[key] > SEEDS_LOOKED_AT:
            continue
        task: Any = load_task(gymnasium.spec(job.task).kwargs["task"])
        task = task if key[1] == "usual" else task.phrased(key[1])
        random = np.random.Generator(np.random.PCG64(job.seed))
        said = task.draw(random, job.options.get("values", "seen")).instruction
        assert not shows_an_unseen_phrasing(said, templates), said
        assert not [word for word in unseen_words(job.task, task) if shows(word, said)], said


def test_the_unseen_half_would_be_noticed() -> None:
    templates = unseen_templates()
    for name in ("stack2", "trade_1"):
        task: Any = load_task(name)
        random = np.random.default_rng(0)
        assert shows_an_unseen_phrasing(task.phrased("unseen").draw(random, "seen").instruction, templates)
        said = " ".join(task.draw(np.random.default_rng(seed), "unseen").instruction for seed in range(5))
        assert [word for word in unseen_words(name, task) if shows(word, said)]
    offset: Any = load_task("offset_from_bowl")
    assert {"behind", "12 cm"} <= set(unseen_words("CodeAct/OffsetFromBowl-v0", offset)) - set(unseen_colors(offset))


def test_what_is_collected_shows_nothing_of_it(tmp_path: Path) -> None:
    tasks = ("CodeAct/Stack2-v0", "CodeAct/Dna1-v0", "CodeAct/Files1-v0", "CodeAct/Trade1-v0", "CodeAct/Travel1-v0")
    suite = CollectionSuite(tasks, seeds="100000", phrasing="training", names="training", renamed=0.5, faults=0.3)
    collect([suite], tmp_path / "data.jsonl", workers=1)
    collected = read_conversations(tmp_path / "data.jsonl")
    assert {each["task"] for each in collected} == set(tasks)
    templates = unseen_templates()
    for each in collected:
        task: Any = load_task(gymnasium.spec(each["task"]).kwargs["task"])
        _, asked, *others = (message["content"] for message in each["messages"])
        assert not shows_an_unseen_phrasing(asked, templates), asked
        text = "\n".join([asked, *others])
        assert not [word for word in unseen_words(each["task"], task) if shows(word, text)], text


@pytest.mark.parametrize("name", LEARNT_FILES)
def test_what_was_learnt_shows_nothing_of_it(name: str) -> None:
    templates = unseen_templates()
    tasks: dict[str, Any] = {}
    with lzma.open(LEARNT / f"{name}.jsonl.xz", "rt", encoding="utf-8") as lines:
        learnt = [json.loads(line) for line in lines]
    played = [each for each in learnt if each["task"] != "general"]  # the others are questions, answered in words
    assert len(played) >= 240
    for each in played:
        assert not any(each["seed"] in reserved for reserved in RESERVED_SEEDS.values())
        task_name = each["task"].rpartition("/")[2].removesuffix("-v0")
        assert task_name not in LEFT_OUT
        assert each["values"] != "unseen"
        if each["task"] not in tasks:
            tasks[each["task"]] = load_task(gymnasium.spec(each["task"]).kwargs["task"])
        for message in each["messages"][1:]:
            assert not shows_an_unseen_phrasing(message["content"], templates), message["content"]
        # The instruction and the first reply; after that, an error may list the colours that `find` knows.
        asked, replied = (message["content"] for message in each["messages"][1:3])
        kept = unseen_words(each["task"], tasks[each["task"]])
        assert not [word for word in kept if shows(word, asked)], asked
        if name in WITH_TABLES.get(task_name, ()):
            kept = unseen_colors(tasks[each["task"]])
        assert not [word for word in kept if shows(word, replied)], replied
