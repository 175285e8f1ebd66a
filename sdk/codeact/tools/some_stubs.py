"""The stubs of a toolbox that is too large to be read whole."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping

from codeact.tools.stubs import render_stubs
from codeact.tools.tool import Tool

PROMPT_CHARACTERS = 60_000
"""How much of the tools a model is told at the beginning, at most: about 15,000 tokens."""
_MORE_OF_EACH = "# Docstrings are cut to their first lines: help(name) says all of one."


def stubs_within(
    tools: Mapping[str, Tool],
    types: Mapping[str, type],
    errors: Mapping[str, type[Exception]],
    docs: Mapping[str, str],
    most: int,
) -> str:
    """The stubs in at most so many characters, if that is room for a word on what is left out.

    All of them; else all with the first lines of their docstrings; else as many of these as fit, the first ones of each
    group, with the types that they need.
    """
    whole = render_stubs(tools, types, errors, docs)
    if len(whole) <= most:
        return whole
    brief = f"{render_stubs(tools, types, errors, docs, brief=True)}\n{_MORE_OF_EACH}\n"
    if len(brief) <= most:
        return brief
    order = _in_turns(tools)

    def some(count: int) -> str:
        chosen = set(order[:count])
        shown = {name: tool for name, tool in tools.items() if name in chosen}
        needed = {name for tool in shown.values() for name in tool.types}
        of_these = {name: declared for name, declared in types.items() if name in needed}
        stubs = render_stubs(shown, of_these, errors, docs, brief=True) if shown else ""
        return f"{stubs}\n{_left_out(tools, chosen)}\n".lstrip("\n")

    count = bisect_right(range(1, len(order)), most, key=lambda number: len(some(number)))
    return some(count)


def _in_turns(tools: Mapping[str, Tool]) -> list[str]:
    """The names, the first ones of each outermost group before the second ones."""
    met: Counter[str] = Counter()
    turns = []
    for place, name in enumerate(tools):
        group = name.partition(".")[0] if "." in name else ""
        turns.append((met[group], place, name))
        met[group] += 1
    return [name for *_, name in sorted(turns)]


def _left_out(tools: Mapping[str, Tool], chosen: set[str]) -> str:
    left = [name for name in tools if name not in chosen]
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
