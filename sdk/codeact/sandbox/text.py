"""Text from a program, made safe to show: no control characters, no terminal escapes, no hidden direction marks."""

from __future__ import annotations

import re

# ECMA-48 control sequences (CSI), operating system commands (OSC) and other strings with their terminators, then
# two-byte escapes. No string goes on past the start of another: else each start would look through all that follows.
_ESCAPES = re.compile(
    "(?:\x1b\\[|\x9b)[0-?]*[ -/]*[@-~]"
    "|(?:\x1b[\\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x1b\x07\x90\x98\x9c-\x9f]*(?:\x1b\\\\|\x07|\x9c)|\x1b[ -/]*[0-~]"
)
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def clean(text: str) -> str:
    """The text with line feeds and tabs as its only control characters; a carriage return becomes a line feed."""
    if text.isprintable():  # most lines: nothing to look for
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROLS.sub("", _ESCAPES.sub("", text))


def words(text: str) -> frozenset[str]:
    """The words of a text: a table of names that reads well."""
    return frozenset(text.split())
