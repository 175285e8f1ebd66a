"""Supervised fine-tuning: learn the marked replies of conversations, by TRL's trainer.

The batches come ready made, so the trainer's own handling of data is switched off; only the places that are learnt are
turned into logits; and the batches come in the plan's order, so that a run goes on after a break as if there was none.
"""

from __future__ import annotations

import math
import os
import random
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

import pyarrow
import torch
from datasets import Dataset
from peft import LoraConfig
from trl.trainer.sft_config import SFTConfig

from codeact.models.cache import say
from codeact.models.device import limit_threads
from codeact.training.base import Machine, base_folder, continued, load_network, load_tokenizer
from codeact.training.batches import Batches, openings
from codeact.training.conversations import Conversation, digest, read_conversations
from codeact.training.errors import TrainingError
from codeact.training.options import TrainingOptions
from codeact.training.packing import Plan, plan_batches
from codeact.training.record import Record, read_summary, write_summary
from codeact.training.tokens import Example, encode_all
from codeact.training.trainer import PackedTrainer, Schedule
from codeact.training.watch import Watch
from codeact.training.weights import last_checkpoint, save_weights, step_of

RESUMED = ("base", "adapter", "method", "epochs", "rate", "rank", "scale", "batch_tokens", "accumulate", "max_length")


def train(options: TrainingOptions) -> Path:
    """Train as `options` say; the folder that holds the result.

    Raises:
        TrainingError: the data, the base or the folder is wrong.
        ModelError: the base cannot be fetched, or the device is not here.
    """
    return _Run(options).run()


