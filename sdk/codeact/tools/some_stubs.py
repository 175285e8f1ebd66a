"""The stubs of a toolbox that is too large to be read whole."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from textwrap import wrap

from codeact.errors import ToolError
from codeact.models.protocol import estimate_tokens
from codeact.tools.stubs import Reword, render_stubs
from codeact.tools.tool import Tool

PROMPT_CHARACTERS = 60_000
"""How much of the tools a model is told at the beginning, at most: about 15,000 tokens."""
_MORE_OF_EACH = "# Docstrings are cut to their first lines: help(name) says all of one."

_WORD = re.compile(r"\w+")
_LINE = 116
_MOST_SKIPPED = 20

CountTokens = Callable[[str], int]
_Fits = Callable[[str], bool]
_Shown = dict[str, bool]
"""Names of the tools that are shown, and whether each is so with all of its docstring."""


@dataclass(frozen=True)
class Budget:
    """How many tokens the stubs of some tools may be.

    Attributes:
        tools: full names.
        max_tokens: the most tokens.
        count_tokens: counts those of a text; None for an estimate that is high (three UTF-8 bytes a token).
    """

    tools: frozenset[str]
    max_tokens: int
    count_tokens: CountTokens | None = None

    def __post_init__(self) -> None:
        if not self.max_tokens > 0:
            raise ToolError(f"max_tokens is {self.max_tokens}, and must be above 0")

    def fits(self, text: str) -> bool:
        return (self.count_tokens or estimate_tokens)(text) <= self.max_tokens

    def within(self, group: str) -> Budget:
        """The same budget where its tools are in a group."""
        return self._of(f"{group}.{name}" for name in self.tools)

    def renamed(self, names: Mapping[str, str]) -> Budget:
        """The same budget where some of its tools have other names."""
        return self._of(names.get(name, name) for name in self.tools)

    def _of(self, tools: Iterable[str]) -> Budget:
        return Budget(frozenset(tools), self.max_tokens, self.count_tokens)


@dataclass(frozen=True)
class Stubs:
    """The stubs of a toolbox, whole or as much of them as may be.

    Attributes:
        tools, types, errors, docs: see `render_stubs`.
        unshown: full names of tools that are only named.
        reword: puts the names of renamed tools into the docstrings of types and errors.
    """

    tools: Mapping[str, Tool]
    types: Mapping[str, type]
    errors: Mapping[str, type[Exception]]
    docs: Mapping[str, str]
    unshown: frozenset[str] = frozenset()
    reword: Reword = str

    def whole(self) -> str:
        return render_stubs(self.tools, self.types, self.errors, self.docs, reword=self.reword)

    def within(self, budgets: Iterable[Budget], *limits: _Fits) -> str:
        """The stubs that keep each budget, and fit all limits together, if that is room for a word on what is left out.

        Of each: all of them; else all with the first lines of their docstrings; else as many of these as fit, the
        first ones of each group, with the types that they need; one that is too long is skipped.
        """
        shown = dict.fromkeys((name for name in self.tools if name not in self.unshown), True)
        for budget in budgets:
            of_these = Stubs(
                {name: tool for name, tool in self.tools.items() if name in budget.tools},
                self.types,
                self.errors,
                self.docs,
                self.unshown,
                self.reword,
            )
            kept = of_these._narrowed({name: shown[name] for name in of_these.tools if name in shown}, budget.fits)
            shown = {
                name: kept.get(name, whole) for name, whole in shown.items() if name in kept or name not in budget.tools
            }
        for fits in limits:
            shown = self._narrowed(shown, fits)
        return self._text(shown)

    def _narrowed(self, shown: _Shown, fits: _Fits) -> _Shown:
        if fits(self._text(shown)):
            return shown
        brief = dict.fromkeys(shown, False)
        if fits(self._text(brief)):
            return brief
        places = {name: place for place, name in enumerate(brief)}

        def some(names: list[str]) -> _Shown:
            return dict.fromkeys(sorted(names, key=places.__getitem__), False)

        def all_fit(names: list[str]) -> bool:
            return fits(self._text(some(names)))

        kept: list[str] = []
        rest = in_turns(brief)
        for _ in range(_MOST_SKIPPED + 1):
            count = _most(kept, rest, all_fit)
            kept += rest[:count]
            rest = rest[count + 1 :]  # without the one that is too long, so that it does not hide all after it
        return some(kept)

    def _text(self, shown: _Shown) -> str:
        tools = {name: tool for name, tool in self.tools.items() if name in shown}
        needed = {name for tool in tools.values() for name in tool.types}
        types = {name: declared for name, declared in self.types.items() if name in needed}
        cut = {name for name, whole in shown.items() if not whole}
        only_named = [name for name in self.tools if name in self.unshown]
        errors = _mentioned(self.errors, tools.values()) if only_named else self.errors
        stubs = (
            render_stubs(tools, types, errors, self.docs, brief=cut, brief_errors=bool(only_named), reword=self.reword)
            if tools or not self.tools
            else ""
        )
        left = [name for name in self.tools if name not in shown and name not in self.unshown]
        notes = [_named(only_named)] if only_named else []
        notes += [_left_out(left)] if left else [_MORE_OF_EACH] if cut else []
        return "\n".join([stubs, *(f"{note}\n" for note in notes)]).lstrip("\n") if notes else stubs


def _most(kept: list[str], rest: list[str], all_fit: Callable[[list[str]], bool]) -> int:
    """How many of the rest fit beside those that are kept; few more than that are tried, as trying many is slow."""
    beyond = 1
    while beyond <= len(rest) and all_fit(kept + rest[:beyond]):
        beyond *= 2
    fitting = beyond // 2
    between = range(fitting + 1, min(beyond, len(rest) + 1))
    return fitting + bisect_right(between, 0, key=lambda count: not all_fit(kept + rest[:count]))


def in_turns(names: Iterable[str]) -> list[str]:
    """The names, the first ones of each outermost group before the second ones."""
    met: Counter[str] = Counter()
    turns = []
    for place, name in enumerate(names):
        group = name.partition(".")[0] if "." in name else ""
        turns.append((met[group], place, name))
        met[group] += 1
    return [name for *_, name in sorted(turns)]


def _mentioned(errors: Mapping[str, type[Exception]], tools: Iterable[Tool]) -> dict[str, type[Exception]]:
    """Those errors that the docstrings of some tools name."""
    words = {word for tool in tools for word in _WORD.findall(tool.doc)}
    return {name: error for name, error in errors.items() if name in words}


def _named(names: list[str]) -> str:
    lines = wrap(f"More can be called: {', '.join(names)}. help({names[0]}) says all of one.", _LINE)
    return "\n".join(f"# {line}" for line in lines)


def _left_out(left: list[str]) -> str:
    groups = Counter(name.partition(".")[0] for name in left if "." in name)
    counted = [f"{count} of {group}" for group, count in groups.items()]
    alone = len(left) - groups.total()
    if alone:
        counted.append(f"{alone} without a group" if counted else str(alone))
    first = next((name for name in left if "." in name), left[0])
    return (
        f"# {len(left)} more tools are not shown: {', '.join(counted)}.\n"
        f'# help("words of what you need") finds them, and help({first}) says all of one.'
    )
