"""The format `code`: a Python program between `<execute>` and `</execute>`, or in a fence."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from codeact.agent.formats import Answer, Broken, Program, Prose, Reply, find_answer, visible

_TAG = r"<[ \t]*execute[ \t]*>"
_END_TAG = r"<[ \t]*/[ \t]*execute[ \t]*>"
_OPENING = re.compile(rf"{_TAG}|(?P<fence>`{{3,}}|~{{3,}})[ \t]*(?P<language>\w*)[^\n`]*\n", re.IGNORECASE)
_TAG_END = re.compile(rf"{_END_TAG}|{_TAG}", re.IGNORECASE)
_CLOSING = re.compile(_END_TAG, re.IGNORECASE)
_HALF = r"(?:e(?:x(?:e(?:c(?:u(?:te?)?)?)?)?)?)?[ \t]*\Z"
_HALF_A_TAG = re.compile(rf"<[ \t]*{_HALF}", re.IGNORECASE)
_HALF_AN_END = re.compile(rf"<[ \t]*/[ \t]*{_HALF}", re.IGNORECASE)
_INNER_TAGS = re.compile(rf"\A\s*{_TAG}(?P<code>.*?)(?:{_END_TAG}\s*)?\Z", re.DOTALL | re.IGNORECASE)
_INNER_FENCE = re.compile(
    r"\A\s*(?P<fence>`{3,}|~{3,})[ \t]*\w*[ \t]*\n(?P<code>.*?)\n?[ \t]*(?:(?P=fence)\s*)?\Z", re.DOTALL
)
_PYTHON = frozenset({"python", "python3", "py", "py3", "ipython", "tool_code", "execute"})
_MARKS = ("```", "~~~", "</", "< ")


@dataclass(frozen=True)
class _Block:
    code: str
    start: int
    end: int
    closed: bool
    fenced: bool


class CodeFormat:
    """One program a reply. The first complete block runs; the rest is dropped, and the note says so.

    A reply that ends by itself inside a block is taken as complete: models forget the end tag, and servers swallow it
    when it is a stop string. A reply cut at the token limit inside a block is not run.
    """

    name = "code"
    stop: tuple[str, ...] = ("</execute>",)
    how = "Write one Python program between <execute> and </execute>."

    def parse(self, text: str, *, cut: bool = False) -> Reply:
        said = visible(text)
        answer = find_answer(said)
        begun = False
        for block in _blocks(said):
            if answer is not None and answer.start < block.start:
                break
            begun = True
            if not block.code.strip():
                continue
            if not block.closed and cut:
                return Broken("The program was not complete.", cut=True)
            return _program(said, block)
        if answer is not None:
            return answer.answer if answer.closed or not cut else Broken("The answer was not complete.", cut=True)
        if begun:
            return Broken("The program was empty.", cut=cut)
        if closing := _CLOSING.search(said):
            return _without_a_beginning(said, closing)
        if cut and (half := _HALF_A_TAG.search(said)) and len(half.group()) > 1:
            return Broken("The program was not complete.", cut=True)
        return Prose(said.strip(), unmarked=_acts(said))

    def is_complete(self, text: str) -> bool:
        if not any(mark in text for mark in _MARKS):
            return False
        return isinstance(self.parse(text, cut=True), Program | Answer)


def _blocks(text: str) -> Iterator[_Block]:
    place = 0
    while (opening := _OPENING.search(text, place)) is not None:
        fence = opening.group("fence")
        begin = opening.end()
        end = (_fence_end(fence) if fence else _TAG_END).search(text, begin)
        content = text[begin : end.start() if end else len(text)]
        if end and not fence and not content.strip() and not _CLOSING.fullmatch(end.group()):
            place = end.start()  # the tag was doubled: the program begins after the second one
            continue
        # Else a second <execute> ends the first, and does not begin another: the slash was forgotten.
        place = after = end.end() if end else len(text)
        if fence and not _is_python(opening.group("language"), content):
            continue
        if end is None and not fence:
            content = _HALF_AN_END.sub("", content)
        yield _Block(_tidy(content), opening.start(), after, end is not None, bool(fence))


def _fence_end(fence: str) -> re.Pattern[str]:
    """As many marks or more, at the end of a line: others belong to the program."""
    return re.compile(rf"{fence[0]}{{{len(fence)},}}(?=[ \t]*(?:\n|\Z))")


def _without_a_beginning(text: str, closing: re.Match[str]) -> Reply:
    """What stands before an end tag, if all of it is Python."""
    code = textwrap.dedent(text[: closing.start()]).strip()
    if not _acts(code):
        return Broken("There is </execute> without <execute> before it.")
    return Program(code, f"<execute>\n{code}\n</execute>", "the start of the program was not marked")


def _acts(text: str) -> bool:
    """Whether the text can be read as a program that does something: it calls, or binds a name."""
    try:
        tree = ast.parse(textwrap.dedent(text).strip())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return any(isinstance(node, (ast.Call, ast.Assign, ast.FunctionDef)) for node in ast.walk(tree))


def _is_python(language: str, content: str) -> bool:
    """A fence with a language says so; one without is a program if it can be read as one."""
    if language:
        return language.lower() in _PYTHON
    try:
        ast.parse(textwrap.dedent(content))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _tidy(content: str) -> str:
    if inner := _INNER_FENCE.match(content) or _INNER_TAGS.match(content):  # a fence inside the tags, or the reverse
        content = inner.group("code")
    return textwrap.dedent(content).strip("\n").rstrip()


def _program(text: str, block: _Block) -> Program:
    kept, notes = text[: block.end], []
    if not block.closed:
        kept = f"{text.rstrip()}\n" + ("```" if block.fenced else "</execute>")
        if block.fenced:  # an <execute> without its end is what a stop string leaves
            notes.append("the end of the program was not marked")
    rest = _CLOSING.sub("", text[block.end :])
    dropped = next(_blocks(rest), None) is not None or find_answer(rest) is not None
    if dropped:
        notes.append("only the first program of the reply was run, and the rest was dropped")
    elif rest.strip():
        notes.append("text after the program was dropped")
    return Program(block.code, kept, "; ".join(notes), dropped)
