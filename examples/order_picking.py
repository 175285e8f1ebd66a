"""A REST service, a database, a robot arm and a conveyor in one program.

Orders come from a REST service. Which block on the table is which part, and how many there are, stands in an SQL
database. The arm puts each ordered part into the crate, and the conveyor, behind Modbus TCP, brings it to the packers.
One program does all of it, in one loop. Run it with the reference program or a model:

    python examples/order_picking.py
    python examples/order_picking.py --model openai:http://localhost:8000/v1#my-model

The order service, the database and the Modbus server are real, on this machine; the arm and the belt are simulated.
"""

from __future__ import annotations

import argparse
import secrets
import sqlite3
import sys
import tempfile
import threading
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

import gymnasium
from conveyor_controller import Belt, running_conveyor
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from gymnasium.utils import seeding
from order_service import running
from pydantic import BaseModel
from rich.console import Console

from codeact import CodeActAgent, Episode, Toolbox, load_model, play
from codeact.agent import Agent, ProgramAgent
from codeact.cli.printer import EpisodePrinter
from codeact.events import EventSink
from codeact_adapters import modbus, openapi, sql
from codeact_envs.tasks import register_task

HERE = Path(__file__).parent


class Order(BaseModel):
    """One piece of a part is wanted."""

    number: int
    part: str


class Report(BaseModel):
    """How an order went."""

    order: int
    outcome: Literal["sent", "not in stock", "could not be picked", "stuck on the belt"]


class Remaining(BaseModel):
    open: int


@dataclass
class OrderBook:
    """What the service knows: its open orders, and the reports that it received."""

    open: list[Order] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)


@dataclass(frozen=True)
class Result:
    """What came of it.

    Attributes:
        episode: as the environment saw it.
        orders: what was ordered.
        reports: what the service was told.
        on_hand: what the database says is left of each part.
        belt: the conveyor.
        positions: where everything lies in the end, by name, in metres.
    """

    episode: Episode
    orders: list[Order]
    reports: list[Report]
    on_hand: dict[str, int]
    belt: Belt
    positions: dict[str, tuple[float, float, float]]


def order_picking(agent: Agent, seed: int = 0, out: Path | None = None, on_event: EventSink | None = None) -> Result:
    """Let an agent work off the orders in the scene that the seed gives."""
    book, token = OrderBook(), secrets.token_urlsafe()
    with (
        tempfile.TemporaryDirectory() as folder,
        running(order_service(book, token)) as address,
        running_conveyor() as (belt, port),
    ):
        file = Path(folder) / "stock.db"
        parts = parts_for(seed)
        make_stock(file, parts)
        # A line for each makes groups of typed functions: `orders.next_order()`, `stock.query(...)`, ...
        with (
            openapi(f"{address}/openapi.json", token=token, name="orders") as orders,
            sql(f"sqlite:///{file}", write=True, name="stock") as stock,
            modbus(HERE / "conveyor.yaml", port=port) as conveyor,
        ):
            book.open = [Order(number=n, part=part) for n, part in enumerate(["P-101", "P-999", "P-103", "P-102"], 1)]
            ordered = list(book.open)
            environment = make_environment(Toolbox([orders, stock, conveyor]), films=out is not None)
            try:
                episode = play(agent, environment, seed, out=out, on_event=on_event)
                tools = environment.unwrapped.tools  # type: ignore[attr-defined]
                positions = {name: tools["position"](name) for name in tools["objects"]()}
            finally:
                environment.close()
        with sqlite3.connect(file) as database:
            on_hand = dict(database.execute("SELECT number, on_hand FROM parts"))
        database.close()
    return Result(episode, ordered, book.reports, on_hand, belt, positions)


def order_service(book: OrderBook, token: str) -> FastAPI:
    """The service over a book. Every request must carry the token."""
    app = FastAPI(title="Orders", description="Orders that wait to be picked.")
    bearer, lock = HTTPBearer(), threading.Lock()

    def authorized(given: HTTPAuthorizationCredentials = Depends(bearer)) -> None:  # noqa: B008  (FastAPI's way)
        if not secrets.compare_digest(given.credentials, token):
            raise HTTPException(401, "unknown token")

    @app.get("/orders/next", operation_id="next_order", dependencies=[Depends(authorized)])
    def next_order() -> Order | None:
        """The order that has waited longest, or None. It stays in the queue until it is reported."""
        with lock:
            return book.open[0] if book.open else None

    @app.post("/reports", operation_id="report", dependencies=[Depends(authorized)])
    def report(report: Report) -> Remaining:
        """Report how an order went, which takes it out of the queue."""
        with lock:
            book.open = [order for order in book.open if order.number != report.order]
            book.reports.append(report)
            return Remaining(open=len(book.open))

    return app


def parts_for(seed: int) -> dict[str, tuple[str, int]]:
    """Which block is which part, and how many there are: two that are ordered, one sold out, one that nobody wants."""
    environment = make_environment(Toolbox(), films=False)
    try:
        task: Any = environment.unwrapped.task  # type: ignore[attr-defined]
        cast = task.draw(seeding.np_random(seed)[0], "seen").goal  # as a reset with this seed draws it
        (first, second), (sold_out, spare) = cast.roles["ordered"], cast.roles["others"]
    finally:
        environment.close()
    return {"P-101": (first, 3), "P-102": (second, 1), "P-103": (sold_out, 0), "P-104": (spare, 2)}


def make_stock(file: Path, parts: dict[str, tuple[str, int]]) -> None:
    """The database of the stock."""
    with sqlite3.connect(file) as database:
        database.execute("CREATE TABLE parts (number TEXT PRIMARY KEY, name TEXT NOT NULL, on_hand INTEGER NOT NULL)")
        database.executemany("INSERT INTO parts VALUES (?, ?, ?)", [(n, *part) for n, part in parts.items()])
    database.close()


@cache
def environment_id() -> str:
    return register_task(Path(__file__).with_suffix(".yaml"), "Examples")


def make_environment(tools: Toolbox, films: bool) -> gymnasium.Env[str, str]:
    """The task of `order_picking.yaml`, with these tools beside those of the arm."""
    return gymnasium.make(environment_id(), extra_tools=tools, render_mode="rgb_array_list" if films else None)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Pick orders with a robot arm and a conveyor.")
    parser.add_argument("--model", help="a model as `codeact run --model` takes it; else the reference program plays")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="a folder for the trace, the video and the page")
    chosen = parser.parse_args(arguments)

    agent = CodeActAgent(load_model(chosen.model)) if chosen.model else ProgramAgent("oracle")
    result = order_picking(agent, chosen.seed, chosen.out, EpisodePrinter(Console()))
    print("\nWhat the order service was told:")
    for report in result.reports:
        print(f"  order {report.order}, {result.orders[report.order - 1].part}: {report.outcome}")
    print(f"The belt delivered {result.belt.delivered}; the stock now: {result.on_hand}")
    return 0 if result.episode.success and len(result.reports) == len(result.orders) else 1


if __name__ == "__main__":
    sys.exit(main())
