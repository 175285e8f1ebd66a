"""Replies kept in a file: asked once, answered again, also after a kill and by another process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from codeact.errors import ModelError
from codeact.models import GenerationOptions, Message, load_model
from codeact.models.kept_replies import KeptReplies
from codeact.models.protocol import Completion, Model
from codeact.models.scripted import ScriptedModel

ASKED = (Message("user", "where?"),)


class Counting(ScriptedModel):
    asked = 0

    def generate(self, *given: object, **named: object) -> Completion:  # type: ignore[override]
        self.asked += 1
        return super().generate(*given, **named)  # type: ignore[arg-type]


def refuse() -> Model:
    raise AssertionError("the other model was asked for")


def test_what_was_asked_once_is_answered_from_the_file(tmp_path: Path) -> None:
    file, other = tmp_path / "new" / "replies.jsonl", Counting(["here"])
    first = KeptReplies(file, lambda: other, "other")
    told: list[str] = []
    assert first.generate(ASKED, GenerationOptions()).text == "here"
    assert first.generate(ASKED, GenerationOptions(), told.append).text == "here"
    assert (other.asked, told) == (1, ["here"])
    again = KeptReplies(file, refuse, "other").generate(ASKED, GenerationOptions())
    assert (again.text, again.finish_reason, again.prompt_tokens) == ("here", "stop", 2)


@pytest.mark.parametrize(
    "options", [GenerationOptions(stop=("x",)), GenerationOptions(max_tokens=3), GenerationOptions(temperature=1.0)]
)
def test_another_question_is_asked(tmp_path: Path, options: GenerationOptions) -> None:
    other = Counting(["here"])
    model = KeptReplies(tmp_path / "replies.jsonl", lambda: other, "other")
    model.generate(ASKED, GenerationOptions())
    model.generate(ASKED, options)
    assert other.asked == 2
    model.generate(ASKED, options)
    assert other.asked == (3 if options.temperature else 2)


def test_half_a_last_line_is_left_out_and_another_wrong_one_named(tmp_path: Path) -> None:
    file = tmp_path / "replies.jsonl"
    KeptReplies(file, lambda: ScriptedModel(["here"]), "other").generate(ASKED, GenerationOptions())
    whole = file.read_text()
    file.write_text(whole + whole[:30])
    assert KeptReplies(file, refuse, "other").generate(ASKED, GenerationOptions()).text == "here"
    file.write_text(whole[:30] + "\n" + whole)
    with pytest.raises(ModelError, match="line 1 is no kept reply"):
        KeptReplies(file, refuse, "other")
    file.write_text(json.dumps({**json.loads(whole), "finish_reason": "later"}) + "\n" + whole)
    with pytest.raises(ModelError, match="finish_reason is 'later'"):
        KeptReplies(file, refuse, "other")


def test_by_name(tmp_path: Path) -> None:
    script = tmp_path / "script.txt"
    script.write_text("here")
    model = load_model(f"kept:{tmp_path / 'replies.jsonl'}#scripted:{script}")
    assert model.name == f"scripted:{script}"
    assert model.context_tokens is None
    assert model.generate(ASKED, GenerationOptions()).text == "here"
    with pytest.raises(ModelError, match="write kept:<file>#<model>"):
        load_model("kept:replies.jsonl")
