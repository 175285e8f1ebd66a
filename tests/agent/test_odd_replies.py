"""What becomes of replies that keep only roughly to their format: each kind has one defined result."""

from __future__ import annotations

import pytest

from codeact.agent.formats import Broken, Program, Prose, find_format

CODE, JSON, TEXT = find_format("code"), find_format("json"), find_format("text")


def code_of(text: str) -> str:
    reply = CODE.parse(text)
    assert isinstance(reply, Program), reply
    return reply.code


@pytest.mark.parametrize(
    "text",
    [
        "~~~python\nx = 1\nprint(x)\n~~~",
        "````python\nx = 1\nprint(x)\n````",
        "1. First:\n   ```python\n   x = 1\n   print(x)\n   ```",
        "```ipython\nx = 1\nprint(x)\n```",
        "<execute>\r\nx = 1\r\nprint(x)\r\n</execute>\r\n",
        "```python\r\nx = 1\r\nprint(x)\r\n```\r\n",
        "< execute >\nx = 1\nprint(x)\n</ execute>",
        "<execute>\n<execute>\nx = 1\nprint(x)\n</execute>\n</execute>",
        "<execute>\n~~~\nx = 1\nprint(x)\n~~~\n</execute>",
        "<execute>\nx = 1\nprint(x)\n</exec",
        "x = 1\nprint(x)\n</execute>",
    ],
)
def test_a_program_is_found_in_odd_spellings(text: str) -> None:
    assert code_of(text) == "x = 1\nprint(x)"


def test_a_doubled_end_is_no_second_action() -> None:
    reply = CODE.parse("<execute>a()</execute></execute>")
    assert isinstance(reply, Program)
    assert (reply.code, reply.note, reply.dropped) == ("a()", "", False)


def test_fences_inside_of_a_program_belong_to_it() -> None:
    assert code_of('<execute>\ntext = """\n```\na\n```\n"""\n</execute>') == 'text = """\n```\na\n```\n"""'
    assert code_of('````python\ntext = """\n```\n"""\n````') == 'text = """\n```\n"""'
    assert code_of("~~~py\nprint('```')\n~~~") == "print('```')"
    assert code_of("```python\nprint('```')\n```") == "print('```')"
    assert code_of('```python\ntext = """\n```\n"""\n```') == 'text = """', "of equal fences the first one ends it"


def test_half_a_tag_at_the_token_limit_is_a_program_that_was_cut() -> None:
    for half in ("I begin. <execu", "Now: <e", "<execute"):
        assert CODE.parse(half, cut=True) == Broken("The program was not complete.", cut=True)
    assert CODE.parse("a <b", cut=True) == Prose("a <b")
    assert CODE.parse("I begin. <execu") == Prose("I begin. <execu")


def test_an_end_without_a_beginning_is_a_program_only_if_all_before_it_is() -> None:
    reply = CODE.parse("a()\n</execute>")
    assert isinstance(reply, Program)
    assert reply.note == "the start of the program was not marked"
    assert reply.kept == "<execute>\na()\n</execute>"
    assert CODE.parse("I look.\na()\n</execute>") == Broken("There is </execute> without <execute> before it.")


@pytest.mark.parametrize("text", ["pick('red cube')", "x = 1", "def f():\n    return 1"])
def test_a_program_without_marks_is_not_run_and_known_for_one(text: str) -> None:
    assert CODE.parse(text) == Prose(text, unmarked=True)


@pytest.mark.parametrize("text", ["I would call pick('red cube').", "Rome", "42", "Then I pick('red cube')"])
def test_a_call_among_words_is_words(text: str) -> None:
    assert CODE.parse(text) == Prose(text)


def test_thoughts_that_do_not_end_hold_nothing_to_run() -> None:
    text = '<think>perhaps <execute>a()</execute> {"tool": "a"}\nAction: a\n'
    for read in (CODE, JSON, TEXT):
        assert read.parse(text) == Prose("")
        assert not read.is_complete(text)


@pytest.mark.parametrize(
    ("text", "program"),
    [
        ("Action: go(0.5, 'red, cube')", "print(go(0.5, 'red, cube'))"),
        ("Action: arm.go(x=1)", "print(arm.go(x=1))"),
        ("Action: home()", "print(home())"),
        ("Action: go, 1\r\n", "print(go(1))"),
        ("**Action:** go, 1", "print(go(1))"),
        ("**Action**: go(1)", "print(go(1))"),
        ("Well.\r\nAction: go, 1\r\nObservation: 3", "print(go(1))"),
    ],
)
def test_a_text_call_is_found_in_odd_spellings(text: str, program: str) -> None:
    reply = TEXT.parse(text)
    assert isinstance(reply, Program), reply
    assert reply.code == program
