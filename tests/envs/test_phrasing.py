"""Tasks in other words and with tools under other names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest

import codeact_envs  # noqa: F401
from codeact.errors import TaskError
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


def test_a_phrasing_must_tell_what_the_usual_words_tell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def wrong(text: str, task: str = "lift") -> str:
        file = tmp_path / f"{len(list(tmp_path.iterdir()))}.yaml"
        file.write_text(text)
        monkeypatch.setattr(phrasing, "_file", lambda _: file)
        with pytest.raises(TaskError) as caught:
            load_task(task).phrased("unseen")  # type: ignore[attr-defined]
        return str(caught.value).replace(str(file), "FILE")

    assert wrong("lift:\n  - Raise the {cube}.\n  - Raise it.\n") == (
        "FILE: lift[1]: 'Raise it.' must name {cube}, as the usual templates do"
    )
    assert "FILE: lift[0]: 'Raise the {cube.' : expected" in wrong("lift:\n  - Raise the {cube.\n").replace(
        "': ", "' : "
    )
    assert wrong("lift:\n  - Up, {cube}.\n  - Up, {cube}.\n") == "FILE: lift[1]: 'Up, {cube}.' is there twice"
    assert wrong("lift: Raise it.\n") == "FILE: lift: give a list of templates, not 'Raise it.'"
    assert wrong("lift:\n  a:\n  - Raise it.\n") == "FILE: lift: give a list of templates, not 'a'"
    assert wrong("reach:\n  - Go.\n") == "there are no unseen phrasings of 'lift' in FILE"
    assert wrong("lift:\n  - Go.\n", "dna_2") == "there are no unseen phrasings of 'dna' 'other_strand_protein' in FILE"
    with pytest.raises(TaskError, match="phrasing must be 'usual', 'training' or 'unseen', not 'new'"):
        gymnasium.make("CodeAct/Lift-v0", phrasing="new")
    with pytest.raises(TaskError, match="its own words only; leave out phrasing='unseen'"):
        gymnasium.make("CodeAct/WriteDeviceAdapter-v0", phrasing="unseen")
