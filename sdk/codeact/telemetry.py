"""OpenTelemetry spans and metrics for runs, calls and pools. Off until `enable()`; nothing is imported before.

Spans: `codeact.run` for each program and, below it, `codeact.call NAME` for each tool that runs; spans that a tool
makes itself are below its call. Metrics: `codeact.runs`, `codeact.run.duration`, `codeact.calls`,
`codeact.call.duration`, `codeact.restarts`, `codeact.pool.waiting` and `codeact.pool.live`. Programs and arguments are
left out unless asked for.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from codeact.errors import CodeActError

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider

    from codeact.sandbox.dispatch import Pending
    from codeact.sandbox.execution import Execution

_TEXT_CHARS = 8_000


class Observer:
    """What hears of runs and calls while telemetry is on."""

    def __init__(
        self,
        tracer_provider: TracerProvider | None,
        meter_provider: MeterProvider | None,
        record_code: bool,
        record_arguments: bool,
    ) -> None:
        try:
            from opentelemetry import metrics, trace
        except ImportError:
            raise CodeActError(
                "telemetry needs the package opentelemetry-api: pip install 'codeact[telemetry]'"
            ) from None
        self._trace = trace
        self._tracer = trace.get_tracer("codeact", tracer_provider=tracer_provider)
        meter = metrics.get_meter("codeact", meter_provider=meter_provider)
        self._record_code, self._record_arguments = record_code, record_arguments
        self._runs = meter.create_counter("codeact.runs", "{run}", "Programs that were run")
        self._run_duration = meter.create_histogram(
            "codeact.run.duration", "s", "Wall time of a program, with its calls"
        )
        self._calls = meter.create_counter("codeact.calls", "{call}", "Tool calls")
        self._call_duration = meter.create_histogram("codeact.call.duration", "s", "Wall time of a tool call")
        self._restarts = meter.create_counter("codeact.restarts", "{restart}", "Sessions that lost their variables")
        self._waiting = meter.create_up_down_counter("codeact.pool.waiting", "{session}", "Who waits for a session")
        self._live = meter.create_up_down_counter("codeact.pool.live", "{session}", "Sessions in use")

    @contextmanager
    def run(self, code: str) -> Iterator[list[Execution]]:
        """A span around a run. The body puts the execution into the list, where there is one."""
        outcome: list[Execution] = []
        with self._tracer.start_as_current_span("codeact.run") as span:
            if self._record_code:
                span.set_attribute("codeact.code", code[:_TEXT_CHARS])
            yield outcome
            if outcome:
                self._ran(span, outcome[0])

    def _ran(self, span: Any, execution: Execution) -> None:
        error = execution.error.type if execution.error is not None else None
        span.set_attributes(
            {
                "codeact.ok": execution.ok,
                "codeact.calls": len(execution.calls),
                "codeact.seconds": execution.seconds,
                "codeact.code_seconds": execution.code_seconds,
                "codeact.tool_seconds": execution.tool_seconds,
                "codeact.restarted": execution.restarted,
                "codeact.truncated_output": execution.truncated_output,
            }
        )
        kind = {"error.type": error} if error is not None else {}
        if error is not None:
            span.set_attribute("error.type", error)
            # The type only: the message may quote what the program worked on.
            span.set_status(self._trace.Status(self._trace.StatusCode.ERROR, error))
        self._runs.add(1, {"codeact.ok": execution.ok, **kind})
        self._run_duration.record(execution.seconds, {"codeact.ok": execution.ok})
        if execution.restarted:
            self._restarts.add(1, kind)

    @contextmanager
    def call(self, pending: Pending) -> Iterator[None]:
        """A span around a tool."""
        with self._tracer.start_as_current_span(f"codeact.call {pending.name}") as span:
            span.set_attributes({"codeact.tool": pending.name, "codeact.effect": pending.effect})
            if self._record_arguments:
                with contextlib.suppress(Exception):
                    span.set_attribute("codeact.arguments", json.dumps(pending.arguments, default=repr)[:_TEXT_CHARS])
            try:
                yield
            finally:
                error = _error_type(pending)
                span.set_attribute("codeact.ok", error is None)
                if error is not None:
                    span.set_attribute("error.type", error)
                    span.set_status(self._trace.Status(self._trace.StatusCode.ERROR, error))

    def noted(self, pending: Pending) -> None:
        """Count a call that has ended in any way: also one that was refused, or given up."""
        error = _error_type(pending)
        # A program may call what does not exist, by as many names as it likes: these are counted as one.
        name = pending.name if pending.tool is not None else "unknown"
        kind: dict[str, str | bool] = {"codeact.tool": name, "codeact.ok": error is None}
        self._calls.add(1, kind | ({"error.type": error} if error is not None else {}))
        self._call_duration.record(pending.seconds, kind)

    def waiting(self, change: int) -> None:
        """So many more wait for a session of a pool."""
        self._waiting.add(change)

    def live(self, change: int) -> None:
        """So many more sessions of a pool are in use."""
        self._live.add(change)


def _error_type(pending: Pending) -> str | None:
    return pending.error.partition(":")[0] if pending.error is not None else None


observer: Observer | None = None
"""None while telemetry is off."""


def enable(
    *,
    tracer_provider: TracerProvider | None = None,
    meter_provider: MeterProvider | None = None,
    record_code: bool = False,
    record_arguments: bool = False,
) -> None:
    """Tell OpenTelemetry of every run and call in this process from now on.

    Args:
        tracer_provider, meter_provider: the global ones of OpenTelemetry unless given.
        record_code: put programs into the spans, at most 8,000 characters of each.
        record_arguments: put the arguments of calls into the spans.

    Raises:
        CodeActError: opentelemetry-api is not installed.
    """
    global observer
    observer = Observer(tracer_provider, meter_provider, record_code, record_arguments)


def disable() -> None:
    """Tell it no more."""
    global observer
    observer = None
