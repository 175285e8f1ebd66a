"""Tasks in other words and with tools under other names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import codeact_envs  # noqa: F401
from codeact_envs.tasks import load_task, phrasing


def drawn(task: Any, seed: int) -> Any:
    return task.draw(np.random.default_rng(seed), "seen")


@pytest.mark.parametrize("name", ["put_block_on_object", "dna_3"])
def test_a_seed_has_the_same_scene_in_other_words(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    usual = load_task(name)
    said = "{block} {target}" if name == "put_block_on_object" else "{organism} {motif}"
    texts = "".join(f'  - "Words {number}: {said}"\n' for number in range(30))
    file = tmp_path / "unseen.yaml"
    file.write_text("dna:\n motif_copies:\n" + texts if name == "dna_3" else "put_block_on_object:\n" + texts)
    monkeypatch.setattr(phrasing, "_file", lambda _: file)
    other: Any = usual.phrased("unseen")  # type: ignore[attr-defined]
    both: Any = usual.phrased("training")  # type: ignore[attr-defined]
    said_by_seed = []
    for seed in range(20):
        first, second, third = drawn(usual, seed), drawn(other, seed), drawn(both, seed)
        assert first.oracle == second.oracle == third.oracle
        assert repr(first.setup) == repr(second.setup) == repr(third.setup)
        assert second.instruction.startswith("Words ")
        assert not first.instruction.startswith("Words ")
        said_by_seed.append(second.instruction.partition(":")[0])
        assert drawn(other, seed).instruction == second.instruction
    assert len(set(said_by_seed)) > 8  # of thirty, in twenty draws
    mixed = {drawn(both, seed).instruction.startswith("Words ") for seed in range(60)}
    assert mixed == {True, False}
