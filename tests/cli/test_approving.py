"""`--approve` on the command line, and what a person answers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codeact.cli.approving import asks, policy_of
from codeact.cli.asking import Asking
from codeact.cli.failures import UsageError
from codeact.tools import PendingCall, review


def judged(policy: Any, tool: str, effect: Any = "write", **arguments: Any) -> str | None:
    return review(policy, tool, arguments, effect)


def person(call: PendingCall) -> str:
    return f"asked about {call.tool}"


def test_modes_and_rules_together() -> None:
    policy = policy_of(["ask", "physical=never", "arm.*=ask", "arm.stop=always"], person)
    assert judged(policy, "look", "read") is None
    assert judged(policy, "order") == "asked about order"
    assert judged(policy, "belt", "physical") == "calls of belt are not allowed here"
    assert judged(policy, "arm.move", "physical") == "asked about arm.move"
    assert judged(policy, "arm.stop", "physical") is None
    assert policy_of([], person) is None
    assert policy_of(["always"], person) is None


def test_a_rule_may_be_a_function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_rules.py").write_text("def slow(call):\n    return call.arguments['speed'] < 1 or 'too fast'\n")
    policy = policy_of(["arm.*=my_rules.py:slow"], person)
    assert judged(policy, "arm.move", speed=0.5) is None
    assert judged(policy, "arm.move", speed=2.0) == "too fast"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sometimes", "no such approval; it is always, ask, never-physical and read-only, or WHICH=RULE"),
        ("physical=sometimes", "no rule 'sometimes'; it is always, never and ask, or a function as FILE.py:NAME"),
        ("=ask", "an effect or the name of a tool stands before the equals sign"),
        ("arm=nowhere.py:f", "there is no file nowhere.py"),
    ],
)
def test_wrong_rules_say_what_would_be_right(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        policy_of([text], person)


def test_whether_somebody_may_be_asked() -> None:
    assert not asks(["always", "physical=never", "arm.*=always"])
    assert asks(["physical=ask"])
    assert asks(["ask"])
    assert asks(["arm=my_rules.py:slow"])


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The end of a pipe whose other end is what a person types."""
    reader, writer = os.pipe()
    monkeypatch.setattr("codeact.cli.asking._INPUT", reader)
    yield writer
    os.close(reader)
    os.close(writer)


def test_always_is_remembered_for_the_tool(typed: int, capsys: Any) -> None:
    asking = Asking()
    os.write(typed, b"always\n")
    assert [judged(asking, "order", item=1), judged(asking, "order", item=2)] == [None, None]
    assert capsys.readouterr().err.count("[a]lways for this tool") == 1
    os.write(typed, b"not that one\n")
    assert judged(asking, "cancel") == "not that one"


def test_the_program_is_shown_once_before_its_first_question(typed: int, capsys: Any) -> None:
    asking = Asking()
    policy = asking.watching(policy_of(["ask"], asking))
    program = "for item in (1, 2):\n    order(item)\x1b[2J"
    for item in (1, 2):
        os.write(typed, b"y\n")
        assert policy(PendingCall("order", {"item": item}, "write", program=program)) is None
    shown = capsys.readouterr().err
    assert shown.count("This program makes the call:\n  1 | for item in (1, 2):\n  2 |     order(item)") == 1
    assert "\x1b" not in shown
    assert shown.count("Run it?") == 2
    os.write(typed, b"y\n")
    policy(PendingCall("order", {"item": 3}, "write", program="order(3)"))
    assert "  1 | order(3)\n" in capsys.readouterr().err


def test_a_tool_of_ones_own_shows_the_program_as_well(typed: int, capsys: Any) -> None:
    asking = Asking()
    asking.watching(None)(PendingCall("order", {}, "write", program="order()"))
    os.write(typed, b"y\n")
    assert judged(asking.of_tools, "order") is None
    assert "1 | order()" in capsys.readouterr().err


def test_a_tool_that_wants_to_be_asked_about_is_not_asked_about_twice(typed: int) -> None:
    asking = Asking()
    os.write(typed, b"y\n")
    assert judged(asking, "order", item=1) is None
    assert judged(asking.of_tools, "order", item=1) is None
    os.write(typed, b"no\n")
    assert judged(asking.of_tools, "order", item=1) == "the person at the terminal said no", "that is another call"


def test_where_nobody_can_answer_nobody_is_asked() -> None:
    assert judged(Asking("no terminal"), "order") == "no terminal"
