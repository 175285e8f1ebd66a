"""The tools in one line each, for models that read little."""

from __future__ import annotations

import enum
from dataclasses import dataclass

import pytest

from codeact import CodeActAgent, Toolbox
from codeact.agent import Brief
from codeact.errors import CodeActError
from codeact.models import ScriptedModel
from codeact.tools.short_stubs import SHORT_CHARACTERS, first_sentence


class Side(enum.StrEnum):
    """A side."""

    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True)
class Area:
    """A rectangle."""

    name: str
    center: tuple[float, float]


def area(name: str, side: Side = Side.LEFT) -> Area:
    """The rectangle of this name, metres. It lies on the table.

    Raises UnknownObject.
    """
    return Area(name, (0.0, 0.0))


def pick(name: str, *, speed: float | None = None) -> bool:
    """Grasp an object from above, by its handle or its rim where it has one, and lift it until the table is free."""
    return True


def wait() -> None:
    pass


def prompt(box: Toolbox, **settings: object) -> list[str]:
    brief = Brief("Lift it.", box.stubs(), "a cup", None, box)
    messages = CodeActAgent(ScriptedModel(["x"]), **settings).prompt(brief)  # type: ignore[arg-type]
    return [message.content for message in messages]


def test_a_tool_is_a_line_and_so_is_a_type() -> None:
    assert Toolbox([area, pick, wait]).short_stubs().split("\n") == [
        "Side: one of LEFT = 'left', RIGHT = 'right'",
        "Area: name: str, center: (float, float)",
        "area(name: str, side: Side = Side.LEFT) -> Area  # The rectangle of this name, metres",
        "pick(name: str, *, speed: float | None = None) -> bool  # Grasp an object from above",
        "wait() -> None",
    ]


def test_groups_that_read_the_same_share_their_lines() -> None:
    arms = Toolbox([Toolbox([pick, wait], name="left"), Toolbox([pick, area], name="right")])
    assert "left.pick, right.pick(name: str, *" in arms.short_stubs()
    assert "\nright.area(name: str" in arms.short_stubs()


def test_what_is_not_shown_is_named() -> None:
    box = Toolbox([area, pick, wait])
    assert box.showing("wait").short_stubs() == "wait() -> None\nAlso: area, pick"
    assert Toolbox([wait, area, pick]).within_tokens(20).short_stubs() == "wait() -> None\nAlso: area, pick"


def test_many_tools_are_cut_to_the_first_of_each_group() -> None:
    def numbered(number: int) -> object:
        def work(name: str) -> str:
            return name

        work.__name__, work.__doc__ = f"work_{number}", f"Does the work of number {number}."
        return work

    boxes = [Toolbox([numbered(number) for number in range(150)], name=name) for name in ("one", "two")]  # type: ignore[misc]
    stubs = Toolbox(boxes).short_stubs()
    assert len(stubs) < SHORT_CHARACTERS + 500
    assert "one.work_0, two.work_0(" in stubs
    assert 'more: see help("words")' in stubs.rpartition("\n")[2]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", ""),
        ("One. Two.", "One"),
        ("About v1.2 of\nit.\n\nMore.", "About v1.2 of it"),
        (
            "Where it is in the frame (x, y, z) of a world, of which nothing is said.",
            "Where it is in the frame (x, y, z) of a world",
        ),
        ("word " * 40, "word " * 12 + "..."),
        ("Hostile \u202e\x1b text.", "Hostile text"),
    ],
)
def test_a_docstring_is_cut_to_its_first_sentence(text: str, sentence: str) -> None:
    assert first_sentence(text) == sentence


@pytest.mark.parametrize(
    ("action_format", "rule"), [("code", "<execute>"), ("json", '{"tool": "name"'), ("text", "Action: name")]
)
def test_a_short_prompt_is_a_few_sentences_and_the_lines(action_format: str, rule: str) -> None:
    box = Toolbox([area, pick])
    system, user = prompt(box, stubs="short", action_format=action_format)
    assert system.endswith(f"Functions that are ready:\n{box.short_stubs()}")
    assert rule in system.partition("\n")[0]
    assert "finish(answer)" in system
    assert user == "Lift it.\n\nObservation:\na cup"
    assert len(system) < 0.6 * len(prompt(box, stubs="full", action_format=action_format)[0])


def test_a_model_may_prefer_the_short_form_and_the_agent_has_the_last_word() -> None:
    box = Toolbox([area])
    model = ScriptedModel(["x"])
    model.stubs = "short"  # type: ignore[attr-defined]
    brief = Brief("Lift it.", box.stubs(), "", None, box)
    assert box.short_stubs() in CodeActAgent(model).prompt(brief)[0].content
    assert CodeActAgent(model).prompt(brief)[1].content == "Lift it."
    assert box.stubs().strip() in CodeActAgent(model, stubs="full").prompt(brief)[0].content
    assert "Example with other functions" not in CodeActAgent(model).prompt(brief)[0].content
    assert "Example with other functions" in CodeActAgent(model, examples=1).prompt(brief)[0].content
    with pytest.raises(CodeActError, match="stubs is 'full' or 'short', not 'tiny'"):
        CodeActAgent(model, stubs="tiny")  # type: ignore[arg-type]


def test_a_chat_has_it_as_well() -> None:
    with CodeActAgent(ScriptedModel(["Hello."]), stubs="short") as agent:
        agent.chat("Hi", tools=Toolbox([area]))
        assert agent._chat is not None
        system = agent._chat.conversation.memory.messages()[0].content
    assert "Without a need to act, answer in plain words." in system
    assert "area(name: str" in system
