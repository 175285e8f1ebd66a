"""Other sources of data: a model's own successes, one call a turn, answers in words."""

from __future__ import annotations

from pathlib import Path

import gymnasium
import pytest
import yaml
from typer.testing import CliRunner

from codeact.cli.app import app
from codeact.collecting import CollectionError, CollectionSuite, collect, read_conversations
from codeact.collecting.general import answer_prompts, read_prompts
from codeact.models.scripted import ScriptedModel

TASK = "CodeAct/Trade1-v0"


def reference_program(seed: int) -> str:
    env = gymnasium.make(TASK)
    env.reset(seed=seed)
    program = str(env.unwrapped.oracle())  # type: ignore[attr-defined]
    env.close()
    return program


def test_of_a_models_episodes_those_are_kept_that_succeed(tmp_path: Path) -> None:
    replies = ["<execute>\n1 / 0\n</execute>", f"<execute>\n{reference_program(3)}\n</execute>", "<answer>?</answer>"]
    (tmp_path / "script.yaml").write_text(yaml.safe_dump(replies))
    suite = CollectionSuite((TASK,), seeds="2-3")
    collect([suite], tmp_path / "data.jsonl", model=f"scripted:{tmp_path / 'script.yaml'}", workers=1)
    (kept,) = read_conversations(tmp_path / "data.jsonl")
    assert (kept["seed"], kept["fault"]) == (3, "its own")
    assert kept["source"].startswith("scripted:")
    said = [(message["content"], message["learn"]) for message in kept["messages"] if message["role"] == "assistant"]
    assert said == [(replies[0], False), (replies[1], True)]
    (dropped,) = read_conversations(tmp_path / "data.dropped.jsonl")
    assert dropped["why"].startswith("no success")


@pytest.mark.parametrize(("action_format", "begin"), [("json", '{"tool": '), ("text", "Action: ")])
def test_the_same_successes_as_one_call_a_turn(action_format: str, begin: str, tmp_path: Path) -> None:
    collect([CollectionSuite((TASK,), seeds="0")], tmp_path / "data.jsonl", action_format=action_format, workers=1)
    (kept,) = read_conversations(tmp_path / "data.jsonl")
    said = [message["content"] for message in kept["messages"] if message["role"] == "assistant"]
    assert all(reply.startswith(begin) for reply in said)
    assert len(said) == len(kept["calls"]) == kept["turns"] >= 2
    assert (kept["reward"], kept["format"]) == (1.0, action_format)


def test_answers_in_words_are_kept_where_they_are_whole(tmp_path: Path) -> None:
    prompts = {"greetings": ("Hello!",), "facts": ("What is a robot?",)}
    out = tmp_path / "words.jsonl"
    assert answer_prompts(prompts, ScriptedModel([" Good day. "]), out) == (2, {})
    first = read_conversations(out)[0]
    assert (first["question"], first["answer"], first["source"]) == ("Hello!", "Good day.", "general")
    assert [message["role"] for message in first["messages"]] == ["user", "assistant"]
    for reply in ({"text": "Good", "finish_reason": "length"}, "", "<execute>\nhello()\n</execute>"):
        script = tmp_path / "script.yaml"
        script.write_text(yaml.safe_dump([reply]))
        kept, dropped = answer_prompts({"a": ("Hello!",)}, ScriptedModel(script), tmp_path / "none.jsonl")
        assert (kept, dropped.total()) == (0, 1)
        (tmp_path / "none.dropped.jsonl").unlink()


@pytest.mark.parametrize("content", ["a: [1]", "a: text", "{}", "- ''"])
def test_questions_are_lists_of_texts(content: str, tmp_path: Path) -> None:
    (tmp_path / "questions.yaml").write_text(content)
    with pytest.raises(CollectionError, match=r"questions\.yaml"):
        read_prompts(tmp_path / "questions.yaml")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ([], "nothing to play was named"),
        (["suite.yaml", "--general", "q.yaml", "--model", "embedded"], "--general takes --model, and no suites"),
        (["suite.yaml", "--attempts", "3"], "are for a --model"),
        (["suite.yaml", "--model", "embedded", "--attempts", "3"], "every attempt of a model is the same"),
    ],
)
def test_the_command_says_what_was_asked_for_wrongly(arguments: list[str], why: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["collect", *arguments, "--out", str(tmp_path / "data.jsonl")])
    assert result.exit_code == 2
    assert why in " ".join(result.output.split())
