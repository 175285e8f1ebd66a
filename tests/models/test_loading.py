"""One string names any model; and the model that replays a script."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from codeact.errors import ModelError
from codeact.models import BatchingModel, GenerationOptions, Message, Model, ScriptedModel, StopGeneration, load_model

USER = Message("user", "go")


@pytest.mark.parametrize(
    "name",
    ["", "gpt", "hf:", "openai:", "openai:http://localhost/v1", "scripted:", "embedded:2", "openai:http://a/v1#"],
)
def test_other_names_are_refused_with_the_forms_there_are(name: str) -> None:
    with pytest.raises(ModelError, match="openai:<base url>#<model>"):
        load_model(name)


def test_options_stand_behind_a_question_mark(tiny_folder: Path) -> None:
    model = load_model(f"hf:{tiny_folder}?dtype=bfloat16&threads=1&rows=3")
    assert isinstance(model, BatchingModel)
    assert (model.rows, model._model.dtype, model.name) == (3, "bfloat16", f"hf:{tiny_folder.name}")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("size=3", "no option is called 'size'"),
        ("rows=many", "rows is 'many'"),
        ("rows=0", "rows is 0"),
        ("adapter=", "adapter is empty"),
        ("dtype=int3", "unknown dtype 'int3'"),
        ("quantization=3bit", "unknown quantization '3bit'"),
        ("adapter=/nowhere", "cannot load the adapter '/nowhere' over LlamaForCausalLM"),
    ],
)
def test_wrong_options_are_said(tiny_folder: Path, options: str, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        load_model(f"hf:{tiny_folder}?{options}")
    if not options.startswith(("adapter=/", "quantization", "dtype", "rows=0")):
        with pytest.raises(ModelError, match=said):
            load_model(f"embedded?{options}")


def test_other_packages_offer_models_by_entry_points(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "parrots.py").write_text(
        "from codeact.models import ScriptedModel\n"
        "def parrot(rest): return ScriptedModel([rest])\n"
        "def silent(rest): return 5\n"
        "def broken(rest): raise OSError('no seeds')\n"
    )
    info = tmp_path / "parrots-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: parrots\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[codeact.models]\nparrot = parrots:parrot\nsilent = parrots:silent\nbroken = parrots:broken\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    assert load_model("parrot:hello").generate([USER], GenerationOptions()).text == "hello"
    with pytest.raises(ModelError, match="made a int and not a model"):
        load_model("silent:x")
    with pytest.raises(ModelError, match="broken:x of parrots:broken cannot be loaded: OSError: no seeds"):
        load_model("broken:x")
    with pytest.raises(ModelError, match=r"installed packages add broken:<rest>, parrot:<rest>"):
        load_model("owl:x")


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
