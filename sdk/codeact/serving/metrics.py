"""What a server counts, as Prometheus reads it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_SECONDS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)


class Metrics:
    """Counters of one server, in a registry of its own.

    Args:
        running, waiting: asked when Prometheus reads: replies being written, and replies not begun.
    """

    def __init__(self, running: Callable[[], int], waiting: Callable[[], int]) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

        self._registry = CollectorRegistry()
        named: Any = {"namespace": "codeact_serve", "registry": self._registry}
        self._requests = Counter("requests", "Requests answered.", ["path", "status"], **named)
        self._read = Counter("prompt_tokens", "Tokens of prompts.", **named)
        self._written = Counter("completion_tokens", "Tokens written.", **named)
        self._first = Histogram("time_to_first_token_seconds", "From a request.", buckets=_SECONDS, **named)
        self._whole = Histogram("request_seconds", "From a request to its end.", buckets=_SECONDS, **named)
        Gauge("running", "Replies being written.", **named).set_function(running)
        Gauge("waiting", "Replies not begun.", **named).set_function(waiting)

    def answered(self, path: str, status: int, seconds: float) -> None:
        self._requests.labels(path, str(status)).inc()
        self._whole.observe(seconds)

    def read(self, tokens: int) -> None:
        self._read.inc(tokens)

    def wrote(self) -> None:
        self._written.inc()

    def first_token(self, seconds: float) -> None:
        self._first.observe(seconds)

    def text(self) -> bytes:
        """In Prometheus' text format 0.0.4."""
        from prometheus_client import generate_latest

        return generate_latest(self._registry)
