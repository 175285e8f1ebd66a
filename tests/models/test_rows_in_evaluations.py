"""`codeact eval --model "...?rows=N"`: several episodes at once in one worker, whose replies are written together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from codeact.episode import TraceFile, read_trace, schema
from codeact.evaluation import evaluate


@pytest.mark.slow
def test_a_model_in_rows_says_in_each_episode_what_it_says_alone(
    tiny_builder: Callable[..., Path], tmp_path: Path
) -> None:
    folder = tiny_builder(tmp_path / "tiny", context=16_384)
    told: list[dict[int, list[tuple[str, int, int]]]] = []
    for number, rows in enumerate(("", "&rows=1", "&rows=3")):
        out = tmp_path / str(number)
        name = f"hf:{folder}?device=cpu&dtype=float32&threads=1{rows}"
        result = evaluate("CodeAct/Dna1-v0", "0-4", name, out=out, workers=1, max_turns=2, max_tokens=24)
        assert result.errors == ()
        traces = {each.seed: read_trace(next(out.glob(f"traces/*-{each.seed}.jsonl"))) for each in result.results}
        told.append({seed: _replies(trace) for seed, trace in traces.items()})
    assert told[0] == told[1] == told[2]
    assert all(len(replies) == 2 for replies in told[0].values())
    assert len({replies[0][1] for replies in told[0].values()}) > 1, "each episode has a question of its own"


def _replies(trace: TraceFile) -> list[tuple[str, int, int]]:
    """What was said, and how many tokens were read and written."""
    lines = [line for line in trace.lines if isinstance(line, schema.ModelReplied)]
    return [(line.text, line.prompt_tokens, line.completion_tokens) for line in lines]
