"""What a model reads first: rules, functions, worked examples, the task."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import codeact_adapters
import codeact_envs
from codeact import CodeActAgent
from codeact.agent import Brief
from codeact.agent.formats import Answer, Program, find_format
from codeact.agent.templates import worked_examples
from codeact.errors import CodeActError
from codeact.models import ScriptedModel

BRIEF = Brief("Stack the cubes.", "def pick(name: str) -> bool:\n    '''Pick it.'''", "two cubes")
FORMATS = ("code", "json", "text")


def system_of(**settings: object) -> str:
    return CodeActAgent(ScriptedModel(["x"]), **settings).prompt(BRIEF)[0].content  # type: ignore[arg-type]


@pytest.mark.parametrize("action_format", FORMATS)
def test_as_many_examples_are_shown_as_are_asked_for(action_format: str) -> None:
    prompts = [system_of(action_format=action_format, examples=count) for count in range(4)]
    assert [prompt.count("Example with other functions. The task:") for prompt in prompts] == [0, 1, 2, 3]
    assert [len(prompt) for prompt in prompts] == sorted(len(prompt) for prompt in prompts)
    assert prompts[1] == system_of(action_format=action_format)


@pytest.mark.parametrize("count", [-1, 4, "one"])
def test_there_are_no_more_examples_than_there_are(count: int | str) -> None:
    with pytest.raises(CodeActError, match="examples is"):
        system_of(examples=count)


def test_examples_of_ones_own_take_their_place() -> None:
    prompt = system_of(examples=["Example. <execute>go()</execute>"])
    assert prompt.endswith("\n\nExample. <execute>go()</execute>")
    assert "read_level" not in prompt


@pytest.mark.parametrize("action_format", FORMATS)
def test_every_reply_of_an_example_is_one_that_its_format_reads(action_format: str) -> None:
    read = find_format(action_format).parse
    for example in worked_examples(action_format):
        _, *parts = example.split("\n\n")
        replies = [part for part in parts if not part.startswith("Observation:")]
        for reply in replies:
            found = read(reply)
            assert isinstance(found, Program | Answer) or (action_format == "code" and "<execute>" not in reply), reply


def test_the_formats_show_the_same_examples() -> None:
    tasks = [[re.search("The task: (.*)", example) for example in worked_examples(name)] for name in FORMATS]
    assert [[found.group(1) for found in each if found] for each in tasks] == [
        [found.group(1) for found in tasks[0] if found]
    ] * 3


def test_examples_are_apart_from_every_task_and_every_tool() -> None:
    """So no example can come from a test seed, or from any other seed."""
    named = {name for text in worked_examples("text") for name in re.findall(r"Action: (\w+)", text)} - {"finish"}
    things = {"tank", "tanks", "sluice", "rota"}
    assert len(named) >= 5
    for package in (codeact_envs, codeact_adapters):
        root = Path(package.__file__).parent
        for file in [*root.rglob("*.py"), *root.rglob("*.yaml")]:
            words = set(re.findall(r"\w+", file.read_text(encoding="utf-8")))
            assert not words & (named | things), file
