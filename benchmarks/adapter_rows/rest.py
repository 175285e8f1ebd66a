"""A REST service."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from adapter_rows import Pair, Row, needs, process
from codeact_adapters import openapi


@contextmanager
def _openapi() -> Iterator[Pair]:
    import httpx

    with (
        process("servers.py", "rest") as base,
        httpx.Client(base_url=base, trust_env=False) as client,
        openapi(f"{base}/openapi.json") as box,
    ):
        yield Pair(box, "part(7)", lambda: client.get("/parts/7").raise_for_status().json())


ROWS = [Row("openapi, a GET of one object", "FastAPI on uvicorn, by httpx", _openapi, needs("fastapi", "uvicorn"))]
