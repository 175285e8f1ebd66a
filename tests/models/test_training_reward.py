"""`codeact train --reward`: environments as the reward, with a tiny random model on the CPU."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codeact.errors import CodeActError
from codeact.training import TrainingError, TrainingOptions

pytest.importorskip("trl", reason="training needs the extra `train`")

TASK = "CodeAct/Trade1-v0"


@pytest.fixture
def scenes() -> Iterator[Any]:
    from codeact.training.reward import Scenes

    opened = Scenes([TASK], "0-1")
    yield opened
    opened.close()


def test_a_reply_is_worth_what_its_program_scores(scenes: Any) -> None:
    import gymnasium

    rows = scenes.prompts()
    assert [(row["task"], row["scene"]) for row in rows] == [(TASK, 0), (TASK, 1)]
    assert [message["role"] for message in rows[0]["prompt"]] == ["system", "user"]
    env = gymnasium.make(TASK)
    env.reset(seed=1)
    right = f"<execute>\n{env.unwrapped.oracle()}\n</execute>"  # type: ignore[attr-defined]
    env.close()
    replies = [
        [{"role": "assistant", "content": text}] for text in (right, "I do not know", "<execute>\n1/0\n</execute>")
    ]
    assert scenes.rewards(replies, [TASK] * 3, [1] * 3) == [1.0, 0.0, 0.0]


def test_two_steps_move_the_weights_towards_what_scores(
    tiny_builder: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safetensors.numpy import load_file

    from codeact.training import reward
    from codeact.training.record import read_metrics

    monkeypatch.setattr(reward, "LONGEST_REPLY", 8)
    worth = iter([0.0, 1.0] * 8)
    monkeypatch.setattr(reward.Scenes, "score", lambda self, reply, task, seed: next(worth))
    out = reward.train_by_reward(
        TrainingOptions(
            data=(),
            out=tmp_path / "out",
            base=str(tiny_builder(tmp_path / "base", context=8192)),
            reward=True,
            tasks=(TASK,),
            seeds="0-1",
            generations=2,
            max_steps=2,
            rank=4,
            threads=1,
            device="cpu",
        )
    )
    weights = load_file(out / "adapter_model.safetensors")
    assert any(weights[name].any() for name in weights if "lora_B" in name)  # these begin at zero
    assert [line["success"] for line in read_metrics(out / "metrics.jsonl")] == [0.5, 0.5]


def test_what_cannot_be_is_refused(tmp_path: Path) -> None:
    from codeact.training.reward import Scenes

    with pytest.raises(TrainingError, match="give files of data to learn from, or --reward and --tasks"):
        TrainingOptions(data=(), out=tmp_path)
    with pytest.raises(TrainingError, match="give files of data to learn from, or --reward and --tasks"):
        TrainingOptions(data=(tmp_path,), out=tmp_path, reward=True, tasks=(TASK,))
    with pytest.raises(CodeActError, match="1000 is a development seed"):
        Scenes([TASK], "1000")
