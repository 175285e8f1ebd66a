"""Values as plain text: a payload, or a part of a line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from codeact_adapters._devices.errors import DeviceError
from codeact_adapters._devices.section import Section
from codeact_adapters._devices.values import WORDS, Value


@dataclass(frozen=True)
class Text:
    """How a value is written.

    Attributes:
        kind: bool, int, float or str, before names and scale.
        words: for False and True.
        format: for numbers, as Python's `format` has it; empty for the shortest form.
    """

    kind: type
    words: tuple[str, str]
    format: str

    def written(self, raw: Any) -> str:
        """A raw value as text."""
        if self.kind is bool:
            return self.words[raw]
        if self.kind is str:
            return str(raw)
        return format(raw, self.format) if self.format else repr(raw)

    def read(self, text: str) -> Any:
        """A raw value from text.

        Raises:
            DeviceError: it is none.
        """
        if self.kind is str:
            return text
        if self.kind is bool:
            if text in self.words:
                return text == self.words[1]
            raise DeviceError(f"is {text[:60]!r}, neither {self.words[1]!r} nor {self.words[0]!r}")
        try:
            return self.kind(text)
        except ValueError:
            raise DeviceError(f"is {text[:60]!r}, not {WORDS[self.kind]}") from None


def read_text(section: Section, value: Value) -> Text:
    """Read `words` and `format`. Raises ToolError."""
    if value.many:
        section.fail("a list cannot be plain text", "type")
    words = section.get("words", list, ["false", "true"])
    if len(words) != 2 or not all(isinstance(word, str) for word in words) or words[0] == words[1]:
        section.fail("expected a list of two different texts, for false and for true, in quotes", "words")
    if "words" in section and value.raw_kind is not bool:
        section.fail("only the type bool has words", "words")
    form = section.get("format", str, "")
    if form and value.raw_kind not in (int, float):
        section.fail("only numbers have a format", "format")
    try:
        value.raw_kind(format(value.raw_kind(1), form)) if form else None
    except ValueError:
        section.fail(f"{form!r} makes no number; .3f would", "format")
    return Text(value.raw_kind, (words[0], words[1]), form)
