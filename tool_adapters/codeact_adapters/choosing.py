"""What a user says about the tools of one adapter, by patterns of their names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from codeact.errors import ToolError
from codeact.tools import Effect, Toolbox


def only(box: Toolbox, allow: Iterable[str] | None) -> Toolbox:
    """The tools that one of the patterns matches, by their names within the group; all, for None.

    Raises:
        ToolError: a pattern matches no tool.
    """
    if allow is None:
        return box
    return box.only(*(_prefix(box) + pattern for pattern in ([allow] if isinstance(allow, str) else allow)))


def with_effects(box: Toolbox, effects: Mapping[str, Effect] | None) -> Toolbox:
    """The tools with these effects, by patterns of their names within the group; the last one that matches decides.

    Raises:
        ToolError: a pattern matches no tool, or there is no such effect.
    """
    if not effects:
        return box
    if not isinstance(effects, Mapping):
        raise ToolError(
            f"effects takes patterns and effects, such as {{'get_*': 'read'}}, not {type(effects).__name__}"
        )
    return box.with_effects({_prefix(box) + pattern: effect for pattern, effect in effects.items()})


def _prefix(box: Toolbox) -> str:
    return f"{box.name}." if box.name else ""
