"""The example as a whole: what the service was told, the database, the belt and the world agree."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from codeact.agent import ProgramAgent

EXAMPLES = Path(__file__).parents[2] / "examples"

pytest.importorskip("pymodbus")


@pytest.fixture(scope="module")
def example() -> Any:
    sys.path.insert(0, str(EXAMPLES))
    try:
        import order_picking

        yield order_picking
    finally:
        sys.path.remove(str(EXAMPLES))


def test_the_reference_program_picks_what_is_in_stock_and_sends_it_off(example: Any) -> None:
    result = example.order_picking(ProgramAgent("oracle"), 3)
    assert result.episode.success
    assert result.episode.violations == ()
    assert [(order.part, report.outcome) for order, report in zip(result.orders, result.reports, strict=True)] == [
        ("P-101", "sent"),
        ("P-999", "not in stock"),
        ("P-103", "not in stock"),
        ("P-102", "sent"),
    ]
    assert result.on_hand == {"P-101": 2, "P-102": 0, "P-103": 0, "P-104": 2}
    assert (result.belt.delivered, result.belt.speeds[:4]) == (2, [0.2, 0.0, 0.2, 0.0])
    assert result.belt.speed == 0.0


def test_a_program_that_fails_leaves_no_running_belt(example: Any) -> None:
    failing = """
conveyor.set_speed(0.2)
orders.next_order().colour
"""
    result = example.order_picking(ProgramAgent([failing]), 0)
    assert not result.episode.success
    assert result.belt.speeds[:2] == [0.2, 0.0]
    assert result.belt.speed == 0.0
    assert result.reports == []


def test_the_belt_is_not_driven_faster_than_its_manifest_allows(example: Any) -> None:
    result = example.order_picking(ProgramAgent(["conveyor.set_speed(3)"]), 0)
    assert set(result.belt.speeds) <= {0.0}
    assert any("0.3" in str(event) and "conveyor.set_speed" in str(event) for event in result.episode.trace)
