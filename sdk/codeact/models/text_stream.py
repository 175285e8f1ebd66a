"""Tokens to text, piece by piece: whole characters only, and never a part of a stop string."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from codeact.models.protocol import OnText

_UNFINISHED = "\N{REPLACEMENT CHARACTER}"


class Detokenizer:
    """Decodes a growing list of tokens without decoding all of it again at each step.

    A token may hold part of a character, and some decoders treat the first token of a text differently; so each step
    decodes a short window that begins at the last safe place, and gives out only what is new and complete.
    """

    def __init__(self, decode: Callable[[list[int]], str]) -> None:
        self._decode = decode
        self._tokens: list[int] = []
        self._window = 0
        self._read = 0

    def add(self, token: int) -> str:
        """The text that this token completes; empty while a character is unfinished."""
        self._tokens.append(token)
        before = self._decode(self._tokens[self._window : self._read])
        after = self._decode(self._tokens[self._window :])
        if len(after) <= len(before) or after.endswith(_UNFINISHED):
            return ""
        self._window, self._read = self._read, len(self._tokens)
        return after[len(before) :]

    def finish(self) -> str:
        """What is left when no token follows: an unfinished character shows as U+FFFD."""
        before = self._decode(self._tokens[self._window : self._read])
        after = self._decode(self._tokens[self._window :])
        self._window = self._read = len(self._tokens)
        return after[len(before) :]


class StopStrings:
    """Lets text through up to the first stop string, and holds back what may yet become one."""

    def __init__(self, stop: Sequence[str]) -> None:
        self._stop = tuple(stop)
        self._held = ""
        self.found: str | None = None

    def add(self, piece: str) -> str:
        """The text that is now known to come before any stop string. Sets `found` when one is complete."""
        if self.found is not None:
            return ""
        text = self._held + piece
        places = [(place, stop) for stop in self._stop if (place := text.find(stop)) >= 0]
        if places:
            place, self.found = min(places)
            self._held = ""
            return text[:place]
        keep = max((_overlap(text, stop) for stop in self._stop), default=0)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]

    def finish(self) -> str:
        """What was held back and did not become a stop string."""
        held, self._held = self._held, ""
        return held


class Reply:
    """The text of one reply so far, told piece by piece, up to a stop string."""

    def __init__(self, decode: Any, stop: tuple[str, ...], on_text: OnText | None) -> None:
        self._detokenizer = Detokenizer(decode)
        self._stop = StopStrings(stop)
        self._on_text = on_text
        self.text = ""

    def add(self, token: int) -> bool:
        """Take one more token in. Whether a stop string has come, which ends the reply."""
        self._tell(self._stop.add(self._detokenizer.add(token)))
        return self._stop.found is not None

    def finish(self) -> None:
        """Tell what was held back."""
        self._tell(self._stop.add(self._detokenizer.finish()))
        self._tell(self._stop.finish())

    def _tell(self, piece: str) -> None:
        if piece:
            self.text += piece
            if self._on_text is not None:
                self._on_text(piece)


def _overlap(text: str, stop: str) -> int:
    """Length of the longest end of `text` that begins `stop`."""
    return next((size for size in range(min(len(text), len(stop) - 1), 0, -1) if text.endswith(stop[:size])), 0)
