"""The options of a model's agent: the same ones for each command, handed on whole, refused when they mean nothing."""

from __future__ import annotations

import inspect
import json
from dataclasses import fields
from pathlib import Path
from typing import Any, get_type_hints

import pytest
import typer
from typer.testing import CliRunner

from codeact import CodeActAgent
from codeact.agent import AgentSettings
from codeact.agent.settings import AgentKeywords
from codeact.cli.agent_options import AgentOptions, with_shared_options
from codeact.cli.app import app
from codeact.cli.evaluating import settings_of
from codeact.errors import CodeActError
from codeact.evaluation import SelectionError, Suite
from codeact.models import ScriptedModel

SKILL = '''def double(x: float) -> float:
    """Return twice x."""
    return 2 * x


def test_double():
    assert double(2.0) == {}
'''


def given(*arguments: str) -> AgentOptions:
    """The options as a command gets them."""
    got: list[AgentOptions] = []
    small = typer.Typer()

    @small.command()
    @with_shared_options
    def command(options: AgentOptions = AgentOptions()) -> None:  # noqa: B008  frozen
        got.append(options)

    result = CliRunner().invoke(small, list(arguments))
    assert result.exit_code == 0, result.output
    return got[0]


def test_the_keywords_are_the_settings() -> None:
    hints = get_type_hints(AgentSettings)
    keywords = get_type_hints(AgentKeywords)
    assert list(keywords) == [each.name for each in fields(AgentSettings)]
    for name, kind in hints.items():
        assert keywords[name] in (kind, kind | None), name


def test_an_unknown_keyword_is_said_with_the_one_that_was_meant() -> None:
    with pytest.raises(TypeError, match="an agent has no setting 'max_turn'; did you mean 'max_turns'"):
        CodeActAgent(ScriptedModel(["x"]), max_turn=3)  # type: ignore[call-arg]


def test_settings_are_handed_on_whole_and_single_ones_changed() -> None:
    settings = AgentSettings(max_turns=3, max_calls=7, examples=["one"])
    agent = CodeActAgent(ScriptedModel(["x"]), settings, max_turns=4)
    assert agent.settings == AgentSettings(max_turns=4, max_calls=7, examples=["one"])
    assert AgentSettings.of_data(json.loads(json.dumps(settings.as_data()))) == settings


@pytest.mark.parametrize("name", ["run", "eval", "chat"])
def test_each_command_has_all_options(name: str) -> None:
    (command,) = (each for each in app.registered_commands if (each.name or each.callback.__name__) == name)  # type: ignore[union-attr]
    there = inspect.signature(command.callback).parameters  # type: ignore[arg-type]
    assert {each.name for each in fields(AgentOptions)} <= set(there)


def test_what_is_given_reaches_the_settings() -> None:
    options = given(
        *("--max-calls", "9", "--max-cost", "0.5", "--prices", "0.15,0.6", "--max-seconds", "30"),
        *("--max-total-tokens", "5000", "--compaction", "summarise", "--best-of", "3", "--temperature", "0.7"),
    )
    assert options.settings() == AgentSettings(
        max_calls=9,
        max_cost=0.5,
        prices=(0.15, 0.6),
        max_seconds=30,
        max_total_tokens=5000,
        compaction="summarise",
        best_of=3,
        temperature=0.7,
    )
    assert given().settings() == AgentSettings()
    assert given("--max-turns", "2").settings(AgentSettings(max_tokens=1024)) == AgentSettings(
        max_turns=2, max_tokens=1024
    )


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--max-cost", "1"), "max_cost needs prices"),
        (("--prices", "cheap"), "--prices cheap: it takes two numbers"),
        (("--max-seconds", "0"), "max_seconds is 0"),
        (("--best-of", "2"), "give a temperature such as 0.7"),
        (("--prompt", "no such file"), "the prompt no such file cannot be read"),
        (("--skill", "no such file"), "the skill no such file cannot be read"),
    ],
)
def test_what_means_nothing_is_said(arguments: tuple[str, ...], why: str) -> None:
    with pytest.raises(CodeActError, match=why):
        given(*arguments).settings()


def test_a_suite_has_settings_with_its_files_beside_it(tmp_path: Path) -> None:
    (tmp_path / "double.py").write_text(SKILL.format("4.0"))
    (tmp_path / "prompt.md.j2").write_text("Act. {{ stubs }}")
    file = tmp_path / "suite.yaml"
    file.write_text(
        "tasks: [a]\nsettings:\n  max_calls: 9\n  prices: [0.15, 0.6]\n  max_cost: 0.5\n  compaction: summarise\n"
        "  skills: [double.py]\n  prompt: prompt.md.j2\n"
    )
    suite = Suite.load(file)
    expected: dict[str, Any] = {"max_calls": 9, "prices": (0.15, 0.6), "max_cost": 0.5, "compaction": "summarise"}
    assert suite.settings == AgentSettings(
        **expected, skills=[tmp_path / "double.py"], system_prompt="Act. {{ stubs }}"
    )
    assert "settings" not in suite.options
    assert settings_of(suite, given("--max-turns", "3")).max_turns == 3
    with pytest.raises(SelectionError, match="the suite says max_calls, too"):
        settings_of(suite, given("--max-calls", "3"))


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ("{max_call: 3}", r"suite\.yaml:2:\d+: settings.max_call"),
        ("{max_calls: many}", "settings.max_calls: Input should be a valid integer"),
        ("{max_cost: 1}", r"suite\.yaml: settings: max_cost needs prices"),
        ("{skills: [none.py]}", r"suite\.yaml: settings: the skill .*none\.py cannot be read"),
    ],
)
def test_wrong_settings_of_a_suite_are_said(tmp_path: Path, settings: str, why: str) -> None:
    file = tmp_path / "suite.yaml"
    file.write_text(f"tasks: [a]\nsettings: {settings}\n")
    with pytest.raises(SelectionError, match=why):
        Suite.load(file)


@pytest.mark.parametrize(("right", "code"), [("4.0", 0), ("5.0", 1)])
def test_skills_are_checked_before_a_chat(tmp_path: Path, right: str, code: int) -> None:
    (tmp_path / "double.py").write_text(SKILL.format(right))
    (tmp_path / "replies.yaml").write_text('["<execute>finish(double(3.0))</execute>"]')
    shown = CliRunner().invoke(
        app,
        [
            *("chat", "--model", f"scripted:{tmp_path / 'replies.yaml'}", "--out", str(tmp_path / "out")),
            *("--skill", str(tmp_path / "double.py"), "--check-skills"),
        ],
        input="Twice 3?\n",
    )
    assert shown.exit_code == code, shown.output
    assert ("6.0" in shown.output) is (code == 0)
