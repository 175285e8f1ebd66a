"""What many episodes say together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from codeact.evaluation.results import EpisodeResult

Z_95 = 1.959963984540054
"""The 97.5 % point of the standard normal distribution."""


def wilson_interval(successes: int, trials: int, z: float = Z_95) -> tuple[float, float]:
    """The score interval of a proportion: by default the one of 95 %.

    It holds its coverage at few trials and near 0 and 1, where the usual plus and minus does not. E. B. Wilson,
    "Probable inference, the law of succession, and statistical inference", JASA 22 (1927), 209-212; method 3 of
    R. G. Newcombe, Statistics in Medicine 17 (1998), 857-872.

    Raises:
        ValueError: successes are not between 0 and trials. Without trials the interval is (0, 1).
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} successes of {trials} trials are not possible")
    if trials == 0:
        return 0.0, 1.0
    rate, weight = successes / trials, z * z / trials
    centre = (rate + weight / 2) / (1 + weight)
    half = z * math.sqrt(rate * (1 - rate) / trials + weight / (4 * trials)) / (1 + weight)
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == trials else min(1.0, centre + half)
    return low, high


@dataclass(frozen=True)
class Summary:
    """Episodes of one task, or of all.

    Attributes:
        task: the id; `all` for all together.
        tier: API and perception tier, perturbations, values, phrasing and names; several are joined.
        episodes: all that ended, broken ones included: these count as failed.
        successes, errors: how many succeeded; how many broke.
        rate, low, high: success rate with its Wilson interval of 95 %.
        score, turns, calls, tokens, seconds: means over the episodes.
        violations: episodes in which a hard constraint was violated.
    """

    task: str
    tier: str
    episodes: int
    successes: int
    errors: int
    rate: float
    low: float
    high: float
    score: float
    turns: float
    calls: float
    tokens: float
    seconds: float
    violations: int


def summarize(task: str, results: Sequence[EpisodeResult]) -> Summary:
    """What `results` say together, under the name `task`."""
    count = len(results)
    successes = sum(result.success for result in results)
    low, high = wilson_interval(successes, count)

    def mean(values: Sequence[float]) -> float:
        return math.fsum(values) / count if count else 0.0

    return Summary(
        task=task,
        tier=", ".join(sorted({result.tier for result in results if result.tier})) or "not stated",
        episodes=count,
        successes=successes,
        errors=sum(result.error is not None for result in results),
        rate=successes / count if count else 0.0,
        low=low,
        high=high,
        score=mean([result.score for result in results]),
        turns=mean([result.turns for result in results]),
        calls=mean([result.calls for result in results]),
        tokens=mean([result.prompt_tokens + result.completion_tokens for result in results]),
        seconds=mean([result.times.seconds for result in results]),
        violations=sum(bool(result.violations) for result in results),
    )
