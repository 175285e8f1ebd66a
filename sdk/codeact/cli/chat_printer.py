"""A chat on a terminal, as it happens: words, code, output, calls, pictures, and the answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rich.text import Text

from codeact import events
from codeact.cli.printer import EpisodePrinter
from codeact.cli.reply_stream import ReplyStream
from codeact.episode.plain import printable

if TYPE_CHECKING:
    from rich.console import Console

    from codeact.events import Event
    from codeact.sandbox import Execution


class ChatPrinter(EpisodePrinter):
    """An `EventSink` for one chat.

    Args:
        console: where to print.
        keep_pictures: writes the pictures of a run to files, and returns a line about each.
        keep_observed: the same for those that came with the latest observation of an environment.
    """

    def __init__(
        self,
        console: Console,
        keep_pictures: Callable[[Execution], list[str]],
        keep_observed: Callable[[], list[str]] = list,
    ) -> None:
        super().__init__(console)
        self._keep_pictures = keep_pictures
        self._keep_observed = keep_observed
        self._reply_stream = ReplyStream(console)
        self._score: float | None = None
        self._streams = False

    def __call__(self, event: Event) -> None:
        match event:
            case events.ModelText():
                self._streams = True
                self._reply_stream.feed(event.text)
            case events.ModelReplied():
                if not self._streams:
                    self._reply_stream.feed(event.text)
                self._streams = False
                self._reply_stream.end()
                if event.finish_reason == "length":
                    self._print(Text("  [cut at the limit of the reply]", style="dim italic"))
            case events.ActionChosen():
                if event.candidate:
                    self._print(Text(f"  [candidate {event.candidate} is run]", style="dim italic"))
                if event.note:
                    self._print(Text(printable(f"  [{event.note}]"), style="yellow"))
            case events.CallFinished(call=call) if call.tool == "finish":
                pass  # its answer is shown
            case events.Executed():
                super().__call__(event)
                self._left(event.execution)
            case events.Stepped():
                self._told(event)
            case events.Answered():
                self._answered(event)
            case _:
                super().__call__(event)

    def broken_off(self) -> None:
        """The model failed in the middle of a reply: what is there stands in a line of its own."""
        self._streams = False
        self._reply_stream.end()
        self._flush_output()

    def _left(self, execution: Execution) -> None:
        if execution.truncated_output:
            self._print(Text("  [output was cut here]", style="dim"))
        if execution.artifacts or execution.removed or execution.left_out:
            from codeact.sandbox.workspaces.artifacts import describe

            text = describe(execution.artifacts, execution.removed, execution.left_out)
            self._print(Text(printable(f"  {text}"), style="dim"))
        for line in self._keep_pictures(execution):
            self._print(Text(printable(f"  {line}"), style="dim"))

    def _told(self, event: events.Stepped) -> None:
        for line in self._keep_observed():
            self._print(Text(printable(f"  {line}"), style="dim"))
        for violation in event.violations:
            self._print(Text(f"  violation: {printable(violation)}", style="bold red"))
        if event.score != self._score and (self._score is not None or event.score):
            style = "bold green" if event.success else ""
            self._print(Text(f"  [task: {'success, ' * event.success}score {event.score:.3f}]", style=style))
        self._score = event.score
        if event.terminated or event.truncated:
            self._print(Text("  [the episode is over; /reset begins another]", style="yellow"))

    def _answered(self, event: events.Answered) -> None:
        text = printable(event.text).strip()
        if event.reason in ("finished", "gave up"):
            if text != self._reply_stream.prose.strip():
                self._print(Text(text, style="bold"))
        else:
            self._print(Text(f"{text} /continue goes on.", style="yellow"))
