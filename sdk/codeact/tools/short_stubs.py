"""A toolbox in one line a tool, for models that read slowly or little: signatures and first sentences alone."""

from __future__ import annotations

import dataclasses
import enum
import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from typing import Any

from codeact.tools import annotations as kinds
from codeact.tools.render import Renderer, literal, printable
from codeact.tools.some_stubs import Budget, in_turns
from codeact.tools.tool import Tool

SHORT_CHARACTERS = 8_000
"""How much of the tools a short prompt tells, at most: about 2,500 tokens."""

_SENTENCE_CHARACTERS = 64
_NAMES_CHARACTERS = 400
_CLAUSE = re.compile(r"[:;,](?= )(?![^(]*\))")  # not inside brackets
_TUPLE = re.compile(r"tuple\[([^\[\]]*)\]")


def short_stubs(tools: Mapping[str, Tool], unshown: frozenset[str], budgets: Iterable[Budget]) -> str:
    """`name(x: float, y: float = 0.0) -> bool  # First sentence of its docstring`, a line a tool.

    Before them stand the types that they take or return, a line each; after them the names of the tools that are not
    shown. Tools of different groups that read the same, such as those of two arms, share a line. A tuple's type is
    written as `(float, float)`.

    Args:
        tools: by full names, in order.
        unshown: full names of tools that are only named.
        budgets: of the stubs of some tools; the last of these are only named where their lines would be longer.
    """
    shown = [name for name in tools if name not in unshown]
    for budget in budgets:
        of_these = [name for name in shown if name in budget.tools]
        kept = set(_fitting(tools, of_these, budget))
        shown = [name for name in shown if name in kept or name not in budget.tools]
    shown = _fitting(tools, shown, None)
    named = [name for name in tools if name not in set(shown)]
    return "\n".join([*_lines({name: tools[name] for name in shown}), *([_also(named)] if named else [])])


def first_sentence(text: str) -> str:
    """The first sentence of a docstring on one line, without its full stop.

    A long one ends where a clause does, or else at some 64 characters.
    """
    flat = " ".join(printable(text).split("\n\n")[0].split())
    sentence = re.split(r"(?<=[a-z0-9)\]\"'][.!?])\s+(?=[A-Z])", flat, maxsplit=1)[0].rstrip(".")
    if len(sentence) <= _SENTENCE_CHARACTERS:
        return sentence
    ends = [found.start() for found in _CLAUSE.finditer(sentence)]
    if clauses := [end for end in ends if _SENTENCE_CHARACTERS // 4 <= end <= _SENTENCE_CHARACTERS]:
        return sentence[: clauses[-1]]
    return sentence[:_SENTENCE_CHARACTERS].rpartition(" ")[0] + " ..."


def _fitting(tools: Mapping[str, Tool], names: list[str], budget: Budget | None) -> list[str]:
    """As many of the names as fit, the first ones of each group."""
    order = in_turns(names)

    def some(count: int) -> list[str]:
        return sorted(order[:count], key=place.__getitem__)

    def is_too_long(count: int) -> bool:
        text = "\n".join(_lines({name: tools[name] for name in some(count)}))
        return not budget.fits(text) if budget is not None else len(text) > SHORT_CHARACTERS

    place = {name: number for number, name in enumerate(names)}
    return some(bisect_right(range(1, len(order) + 1), False, key=is_too_long)) or names[:1]


def _lines(tools: Mapping[str, Tool]) -> list[str]:
    types: dict[str, type] = {}
    alike: dict[tuple[str, str], list[str]] = {}
    for name, tool in tools.items():
        types.update(tool.types)
        signature = _compact(Renderer().signature(tool.signature)).removesuffix(" -> NoReturn")
        sentence = first_sentence(tool.doc)
        alike.setdefault((tool.name, f"{signature}  # {sentence}" if sentence else signature), []).append(name)
    return [
        *(_type_line(declared) for declared in types.values()),
        *(f"{', '.join(names)}{rest}" for (_, rest), names in alike.items()),
    ]


def _type_line(declared: Any) -> str:
    if issubclass(declared, enum.Enum):
        members = ", ".join(f"{member.name} = {literal(member.value)}" for member in declared)
        return f"{declared.__name__}: one of {members}"
    types = kinds.field_types(declared)
    renderer = Renderer()
    fields = (renderer.field(field, types[field.name]) for field in dataclasses.fields(declared) if field.init)
    return f"{declared.__name__}: {_compact(', '.join(fields))}"


def _compact(source: str) -> str:
    """Types of tuples as `(float, float)`: a short prompt holds many."""
    return _TUPLE.sub(r"(\1)", source)


def _also(names: list[str]) -> str:
    listed = ", ".join(names)
    if len(listed) > _NAMES_CHARACTERS:
        listed = listed[:_NAMES_CHARACTERS].rpartition(", ")[0]
        return f'Also: {listed} and {len(names) - listed.count(",") - 1} more: see help("words")'
    return f"Also: {listed}"
