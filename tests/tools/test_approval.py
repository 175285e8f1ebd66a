"""Approval: a policy sees a copy of each call, may take its time, and when in doubt the call is refused."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest

from codeact.errors import ToolError
from codeact.sandbox import Sandbox
from codeact.tools import (
    PendingCall,
    Refusal,
    Toolbox,
    approval,
    approve_all,
    ask_about_all,
    ask_in_terminal,
    refuse_effects,
    review,
)


def ask(approve: Any, effect: Any = "write", **arguments: Any) -> str | None:
    return review(approve, "arm.move", arguments, effect, "Move.")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (None, None),
        (True, None),
        (False, "the call was not approved"),
        ("too fast", "too fast"),
        ("", "the call was not approved"),
        (Refusal("too fast"), "too fast"),
        (1, "the approval policy returned int"),
        ([], "the approval policy returned list"),
    ],
)
def test_what_a_policy_may_answer(answer: Any, reason: str | None) -> None:
    found = ask(lambda call: answer)
    assert found == reason if reason is None else found is not None and found.startswith(reason)


def test_without_a_policy_every_call_goes_on() -> None:
    assert ask(None) is None
    assert ask(approve_all) is None


def test_a_policy_that_fails_refuses() -> None:
    def broken(call: PendingCall) -> None:
        raise KeyError("x")

    assert ask(broken) == "the approval policy failed: KeyError: 'x'"


def test_a_policy_cannot_change_the_call() -> None:
    arguments = {"path": [[1, 2]], "mask": np.zeros(2)}

    def meddle(call: PendingCall) -> None:
        call.arguments["path"][0].append(3)
        call.arguments["mask"][0] = 1

    assert ask(meddle, **arguments) is None
    assert arguments["path"] == [[1, 2]]
    assert arguments["mask"].tolist() == [0, 0]


def test_a_policy_sees_the_whole_call() -> None:
    seen: list[PendingCall] = []
    ask(seen.append, effect="physical", x=1.0, to="\x1b[2J")
    assert (seen[0].tool, seen[0].effect, seen[0].doc) == ("arm.move", "physical", "Move.")
    assert str(seen[0]) == r"arm.move(x=1.0, to='\x1b[2J')"


def test_effects_can_be_refused_as_a_whole() -> None:
    policy = refuse_effects("physical", "write")
    assert ask(policy, effect="read") is None
    assert ask(policy, effect="physical") == "physical calls are not allowed here"
    with pytest.raises(ToolError, match="takes one or more of read, write, physical"):
        refuse_effects("harmful")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("y\n", None),
        ("yes\n", None),
        ("n\n", "the person at the terminal said no"),
        ("\n", "the person at the terminal said no"),
        ("not near the cup\n", "not near the cup"),
        ("", "nobody was there to approve the call"),
    ],
)
def test_asking_in_the_terminal(typed: str, reason: str | None, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    assert ask(ask_in_terminal, x=1.0) == reason
    assert "arm.move(x=1.0)  [write]" in capsys.readouterr().out


def test_reads_are_not_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert ask(ask_in_terminal, effect="read") is None


def test_a_tool_with_a_policy_of_its_own_needs_both_to_agree() -> None:
    asked: list[str] = []

    def keeper(who: str, answer: Any) -> Any:
        return lambda call: (asked.append(f"{who} {call}"), answer)[1]

    def move(x: float) -> float:
        return x

    def rest() -> None: ...

    box = Toolbox([Toolbox([move, rest], name="arm")]).with_approvals({"arm.*": keeper("own", None)})
    with Sandbox(box) as sandbox:
        assert sandbox.run("arm.move(1.0)").value == 1.0
        assert asked == ["own arm.move(x=1.0)"]
        sandbox.approve = keeper("sandbox", "not now")
        refused = sandbox.run("arm.rest()")
        assert (refused.error.type, refused.error.message) == ("Refused", "not now")
        assert asked[1:] == ["sandbox arm.rest()"]
    asked.clear()
    with Sandbox(box.with_approvals({"*": keeper("more", False)}), approve=keeper("sandbox", None)) as sandbox:
        assert sandbox.run("arm.rest()").calls[0].refused == "the call was not approved"
    assert asked == ["sandbox arm.rest()", "own arm.rest()", "more arm.rest()"]


def test_about_all_means_reads_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("no\n"))
    assert ask(ask_about_all, effect="read") == "the person at the terminal said no"


def test_rules_by_name_stand_before_rules_by_effect_and_the_last_pattern_decides() -> None:
    asked: list[str] = []

    def person(call: PendingCall) -> str | None:
        asked.append(call.tool)
        return None if call.arguments else "say where"

    policy = approval(
        tools={"arm.*": "ask", "arm.stop": "always", "arm.throw": lambda call: f"{call.tool} is for nobody"},
        effects={"physical": "never", "write": "ask"},
        ask=person,
    )

    def judged(tool: str, effect: Any, **arguments: Any) -> str | None:
        return review(policy, tool, arguments, effect)

    assert judged("arm.move", "physical", x=1) is None
    assert judged("arm.move", "physical") == "say where"
    assert asked == ["arm.move", "arm.move"]
    assert judged("arm.stop", "physical") is None
    assert judged("arm.throw", "physical") == "arm.throw is for nobody"
    assert judged("belt.start", "physical") == "calls of belt.start are not allowed here"
    assert judged("shop.order", "write", item=2) is None
    assert judged("shop.prices", "read") is None
    assert asked == ["arm.move", "arm.move", "shop.order"]
    assert review(approval(otherwise="never"), "look", {}, "read") == "calls of look are not allowed here"


def test_a_rule_that_is_none_is_an_error() -> None:
    with pytest.raises(ToolError, match=r"'allways' is no rule of approval; did you mean 'always'\?"):
        approval(otherwise="allways")  # type: ignore[arg-type]
    with pytest.raises(ToolError, match="'moving' is no effect; an effect is one of read, write and physical"):
        approval(effects={"moving": "never"})  # type: ignore[dict-item]


def test_a_refused_call_raises_refused_inside_the_program() -> None:
    def move(x: float) -> float:
        return x

    program = "try:\n    move(1.0)\nexcept Refused as reason:\n    print('so:', reason)\nprint('on')"
    with Sandbox(Toolbox([move]), approve=approval(tools={"mo*": "never"})) as sandbox:
        assert sandbox.run(program).stdout == "so: calls of move are not allowed here\non\n"
