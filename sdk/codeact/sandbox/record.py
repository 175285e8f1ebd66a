"""What one run has done so far: its calls and its output, kept within limits and told as they happen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from codeact import telemetry, values
from codeact.events import Call, CallFinished, CallStarted, EventSink, Printed
from codeact.sandbox.limits import Limits
from codeact.sandbox.text import clean

if TYPE_CHECKING:
    from codeact.sandbox.dispatch import Pending

_KEPT_BYTES = 1_024  # of a value in the record of a call, where there is no room for all of it


class Record:
    """The record of one run.

    Attributes:
        calls: in order, those that have ended.
    """

    def __init__(self, limits: Limits, on_event: EventSink | None) -> None:
        self.calls: list[Call] = []
        self._tell = on_event
        self._room = limits.record_mb * 1024 * 1024
        self._output: list[str] = []
        self._output_room = limits.output_chars

    @property
    def output(self) -> str:
        """What the program has printed."""
        return "".join(self._output)

    def printed(self, text: str) -> bool:
        """Take what the program printed. Returns False where it is more than it may print."""
        if len(text) > self._output_room:
            return False
        self._output_room -= len(text)
        shown = clean(text)
        if shown:
            self._output.append(shown)
            if self._tell is not None:
                self._tell(Printed(shown))
        return True

    def started(self, pending: Pending) -> None:
        """A call is about to run."""
        if self._tell is not None:
            self._tell(CallStarted(pending.name, pending.arguments, pending.effect))

    def note(self, pending: Pending, started: bool = False) -> None:
        """A call has ended. `started`: nobody has been told yet that it began."""
        call = pending.call()
        self.calls.append(self._kept(call) if pending.large else call)
        if telemetry.observer is not None:
            telemetry.observer.noted(pending)
        if self._tell is not None:
            if started:
                self.started(pending)
            self._tell(CallFinished(call))

    def _kept(self, call: Call) -> Call:
        """The call as it is kept: a program could make a thousand, each with values of the largest size."""
        size = values.size_of(call.arguments) + values.size_of(call.value)
        if size <= self._room:
            self._room -= size
            return call
        arguments = {name: values.without_large(value, _KEPT_BYTES) for name, value in call.arguments.items()}
        return replace(call, arguments=arguments, value=values.without_large(call.value, _KEPT_BYTES))
