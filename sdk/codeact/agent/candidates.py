"""Several replies to one question, of which the best one is acted on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from codeact.agent.formats import Program, Reply
from codeact.agent.rehearsing import Outcome, objection
from codeact.models.protocol import Completion


@dataclass(frozen=True)
class Candidate:
    """One reply.

    Attributes:
        completion: as the model wrote it.
        reply: as it was read.
        outcome: what its program would lead to; None where there is none, or it was not rehearsed.
        number: counted from 1; 0 when it is the only one.
    """

    completion: Completion
    reply: Reply
    outcome: Outcome | None = None
    number: int = 0


def best_of(candidates: Sequence[Candidate]) -> Candidate:
    """The best program: one that passes its rehearsal before one that does not; then the higher score, fewer broken
    rules, no error, less simulated time, and the earlier one. Without any program, the first reply.

    Args:
        candidates: at least one.
    """
    rehearsed = [each for each in candidates if isinstance(each.reply, Program) and each.outcome is not None]
    return min(rehearsed, key=_rank) if rehearsed else candidates[0]


def _rank(candidate: Candidate) -> tuple[bool, float, int, bool, float, int]:
    outcome = candidate.outcome
    assert outcome is not None
    return (
        bool(objection(outcome)),
        -outcome.score,
        len(outcome.violations),
        outcome.execution.error is not None,
        outcome.simulated_seconds,
        candidate.number,
    )
