"""An episode on a terminal, as it happens. All that comes from a model or a program is shown as text, never obeyed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rich.rule import Rule
from rich.syntax import Syntax
from rich.text import Text

from codeact import events
from codeact.episode.plain import duration, printable

if TYPE_CHECKING:
    from rich.console import Console

    from codeact.events import Call, Event

_OPENS = re.compile(r"<execute>|```(?:python|py)?\s*$")
_CLOSES = re.compile(r"</execute>|```\s*$")
_EFFECTS = {"physical": "blue", "write": "yellow"}


class EpisodePrinter:
    """An `EventSink` that prints. Text is printed line by line, as soon as a line is whole."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._highlighter = Syntax("", "python", theme="ansi_dark", background_color="default")
        self._turn = 0
        self._in_turn = False
        self._streamed = False
        self._in_code = False
        self._reply = ""
        self._output = ""

    def __call__(self, event: Event) -> None:
        match event:
            case events.EpisodeStarted():
                self._started(event)
            case events.ModelText():
                self._begin_turn()
                self._streamed = True
                self._reply += event.text
                *whole, self._reply = self._reply.split("\n")
                for line in whole:
                    self._reply_line(line)
            case events.ModelReplied():
                self._replied(event)
            case events.Summarised():
                self._print(Text(f"[the oldest {event.left_out} messages were summed up]", style="dim"))
            case events.Rehearsed() if event.candidate:
                self._candidate(event)
            case events.Rehearsed(passed=False):
                self._print(Text(printable(f"rehearsed, and not run:\n{event.told}"), style="yellow"))
            case events.ActionChosen():
                self._chosen(event)
            case events.Printed():
                self._output += event.text
                *whole, self._output = self._output.split("\n")
                for line in whole:
                    self._output_line(line)
            case events.CallFinished():
                self._flush_output()
                self._called(event.call)
            case events.Executed():
                self._flush_output()
                if event.execution.error is not None:
                    self._print(Text(_indented(event.execution.error.text), style="red"))
                elif event.execution.shown:
                    self._print(Text(_indented(event.execution.shown), style="cyan"))
            case events.Paused():
                left = f" ({printable(event.left)})" if event.left else ""
                self._print(Text(f"  [paused before {printable(event.before)}{left}]", style="yellow"))
            case events.Resumed():
                self._print(Text(f"  [resumed after {duration(event.seconds)}]", style="yellow"))
            case events.Stepped():
                self._stepped(event)
            case events.EpisodeEnded():
                self._ended(event)
            case _:
                pass

    def _started(self, event: events.EpisodeStarted) -> None:
        title = Text(printable(f"{event.environment} · seed {event.seed} · {event.agent}"))
        self._print(Rule(title, align="left", style="dim"))
        self._print(Text(printable(event.instruction), style="bold"))
        if event.observation.strip():
            self._print(Text(printable(event.observation), style="dim"))

    def _begin_turn(self) -> None:
        if not self._in_turn:
            self._turn += 1
            self._in_turn = True
            self._streamed = self._in_code = False
            self._print(Text(f"\nturn {self._turn}", style="bold magenta"))

    def _reply_line(self, line: str) -> None:
        line = printable(line)
        if self._in_code:
            if _CLOSES.search(line):
                self._in_code = False
                self._print(Text(line, style="dim"))
            else:
                self._print(self._highlighted(line))
            return
        if _OPENS.search(line) and not (line.count("```") > 1 or "</execute>" in line):
            self._in_code = True
        self._print(Text(line, style="dim"))

    def _replied(self, event: events.ModelReplied) -> None:
        self._begin_turn()
        if not self._streamed:
            for line in event.text.split("\n"):
                self._reply_line(line)
            self._streamed = True
        elif self._reply:
            self._reply_line(self._reply)
        self._reply = ""
        self._in_code = False
        cut = ", cut at the limit of the reply" if event.finish_reason == "length" else ""
        self._print(
            Text(
                f"  [{event.prompt_tokens} tokens read, {event.completion_tokens} written, {event.seconds:.1f} s{cut}]",
                style="dim italic",
            )
        )

    def _chosen(self, event: events.ActionChosen) -> None:
        self._begin_turn()
        if event.candidate:
            self._print(Text(f"  [candidate {event.candidate} is run]", style="dim italic"))
        if event.note:
            self._print(Text(printable(event.note), style="yellow"))
        if not self._streamed:
            self._print(self._highlighted(printable(event.code)))

    def _candidate(self, event: events.Rehearsed) -> None:
        figures = f"score {event.score:.3f}, {event.simulated_seconds:.1f} s in the world"
        self._print(Text(f"  [candidate {event.candidate}: {figures}]", style="dim italic"))
        if not event.passed:
            self._print(Text(printable(f"rehearsed, and would fail:\n{event.told}"), style="yellow"))

    def _called(self, call: Call) -> None:
        from codeact.tools.wording import call_text, short_repr

        text = Text.assemble(("  ● ", _EFFECTS.get(call.effect, "dim")))
        text.append(printable(call_text(call.tool, call.arguments)))
        if call.refused is not None:
            text.append(f"  refused: {printable(call.refused)}", style="yellow")
        elif call.error is not None:
            text.append(f"  {printable(call.error)}", style="red")
        else:
            text.append(f" → {short_repr(call.value)}", style="green")
        text.append(f"  {duration(call.seconds)}", style="dim")
        self._print(text)

    def _output_line(self, line: str) -> None:
        self._print(Text.assemble(("  │ ", "dim"), printable(line)))

    def _flush_output(self) -> None:
        if self._output:
            self._output_line(self._output)
            self._output = ""

    def _stepped(self, event: events.Stepped) -> None:
        self._in_turn = False
        for violation in event.violations:
            self._print(Text(f"  violation: {printable(violation)}", style="bold red"))
        text = Text.assemble((f"  reward {event.reward:+.3f}", "green" if event.reward > 0 else ""))
        text.append(f"  score {event.score:.3f}")
        if event.simulated_seconds is not None:
            text.append(f"  after {event.simulated_seconds:.1f} s in the world", style="dim")
        self._print(text)

    def _ended(self, event: events.EpisodeEnded) -> None:
        self._flush_output()
        if self._reply:
            self._reply_line(self._reply)
        text = Text("\n")
        text.append(
            "success" if event.success else "no success", style="bold green" if event.success else "bold yellow"
        )
        text.append(f"  score {event.score:.3f}", style="bold")
        parts = [f"{event.turns} turn{'s' * (event.turns != 1)}", f"{event.calls} call{'s' * (event.calls != 1)}"]
        if event.prompt_tokens + event.completion_tokens:
            parts.append(f"{event.prompt_tokens + event.completion_tokens:,} tokens")
        parts.append(f"{event.seconds:.1f} s")
        text.append(f"  {', '.join(parts)}")
        if event.reason != "success":
            text.append(f"  ended: {printable(event.reason)}", style="yellow")
        self._print(text)
        if event.answer is not None:
            from codeact.tools.wording import short_repr

            self._print(Text(f"answer: {short_repr(event.answer)}"))

    def _highlighted(self, code: str) -> Text:
        text = self._highlighter.highlight(code)
        text.rstrip()
        return text

    def _print(self, item: Text | Rule) -> None:
        self._console.print(item)


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in printable(text).split("\n"))
