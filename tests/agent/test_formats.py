"""How replies are read: what models write, and what becomes of it."""

from __future__ import annotations

import ast
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeact.agent.formats import Answer, Broken, Program, Prose, find_format
from codeact.errors import CodeActError

CODE, JSON, TEXT = find_format("code"), find_format("json"), find_format("text")


def code_of(text: str, **how: Any) -> str:
    reply = CODE.parse(text, **how)
    assert isinstance(reply, Program), reply
    return reply.code


@pytest.mark.parametrize(
    "text",
    [
        "<execute>\nx = 1\nprint(x)\n</execute>",
        "I will look.\n<execute>x = 1\nprint(x)</execute>",
        "<EXECUTE>\nx = 1\nprint(x)\n</Execute>",
        "<execute>\n    x = 1\n    print(x)\n</execute>",
        "```python\nx = 1\nprint(x)\n```",
        "Sure! ```py\nx = 1\nprint(x)```",
        "```Python title=a.py\nx = 1\nprint(x)\n```\n",
        "```\nx = 1\nprint(x)\n```",
        "<execute>\n```python\nx = 1\nprint(x)\n```\n</execute>",
        "<execute>\n```python\nx = 1\nprint(x)\n</execute>",
        "```python\n<execute>\nx = 1\nprint(x)\n</execute>\n```",
        "<execute>\nx = 1\nprint(x)\n",
        "<execute>\nx = 1\nprint(x)\n<execute>\n",
        "<think>maybe <execute>wrong()</execute></think><execute>x = 1\nprint(x)</execute>",
        "```json\n{}\n```\n<execute>x = 1\nprint(x)</execute>",
        "<execute></execute><execute>x = 1\nprint(x)</execute>",
    ],
)
def test_a_program_is_found_in_every_usual_spelling(text: str) -> None:
    assert code_of(text) == "x = 1\nprint(x)"


def test_the_first_complete_program_runs_and_the_rest_is_dropped_and_said() -> None:
    reply = CODE.parse("One.\n<execute>a()</execute>\nObservation: 5\n<execute>b()</execute>")
    assert isinstance(reply, Program)
    assert reply.code == "a()"
    assert reply.kept == "One.\n<execute>a()</execute>"
    assert reply.note == "only the first program of the reply was run, and the rest was dropped"
    assert reply.dropped


def test_an_answer_after_a_program_waits_until_the_program_has_run() -> None:
    reply = CODE.parse("```python\na()\n```\n<answer>5</answer>")
    assert isinstance(reply, Program)
    assert reply.dropped


def test_words_after_a_program_are_dropped_and_noted() -> None:
    reply = CODE.parse("<execute>a()</execute> That should do.")
    assert isinstance(reply, Program)
    assert (reply.note, reply.dropped) == ("text after the program was dropped", False)


def test_a_stop_string_that_the_server_swallowed_is_put_back() -> None:
    reply = CODE.parse("Go.\n<execute>\na()\n")
    assert isinstance(reply, Program)
    assert reply.kept == "Go.\n<execute>\na()\n</execute>"
    assert reply.note == ""


def test_a_fence_without_its_end_is_noted() -> None:
    reply = CODE.parse("```python\na()")
    assert isinstance(reply, Program)
    assert (reply.code, reply.note) == ("a()", "the end of the program was not marked")


@pytest.mark.parametrize("text", ["<execute>\nfor i in", "text ```python\nfor i in", "<execute>\n```python\nx"])
def test_a_program_cut_at_the_token_limit_is_not_run(text: str) -> None:
    reply = CODE.parse(text, cut=True)
    assert isinstance(reply, Broken)
    assert reply.cut


def test_a_complete_program_runs_although_the_reply_was_cut_after_it() -> None:
    assert code_of("<execute>a()</execute><execute>b(", cut=True) == "a()"


@pytest.mark.parametrize("tag", ["answer", "solution"])
def test_an_answer_is_an_answer(tag: str) -> None:
    assert CODE.parse(f"So: <{tag}> 42 </{tag}>") == Answer("42")
    assert CODE.parse(f"<{tag}>42") == Answer("42")
    assert CODE.parse(f"<{tag}>42</{tag}> <execute>a()</execute>") == Answer("42")
    assert CODE.parse(f"<{tag}>42 is", cut=True) == Broken("The answer was not complete.", cut=True)


@pytest.mark.parametrize("text", ["", "  \n", "Hello there.", "Use `x` and ```html\n<p>\n```", "a < b", "``` ```"])
def test_prose_is_prose(text: str) -> None:
    assert CODE.parse(text) == Prose(text.strip())


def test_a_bare_fence_that_is_no_python_is_not_run() -> None:
    assert isinstance(CODE.parse("It prints\n```\nred cube: 5 cm\n```"), Prose)


def test_an_empty_program_is_said() -> None:
    assert CODE.parse("<execute>\n\n</execute>") == Broken("The program was empty.")


WHOLE = [
    "x\n<execute>\na()\n</execute>",
    "x ```python\na()\n```",
    "<answer>4</answer>",
    "<execute>\n```py\na()\n```\n</execute>",
]


@pytest.mark.parametrize("text", WHOLE)
def test_a_reply_is_complete_at_its_end_and_not_before(text: str) -> None:
    assert [CODE.is_complete(text[:size]) for size in range(len(text) + 1)] == [False] * len(text) + [True]


@given(st.text(alphabet="<>/execut`~pyanswr \r\n=1()", max_size=80), st.booleans())
def test_no_reply_breaks_the_reader(text: str, cut: bool) -> None:
    for action_format in (CODE, JSON, TEXT):
        assert isinstance(action_format.parse(text, cut=cut), Program | Answer | Broken | Prose)
        action_format.is_complete(text)


