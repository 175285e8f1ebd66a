"""What is kept for evaluation, and may be in no training data."""

from __future__ import annotations

from collections.abc import Iterable

from codeact.collecting.errors import CollectionError

RESERVED_SEEDS = {"development": range(1_000, 2_000), "test": range(10_000, 20_000)}
"""Seeds of scenes that models are chosen and judged by."""
UNSEEN = "unseen"
"""The half of values, phrasings and names that no training data shows."""


def require_public(seeds: Iterable[int]) -> None:
    """Refuse seeds that are kept for evaluation.

    Raises:
        CollectionError: one is.
    """
    for seed in seeds:
        for purpose, reserved in RESERVED_SEEDS.items():
            if seed in reserved:
                raise CollectionError(
                    f"seed {seed} is a {purpose} seed: the seeds {reserved.start}-{reserved.stop - 1} are kept for "
                    "evaluation; collect from 0-999 or from 20000 on"
                )


def require_seen(**options: object) -> None:
    """Refuse the unseen half of the values, phrasings or names.

    Raises:
        CollectionError: an option asks for it.
    """
    for name, value in options.items():
        if value == UNSEEN:
            raise CollectionError(f"{name}={UNSEEN!r} is kept for evaluation, and cannot be collected")
