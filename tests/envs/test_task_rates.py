"""`benchmarks/task_rates.py` keeps what was seen, plays only what is missing, and counts right."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from types import ModuleType

import pytest

from codeact.evaluation import EpisodeResult


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
    module = importlib.import_module("task_rates")
    monkeypatch.setattr(module, "RECORD", tmp_path / "task-rates.json")
    return module


def test_the_table_counts_what_the_record_holds(script: ModuleType) -> None:
    seeds: dict[str, str | None] = {str(seed): None for seed in range(100)}
    record = {
        "CodeAct/Lift-v0": seeds | {"7": "stopped", "40": "stopped", "99": "stopped"},
        "CodeAct/Reach-v0": seeds | dict.fromkeys(("1", "2", "3", "4"), "stopped"),
        "CodeAct/Push-v0": {"0": None},
    }
    head, *lines = script.table(record).splitlines()
    assert head.startswith(
        "201 episodes of 3 of 56 tasks were played. 2 tasks have all 100 seeds; 1 of these stand at 97%"
    )
    assert "| A | `CodeAct/Lift-v0` | 97/100 | 0.915–0.990 | 7, 40, 99 |" in lines
    assert "| A | `CodeAct/Push-v0` | 1/1 | 0.207–1.000 | none |" in lines
    assert "| A | `CodeAct/Flip-v0` | – | – | – |" in lines


def test_only_what_is_missing_is_played(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    record: dict[str, dict[str, str | None]] = {}
    script.add(record, [EpisodeResult(task="Some/Task-v0", seed=10, agent="oracle", success=True)])
    script.add(record, [EpisodeResult(task="Some/Task-v0", seed=9, agent="oracle", reason="time is up")])
    script.write(record)
    assert json.loads(script.RECORD.read_text()) == {"Some/Task-v0": {"9": "time is up", "10": None}}
    played: list[list[int]] = []
    monkeypatch.setattr(script, "evaluate", lambda tasks, seeds, *_, **__: played.append(seeds))
    script.play(record, "Some/Task-v0", (9, 10))
    script.play(record, "Some/Task-v0", (8, 9, 10, 11))
    assert played == [[8, 11]]
