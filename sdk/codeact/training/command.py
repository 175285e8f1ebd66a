"""`codeact train`: the command and its options."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from codeact.cli.failures import reported


class MethodName(StrEnum):
    """What is trained."""

    lora = "lora"
    full = "full"


def train(
    out: Annotated[Path, typer.Option(help="Folder for the result, its checkpoints and its record.")],
    data: Annotated[list[Path] | None, typer.Argument(metavar="[DATA...]", help="Files of `codeact collect`.")] = None,
    base: Annotated[
        str, typer.Option(metavar="MODEL", help="`embedded-base`, a folder, or `hf:<repository>`.")
    ] = "embedded-base",
    adapter: Annotated[
        Path | None, typer.Option(help="A LoRA adapter over the base to go on with; `embedded`: the shipped one.")
    ] = None,
    method: Annotated[
        MethodName, typer.Option(help="`lora` trains an adapter over the base, `full` all its weights.")
    ] = MethodName.lora,
    epochs: Annotated[float, typer.Option(help="How often each conversation is seen.")] = 3.0,
    learning_rate: Annotated[
        float | None, typer.Option(help="The highest; by default 5e-4 for an adapter, 3e-4 for all weights.")
    ] = None,
    rank: Annotated[int, typer.Option(min=1, help="Of the adapter.")] = 64,
    alpha: Annotated[int | None, typer.Option(min=1, help="Scale of the adapter; by default twice the rank.")] = None,
    batch_tokens: Annotated[
        int | None, typer.Option(min=1, help="Tokens of a batch; by default 16384 on a GPU, 4096 on a CPU.")
    ] = None,
    accumulate: Annotated[int, typer.Option(min=1, help="Batches that make one step together.")] = 1,
    max_length: Annotated[int, typer.Option(min=1, help="Tokens; longer conversations are left out.")] = 2048,
    seed: Annotated[int, typer.Option(min=0, help="Of the first weights, the order, and what is held out.")] = 0,
    held_out: Annotated[float, typer.Option(help="Share of the scenes that is not learnt but watched.")] = 0.01,
    checkpoint_steps: Annotated[int, typer.Option(min=1, help="Steps between checkpoints.")] = 200,
    log_steps: Annotated[int, typer.Option(min=1, help="Steps between lines of metrics.jsonl.")] = 10,
    eval_tasks: Annotated[
        list[str] | None,
        typer.Option("--eval-tasks", metavar="GLOB", help="Tasks to play at each checkpoint; more than once."),
    ] = None,
    eval_seeds: Annotated[str, typer.Option(help="Their seeds, of 1000-1999.")] = "1000-1004",
    eval_workers: Annotated[int, typer.Option(min=1, help="Processes that play.")] = 2,
    stop_early: Annotated[
        int,
        typer.Option(min=0, help="End after so many checkpoints without a better one; keep the best."),
    ] = 0,
    max_steps: Annotated[int | None, typer.Option(min=1, help="End after so many steps.")] = None,
    max_seconds: Annotated[
        float | None, typer.Option(help="End after so many seconds; the learning rate falls in time for it.")
    ] = None,
    checkpointing: Annotated[bool, typer.Option("--gradient-checkpointing", help="Less memory for more time.")] = False,
    compiled: Annotated[bool, typer.Option("--compile", help="Compile the network's layers.")] = False,
    device: Annotated[str | None, typer.Option(help="cuda, mps or cpu; by default the best there is.")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Of a CPU; by default all.")] = None,
    reward: Annotated[
        bool, typer.Option("--reward", help="Play --tasks and learn by their score (GRPO), instead of from data.")
    ] = False,
    tasks: Annotated[
        list[str] | None, typer.Option("--tasks", metavar="GLOB", help="With --reward; more than once.")
    ] = None,
    seeds: Annotated[str, typer.Option(help="With --reward: of the scenes.")] = "0-99",
    generations: Annotated[int, typer.Option(min=2, help="With --reward: replies to a scene.")] = 8,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the last checkpoint in the folder.")] = False,
) -> None:
    """Fine-tune a model on conversations; the loss is on the replies marked to be learnt alone.

    The folder holds an adapter as peft writes it (or all weights), `metrics.jsonl`, `loss.svg` and `training.json`. A
    run that was stopped or killed goes on with `--resume`. Several GPUs: `accelerate launch -m codeact.training ...`.

    Examples:

        codeact train data.jsonl --out adapters/mine

        codeact train data/*.jsonl --base hf:Qwen/Qwen2.5-Coder-0.5B-Instruct --method full --out models/mine

        codeact train --reward --tasks "CodeAct/Trade*" --adapter adapters/mine --out adapters/better

        codeact run CodeAct/Stack2-v0 --model "embedded-base?adapter=adapters/mine"
    """
    with reported():
        from codeact.training.options import TrainingOptions
        from codeact.training.running import run

        options = TrainingOptions(
            data=tuple(data or ()),
            out=out,
            base=base,
            adapter=adapter,
            method=method.value,
            epochs=epochs,
            learning_rate=learning_rate,
            rank=rank,
            alpha=alpha,
            batch_tokens=batch_tokens,
            accumulate=accumulate,
            max_length=max_length,
            seed=seed,
            held_out=held_out,
            checkpoint_steps=checkpoint_steps,
            log_steps=log_steps,
            eval_tasks=tuple(eval_tasks or ()),
            eval_seeds=eval_seeds,
            eval_workers=eval_workers,
            stop_early=stop_early,
            max_steps=max_steps,
            max_seconds=max_seconds,
            checkpointing=checkpointing,
            compiled=compiled,
            device=device,
            threads=threads,
            reward=reward,
            tasks=tuple(tasks or ()),
            seeds=seeds,
            generations=generations,
            resume=resume,
        )
        run(options)
