"""The format `code`: a Python program between `<execute>` and `</execute>`, or in a fence."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from codeact.agent.formats import Answer, Broken, Program, Prose, Reply, find_answer, without_thoughts

_OPENING = re.compile(r"<execute>|```[ \t]*(?P<language>\w*)[^\n`]*\n", re.IGNORECASE)
_TAG_END = re.compile(r"</execute>|<execute>", re.IGNORECASE)
_FENCE_END = re.compile(r"```")
_INNER_TAGS = re.compile(r"\A\s*<execute>(?P<code>.*?)(?:</execute>\s*)?\Z", re.DOTALL | re.IGNORECASE)
_INNER_FENCE = re.compile(r"\A\s*```[ \t]*\w*[ \t]*\n(?P<code>.*?)\n?[ \t]*(?:```\s*)?\Z", re.DOTALL)
_PYTHON = frozenset({"python", "python3", "py", "tool_code", "execute"})


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
        visible = without_thoughts(text)
        answer = find_answer(visible)
        begun = False
        for block in _blocks(visible):
            if answer is not None and answer.start < block.start:
                break
            begun = True
            if not block.code.strip():
                continue
            if not block.closed and cut:
                return Broken("The program was not complete.", cut=True)
            return _program(visible, block)
        if answer is not None:
            return answer.answer if answer.closed or not cut else Broken("The answer was not complete.", cut=True)
        return Broken("The program was empty.", cut=cut) if begun else Prose(visible.strip())

    def is_complete(self, text: str) -> bool:
        if "```" not in text and "</" not in text:
            return False
        return isinstance(self.parse(text, cut=True), Program | Answer)


def _blocks(text: str) -> Iterator[_Block]:
    place = 0
    while (opening := _OPENING.search(text, place)) is not None:
        fenced = not opening.group().lower().startswith("<execute")
        begin = opening.end()
        end = (_FENCE_END if fenced else _TAG_END).search(text, begin)
        content = text[begin : end.start() if end else len(text)]
        # A second <execute> ends the first, and does not begin another: the slash was forgotten.
        place = after = end.end() if end else len(text)
        if fenced and not _is_python(opening.group("language"), content):
            continue
        yield _Block(_tidy(content), opening.start(), after, end is not None, fenced)


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
    rest = text[block.end :]
    dropped = next(_blocks(rest), None) is not None or find_answer(rest) is not None
    if dropped:
        notes.append("only the first program of the reply was run, and the rest was dropped")
    elif rest.strip():
        notes.append("text after the program was dropped")
    return Program(block.code, kept, "; ".join(notes), dropped)
