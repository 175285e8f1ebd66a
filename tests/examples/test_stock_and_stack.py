"""The example as a whole: what the service was told agrees with where the cubes lie in the world."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from codeact.agent import ProgramAgent

EXAMPLES = Path(__file__).parents[2] / "examples"
CUBE_M = 0.04


@pytest.fixture(scope="module")
def example() -> Any:
    sys.path.insert(0, str(EXAMPLES))
    try:
        import stock_and_stack

        yield stock_and_stack
    finally:
        sys.path.remove(str(EXAMPLES))


@pytest.mark.parametrize("seed", [0, 7])
def test_the_reference_program_carries_out_every_order_and_reports_the_truth(example: Any, seed: int) -> None:
    result = example.stock_and_stack(ProgramAgent("oracle"), seed)
    assert result.episode.success
    assert result.episode.violations == ()
    assert [(report.order, report.outcome) for report in result.reports] == [
        (1, "stacked"),
        (2, "not in stock"),
        (3, "stacked"),
    ]
    for order, report in zip(result.orders, result.reports, strict=True):
        if report.outcome == "not in stock":
            assert order.cube not in result.positions
            continue
        told = (report.position.x, report.position.y, report.position.z)
        assert told == pytest.approx(result.positions[order.cube], abs=2e-3)
        below = result.positions[order.onto]
        assert told == pytest.approx((below[0], below[1], below[2] + CUBE_M), abs=0.02)


def test_a_program_that_lies_is_caught_by_the_comparison(example: Any) -> None:
    """The service believes what it is told; the world does not."""
    liar = """
while (order := queue.next_order()) is not None:
    queue.report(Report(order=order.number, outcome="stacked", position=Position(x=0.5, y=0, z=0.06)))
"""
    result = example.stock_and_stack(ProgramAgent([liar]), 0)
    assert [report.outcome for report in result.reports] == ["stacked"] * 3
    assert not result.episode.success
    assert result.episode.score == 0
    assert result.positions[result.orders[0].cube][2] == pytest.approx(CUBE_M / 2, abs=1e-3)


def test_errors_of_the_service_can_be_caught_by_the_program(example: Any) -> None:
    program = """
try:
    queue.report(Report(order=99, outcome="failed"))
except HttpError as error:
    print("refused:", error)
queue.report(Report(order=1, outcome="lost"))
"""
    result = example.stock_and_stack(ProgramAgent([program]), 0)
    observation = next(
        event.observation for event in result.episode.trace if hasattr(event, "observation") and hasattr(event, "turn")
    )
    assert 'refused: HTTP 404 from POST /reports: {"detail":"there is no open order 99"}' in observation
    assert (
        "argument 'body.outcome': expected one of 'stacked', 'not in stock', 'failed', got 'lost' (str)" in observation
    )
    assert result.reports == []


@pytest.mark.slow
def test_the_command_leaves_a_trace_without_the_token(
    example: Any, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(example.secrets, "token_urlsafe", lambda: "a-token-that-nobody-may-see")
    assert example.main(["--seed", "1", "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "What the service was told:" in printed
    (trace,) = tmp_path.glob("*/trace.jsonl")
    assert "queue.report" in trace.read_text()
    for text in (printed, *(file.read_text(errors="replace") for file in trace.parent.iterdir())):
        assert "a-token-that-nobody-may-see" not in text
