"""Action formats: how a model writes an action, and how that becomes a program.

`code` is the format of this project: a whole program a turn. `json` and `text` are those it is compared with: one call
a turn, which becomes a program of one line. So all three run in the same sandbox, with the same errors and budgets.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from codeact.errors import CodeActError

if TYPE_CHECKING:
    from codeact.tools import Toolbox

NAMES = ("code", "json", "text")
_ANSWER = re.compile(r"<(answer|solution)>(.*?)(</\1>|\Z)", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True)
class Program:
    """A program to run.

    Attributes:
        code: the program.
        kept: the reply up to its end, which is remembered. What came after is dropped.
        note: what was odd about the reply.
        dropped: another action was dropped, which the model should know.
    """

    code: str
    kept: str
    note: str = ""
    dropped: bool = False


@dataclass(frozen=True)
class Answer:
    """The model says that it is done, and what it found."""

    text: str


@dataclass(frozen=True)
class Broken:
    """An action was begun and cannot be run. `why` is a sentence for the model; `cut`: it hit the token limit."""

    why: str
    cut: bool = False


@dataclass(frozen=True)
class Prose:
    """Words, and nothing to run. May be empty. `unmarked`: they can be read as an action whose marks were forgotten."""

    text: str
    unmarked: bool = False


Reply = Program | Answer | Broken | Prose


class Format(Protocol):
    """A way of writing actions.

    Attributes:
        name: as in `action_format`.
        stop: strings at which a model may stop, because the action is complete there. `parse` does without them.
        how: a sentence that reminds the model of the format.
    """

    name: str
    stop: tuple[str, ...]
    how: str

    def parse(self, text: str, *, cut: bool = False) -> Reply:
        """Read a reply. `cut` says that it ended at the token limit and not by itself."""
        ...

    def is_complete(self, text: str) -> bool:
        """Whether the beginning of a reply already holds an action, so that the rest need not be written."""
        ...


def find_format(name: str, tools: Toolbox | None = None, others: Collection[str] = ()) -> Format:
    """The format of this name.

    Args:
        name: `code`, `json` or `text`.
        tools: what single calls are held against before they are made; None: they are only read.
        others: names of functions that are no tools, and may be called.

    Raises:
        CodeActError: there is none.
    """
    from codeact.agent.call_formats import JsonFormat, TextFormat
    from codeact.agent.code_format import CodeFormat

    match name:
        case "code":
            return CodeFormat()
        case "json":
            return JsonFormat(tools, others)
        case "text":
            return TextFormat(tools, others)
    raise CodeActError(f"unknown action format {name!r}; one of {', '.join(NAMES)}")


def visible(text: str) -> str:
    """The reply after a reasoning model's `<think>...</think>`, with newlines alone between its lines.

    Programs among the thoughts were only considered. Thoughts without an end are still going on.
    """
    said = text.rpartition("</think>")[2] if "</think>" in text else text.partition("<think>")[0]
    return said.replace("\r\n", "\n").replace("\r", "\n") if "\r" in said else said


@dataclass(frozen=True)
class FoundAnswer:
    """An answer in a reply: where it begins, what it says, and whether its end tag is there."""

    start: int
    answer: Answer
    closed: bool


def find_answer(text: str) -> FoundAnswer | None:
    """The first `<answer>` or `<solution>`. A missing end tag is forgiven."""
    found = _ANSWER.search(text)
    if found is None:
        return None
    return FoundAnswer(found.start(), Answer(found.group(2).strip()), closed=bool(found.group(3)))
