"""Collections: verified successes alone, in one order, whatever ends them; nothing that is kept for evaluation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from codeact.collecting import CollectionError, CollectionSuite, collect, read_conversations
from codeact.collecting.suite import BLOCK, plan

TRADE, MESSAGES = "CodeAct/Trade2-v0", "CodeAct/Messages1-v0"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small collection."""
    out = tmp_path_factory.mktemp("collected") / "data.jsonl"
    collect([CollectionSuite((TRADE, MESSAGES), seeds="0-5")], out, workers=2)
    return out


def test_a_line_holds_the_conversation_that_an_agent_had_and_where_it_comes_from(data: Path) -> None:
    first = read_conversations(data)[0]
    system, user, assistant = first["messages"]
    assert [system["role"], user["role"], assistant["role"]] == ["system", "user", "assistant"]
    assert "customs_code(product: str) -> str" in system["content"]
    assert "Observation:" in user["content"]
    assert assistant["learn"]
    assert assistant["content"].startswith("<execute>\n")
    assert (first["reward"], first["violations"]) == (1.0, [])
    assert (first["source"], first["phrasing"], first["values"], first["fault"]) == ("oracle", "usual", "seen", None)
    assert len(first["program_sha256"]) == len(first["state_hash"]) == 64
    assert [call["tool"] for call in first["calls"]][-1] == "finish"


def test_two_runs_give_the_same_file_whatever_the_number_of_workers(data: Path, tmp_path: Path) -> None:
    collect([CollectionSuite((TRADE, MESSAGES), seeds="0-5")], tmp_path / "again.jsonl", workers=1)
    assert (tmp_path / "again.jsonl").read_bytes() == data.read_bytes()


def test_a_collection_goes_on_after_its_last_whole_line(data: Path, tmp_path: Path) -> None:
    whole = data.read_bytes()
    torn = tmp_path / "torn.jsonl"
    torn.write_bytes(whole[: len(whole) * 2 // 3])
    suite = CollectionSuite((TRADE, MESSAGES), seeds="0-5")
    with pytest.raises(CollectionError, match="holds data already"):
        collect([suite], torn)
    collect([suite], torn, resume=True)
    assert torn.read_bytes() == whole
    with pytest.raises(CollectionError, match="of another collection"):
        collect([CollectionSuite((TRADE,), seeds="0-5")], torn, resume=True)


def test_any_beginning_of_the_plan_holds_all_tasks_in_their_shares() -> None:
    jobs = plan([CollectionSuite((TRADE, MESSAGES), seeds="0-99"), CollectionSuite((TRADE,), seeds="20000-20099")])
    assert [job.number for job in jobs] == list(range(300))
    for length in range(30, 300, 30):
        share = sum(job.task == TRADE for job in jobs[:length]) / length
        assert share == pytest.approx(2 / 3, abs=2 * BLOCK / length)


@pytest.mark.parametrize("seeds", ["1000", "0-1000", "1999", "10000-10099", "19999"])
def test_seeds_that_are_kept_for_evaluation_are_refused(seeds: str, tmp_path: Path) -> None:
    with pytest.raises(CollectionError, match="are kept for evaluation"):
        collect([CollectionSuite((TRADE,), seeds=seeds)], tmp_path / "none.jsonl")
    assert not (tmp_path / "none.jsonl").exists()


@pytest.mark.parametrize("option", ["values", "phrasing", "names"])
def test_the_unseen_half_is_refused(option: str) -> None:
    unseen: dict[str, Any] = {option: "unseen"}
    with pytest.raises(CollectionError, match="kept for evaluation"):
        CollectionSuite((TRADE,), **unseen)


def test_tasks_that_are_left_out_are_not_played() -> None:
    jobs = plan([CollectionSuite(("CodeAct/Trade*",), seeds="0", left_out=(TRADE,))])
    assert {job.task for job in jobs} == {"CodeAct/Trade1-v0", "CodeAct/Trade3-v0"}


def test_a_suite_says_what_is_wrong_with_it_and_where(tmp_path: Path) -> None:
    file = tmp_path / "suite.yaml"
    file.write_text("tasks: [CodeAct/Trade2-v0]\nfault: 0.3\n")
    with pytest.raises(CollectionError, match=r"suite\.yaml:2:1: fault: "):
        CollectionSuite.load(file)
    file.write_text(json.dumps({"tasks": [TRADE], "faults": 30}))
    with pytest.raises(CollectionError, match="a share, from 0 to 1"):
        CollectionSuite.load(file)


def test_an_option_that_an_environment_does_not_take_ends_the_collection_at_once(tmp_path: Path) -> None:
    suite = CollectionSuite((TRADE,), seeds="0-99", perception="camera")
    with pytest.raises(CollectionError, match=f"{TRADE} cannot be played: .*perception"):
        collect([suite], tmp_path / "none.jsonl", workers=1)
    assert read_conversations(tmp_path / "none.dropped.jsonl") == []
