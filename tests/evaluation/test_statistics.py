"""The numbers of a report."""

from __future__ import annotations

import pytest

from codeact.evaluation import EpisodeResult, summarize, wilson_interval
from codeact.evaluation.results import Times


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [  # the examples of Newcombe (1998), table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_wilson_interval_agrees_with_published_ones(successes: int, trials: int, low: float, high: float) -> None:
    assert wilson_interval(successes, trials) == pytest.approx((low, high), abs=5e-5)


def test_the_interval_is_symmetric_and_stays_between_0_and_1() -> None:
    for successes in range(21):
        low, high = wilson_interval(successes, 20)
        assert 0.0 <= low <= successes / 20 <= high <= 1.0
        assert wilson_interval(20 - successes, 20) == pytest.approx((1 - high, 1 - low))
    assert wilson_interval(0, 0) == (0.0, 1.0)
    with pytest.raises(ValueError, match="not possible"):
        wilson_interval(3, 2)


def test_a_summary_counts_broken_episodes_as_failed() -> None:
    def result(**fields: object) -> EpisodeResult:
        return EpisodeResult(task="T", seed=0, agent="a", **fields)  # type: ignore[arg-type]

    summary = summarize(
        "T",
        [
            result(success=True, score=1.0, turns=1, calls=4, tier="high, privileged", times=Times(seconds=2.0)),
            result(score=0.5, turns=3, calls=2, completion_tokens=30, violations=["too fast", "too far"]),
            result(error="it broke"),
        ],
    )
    assert (summary.episodes, summary.successes, summary.errors, summary.violations) == (3, 1, 1, 1)
    assert summary.rate == pytest.approx(1 / 3)
    assert (summary.score, summary.turns, summary.calls, summary.tokens) == pytest.approx((0.5, 4 / 3, 2, 10))
    assert summary.tier == "high, privileged"
    assert summarize("T", []).episodes == 0
