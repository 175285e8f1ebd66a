"""What a collection plays, as a file, and the order of its episodes."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from codeact.collecting.errors import CollectionError
from codeact.collecting.separation import require_public, require_seen
from codeact.evaluation.selection import find_tasks, parse_seeds
from codeact.evaluation.suite import read_suite

BLOCK = 5
"""Episodes of one task that follow one another: making an environment costs about a third of an episode."""
SEED_OF_NAMES = "training"
"""`names: training` draws other names for each block of episodes."""


@dataclass(frozen=True)
class CollectionSuite:
    """Tasks, seeds and options of environments, and how much of it is played with faults.

    Attributes:
        tasks: Gymnasium ids or glob patterns over its registry.
        seeds: text such as `0-99`; none that are kept for evaluation.
        left_out: ids or patterns of tasks that are kept for evaluation; a task that matches is not played.
        values, phrasing, tier, perception: of the environments; None for their own. Never `unseen`.
        names: other names of tools, as the environments take them; `training` draws them anew every few episodes.
        renamed: share of the episodes that have them.
        faults: share of the episodes that begin with a faulty program.
        repeat: how often each seed is played, each time with another fault.
        most: at most so many episodes of one task, those with faults first.
    """

    tasks: tuple[str, ...]
    seeds: str = "0-99"
    left_out: tuple[str, ...] = ()
    values: str | None = None
    phrasing: str | None = None
    tier: str | None = None
    perception: str | None = None
    names: str | Mapping[str, str] | None = None
    renamed: float = 1.0
    faults: float = 0.0
    repeat: int = 1
    most: int | None = None

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012  a misspelt key must not be silently left out

    def __post_init__(self) -> None:
        require_seen(values=self.values, phrasing=self.phrasing, names=self.names)
        for name in ("renamed", "faults"):
            if not 0 <= getattr(self, name) <= 1:
                raise CollectionError(f"{name} is {getattr(self, name)}; it is a share, from 0 to 1")
        for name in ("repeat", "most"):
            if (value := getattr(self, name)) is not None and value < 1:
                raise CollectionError(f"{name} is {value}; it must be at least 1")

    @staticmethod
    def load(path: Path | str) -> CollectionSuite:
        """Read a suite, a YAML file with these keys.

        Raises:
            CollectionError: there is no such file, or it is wrong; the message says where.
        """
        try:
            return read_suite(path, CollectionSuite, CollectionError)
        except CollectionError as error:
            if str(error).startswith(str(path)):
                raise
            raise CollectionError(f"{path}: {error}") from error

    def environment(self, block: Sequence[int], *, renamed: bool) -> dict[str, Any]:
        """Options of the environment for a block of seeds."""
        names = self.names if renamed else None
        if names == SEED_OF_NAMES:
            names = f"{SEED_OF_NAMES}:{block[0]}"
        stated = {
            "values": self.values,
            "phrasing": self.phrasing,
            "tier": self.tier,
            "perception": self.perception,
            "names": names,
        }
        return {name: value for name, value in stated.items() if value is not None}


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One conversation to be made.

    Attributes:
        number: its place in the collection, from 0.
        task, seed, options: the environment, and what it is made with.
        faulty: whether it is to begin with a faulty program.
        attempt: which time this seed is played in this way, from 0.
    """

    number: int
    task: str
    seed: int
    options: dict[str, Any] = {}
    faulty: bool = False
    attempt: int = 0


def plan(suites: Sequence[CollectionSuite], *, attempts: int = 1) -> list[Job]:
    """All episodes, in an order of which any beginning holds all tasks in about their shares.

    Args:
        suites: what is played.
        attempts: how often each is played beside `CollectionSuite.repeat`, as for a model that samples.

    Raises:
        CollectionError: a seed is kept for evaluation, or nothing is left to be played.
        SelectionError: an unknown task, or seeds that cannot be read.
    """
    blocks: list[tuple[float, int, list[Job]]] = []
    for suite in suites:
        seeds = parse_seeds(suite.seeds)
        require_public(seeds)
        left_out = set(find_tasks(suite.left_out)) if suite.left_out else set()
        for task in find_tasks(suite.tasks):
            if task not in left_out:
                own = _blocks(suite, task, seeds, attempts)
                blocks += [((place + 0.5) / len(own), len(blocks), block) for place, block in enumerate(own)]
    if not blocks:
        raise CollectionError("nothing is left to be played: all tasks are left out")
    blocks.sort(key=lambda entry: entry[:2])
    jobs = [job for _, _, block in blocks for job in block]
    return [msgspec.structs.replace(job, number=number) for number, job in enumerate(jobs)]


def _blocks(suite: CollectionSuite, task: str, seeds: Sequence[int], attempts: int) -> list[list[Job]]:
    """A task's episodes in blocks of the same options, shuffled in the same way in each run."""
    draw = random.Random(f"{task} {suite}")
    chosen = [
        (seed, attempt, draw.random() < suite.faults) for attempt in range(suite.repeat * attempts) for seed in seeds
    ]
    draw.shuffle(chosen)
    if suite.most is not None:
        chosen = sorted(chosen, key=lambda each: not each[2])[: suite.most]
        draw.shuffle(chosen)
    blocks = [chosen[begin : begin + BLOCK] for begin in range(0, len(chosen), BLOCK)]
    found = []
    for place, block in enumerate(blocks):
        renamed = suite.names is not None and int((place + 1) * suite.renamed) > int(place * suite.renamed)
        options = suite.environment([seed for seed, _, _ in block], renamed=renamed)
        found.append(
            [
                Job(number=0, task=task, seed=seed, options=options, faulty=faulty, attempt=attempt)
                for seed, attempt, faulty in block
            ]
        )
    return found
