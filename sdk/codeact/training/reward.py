"""Reinforcement learning with environments as the reward: group relative policy optimisation (GRPO), by TRL.

For each scene the model writes several first replies. Each is played in the environment by a real agent, for one turn,
and its score is its reward; replies that score better than the others of their group become likelier. (Shao et al.,
DeepSeekMath, 2024.)
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pyarrow
import torch
from datasets import Dataset
from peft import LoraConfig
from trl.trainer.grpo_config import GRPOConfig
from trl.trainer.grpo_trainer import GRPOTrainer

from codeact.collecting.separation import require_public
from codeact.models.cache import say
from codeact.models.device import limit_threads
from codeact.models.protocol import Message
from codeact.models.scripted import ScriptedModel
from codeact.training.base import Machine, base_folder, continued, load_network, load_tokenizer
from codeact.training.errors import TrainingError
from codeact.training.options import TrainingOptions
from codeact.training.record import Record, write_summary
from codeact.training.weights import last_checkpoint, save_weights, step_of

LONGEST_REPLY = 256  # tokens


class Scenes:
    """Environments that say what a first reply is worth. One is kept open a task.

    Args:
        tasks: Gymnasium ids or patterns.
        seeds: of the scenes, of those that may be learnt from.

    Raises:
        SelectionError: no such task, or the seeds are wrong.
        CollectionError: a seed is kept for evaluation.
    """

    def __init__(self, tasks: Sequence[str], seeds: str) -> None:
        from codeact.evaluation import find_tasks, parse_seeds

        self._opened = ExitStack()
        self._environments: dict[str, Any] = {}
        self.tasks, self.seeds = find_tasks(tasks), parse_seeds(seeds)
        require_public(self.seeds)

    def prompts(self) -> list[dict[str, Any]]:
        """What a model reads first in each scene, as TRL takes it: `prompt`, `task` and `scene`; tasks take turns."""
        return [
            {"prompt": [{"role": each.role, "content": each.content} for each in self._prompt(task, seed)]}
            | {"task": task, "scene": seed}
            for seed, task in itertools.product(self.seeds, self.tasks)
        ]

    def score(self, reply: str, task: str, seed: int) -> float:
        """The score in [0, 1] of an episode with this reply alone; 0 for one without a program, too."""
        from codeact.agent import CodeActAgent
        from codeact.episode import play

        agent = CodeActAgent(ScriptedModel([reply]), max_turns=1, stubs="short")
        return float(play(agent, self._environment(task), seed=seed).score)

    def rewards(
        self, completions: Sequence[list[dict[str, str]]], task: Sequence[str], scene: Sequence[int], **others: Any
    ) -> list[float | None]:
        """Scores of replies, as TRL asks for them."""
        asked = zip(completions, task, scene, strict=True)
        return [self.score(messages[-1]["content"], where, seed) for messages, where, seed in asked]

    def close(self) -> None:
        """Close the environments."""
        self._opened.close()

    def _environment(self, task: str) -> Any:
        if task not in self._environments:
            import gymnasium

            self._environments[task] = environment = gymnasium.make(task)
            self._opened.callback(environment.close)
        return self._environments[task]

    def _prompt(self, task: str, seed: int) -> list[Message]:
        from codeact.agent import CodeActAgent
        from codeact.agent.protocol import Brief
        from codeact.tools.some_stubs import PROMPT_CHARACTERS

        environment = self._environment(task)
        observation, _ = environment.reset(seed=seed)
        world = environment.unwrapped
        brief = Brief(str(world.instruction), world.tools.stubs(PROMPT_CHARACTERS), observation, None, world.tools)
        return CodeActAgent(ScriptedModel([""]), stubs="short").prompt(brief)


def train_by_reward(options: TrainingOptions) -> Path:
    """Train as `options` say; the folder that holds the result.

    Raises:
        TrainingError: a setting or the base is wrong.
        CodeActError: as `Scenes`.
    """
    if options.threads is not None:
        limit_threads(options.threads)
    checkpoint = last_checkpoint(options.out) if options.resume else None
    if not options.resume and (options.out / "training.json").exists():
        raise TrainingError(f"{options.out} holds a run already: go on with it by --resume, or name another folder")
    machine = Machine.choose(options.device)
    folder = base_folder(options.base)
    scenes = Scenes(options.tasks, options.seeds)
    try:
        rows = scenes.prompts()
        options.out.mkdir(parents=True, exist_ok=True)
        trainer = _trainer(options, machine, folder, scenes, rows)
        say(f"{len(rows)} scenes, {options.generations} replies each on {machine.device}")
        trainer.train(resume_from_checkpoint=None if checkpoint is None else str(checkpoint))
    finally:
        scenes.close()
    _finish(options, trainer, 0 if checkpoint is None else step_of(checkpoint))
    return options.out


def _trainer(
    options: TrainingOptions, machine: Machine, folder: str, scenes: Scenes, rows: list[dict[str, Any]]
) -> GRPOTrainer:
    network = load_network(folder, machine, options.method, packed=False)
    adapter = None
    if options.adapter is not None:
        network = continued(network, options.adapter)
    elif options.method == "lora":
        adapter = LoraConfig(
            r=options.rank, lora_alpha=options.scale, target_modules="all-linear", task_type="CAUSAL_LM"
        )
    config = GRPOConfig(
        output_dir=str(options.out / "checkpoints"),
        per_device_train_batch_size=options.generations,
        num_generations=options.generations,
        gradient_accumulation_steps=options.accumulate,
        num_train_epochs=options.epochs,
        max_steps=options.max_steps or -1,
        max_completion_length=LONGEST_REPLY,
        temperature=1.0,
        learning_rate=options.learning_rate or 1e-5,
        optim="adamw_torch_fused",
        logging_steps=1,
        save_steps=options.checkpoint_steps,
        save_total_limit=2,
        bf16=machine.mixed,
        fp16=False,
        use_cpu=machine.device == "cpu",
        gradient_checkpointing=options.checkpointing,
        seed=options.seed,
        dataloader_pin_memory=machine.device.startswith("cuda"),
        disable_tqdm=True,
        report_to=[],
    )
    return GRPOTrainer(
        model=network,
        reward_funcs=scenes.rewards,
        args=config,
        train_dataset=Dataset(pyarrow.Table.from_pylist(rows), fingerprint=f"scenes-{len(rows)}"),
        processing_class=load_tokenizer(folder),
        peft_config=adapter,
    )


def _finish(options: TrainingOptions, trainer: GRPOTrainer, step: int) -> None:
    if not trainer.is_world_process_zero():
        return
    record = Record(options.out, step)
    for line in trainer.state.log_history:
        if line["step"] > step and "reward" in line:
            record.add({"step": line["step"], "loss": line.get("loss"), "success": line["reward"]})
    record.draw()
    network: Any = trainer.accelerator.unwrap_model(trainer.model)
    save_weights(network, trainer.processing_class, options.out, options.base)
    settings = {name: str(value) for name, value in vars(options).items()}
    write_summary(
        options.out,
        {
            "state": "finished",
            "steps_done": trainer.state.global_step,
            "settings": settings,
            "torch": torch.__version__,
        },
    )
    say(f"finished: {options.out}")