@pytest.mark.parametrize(
    ("text", "program"),
    [
        ('{"tool": "go", "args": {"x": 0.5, "names": ["a", null, true]}}', "print(go(x=0.5, names=['a', None, True]))"),
        ('First {this}.\n```json\n{"tool": "arm.go", "args": [1, "b"]}\n```', "print(arm.go(1, 'b'))"),
        ('{"tool": "home"}', "print(home())"),
        ('{"name": "go", "arguments": {"x": 1}}', "print(go(x=1))"),
        ('<tool_call>\n{"name": "go", "parameters": {"x": 1}}\n</tool_call>', "print(go(x=1))"),
        ('[{"tool": "home", "args": {}}]', "print(home())"),
        ('{"name": "mug"} {"tool": "home"}', "print(home())"),
        (
            '{"note": 1} {"tool": "say", "args": {"text": "</execute>\'\\"\\n"}}',
            "print(say(text='</execute>\\'\"\\n'))",
        ),
    ],
)
def test_json_becomes_a_call(text: str, program: str) -> None:
    reply = JSON.parse(text)
    assert isinstance(reply, Program)
    assert reply.code == program
    assert not reply.dropped


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"tool": "go", "args": {"x": }}', "The JSON cannot be read"),
        ('{"tool": "go", "args": {"x": NaN}}', "NaN is not JSON"),
        ('{"tool": "go", "args": {"x": 1e999}}', "finite"),
        ('{"tool": "go(); evil", "args": {}}', "is not the name of a function"),
        ('{"tool": "import", "args": {}}', "is not the name of a function"),
        ('{"tool": "go", "args": {"x=1, y": 2}}', "is not the name of an argument"),
        ('{"tool": "go", "args": 5}', "must be an object"),
        ('{"tool": 5}', "must be the name"),
        ('{"tool": "go", "arguments": {}}', "unknown keys arguments"),
        ('{"tool": "go", "name": "home", "arguments": {}}', "unknown keys arguments, name"),
    ],
)
def test_broken_json_is_said(text: str, why: str) -> None:
    reply = JSON.parse(text)
    assert isinstance(reply, Broken)
    assert why in reply.why


def test_cut_json_is_not_run() -> None:
    reply = JSON.parse('{"tool": "go", "args": {"x"', cut=True)
    assert isinstance(reply, Broken)
    assert reply.cut
    assert JSON.parse("I think {so} it is fine") == Prose("I think {so} it is fine")
    assert JSON.parse("<answer>5</answer>") == Answer("5")


def test_only_the_first_call_is_made() -> None:
    reply = JSON.parse('{"tool": "a"}\n{"tool": "b"}')
    assert isinstance(reply, Program)
    assert (reply.code, reply.dropped) == ("print(a())", True)


@pytest.mark.parametrize(
    ("text", "program"),
    [
        ("Action: go, 0.5, red cube", "print(go(0.5, 'red cube'))"),
        ('Hm.\nAction: say, "one, two", [1, 2], {"a": (3, 4)}', "print(say('one, two', [1, 2], {'a': (3, 4)}))"),
        ("Action: arm.go, x=1, name='a, b'", "print(arm.go(x=1, name='a, b'))"),
        ("Action: home", "print(home())"),
        ("Action: say, it's a nice, day", "print(say(\"it's a nice\", 'day'))"),
        ("Action: say, true, None, null", "print(say(True, None, None))"),
        (r'Action: say, "a \" b, c"', "print(say('a \" b, c'))"),
        ("Action: say, a == b", "print(say('a == b'))"),
    ],
)
def test_text_becomes_a_call(text: str, program: str) -> None:
    reply = TEXT.parse(text)
    assert isinstance(reply, Program), reply
    assert reply.code == program


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('Action: say, "open', "not closed"),
        ("Action: say, [1, 2", "not closed"),
        ("Action: say what, 1", "is not the name of a function"),
        ("Action:", "is not the name of a function"),
        ("Action: go, x=1, 2", "has no name and comes after one that has"),
        ("Action: go, 1e999", "finite"),
    ],
)
def test_broken_text_is_said(text: str, why: str) -> None:
    reply = TEXT.parse(text)
    assert isinstance(reply, Broken), reply
    assert why in reply.why


def test_cut_text_is_not_run() -> None:
    assert TEXT.parse("Action: go, 1", cut=True) == Broken("The call was not complete.", cut=True)
    assert not TEXT.is_complete("Action: go, 1")
    assert TEXT.is_complete("Action: go, 1\n")
    assert TEXT.parse("Just words") == Prose("Just words")
    assert TEXT.parse("<answer>5") == Answer("5")


@given(st.text(max_size=30), st.recursive(st.none() | st.booleans() | st.text(), st.lists, max_leaves=5))
def test_nothing_but_one_call_gets_into_the_program(tool: str, value: Any) -> None:
    import json

    for reply in (JSON.parse(json.dumps({"tool": tool, "args": {"x": value}})), TEXT.parse(f"Action: {tool}, {value}")):
        if isinstance(reply, Program):
            (statement,) = ast.parse(reply.code).body
            assert isinstance(statement, ast.Expr)
            assert isinstance(statement.value, ast.Call)
            (call,) = statement.value.args
            assert isinstance(call, ast.Call)
            for argument in [*call.args, *(keyword.value for keyword in call.keywords)]:
                ast.literal_eval(argument)


def test_another_format_is_refused() -> None:
    with pytest.raises(CodeActError, match="unknown action format 'yaml'; one of code, json, text"):
        find_format("yaml")
