"""TRL's trainer over batches that are ready made, and the learning rate's way."""

from __future__ import annotations

import math
import time
from typing import Any

import torch
from trl.trainer.sft_trainer import SFTTrainer

WARM_UP = 0.03  # share of the steps in which the learning rate rises
LOWEST_RATE = 0.1  # share of the learning rate at the end


class PackedTrainer(SFTTrainer):
    """TRL's trainer over batches that are ready made."""

    def __init__(self, schedule: Schedule, batch_tokens: int, **settings: Any) -> None:
        self.schedule, self.batch_tokens = schedule, batch_tokens
        super().__init__(**settings)

    @property
    def network(self) -> Any:
        """The network, without what wraps it on several devices."""
        return self.accelerator.unwrap_model(self.model)

    def _get_train_sampler(self, train_dataset: Any = None) -> Any:
        return torch.utils.data.SequentialSampler(range(len(self.train_dataset)))  # type: ignore[arg-type]

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
        if self.lr_scheduler is None:
            chosen: Any = optimizer or self.optimizer
            self.lr_scheduler = torch.optim.lr_scheduler.LambdaLR(chosen, self.schedule)
        return self.lr_scheduler

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """Mean cross-entropy of the learnt tokens of all batches of a step, on all devices."""
        total = summed_loss(model, inputs)
        if num_items_in_batch is None:
            return total / inputs["targets"].numel()
        return total / num_items_in_batch * self.accelerator.num_processes


def summed_loss(network: Any, batch: dict[str, Any]) -> Any:
    """Sum of the cross-entropy of the learnt tokens of a batch."""
    given = {name: value for name, value in batch.items() if name not in ("labels", "kept", "targets")}
    logits = network(**given, use_cache=False, logits_to_keep=batch["kept"]).logits[0]
    return torch.nn.functional.cross_entropy(logits.float(), batch["targets"], reduction="sum")


class Schedule:
    """The learning rate's share of its highest value: it rises linearly and falls along a cosine.

    Where time is limited, it falls by whichever is further, the steps or the time.
    """

    def __init__(self, steps: int, seconds: float | None, spent: float) -> None:
        self._steps, self._seconds, self._spent = steps, seconds, spent
        self._began = time.perf_counter()
        self._warm_up = max(1, round(WARM_UP * steps))

    @property
    def over(self) -> bool:
        """Whether the time is up."""
        return self._seconds is not None and self.seconds >= self._seconds

    @property
    def seconds(self) -> float:
        """How long the run has taken, before a break too."""
        return self._spent + time.perf_counter() - self._began

    def __call__(self, step: int) -> float:
        done = (step - self._warm_up) / max(1, self._steps - self._warm_up)
        if self._seconds is not None:
            done = max(done, self.seconds / self._seconds)
        fallen = LOWEST_RATE + (1 - LOWEST_RATE) * (1 + math.cos(math.pi * min(1.0, max(0.0, done)))) / 2
        return min(1.0, (step + 1) / self._warm_up) * fallen
