"""The names in a toolbox: each says one thing, and patterns choose among those of its tools."""

from __future__ import annotations

import builtins
import fnmatch
import keyword
from collections.abc import Iterable, Mapping

from codeact.errors import ToolError
from codeact.tools.stubs import RESERVED
from codeact.tools.wording import did_you_mean, listed

_MOST_LISTED = 20


def check_names(tools: Iterable[str], types: Iterable[str], errors: Iterable[str]) -> None:
    """One namespace holds tools, groups, types and errors, and Python's own names stay what they are.

    Args:
        tools: dotted full names. types, errors: bare names.

    Raises:
        ToolError: two of them share a name, or one hides one of Python's.
    """
    names = list(tools)
    groups = {name.rpartition(".")[0] for name in names if "." in name}
    if both := [name for name in names if name in groups]:
        raise ToolError(f"{both[0]!r} is both a tool and a group of tools; rename one of them")
    owners: dict[str, str] = {}
    for kind, bare in (
        ("tool", [name for name in names if "." not in name]),
        ("group of tools", dict.fromkeys(name.split(".")[0] for name in names if "." in name)),
        ("type", types),
        ("error", errors),
    ):
        for name in bare:
            if hasattr(builtins, name) or keyword.iskeyword(name) or name in RESERVED:
                raise ToolError(f"a {kind} named {name!r} would hide Python's own {name}; give it another name")
            if name in owners:
                raise ToolError(f"{name!r} is the name of a {owners[name]} and of a {kind}; rename one of them")
            owners[name] = kind


def matching(patterns: Iterable[str], tools: Mapping[str, object]) -> dict[str, str]:
    """Of each tool that a pattern such as `shop.get_*` matches, the last such pattern.

    Raises:
        ToolError: a pattern matches no tool.
    """
    found: dict[str, str] = {}
    for pattern in patterns:
        names = fnmatch.filter(tools, pattern)
        if not names:
            near = "" if set(pattern) & set("*?[") else did_you_mean(pattern, tools)
            there = f"; there are {listed(tools)}" if len(tools) <= _MOST_LISTED else ""
            raise ToolError(f"{pattern!r} matches no tool{near or there}")
        found.update(dict.fromkeys(names, pattern))
    return found
