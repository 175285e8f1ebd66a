"""`codeact train`: the command and its options."""

from __future__ import annotations

import importlib.util
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
    data: Annotated[list[Path], typer.Argument(metavar="DATA...", help="Files of `codeact collect`.")],
    out: Annotated[Path, typer.Option(help="Folder for the result, its checkpoints and its record.")],
    base: Annotated[
        str, typer.Option(metavar="MODEL", help="`embedded-base`, a folder, or `hf:<repository>`.")
    ] = "embedded-base",
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
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the last checkpoint in the folder.")] = False,
) -> None:
    """Fine-tune a model on conversations; the loss is on the replies marked to be learnt alone.

    The folder holds an adapter as peft writes it (or all weights), `metrics.jsonl`, `loss.svg` and `training.json`. A
    run that was stopped or killed goes on with `--resume`. Several GPUs: `accelerate launch -m codeact.training ...`.

    Examples:

        codeact train data.jsonl --out adapters/mine

        codeact train data/*.jsonl --base hf:Qwen/Qwen2.5-Coder-0.5B-Instruct --method full --out models/mine

        codeact run CodeAct/Stack2-v0 --model "embedded-base?adapter=adapters/mine"
    """
    with reported():
        from codeact.training.errors import TrainingError
        from codeact.training.options import TrainingOptions

        options = TrainingOptions(
            data=tuple(data),
            out=out,
            base=base,
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
            resume=resume,
        )
        needed = ("torch", "transformers", "trl", "peft", "datasets", "accelerate")
        if missing := [name for name in needed if importlib.util.find_spec(name) is None]:
            raise TrainingError(f'training needs {" and ".join(missing)}: pip install "codeact[local,train]"')
        from codeact.training.supervised import train as run

        run(options)
