"""Spans and metrics with OpenTelemetry's own collectors in memory; off, nothing of it is imported."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from codeact import telemetry
from codeact.sandbox import AsyncSandbox, Limits, Sandbox, SandboxPool
from codeact.tools import Toolbox, tool

sdk_trace = pytest.importorskip("opentelemetry.sdk.trace")


@pytest.fixture
def exporter() -> Iterator[Any]:
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()
    provider = sdk_trace.TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    exporter.provider = provider
    telemetry.enable(tracer_provider=provider)
    yield exporter
    telemetry.disable()


@tool(effect="read")
def double(x: int) -> int:
    """Double."""
    return 2 * x


@tool(effect="read")
def fail() -> None:
    """Fail."""
    raise ValueError("secret")


def test_off_by_default_and_not_imported() -> None:
    code = (
        "import sys\nfrom codeact.sandbox import Sandbox\n"
        "with Sandbox() as sandbox: sandbox.run('1')\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True).stdout
    assert out.strip() == "[]"


def test_a_run_and_its_calls(exporter: Any) -> None:
    with Sandbox(Toolbox([double, fail])) as sandbox:
        sandbox.run("double(1234567)\ntry:\n    fail()\nexcept ValueError: pass")
        sandbox.run("1 / 0")
    spans = {span.name: span for span in exporter.get_finished_spans()}
    first = next(span for span in exporter.get_finished_spans() if span.name == "codeact.run")
    assert first.attributes["codeact.ok"] is True
    assert first.attributes["codeact.calls"] == 2
    call = spans["codeact.call double"]
    assert call.parent.span_id == first.context.span_id
    assert call.attributes["codeact.effect"] == "read"
    assert spans["codeact.call fail"].attributes["error.type"] == "ValueError"
    assert spans["codeact.run"].attributes["error.type"] == "ZeroDivisionError"
    told = " ".join(span.to_json() for span in exporter.get_finished_spans())
    assert "1234567" not in str([dict(span.attributes) for span in exporter.get_finished_spans()])
    assert "secret" not in told


def test_programs_and_arguments_when_asked_for(exporter: Any) -> None:
    telemetry.enable(tracer_provider=exporter.provider, record_code=True, record_arguments=True)
    with Sandbox(Toolbox([double])) as sandbox:
        sandbox.run("double(21)")
    call, run = exporter.get_finished_spans()
    assert run.attributes["codeact.code"] == "double(21)"
    assert call.attributes["codeact.arguments"] == '{"x": 21}'


def test_async_runs_are_below_the_callers_span(exporter: Any) -> None:
    async def main() -> None:
        async with AsyncSandbox(Toolbox([double])) as sandbox:
            with exporter.provider.get_tracer("mine").start_as_current_span("request"):
                await sandbox.run("double(1)")

    asyncio.run(main())
    spans = {span.name: span for span in exporter.get_finished_spans()}
    assert spans["codeact.run"].parent.span_id == spans["request"].context.span_id
    assert spans["codeact.call double"].parent.span_id == spans["codeact.run"].context.span_id


def test_metrics() -> None:
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader

    reader = InMemoryMetricReader()
    telemetry.enable(tracer_provider=sdk_trace.TracerProvider(), meter_provider=MeterProvider([reader]))
    try:
        with SandboxPool(Toolbox([double]), size=1, limits=Limits(wall_s=0.5)) as pool, pool.session() as sandbox:
            sandbox.run("double(1)")
            sandbox.run("from itertools import count\nsum(count())")
    finally:
        telemetry.disable()
    data = reader.get_metrics_data()
    assert data is not None
    found: dict[str, float] = {}
    for metric in data.resource_metrics[0].scope_metrics[0].metrics:
        for point in metric.data.data_points:
            amount = getattr(point, "value", None)
            found[metric.name] = found.get(metric.name, 0) + (point.count if amount is None else amount)
    assert found["codeact.runs"] == found["codeact.run.duration"] == 2
    assert found["codeact.calls"] == found["codeact.restarts"] == 1
    assert found["codeact.pool.live"] == 0