class _Run:
    def __init__(self, options: TrainingOptions) -> None:
        self.options = options
        self.machine = Machine.choose(options.device)
        self.batch_tokens = options.batch_tokens or (16_384 if self.machine.device.startswith("cuda") else 4096)
        self.began = time.perf_counter()
        self.processes = int(os.environ.get("WORLD_SIZE", "1"))  # as launchers tell it
        self.first = int(os.environ.get("RANK", "0")) == 0
        if options.threads is not None:
            limit_threads(options.threads)

    def run(self) -> Path:
        options = self.options
        folder = base_folder(options.base)
        tokenizer = load_tokenizer(folder)
        conversations = read_conversations(options.data)
        learnt, held_out = _split(conversations, options.held_out, options.seed)
        batches = self._batches(encode_all(tokenizer, learnt), tokenizer)
        watched = self._watched(encode_all(tokenizer, held_out), tokenizer) if held_out else None
        checkpoint = self._begin(batches)
        step = 0 if checkpoint is None else step_of(checkpoint)
        record = Record(options.out, step, kept=self.first)
        network = load_network(folder, self.machine, options.method)
        if options.adapter is not None:
            network = continued(network, options.adapter)
        trainer = self._trainer(network, tokenizer, batches, record)
        watch = Watch(trainer, options, record, watched, self._as_model(folder))
        trainer.add_callback(watch)
        if self.first:
            self._say_plan(batches, held_out, step)
        trainer.train(resume_from_checkpoint=None if checkpoint is None else str(checkpoint))
        if trainer.is_world_process_zero():
            self._finish(trainer, tokenizer, record, watch.best)
        return options.out

    def _batches(self, examples: list[Example], tokenizer: Any) -> Batches:
        options = self.options
        plan = plan_batches(
            [len(example.tokens) for example in examples],
            batch_tokens=self.batch_tokens,
            max_length=options.max_length,
            epochs=options.epochs,
            seed=options.seed,
            multiple=options.accumulate * self.processes,
            openings=None if options.compiled else openings(examples),
        )
        return Batches(examples, plan, self.batch_tokens, _padding(tokenizer))

    def _watched(self, examples: list[Example], tokenizer: Any) -> Batches | None:
        lengths = [len(example.tokens) for example in examples]
        room = min(self.batch_tokens, self.options.max_length)
        if not any(length <= room for length in lengths):
            return None
        shared = None if self.options.compiled else openings(examples)
        plan = plan_batches(lengths, batch_tokens=self.batch_tokens, max_length=room, epochs=1, seed=0, openings=shared)
        return Batches(examples, plan, self.batch_tokens, _padding(tokenizer))

    def _begin(self, batches: Batches) -> Path | None:
        """Make the folder ready; the checkpoint to go on from."""
        out = self.options.out
        settings = self._settings()
        if self.options.resume:
            before = read_summary(out)["settings"]
            changed = [
                name for name in (*RESUMED, "seed", "held_out", "data_sha256") if before.get(name) != settings[name]
            ]
            if changed:
                raise TrainingError(
                    f"the run in {out} has other settings, and --resume goes on with the same: "
                    + "; ".join(f"{name} was {before.get(name)}, and is {settings[name]}" for name in changed)
                )
            return last_checkpoint(out)
        if not self.first:
            return None
        if (out / "training.json").exists():
            raise TrainingError(f"{out} holds a run already: go on with it by --resume, or name another folder")
        out.mkdir(parents=True, exist_ok=True)
        write_summary(out, self._summary(batches, "begun"))
        return None

    def _settings(self) -> dict[str, Any]:
        given = {name: value for name, value in asdict(self.options).items() if name not in ("resume", "data", "out")}
        return {
            **given,
            "adapter": None if self.options.adapter is None else str(self.options.adapter),
            "data_sha256": digest(self.options.data),
            "batch_tokens": self.batch_tokens,
            "rate": self.options.rate,
            "scale": self.options.scale,
        }

    def _summary(self, batches: Batches, state: str) -> dict[str, Any]:
        return {
            "state": state,
            "command": sys.argv,
            "settings": self._settings(),
            "conversations": len(batches.examples),
            "tokens": sum(len(example.tokens) for example in batches.examples),
            "learnt_tokens": sum(example.learnt_tokens for example in batches.examples),
            "left_out_as_too_long": len(batches.plan.left_out),
            "steps": self._steps(batches.plan),
            "device": self._device_name(),
            "versions": {name: metadata.version(name) for name in ("torch", "transformers", "trl", "peft")},
        }

    def _device_name(self) -> str:
        name = torch.cuda.get_device_name() if self.machine.device.startswith("cuda") else self.machine.device
        return f"{name}, {'bfloat16' if self.machine.mixed else 'float32'}"

    def _steps(self, plan: Plan) -> int:
        steps = math.ceil(len(plan.batches) / self.options.accumulate / self.processes)
        return min(steps, self.options.max_steps or steps)

    def _trainer(self, network: Any, tokenizer: Any, batches: Batches, record: Record) -> PackedTrainer:
        options, cuda = self.options, self.machine.device.startswith("cuda")
        config = SFTConfig(
            output_dir=str(options.out / "checkpoints"),
            per_device_train_batch_size=1,
            gradient_accumulation_steps=options.accumulate,
            num_train_epochs=1,
            max_steps=options.max_steps or -1,
            learning_rate=options.rate,
            optim="adamw_torch_fused",
            weight_decay=0.0 if options.method == "lora" else 0.01,
            max_grad_norm=1.0,
            logging_steps=options.log_steps,
            logging_nan_inf_filter=False,
            save_steps=options.checkpoint_steps,
            save_total_limit=2,
            bf16=self.machine.mixed,
            fp16=False,
            use_cpu=self.machine.device == "cpu",
            gradient_checkpointing=options.checkpointing,
            seed=options.seed,
            data_seed=options.seed,
            remove_unused_columns=False,
            dataloader_pin_memory=cuda,
            disable_tqdm=True,
            report_to=[],
            max_length=None,
            dataset_kwargs={"skip_prepare_dataset": True},
        )
        adapter = LoraConfig(
            r=options.rank,
            lora_alpha=options.scale,
            lora_dropout=0.0,
            target_modules="all-linear",
            task_type="CAUSAL_LM",
        )
        schedule = Schedule(self._steps(batches.plan), options.max_seconds, record.seconds)
        trainer = PackedTrainer(
            schedule,
            self.batch_tokens,
            model=network,
            args=config,
            data_collator=batches.collate,
            train_dataset=_numbers(len(batches)),
            processing_class=tokenizer,
            peft_config=adapter if options.method == "lora" and options.adapter is None else None,
        )
        for module in trainer.network.modules():
            module.cast_input_dtype_enabled = not self.machine.mixed  # autocast casts the adapter's weights instead
            if options.compiled and type(module).__name__.endswith("DecoderLayer"):
                module.compile()
        return trainer

    def _as_model(self, folder: str) -> Callable[[Path], str]:
        """How `load_model` is asked for the weights of a folder."""
        if self.options.method == "full":
            return lambda weights: f"hf:{weights}"
        base = "embedded-base" if self.options.base == "embedded-base" else f"hf:{folder}"
        return lambda weights: f"{base}?adapter={weights}"

    def _say_plan(self, batches: Batches, held_out: list[Conversation], step: int) -> None:
        tokens = sum(len(example.tokens) for example in batches.examples)
        say(
            f"{len(batches.examples)} conversations of {tokens:,} tokens to learn, {len(held_out)} held out, "
            f"{len(batches.plan.left_out)} too long; {self._steps(batches.plan)} steps of {self.batch_tokens:,} tokens "
            f"on {self._device_name()}" + (f", from step {step} on" if step else "")
        )

    def _finish(self, trainer: PackedTrainer, tokenizer: Any, record: Record, best: Path | None) -> None:
        out = self.options.out
        record.draw()
        if self.options.stop_early and best is not None:
            shutil.copytree(best, out, dirs_exist_ok=True)
        else:
            save_weights(trainer.network, tokenizer, out, self.options.base)
        summary = read_summary(out)
        last = record.lines[-1] if record.lines else {}
        write_summary(out, {**summary, "state": "finished", "steps_done": trainer.state.global_step, "last": last})
        say(f"finished after {time.perf_counter() - self.began:.0f} s: {out}")


def _numbers(count: int) -> Dataset:
    """The batches' numbers, in the one form that TRL takes. Its name is given, so that nothing is pickled for one."""
    return Dataset(pyarrow.table({"batch": list(range(count))}), fingerprint=f"batches-{count}")


def _padding(tokenizer: Any) -> int:
    padding = tokenizer.pad_token_id
    return int(tokenizer.eos_token_id if padding is None else padding)


def _split(conversations: list[Conversation], share: float, seed: int) -> tuple[list[Conversation], list[Conversation]]:
    """What is learnt, and what is held out: whole scenes, so that no scene is in both."""
    scenes = sorted({_scene(conversation) for conversation in conversations})
    count = round(share * len(scenes))
    if share and len(scenes) > 1:
        count = max(1, count)
    out = set(random.Random(seed).sample(scenes, count))
    learnt = [conversation for conversation in conversations if _scene(conversation) not in out]
    return learnt, [conversation for conversation in conversations if _scene(conversation) in out]


def _scene(conversation: Conversation) -> tuple[str, str]:
    seed = conversation.place if conversation.seed is None else str(conversation.seed)
    return conversation.task, seed
