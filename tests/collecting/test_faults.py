"""Faults: each changes a program where it says, and the conversations that are kept recover from them."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from codeact.collecting import CollectionSuite, collect, read_conversations
from codeact.collecting.faults import FAULTS, stopped_midway
from codeact.collecting.recovering import recoveries
from codeact.collecting.source import Source

PROGRAM = """\
block = 'red block'
bowl = 'black bowl'
distance = '10 cm'

import math

metres = float(distance.split()[0]) / 100
x, y, z = position(bowl)
print(math.dist((x, y), (0.5, 0.1)), position(bowl)[2])
for name in find_all("blocks"):
    for attempt in range(2):
        if pick(name) and place_at(x + metres, y, 0.05):
            break
finish(name)"""
EFFECTS = {"position": "read", "find_all": "read", "pick": "physical", "place_at": "physical", "finish": "write"}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_changes_the_program(name: str) -> None:
    fault = FAULTS[name][1]
    found = [fault(Source(PROGRAM, EFFECTS), random.Random(seed)) for seed in range(8)]
    made = [each for each in found if each is not None]
    assert made
    for faulty in made:
        assert faulty.odd or faulty.text != PROGRAM
        assert [each for each in faulty.mended if each == PROGRAM] or not faulty.mended


@pytest.mark.parametrize("name", FAULTS)
def test_a_program_without_a_place_for_a_fault_is_left_alone(name: str) -> None:
    fault = FAULTS[name][1]
    for seed in range(4):
        faulty = fault(Source("pass", EFFECTS), random.Random(seed))
        assert faulty is None or faulty.odd or name in ("exception", "syntax")


def test_nothing_is_broken_where_something_has_been_done_already() -> None:
    """What comes after `pick(...) and` cannot be begun again: the gripper would be full."""
    source = Source(PROGRAM, EFFECTS)
    assert "pick" in {source.of(call.func) for call in source.early_calls}
    assert "place_at" not in {source.of(call.func) for call in source.early_calls}


def test_after_a_first_action_only_the_second_is_done() -> None:
    program = "top = 'red cube'\nfor attempt in range(2):\n    if pick(top) and place_at(0.5, 0.1):\n        break"
    faulty = stopped_midway(Source(program, EFFECTS), random.Random(0))
    assert faulty is not None
    assert faulty.wrong in faulty.text
    assert faulty.mended == (program.replace("pick(top) and ", ""),)
    assert stopped_midway(Source(PROGRAM, EFFECTS), random.Random(0)) is None  # a loop over several: the others remain


def test_the_same_chances_give_the_same_recoveries() -> None:
    one, two = (list(recoveries(PROGRAM, EFFECTS, {"opposite": "pass"}, random.Random(3))) for _ in range(2))
    assert one == two
    assert {way.kind for way in one} >= {"opposite", "wrong_unit", "forgotten_import"}
    for way in one:
        *first, last = way.replies
        assert last.learn
        assert not any(said.learn for said in first) or way.kind == "look_first"


@pytest.fixture(scope="module")
def recovered(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    out: Path = tmp_path_factory.mktemp("recovered") / "data.jsonl"
    usual = CollectionSuite(("CodeAct/Files1-v0",), seeds="0-4", faults=1.0)
    renamed = CollectionSuite(("CodeAct/Trade2-v0",), seeds="0-4", faults=1.0, names="training")
    collect([usual, renamed], out)
    return read_conversations(out)


def test_what_went_wrong_was_really_run_and_is_in_the_conversation(recovered: list[dict[str, Any]]) -> None:
    faulty = [each for each in recovered if each["fault"] is not None]
    assert len(faulty) >= 8
    assert len({each["fault"] for each in faulty}) >= 4
    assert any("Traceback" in message["content"] for each in faulty for message in each["messages"])
    for each in faulty:
        assert (each["reward"], each["violations"]) == (1.0, [])
        roles = [message["role"] for message in each["messages"]]
        assert roles == ["system", *["user", "assistant"] * (len(roles) // 2)]
        said = [message for message in each["messages"] if message["role"] == "assistant"]
        assert len(said) >= 2
        assert said[-1]["learn"]
        if said[0]["learn"]:
            assert each["fault"] == "look_first"
            assert "Traceback" not in each["messages"][3]["content"]


def test_names_are_those_of_the_prompt(recovered: list[dict[str, Any]]) -> None:
    renamed = [each for each in recovered if each["names"]]
    assert 0 < len(renamed) < len(recovered)
    for each in renamed:
        for call in each["calls"]:
            assert f"\n{call['tool']}(" in each["messages"][0]["content"]
