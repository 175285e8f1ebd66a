"""One string names any model; and the model that replays a script."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from codeact.errors import ModelError
from codeact.models import GenerationOptions, Message, Model, ScriptedModel, StopGeneration, load_model

USER = Message("user", "go")


@pytest.mark.parametrize(
    "name",
    ["", "gpt", "hf:", "openai:", "openai:http://localhost/v1", "scripted:", "embedded:2", "openai:http://a/v1#"],
)
def test_other_names_are_refused_with_the_forms_there_are(name: str) -> None:
    with pytest.raises(ModelError, match="openai:<base url>#<model>"):
        load_model(name)


def test_loading_costs_nothing_before_it_is_needed() -> None:
    code = "import sys, codeact.models, codeact.agent; print('torch' in sys.modules, 'httpx' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["False", "False"]


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("a.yaml", "- one\n- |\n  two\n  lines\n"),
        ("a.json", json.dumps(["one", "two\nlines\n"])),
        ("a.txt", "one\n---\ntwo\nlines\n\n"),
        ("a.txt", "---\none\n---\ntwo\nlines\n---\n"),
    ],
)
def test_a_script_is_replayed_turn_by_turn(tmp_path: Path, file: str, content: str) -> None:
    (tmp_path / file).write_text(content)
    model = load_model(f"scripted:{tmp_path / file}")
    assert isinstance(model, Model)
    first = model.generate([USER], GenerationOptions())
    assert first.text == "one"
    second = model.generate([USER, Message("assistant", first.text), USER], GenerationOptions())
    assert second.text.split() == ["two", "lines"]
    turns = [USER, Message("assistant", "one"), USER, Message("assistant", "two"), USER]
    with pytest.raises(ModelError, match=rf"script of scripted:{file} has run out: it holds 2 replies"):
        model.generate(turns, GenerationOptions())


def test_a_script_serves_many_conversations() -> None:
    model = ScriptedModel(["one", "two"])
    assert [model.generate([USER], GenerationOptions()).text for _ in range(3)] == ["one"] * 3


def test_a_script_can_cut_a_reply(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("- {text: half, finish_reason: length}\n")
    assert ScriptedModel(path).generate([USER], GenerationOptions()).finish_reason == "length"


def test_a_script_is_streamed_and_can_be_stopped() -> None:
    heard: list[str] = []

    def listen(piece: str) -> None:
        heard.append(piece)
        if len(heard) == 2:
            raise StopGeneration

    completion = ScriptedModel(["a b c d"]).generate([USER], GenerationOptions(), listen)
    assert (completion.text, completion.finish_reason) == ("a b ", "interrupted")


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("a.yaml", "a: b", "must hold a list"),
        ("a.yaml", "- [1]", "reply 1: a reply is a string"),
        ("a.yaml", "- {", "not valid YAML"),
        ("a.json", "[1,", "not valid JSON"),
        ("a.txt", "", "holds no reply"),
    ],
)
def test_a_wrong_script_is_refused(tmp_path: Path, file: str, content: str, message: str) -> None:
    (tmp_path / file).write_text(content)
    with pytest.raises(ModelError, match=message):
        ScriptedModel(tmp_path / file)


def test_a_script_that_is_not_there() -> None:
    with pytest.raises(ModelError, match="cannot read the script"):
        load_model("scripted:/nowhere/at/all.yaml")


@pytest.mark.parametrize(("options", "message"), [({"max_tokens": 0}, "max_tokens"), ({"temperature": -1}, "temper")])
def test_impossible_options_are_refused(options: dict[str, float], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        GenerationOptions(**options)  # type: ignore[arg-type]
