"""`codeact tools show`."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import closing

from codeact.cli.toolboxes import load_toolbox
from codeact.episode.plain import printable
from codeact.tools import Tool, Toolbox
from codeact.tools.approval import EFFECTS
from codeact.tools.some_stubs import PROMPT_CHARACTERS

_CHARACTERS_A_TOKEN = 4


def show_tools(place: str, stubs: bool) -> None:
    """Print what a model reads of a toolbox, and after it, as comments, the effects of the tools and how long it is.

    Raises:
        CodeActError: there is no such toolbox, or it cannot be loaded.
    """
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    box = load_toolbox(place)
    with closing(box):
        text = printable(box.stubs())
        if stubs:
            print(text)
        print("\n".join(f"# {line}" for line in _summary(box, text)))


def _notes(tool: Tool) -> str:
    notes = ["has an approval of its own"] if tool.approvals else []
    if tool.effect == "physical" and tool.stop is None:
        notes.append("moves something and has no stop path")
    return ", ".join(notes)


def _summary(box: Toolbox, stubs: str) -> list[str]:
    width = max((len(name) for name in box.tools), default=0)
    lines = [f"{name:<{width}}  {tool.effect:<8}  {_notes(tool)}".rstrip() for name, tool in box.tools.items()]
    counts = Counter[str](tool.effect for tool in box)
    effects = ", ".join(f"{counts[effect]} {effect}" for effect in EFFECTS if counts[effect])
    tokens = round(len(stubs) / _CHARACTERS_A_TOKEN)
    size = f"{len(stubs):,} characters, about {tokens:,} tokens at {_CHARACTERS_A_TOKEN} characters each"
    if len(stubs) > PROMPT_CHARACTERS:
        size += f"; agents are told {PROMPT_CHARACTERS:,} characters at most, and help() finds the rest"
    return [*lines, f"{len(box)} tool{'s' * (len(box) != 1)}{f' ({effects})' if effects else ''}: {size}"]
