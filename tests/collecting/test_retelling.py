"""Conversations that are told again: other words and other names, with the scene and the program that were verified."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from codeact.collecting import CollectionSuite, collect
from codeact.collecting.records import read_conversations
from codeact.collecting.retelling import retell

TASK = "CodeAct/Messages1-v0"


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, object]]:
    out: Path = tmp_path_factory.mktemp("played") / "data.jsonl"
    collect([CollectionSuite((TASK,), seeds="0-11")], out, workers=1)
    return read_conversations(out)


def test_other_words_for_the_same_program(played: list[dict[str, object]]) -> None:
    told = list(retell(played))
    assert [each["seed"] for each in told] == [each["seed"] for each in played]
    assert all(a["messages"][-1] == b["messages"][-1] for a, b in zip(told, played, strict=True))  # type: ignore[index]
    assert any(a["messages"][1] != b["messages"][1] for a, b in zip(told, played, strict=True))  # type: ignore[index]
    assert {each["phrasing"] for each in told} == {"training"}


def test_other_names_in_the_prompt_and_in_the_program(played: list[dict[str, object]]) -> None:
    told = list(retell(played, renamed=1.0))
    assert len(told) == len(played)
    for each in told:
        system, _, reply = each["messages"]
        program = reply["content"].removeprefix("<execute>\n").removesuffix("\n</execute>")
        called = {
            node.func.id for node in ast.walk(ast.parse(program)) if isinstance(getattr(node, "func", None), ast.Name)
        }
        assert all(f"\n{name}(" in system["content"] for name in called - {"len", "range"}), called
    assert any("caesar(" not in each["messages"][-1]["content"] for each in told)


def test_what_cannot_be_told_again_is_left_out(played: list[dict[str, object]]) -> None:
    first = played[0]
    odd = [{**first, "fault": "a misspelt name"}, {**first, "names": "training:1"}, {**first, "source": "a model"}]
    assert list(retell(odd)) == []
