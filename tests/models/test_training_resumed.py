"""A training run that is killed goes on as if it had not been."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from codeact.training import TrainingError, TrainingOptions
from codeact.training.record import read_metrics, read_summary

pytest.importorskip("trl", reason="training needs the extra `train`")

RIGHT = {"role": "assistant", "content": "<execute>\npick('b')\n</execute>", "learn": True}


def write_data(path: Path) -> Path:
    talks = [[{"role": "user", "content": f"take {n}"}, RIGHT] for n in range(40)]
    path.write_text("".join(json.dumps({"messages": each, "seed": n}) + "\n" for n, each in enumerate(talks)))
    return path


def options(base: Path, data: Path, out: Path, **changed: object) -> TrainingOptions:
    settings = {"epochs": 8, "learning_rate": 1e-2, "rank": 4, "batch_tokens": 512, "held_out": 0.0}
    cadence = {"log_steps": 1, "checkpoint_steps": 6, "threads": 1, "device": "cpu"}
    return TrainingOptions(data=(data,), out=out, base=str(base), **{**settings, **cadence, **changed})  # type: ignore[arg-type]


def weights(folder: Path) -> dict[str, bytes]:
    from safetensors.numpy import load_file

    return {name: value.tobytes() for name, value in load_file(folder / "adapter_model.safetensors").items()}


def test_a_killed_run_goes_on_with_the_same_batches_to_the_same_weights(tiny_folder: Path, tmp_path: Path) -> None:
    from codeact.training.supervised import train

    data = write_data(tmp_path / "data.jsonl")
    whole = train(options(tiny_folder, data, tmp_path / "whole"))
    broken = tmp_path / "broken"
    arguments = [
        str(data),
        "--out",
        str(broken),
        "--base",
        str(tiny_folder),
        "--epochs",
        "8",
        "--learning-rate",
        "1e-2",
    ]
    arguments += ["--rank", "4", "--batch-tokens", "512", "--held-out", "0", "--log-steps", "1", "--device", "cpu"]
    arguments += ["--checkpoint-steps", "6", "--threads", "1"]
    with subprocess.Popen([sys.executable, "-m", "codeact.training", *arguments], stderr=subprocess.DEVNULL) as process:
        until = time.monotonic() + 200
        while len(read_metrics(broken / "metrics.jsonl")) < 9 and time.monotonic() < until:
            time.sleep(0.01)
        os.kill(process.pid, signal.SIGKILL)
    assert read_summary(broken)["state"] == "begun"
    assert len(read_metrics(broken / "metrics.jsonl")) >= 9
    train(options(tiny_folder, data, broken, resume=True))
    losses = [[(line["step"], line["loss"]) for line in read_metrics(out / "metrics.jsonl")] for out in (whole, broken)]
    assert losses[0] == losses[1]
    assert weights(whole) == weights(broken)
    assert read_summary(broken)["state"] == "finished"
    with pytest.raises(TrainingError, match="rank was 4, and is 8"):
        train(options(tiny_folder, data, broken, rank=8, resume=True))
    with pytest.raises(TrainingError, match="holds a run already"):
        train(options(tiny_folder, data, broken))


def test_a_checkpoint_that_was_not_finished_is_passed_over(tmp_path: Path) -> None:
    from codeact.training.weights import last_checkpoint

    for step in (9, 10):
        (tmp_path / "checkpoints" / f"checkpoint-{step}").mkdir(parents=True)
    (tmp_path / "checkpoints" / "checkpoint-9" / "trainer_state.json").write_text("{}")
    assert last_checkpoint(tmp_path) == tmp_path / "checkpoints" / "checkpoint-9"
    assert not (tmp_path / "checkpoints" / "checkpoint-10").exists()
