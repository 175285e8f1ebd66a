"""A small warehouse service: a queue of orders, each to be carried out and reported. Real HTTP on a loopback port."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated, Literal

import uvicorn
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, Field


class Order(BaseModel):
    """Put the cube `cube` on the cube `onto`."""

    number: int
    cube: str
    onto: str


class Position(BaseModel):
    """Centre of a cube in metres, world frame."""

    x: float
    y: float
    z: float


class Report(BaseModel):
    """How an order went."""

    order: Annotated[int, Field(description="the order's number")]
    outcome: Literal["stacked", "not in stock", "failed"]
    position: Annotated[Position | None, Field(description="where the cube lies now")] = None


class Remaining(BaseModel):
    open: Annotated[int, Field(description="orders that wait for a report")]


@dataclass
class OrderBook:
    """What the service knows: its open orders, and the reports that it received."""

    open: list[Order] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)


def order_service(book: OrderBook, token: str) -> FastAPI:
    """The service over a book. Every request must carry the token."""
    app = FastAPI(title="Orders", description="The order queue of a warehouse.")
    bearer = HTTPBearer()
    lock = threading.Lock()

    def authorized(given: HTTPAuthorizationCredentials = Depends(bearer)) -> None:  # noqa: B008  (FastAPI's way)
        if not secrets.compare_digest(given.credentials, token):
            raise HTTPException(401, "unknown token")

    protected = [Depends(authorized)]

    @app.get("/orders/next", operation_id="next_order", dependencies=protected)
    def next_order() -> Order | None:
        """The order that has waited longest, or None. It stays in the queue until it is reported."""
        with lock:
            return book.open[0] if book.open else None

    @app.post(
        "/reports",
        operation_id="report",
        dependencies=protected,
        responses={404: {"description": "There is no such open order"}},
    )
    def report(report: Report) -> Remaining:
        """Report how an order went, which takes it out of the queue."""
        with lock:
            order = next((order for order in book.open if order.number == report.order), None)
            if order is None:
                raise HTTPException(404, f"there is no open order {report.order}")
            book.open.remove(order)
            book.reports.append(report)
            return Remaining(open=len(book.open))

    return app


@contextmanager
def running(app: FastAPI) -> Iterator[str]:
    """Serve an application on a free loopback port for as long as the context lasts; gives its address."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        if not thread.is_alive():
            raise RuntimeError("the order service did not start")
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
