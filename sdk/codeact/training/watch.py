"""What is looked at while a run goes on: its pace and loss, what is held out, and tasks that are played."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import TrainerCallback

from codeact.models.cache import say
from codeact.training.batches import Batches
from codeact.training.options import TrainingOptions
from codeact.training.record import Record
from codeact.training.trainer import PackedTrainer, summed_loss
from codeact.training.weights import save_weights


class Watch(TrainerCallback):
    """Writes the record, judges each checkpoint, and ends a run whose time is up or that gets no better.

    Args:
        trainer: of the run. options: its settings. record: where lines go.
        watched: batches of what is held out; None: nothing is.
        model: how `load_model` is asked for the weights of a folder.

    Attributes:
        best: folder of the best weights so far, where the run may stop early.
    """

    def __init__(
        self,
        trainer: PackedTrainer,
        options: TrainingOptions,
        record: Record,
        watched: Batches | None,
        model: Callable[[Path], str],
    ) -> None:
        self._trainer, self._options, self._record, self._watched = trainer, options, record, watched
        self._model = model
        self._before = (trainer.schedule.seconds, 0)
        scores = [line["score"] for line in record.lines if "score" in line]
        self._best = max(scores, default=None)
        self._worse = len(scores) - 1 - scores.index(self._best) if self._best is not None else 0
        folder = options.out / "best"
        self.best = folder if folder.is_dir() else None

    def on_step_end(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        """End when the time is up."""
        if self._trainer.schedule.over:
            control.should_training_stop = True

    def on_log(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        """Write a line."""
        logs: dict[str, Any] = others.get("logs") or {}
        if "loss" not in logs or not state.is_world_process_zero:
            return
        seconds, step = self._before
        now = self._trainer.schedule.seconds
        each = self._trainer.batch_tokens * self._options.accumulate * self._trainer.accelerator.num_processes
        rate = (state.global_step - step) * each / max(1e-9, now - seconds) if step else None
        self._before = now, state.global_step
        line = {
            "step": state.global_step,
            "loss": float(logs["loss"]),
            "learning_rate": logs.get("learning_rate"),
            "gradient_norm": None if logs.get("grad_norm") is None else float(logs["grad_norm"]),
            "seconds": round(now, 3),
            "tokens_per_second": None if rate is None else round(rate),
        }
        self._record.add(line)
        pace = "" if rate is None else f", {rate:,.0f} tokens/s"
        say(f"step {state.global_step}/{state.max_steps}: loss {line['loss']:.4f}{pace}, {now:.0f} s")

    def on_save(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        """Judge the checkpoint: by the tasks that are played, else by what is held out."""
        line: dict[str, Any] = {"step": state.global_step}
        said = []
        if self._watched is not None:
            line["held_out_loss"] = held_out_loss(self._trainer, self._watched)
            line["score"] = -line["held_out_loss"]
            said.append(f"loss on what is held out {line['held_out_loss']:.4f}")
        if self._options.eval_tasks:
            line["success"] = line["score"] = self._play(state.global_step)
            said.append(f"{line['success']:.1%} of the episodes won")
        if not said:
            return
        better = self._best is None or line["score"] > self._best
        self._best, self._worse = (line["score"], 0) if better else (self._best, self._worse + 1)
        if better and self._options.stop_early and state.is_world_process_zero:
            self.best = self._options.out / "best"
            self._save(self.best)
        if self._options.stop_early and self._worse >= self._options.stop_early:
            control.should_training_stop = True
            said.append(f"no better for {self._worse} checkpoints, which ends the run")
        if state.is_world_process_zero:
            self._record.add(line)
            say(f"step {state.global_step}: {', '.join(said)}")
        self._before = self._trainer.schedule.seconds, state.global_step

    def _play(self, step: int) -> float:
        """The share of episodes that the weights win as they are. One process plays, and tells the others."""
        from accelerate.utils import broadcast_object_list

        told: list[Any] = [0.0]
        if self._trainer.is_world_process_zero():
            from codeact.evaluation import evaluate

            folder = self._options.out / "evaluations" / f"step-{step}"
            self._save(folder / "weights")
            result = evaluate(
                self._options.eval_tasks,
                self._options.eval_seeds,
                self._model(folder / "weights"),
                workers=self._options.eval_workers,
                out=folder,
                resume=(folder / "results.jsonl").exists(),
                stubs="short",
            )
            told = [result.total.rate]
        broadcast_object_list(told)
        return float(told[0])

    def _save(self, folder: Path) -> None:
        save_weights(self._trainer.network, self._trainer.processing_class, folder, self._options.base)


def held_out_loss(trainer: PackedTrainer, watched: Batches) -> float:
    """Mean cross-entropy of the learnt tokens of all batches."""
    network = trainer.network
    training, total, count = network.training, 0.0, 0
    network.eval()
    with torch.no_grad(), trainer.accelerator.autocast():
        for number in range(len(watched)):
            batch = trainer._prepare_inputs(watched.collate([{"batch": number}]))
            total += float(summed_loss(network, batch))
            count += batch["targets"].numel()
    network.train(training)
    return total / count
