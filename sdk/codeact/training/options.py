"""The settings of a training run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from codeact.training.errors import TrainingError

Method = Literal["lora", "full"]
DEVELOPMENT = range(1000, 2000)
"""Seeds to try things on: none is learnt from, and none is tested on."""

NAMES = {"checkpointing": "gradient_checkpointing", "compiled": "compile"}
"""Options that a command line calls otherwise."""


@dataclass(frozen=True)
class TrainingOptions:
    """What is trained, on what, and how.

    Attributes:
        data: files of conversations.
        out: folder for the result, the checkpoints and the record.
        base: the model to begin with: `embedded-base`, a folder, or `hf:<repository>`.
        adapter: a LoRA adapter over the base to go on with; None: a new one.
        method: `lora` trains a low-rank adapter over the fixed base, `full` all weights.
        epochs: how often each conversation is seen.
        learning_rate: the highest; it rises from 0 in the first 3 % of the steps and falls to a tenth along a cosine.
            None: 5e-4 for an adapter, 3e-4 for all weights.
        rank: of the adapter. alpha: its scale times the rank; None: twice the rank.
        batch_tokens: tokens of a step on one device; None: 16,384 on a GPU, 4096 on a CPU.
        accumulate: batches whose gradients make one step together.
        max_length: longer conversations are left out.
        seed: of the adapter's first weights, the order of the data and what is held out.
        held_out: share of the conversations that is not learnt, and whose loss is watched.
        checkpoint_steps: steps between checkpoints, looks at what is held out, and evaluations.
        log_steps: steps between lines of the record.
        eval_tasks: Gymnasium ids or patterns that are played with each checkpoint. eval_seeds: the seeds, of
            1000-1999. eval_workers: processes that play.
        stop_early: so many checkpoints without a better one end the run; 0: never. The best is what `out` holds.
        max_steps: end after so many steps; None: after all epochs.
        max_seconds: end after so many seconds; None: after all epochs.
        checkpointing: compute activations again in the backward pass, for less memory.
        compiled: compile the network's layers.
        device: `cuda`, `mps` or `cpu`; None: the best there is.
        threads: CPU threads; None: as many as there are processors.
        reward: play `tasks` with `seeds` instead of learning from data: `generations` replies to each scene.
        resume: go on from the last checkpoint in `out`.
    """

    data: tuple[Path, ...]
    out: Path
    base: str = "embedded-base"
    adapter: Path | None = None
    method: Method = "lora"
    epochs: float = 3.0
    learning_rate: float | None = None
    rank: int = 64
    alpha: int | None = None
    batch_tokens: int | None = None
    accumulate: int = 1
    max_length: int = 2048
    seed: int = 0
    held_out: float = 0.01
    checkpoint_steps: int = 200
    log_steps: int = 10
    eval_tasks: tuple[str, ...] = ()
    eval_seeds: str = "1000-1004"
    eval_workers: int = 2
    stop_early: int = 0
    max_steps: int | None = None
    max_seconds: float | None = None
    checkpointing: bool = False
    compiled: bool = False
    device: str | None = None
    threads: int | None = None
    reward: bool = False
    tasks: tuple[str, ...] = ()
    seeds: str = "0-99"
    generations: int = 8
    resume: bool = False

    def __post_init__(self) -> None:
        positive = ("epochs", "rank", "accumulate", "max_length", "checkpoint_steps", "log_steps", "eval_workers")
        for name in (*positive, "learning_rate", "alpha", "batch_tokens", "max_steps", "max_seconds", "threads"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise TrainingError(f"{name} is {value}; it must be above 0")
        if self.method not in ("lora", "full"):
            raise TrainingError(f"method is lora or full, not {self.method!r}")
        if self.reward == bool(self.data) or self.reward != bool(self.tasks):
            raise TrainingError("give files of data to learn from, or --reward and --tasks to play")
        if self.reward and self.generations < 2:
            raise TrainingError(f"generations is {self.generations}; a scene's replies are compared: give 2 or more")
        if self.adapter is not None and self.method != "lora":
            raise TrainingError("to go on with an adapter is for method lora")
        if not 0 <= self.held_out < 1:
            raise TrainingError(f"held_out is {self.held_out}; it is a share from 0 to below 1")
        if self.stop_early < 0:
            raise TrainingError(f"stop_early is {self.stop_early}; it counts checkpoints, and 0 is never")
        if self.eval_tasks:
            _require_development(self.eval_seeds)
        if self.stop_early and not (self.held_out or self.eval_tasks):
            raise TrainingError("to stop early, hold something out or name tasks to play")

    @property
    def rate(self) -> float:
        """The highest learning rate."""
        return self.learning_rate or (5e-4 if self.method == "lora" else 3e-4)

    @property
    def scale(self) -> int:
        """LoRA's alpha."""
        return self.alpha or 2 * self.rank


def _require_development(seeds: str) -> None:
    """What a run is judged by on its way must be neither what it learns from nor what it is tested on."""
    numbers = [int(number) for number in re.findall(r"\d+", seeds)]
    if not numbers or not all(number in DEVELOPMENT for number in numbers):
        raise TrainingError(f"eval_seeds is {seeds!r}; a run is judged on development seeds, 1000-1999")
