"""An episode's calls as replies of one call each, for the formats `json` and `text`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from codeact.collecting.errors import CollectionError
from codeact.events import CallFinished

if TYPE_CHECKING:
    from codeact.episode import Episode

MOST_CALLS = 12
"""A conversation of more turns is of no use in a comparison: it fits no small model's context."""


def replies_of(episode: Episode, action_format: str) -> list[str]:
    """A reply for each call that the episode's programs made, in order.

    Raises:
        CollectionError: an unknown format.
    """
    calls = [event.call for event in episode.trace if isinstance(event, CallFinished)]
    return [reply(call.tool, call.arguments, action_format) for call in calls]


def reply(tool: str, arguments: dict[str, Any], action_format: str) -> str:
    """One call, as a model writes it.

    Raises:
        CollectionError: an unknown format, or an argument that cannot be written in it.
    """
    from codeact.episode.schema import value_of

    given = {name: value_of(value) for name, value in arguments.items()}
    if action_format == "json":
        return json.dumps({"tool": tool, "args": given}, ensure_ascii=False)
    if action_format == "text":
        return ", ".join([f"Action: {tool}", *(f"{name}={value!r}" for name, value in given.items())])
    raise CollectionError(f"calls are written as 'json' or 'text', not as {action_format!r}")
