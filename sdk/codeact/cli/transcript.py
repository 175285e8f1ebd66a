"""What was said and done in a chat, as Markdown."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from codeact import events
from codeact.episode.plain import printable
from codeact.tools.wording import call_text

if TYPE_CHECKING:
    from codeact.events import Event

_TICKS = re.compile(r"`{3,}")


@dataclass
class _Turn:
    asked: str
    parts: list[str] = field(default_factory=list)


class Transcript:
    """An `EventSink`. What is undone is taken out of it."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._turns: list[_Turn] = []

    def ask(self, text: str) -> None:
        """A message of the user."""
        self._turns.append(_Turn(printable(text)))

    def undo(self) -> None:
        """Forget the last message and all that followed."""
        if self._turns:
            self._turns.pop()

    def clear(self) -> None:
        """Forget everything."""
        self._turns.clear()

    def note(self, text: str) -> None:
        """Something to remember of the last message, such as where a picture is."""
        self._add(text)

    def __call__(self, event: Event) -> None:
        match event:
            case events.ModelReplied():
                self._add(event.text)
            case events.CallFinished(call=call) if call.refused is not None:
                self._add(f"Refused: `{call_text(call.tool, call.arguments)}`: {call.refused}")
            case events.Executed(execution=execution):
                if observation := execution.observation():
                    self._add(_fenced(observation))
            case events.Answered():
                if not self._turns or not self._turns[-1].parts or event.text not in self._turns[-1].parts[-1]:
                    self._add(event.text)

    def _add(self, text: str) -> None:
        text = printable(text).strip()
        if text and self._turns:
            self._turns[-1].parts.append(text)

    def markdown(self) -> str:
        """All of it."""
        parts = [f"# {printable(self._title)}"]
        for turn in self._turns:
            parts.append("\n".join(f"> {line}".rstrip() for line in turn.asked.split("\n")))
            parts += [_as_markdown(part) for part in turn.parts]
        return "\n\n".join(parts) + "\n"


def _as_markdown(reply: str) -> str:
    """A reply with its programs in fences."""
    return re.sub(r"<execute>\n?(.*?)\n?(?:</execute>|\Z)", lambda m: _fenced(m[1], "python"), reply, flags=re.DOTALL)


def _fenced(text: str, language: str = "text") -> str:
    ticks = "`" * max(3, 1 + max((len(run) for run in _TICKS.findall(text)), default=0))
    return f"{ticks}{language}\n{text.strip(chr(10))}\n{ticks}"
