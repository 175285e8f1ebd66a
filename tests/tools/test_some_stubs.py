"""A toolbox that is too large to be read whole: what is shown of it, and what `help` finds from inside a program."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from codeact.errors import ToolError
from codeact.sandbox import Sandbox
from codeact.sandbox.language.tool_help import ToolHelp
from codeact.tools import Tool, Toolbox

VERBS = ("create", "list", "get", "delete", "close")
NOUNS = ("issue", "pull_request", "branch", "release", "label", "milestone", "comment", "repository", "user", "team")


@dataclass(frozen=True)
class Issue:
    """Something to do."""

    title: str
    open: bool = True


def named(name: str, doc: str, returns: object = None) -> Tool:
    def function(title: str, number: int = 1) -> None: ...

    function.__name__, function.__doc__ = name, doc
    function.__annotations__["return"] = returns
    return Tool(function, scope={})


@pytest.fixture(scope="module")
def box() -> Toolbox:
    git = [
        named(
            f"{verb}_{noun}",
            f"{verb.title()} a {noun.replace('_', ' ')}.\n\nIt is done at once, and nobody is asked.",
            Issue if noun == "issue" else None,
        )
        for noun in NOUNS
        for verb in VERBS
    ]
    ask = named("ask", "Ask the person who waits for the answer.")
    return Toolbox([Toolbox(git, name="git", doc="The forge."), Toolbox([ask], name="person"), named("log", "")])


def test_a_tool_that_is_too_long_does_not_hide_those_after_it(box: Toolbox) -> None:
    long = named("long", "It says much: " + "words " * 2_000)
    stubs = Toolbox([long, box]).stubs(3_000)
    assert "def long" not in stubs
    assert "def create_issue" in stubs
    assert len(stubs) <= 3_000


@pytest.mark.parametrize("most", [100_000, 7_000, 3_000, 600, 1])
def test_stubs_keep_within_what_they_may_be_and_stay_python(box: Toolbox, most: int) -> None:
    stubs = box.stubs(most)
    ast.parse(stubs)
    assert len(stubs) <= max(most, 300), "below that, the word on what is left out is all there is"
    if most >= len(box.stubs()):
        assert stubs == box.stubs()
    if most == 7_000:
        assert stubs.count("def ") == 52
        assert stubs.endswith("# Docstrings are cut to their first lines: help(name) says all of one.\n")
        assert "nobody is asked" not in stubs
    if most == 600:
        assert "class person" in stubs, "each group has its turn"
        assert "def log" in stubs
        shown = stubs.count("def ")
        assert f"# {52 - shown} more tools are not shown: {52 - shown} of git.\n" in stubs
        assert "class Issue" in stubs, "the types of what is shown"
    if most == 1:
        assert stubs == (
            "# 52 more tools are not shown: 50 of git, 1 of person, 1 without a group.\n"
            '# help("words of what you need") finds them, and help(git.create_issue) says all of one.\n'
        )


def test_no_room_at_all_is_an_error(box: Toolbox) -> None:
    with pytest.raises(ToolError, match="max_characters is 0, and must be above 0"):
        box.stubs(0)


@pytest.fixture(scope="module")
def sandbox(box: Toolbox) -> Iterator[Sandbox]:
    with Sandbox(box) as opened:
        yield opened


def test_help_finds_tools_by_words(sandbox: Sandbox) -> None:
    lines = sandbox.run("help('create issue')").stdout.splitlines()
    assert lines[:2] == ["git.create_issue(title: str, number: int = 1) -> Issue", "    Create a issue."]
    assert len(lines) <= 2 * 8 + 2
    assert lines[-1] == "help(git.create_issue) says more of one"
    for words, first in {
        "closing milestones": "git.close_milestone",
        "createIssue": "git.create_issue",
        "who waits for an answer?": "person.ask",
        "pull requests": "git.create_pull_request",
    }.items():
        assert sandbox.run(f"help({words!r})").stdout.startswith(f"{first}("), words
    assert sandbox.run("help('zebra')").stdout == "no tool fits 'zebra'; help() lists them\n"


def test_help_by_a_name_is_all_of_it(sandbox: Sandbox) -> None:
    told = sandbox.run("help('git.get_user')").stdout
    assert told == sandbox.run("help(git.get_user)").stdout.removesuffix("\n")
    assert "nobody is asked" in told
    stub = '@dataclass(frozen=True)\nclass Issue:\n    """Something to do."""\n    title: str\n    open: bool = True\n'
    assert sandbox.run("help(Issue)").stdout.startswith(stub)
    assert sandbox.run("help('Issue')").stdout == stub
    assert sandbox.run("Issue = str\nhelp(Issue)\ndel Issue").stdout.startswith("str\n")
    assert sandbox.run("help('person')").stdout.startswith("1 tools of person:\nperson.ask(")


def test_help_without_words_lists_all_or_counts_them(sandbox: Sandbox) -> None:
    assert sandbox.run("help()").stdout.startswith("52 tools:\ngit.create_issue(")
    many = ToolHelp({f"git.f{number}": f"git.f{number}()\n\nDo it." for number in range(100)} | {"log": "log()"}, {})
    assert many.all() == "101 tools: git (100), (no group) (1)\nhelp('words of what you need') finds some"
    assert ToolHelp({}, {}).all() == "there are no tools"


def test_help_is_there_in_a_workspace(box: Toolbox, tmp_path: Path) -> None:
    with Sandbox(box, workspace=tmp_path) as sandbox:
        assert sandbox.run("help('create issue')").stdout.startswith("git.create_issue(")


def test_the_search_bears_any_words() -> None:
    found = ToolHelp({"f": "f()"}, {})
    for words in ("", " ", "\x00", "f" * 100_000, "ß*?[", "f.", "."):
        assert isinstance(found.about(words), str)
    assert len(found.about("x" * 100_000)) < 200


def words(text: str) -> int:
    return len(text.split())


def test_a_part_keeps_its_own_budget_and_the_others_are_whole(box: Toolbox) -> None:
    few = Toolbox([named(f"ask_{n}", "Ask.\n\nNobody has to answer.") for n in range(3)], name="person")
    both = Toolbox([box.within_tokens(200, words), few])
    stubs = both.only("git.*", "person.ask_*").stubs()
    ast.parse(stubs)
    git, person = stubs.split("class person:")
    shown = git.count("def ")
    assert 5 < shown < 50
    assert person.count("Nobody has to answer.") == 3
    assert f"# {50 - shown} more tools are not shown: {50 - shown} of git.\n" in person
    assert words(box.within_tokens(200, words).stubs()) <= 200
    assert len(both.tools) == 55
    nested = Toolbox([box.within_tokens(200, words)], name="forge").stubs()
    assert nested.count("def ") < 50, "a group around it changes nothing"
    assert both.stubs(whole=True).count("def ") == 55


def test_tokens_are_estimated_or_counted(box: Toolbox) -> None:
    assert len(box.stubs(max_tokens=1_000).encode()) <= 3_000
    assert 150 < words(box.stubs(max_tokens=200, count_tokens=words)) <= 200
    with pytest.raises(ToolError, match="max_tokens is 0, and must be above 0"):
        box.stubs(max_tokens=0)
    with pytest.raises(ToolError, match="max_tokens is -1, and must be above 0"):
        box.within_tokens(-1)


def test_tools_that_are_not_shown_are_named_and_can_be_called(box: Toolbox) -> None:
    shown = box.showing("git.*_issue", "log")
    stubs = shown.stubs()
    ast.parse(stubs)
    assert stubs.count("def ") == 6
    assert "More can be called: git.create_pull_request" in stubs
    assert stubs.rstrip().endswith("help(git.create_pull_request) says all of one.")
    assert list(shown.tools) == list(box.tools)
    assert shown.stubs(whole=True) == box.stubs()

    nested = Toolbox([Toolbox([shown], name="forge"), named("wait", "Wait.")]).stubs()
    assert (nested.count("def "), "forge.person.ask" in nested) == (7, True)
    assert shown.only("git.*").stubs().count("def ") == 5
    assert words(shown.stubs(max_tokens=100, count_tokens=words)) <= 100
    with pytest.raises(ToolError, match="'nothing' matches no tool"):
        box.showing("nothing")


def test_where_tools_are_not_shown_errors_are_shown_only_as_far_as_they_are_named() -> None:
    class TooFar(ToolError):
        """It is too far away."""

    class TooLoud(ToolError):
        """It is too loud."""

    go = named("go", "Go there.\n\nRaises TooFar.")
    box = Toolbox([go, named("shout", "Raises TooLoud.")], errors=[TooFar, TooLoud])
    assert "too far away" in box.stubs()
    stubs = box.showing("go").stubs()
    assert "class ToolError(Exception): ...\nclass TooFar(ToolError): ...\n" in stubs
    assert "TooLoud" not in stubs
