"""A model's reply on a terminal, piece by piece: prose at once, code line by line and coloured."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rich.syntax import Syntax
from rich.text import Text

from codeact.episode.plain import printable

if TYPE_CHECKING:
    from rich.console import Console

_BEGINS = re.compile(r"<execute>|^\s*```\s*(?:python3?|py)?\s*$", re.IGNORECASE)
_ENDS = re.compile(r"</execute>|^\s*```\s*$", re.IGNORECASE)
_TAGS = re.compile(r"</?(?:answer|solution|execute)>", re.IGNORECASE)
_HOLDS = re.compile(r"[<`]")  # from here on a line may become a mark of code, so it is shown when it is whole


class ReplyStream:
    """Prints one reply after another. All of it is shown as text, never obeyed.

    Attributes:
        prose: the words of the last reply, without its code and tags.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._highlighter = Syntax("", "python", theme="ansi_dark", background_color="default")
        self.prose = ""
        self._line = ""
        self._shown = 0  # how many characters of the line are on the terminal
        self._in_code = False
        self._begun = False

    def feed(self, text: str) -> None:
        """A piece of a reply."""
        if not self._begun:
            self._begun, self.prose = True, ""
        self._line += printable(text)
        *whole, self._line = self._line.split("\n")
        for line in whole:
            self._whole(line)
        if not self._in_code:
            held = _HOLDS.search(self._line)
            self._say(self._line[: held.start() if held else len(self._line)])

    def end(self) -> None:
        """The reply is over."""
        if self._line:
            self._whole(self._line)
        self._line, self._in_code, self._begun = "", False, False

    def _whole(self, line: str) -> None:
        rest, was_code = line, self._in_code
        while True:
            mark = (_ENDS if self._in_code else _BEGINS).search(rest)
            part = rest[: mark.start()] if mark else rest
            if self._in_code:
                self._code(part, whole=mark is None)
            elif was_code and not part.strip():
                pass  # nothing but the end of a program stands in this line
            else:
                self._words(part, whole=mark is None)
            if mark is None:
                return
            self._in_code, was_code, rest = not self._in_code, True, rest[mark.end() :]
            if not rest.strip():
                return

    def _words(self, text: str, *, whole: bool) -> None:
        plain = _TAGS.sub("", text)
        self._say(plain)
        if self._shown or (whole and not text.strip() and self.prose):
            self._console.print()
            self.prose += "\n"
        self._shown = 0

    def _say(self, text: str) -> None:
        """Show what of the line's beginning is not yet there."""
        if len(text) > self._shown and (self._shown or text.strip()):
            self._console.print(Text(text[self._shown :]), end="")
            self._console.file.flush()
            self.prose += text[self._shown :]
            self._shown = len(text)

    def _code(self, line: str, *, whole: bool) -> None:
        if whole or line.strip():
            text = self._highlighter.highlight(line)
            text.rstrip()
            self._console.print(Text.assemble(("  ", "dim"), text))
