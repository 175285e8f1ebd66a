"""A REST service."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import BaseModel

from adapter_rows import Pair, Row, needs
from codeact_adapters import openapi


class Part(BaseModel):
    number: int
    name: str
    weight: float


@contextmanager
def _openapi() -> Iterator[Pair]:
    import httpx
    import uvicorn
    from fastapi import FastAPI

    app = FastAPI(title="Parts")

    @app.get("/parts/{number}", operation_id="part")
    def part(number: int) -> Part:
        return Part(number=number, name=f"part {number}", weight=number / 7)

    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    base = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    client = httpx.Client(base_url=base, trust_env=False)
    try:
        with client, openapi(f"{base}/openapi.json") as box:
            yield Pair(box, "part(7)", lambda: client.get("/parts/7").raise_for_status().json())
    finally:
        server.should_exit = True
        thread.join(10)


ROWS = [Row("openapi, a GET of one object", "FastAPI on uvicorn, by httpx", _openapi, needs("fastapi", "uvicorn"))]
