"""`codeact prompt`: what a model reads, and how long it is."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from codeact.cli.app import app

TASK = "CodeAct/Dna1-v0"


def test_the_prompt_is_shown_whole_with_its_length() -> None:
    shown = CliRunner().invoke(app, ["prompt", TASK, "--format", "json", "--examples", "2"])
    assert shown.exit_code == 0, shown.output
    assert shown.stdout.startswith("[system]\nYou act by calling one function")
    assert shown.stdout.count("Example with other functions") == 2
    assert "\n[user]\n" in shown.stdout
    assert "tokens at three bytes each" in shown.stdout.splitlines()[-1]

    messages = json.loads(
        CliRunner().invoke(app, ["prompt", TASK, "--format", "json", "--examples", "2", "--json"]).stdout
    )
    assert [message["role"] for message in messages] == ["system", "user"]
    assert messages[0]["content"] in shown.stdout


def test_a_prompt_of_ones_own_extends_or_replaces(tmp_path: Path) -> None:
    own = tmp_path / "own.md.j2"
    own.write_text('{% include "system_code.md.j2" %}\n\nMind the glass.')
    shown = CliRunner().invoke(app, ["prompt", TASK, "--prompt", str(own)])
    assert "You act by writing Python." in shown.stdout
    assert "Mind the glass." in shown.stdout
    own.write_text("Only {{ nothing }}.")
    wrong = CliRunner().invoke(app, ["prompt", TASK, "--prompt", str(own)])
    assert (wrong.exit_code, "template is wrong" in wrong.output) == (1, True)


def test_what_is_wrong_is_said() -> None:
    unknown = CliRunner().invoke(app, ["prompt", "CodeAct/Nothing-v0"])
    assert unknown.exit_code == 2
    many = CliRunner().invoke(app, ["prompt", TASK, "--examples", "9"])
    assert (many.exit_code, "there are 3 worked examples" in many.output) == (1, True)
    with_oracle = CliRunner().invoke(app, ["run", TASK, "--agent", "oracle", "--format", "json"])
    assert (with_oracle.exit_code, "action_format" in with_oracle.output) == (1, True)


def test_a_prompt_is_shown_in_other_words_and_with_other_names() -> None:
    options = ["--phrasing", "unseen", "--values", "unseen", "--names", "read_bases=load_bases"]
    shown = CliRunner().invoke(app, ["prompt", TASK, "--stubs", "short", *options]).stdout
    usual = CliRunner().invoke(app, ["prompt", TASK, "--stubs", "short"]).stdout
    assert "\nload_bases(sample: str, start: int = 0) -> Piece" in shown
    assert "load_bases" not in usual
    assert shown.partition("[user]")[2] != usual.partition("[user]")[2]
