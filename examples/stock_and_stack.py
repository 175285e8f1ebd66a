"""A REST service and a robot arm in one program.

A warehouse service says which cube is ordered on which. The agent's program asks it in a loop, looks whether the cubes
are there, stacks them with the arm, and posts a report for each order. Run it with the reference program or a model:

    python examples/stock_and_stack.py
    python examples/stock_and_stack.py --model openai:http://localhost:8000/v1#my-model
"""

from __future__ import annotations

import argparse
import secrets
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import gymnasium
from gymnasium.utils import seeding
from order_service import Order, OrderBook, Report, order_service, running
from rich.console import Console

from codeact import CodeActAgent, Episode, Toolbox, load_model, play
from codeact.agent import Agent, ProgramAgent
from codeact.cli.printer import EpisodePrinter
from codeact.events import EventSink
from codeact_adapters import openapi
from codeact_envs.tasks import register_task

TASK = Path(__file__).with_suffix(".yaml")
MISSING = "purple cube"  # a colour that no scene of this task has


@dataclass(frozen=True)
class Result:
    """What came of it.

    Attributes:
        episode: as the environment saw it.
        orders: what was ordered.
        reports: what the service was told.
        positions: where the cubes lie in the end, by name, in metres.
    """

    episode: Episode
    orders: list[Order]
    reports: list[Report]
    positions: dict[str, tuple[float, float, float]]


def stock_and_stack(agent: Agent, seed: int = 0, out: Path | None = None, on_event: EventSink | None = None) -> Result:
    """Let an agent work off the queue in the scene that the seed gives."""
    book, token = OrderBook(), secrets.token_urlsafe()
    with running(order_service(book, token)) as address:
        # One line makes the service a group of typed functions: `queue.next_order()`, `queue.report(...)`.
        queue = openapi(f"{address}/openapi.json", token=token, name="queue")
        environment = make_environment(queue, films=out is not None)
        try:
            orders = orders_for(environment, seed)
            book.open = list(orders)
            episode = play(agent, environment, seed, out=out, on_event=on_event)
            world: Any = environment.unwrapped
            positions = {name: world.tools["position"](name) for name in world.tools["objects"]()}
        finally:
            environment.close()
    return Result(episode, orders, book.reports, positions)


@cache
def environment_id() -> str:
    return register_task(TASK, "Examples")


def make_environment(queue: Toolbox, films: bool) -> gymnasium.Env[str, str]:
    """The task of `stock_and_stack.yaml`, with the service's functions beside those of the arm."""
    return gymnasium.make(environment_id(), extra_tools=queue, render_mode="rgb_array_list" if films else None)


def orders_for(environment: gymnasium.Env[str, str], seed: int) -> list[Order]:
    """Orders for the cubes of the scene, and one for a cube that is not in stock."""
    world: Any = environment.unwrapped
    cast = world.task.draw(seeding.np_random(seed)[0], "seen").goal  # as a reset with this seed draws it
    return [
        Order(number=1, cube=cast.name("first_top"), onto=cast.name("first_base")),
        Order(number=2, cube=MISSING, onto=cast.name("second_base")),
        Order(number=3, cube=cast.name("second_top"), onto=cast.name("second_base")),
    ]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Work off an order queue with a robot arm.")
    parser.add_argument("--model", help="a model as `codeact run --model` takes it; else the reference program plays")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="a folder for the trace, the video and the page")
    chosen = parser.parse_args(arguments)

    agent = CodeActAgent(load_model(chosen.model)) if chosen.model else ProgramAgent("oracle")
    result = stock_and_stack(agent, chosen.seed, chosen.out, EpisodePrinter(Console()))
    print("\nWhat the service was told:")
    for report in result.reports:
        order = result.orders[report.order - 1]
        x, y, z = result.positions.get(order.cube, (0.0, 0.0, 0.0))
        where = f", and it lies at ({x:.3f}, {y:.3f}, {z:.3f})" if order.cube in result.positions else ""
        print(f"  order {order.number}, {order.cube} on {order.onto}: {report.outcome}{where}")
    return 0 if result.episode.success and len(result.reports) == len(result.orders) else 1


if __name__ == "__main__":
    sys.exit(main())
