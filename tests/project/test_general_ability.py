"""The measure of general ability can tell right replies from wrong ones, and holds nothing that training reads."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import codeact
from codeact import Sandbox
from codeact.models import ScriptedModel
from codeact.yaml_files import YamlFile

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
PROMPTS = Path(codeact.__file__).parent / "collecting" / "data" / "general_prompts.yaml"


@pytest.fixture(scope="module")
def script() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        yield importlib.import_module("general_ability")


@pytest.fixture(scope="module")
def sandbox(script: ModuleType) -> Iterator[Sandbox]:
    with Sandbox(limits=script.LIMITS) as opened:
        yield opened


def functions() -> list[dict[str, Any]]:
    read: list[dict[str, Any]] = YamlFile(BENCHMARKS / "general_programs.yaml").data
    return read


def test_every_solution_passes_its_tests_and_an_empty_function_does_not(script: ModuleType, sandbox: Sandbox) -> None:
    for each in functions():
        assert script.passes(script.program(each["solution"], each["start"]), each["tests"], sandbox), each["name"]
        assert not script.passes(script.program("return None", each["start"]), each["tests"], sandbox), each["name"]


def test_a_program_cannot_say_of_itself_that_it_passes(script: ModuleType, sandbox: Sandbox) -> None:
    assert not script.passes("def triple(number):\n    return 0\nall = lambda tests: True", ["triple(1) == 3"], sandbox)


def test_a_program_does_not_see_an_earlier_one(script: ModuleType, sandbox: Sandbox) -> None:
    assert script.passes("def triple(number):\n    return 3 * number", ["triple(1) == 3"], sandbox)
    assert not script.passes("pass", ["triple(1) == 3"], sandbox)


@pytest.mark.parametrize(
    "reply",
    [
        "```python\ndef double(x: int) -> int:\n    return 2 * x\n```\nIt doubles x.",
        "Here it is:\n```\ndef double(x):\n    return 2 * x",
        "<execute>\ndef double(x):\n    return 2 * x\n</execute>",
        "def double(x: int) -> int:\n    return 2 * x",
        "```python\nreturn 2 * x\n```",
        "    return 2 * x",
    ],
)
def test_a_function_is_found_in_any_usual_reply(script: ModuleType, sandbox: Sandbox, reply: str) -> None:
    start = 'def double(x: int) -> int:\n    """Twice x."""\n'
    assert script.passes(script.program(reply, start), ["double(4) == 8"], sandbox)


@pytest.mark.parametrize(
    ("reply", "answers", "right"),
    [
        ("It is Paris.", ["paris"], True),
        ("It is a comparison.", ["paris"], False),
        ("2 + 3 = 5.", ["5"], True),
        ("That makes 5.5", ["5"], False),
        ("That makes 1,005", ["5"], False),
        ("About 15", ["5"], False),
        (" Yes.\n", [r"/^\W*yes\W*$/"], True),
        ("Yes, it is.", [r"/^\W*yes\W*$/"], False),
    ],
)
def test_an_answer_counts_as_a_whole_word_or_by_its_expression(
    script: ModuleType, reply: str, answers: list[str], right: bool
) -> None:
    assert script.answered(reply, answers) is right


def test_nothing_that_is_asked_stands_in_the_training_prompts(script: ModuleType, sandbox: Sandbox) -> None:
    prompts = [_plain(prompt) for kind in YamlFile(PROMPTS).data.values() for prompt in kind]
    asked = [_plain(item.prompt) for item in [*script.questions(), *script.programs(sandbox)]]
    assert len(set(prompts)) == len(prompts) >= 400
    assert len(set(asked)) == len(asked) == 160
    assert not set(prompts) & set(asked)


def _plain(text: str) -> str:
    return " ".join("".join(letter if letter.isalnum() else " " for letter in text.lower()).split())


def test_the_table_counts_by_model_and_kind(script: ModuleType) -> None:
    items = [script.Item("sums", "1 + 1?", 8, lambda reply: reply == "2"), script.Item("words", "Hi", 8, bool)]
    marked = {
        "wise": script.ask(ScriptedModel(["2"]), items),
        "vague": script.ask(ScriptedModel(["two"]), items),
    }
    lines = script.table(marked).splitlines()
    assert lines[2].startswith("| `wise` | sums | 1 | 1 | 100.0 |")
    assert lines[2].endswith("| 1 |")
    (line,) = [line for line in lines if line.startswith("| `vague` | all | 2 | 1 | 50.0 |")]
    assert line.endswith("| 0 |")
    assert script.lost(marked) == -50.0


def test_a_word_that_was_cut_does_not_count(script: ModuleType, tmp_path: Path) -> None:
    replies = tmp_path / "replies.yaml"
    item = script.Item("facts", "How many?", 8, lambda reply: script.answered(reply, ["10"]))
    for reason, right in (("length", False), ("stop", True)):
        replies.write_text(f"- {{text: So there are 10, finish_reason: {reason}}}\n")
        assert script.ask(ScriptedModel(replies), [item])[0].right is right


def test_the_script_fails_where_too_much_is_lost(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    items = [script.Item("facts", "The capital of France?", 8, lambda reply: script.answered(reply, ["Paris"]))]
    monkeypatch.setattr(script, "questions", lambda: items)
    monkeypatch.setattr(script, "programs", lambda sandbox: [])
    monkeypatch.setattr(script, "load_model", lambda name: ScriptedModel(["Paris." if name == "base" else "Well."]))
    out = tmp_path / "replies.jsonl"
    assert script.main(["--models", "trained", "base", "--check", "--out", str(out)]) == 1
    assert "`trained` lies 100.0 points below `base`" in capsys.readouterr().out
    assert [json.loads(line)["right"] for line in out.read_text().splitlines()] == [False, True]
    assert script.main(["--models", "base", "trained", "--check"]) == 0


def test_a_model_that_cannot_be_loaded_is_said(script: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert script.main(["--models", "nonsense"]) == 2
    assert "nonsense" in capsys.readouterr().err
