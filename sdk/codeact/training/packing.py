"""Batches of a whole run, planned before it begins: which conversations share a batch, in which order.

A batch is one row of tokens of a fixed length in which whole conversations stand one after the other, each attending
to itself alone. Conversations that begin with the same system message may share it in a batch: it stands there once,
before them, and each of them attends to it too, which computes the same as if each had its own. So nothing is computed
on padding, and every batch has the same shape. The plan depends on the lengths, the settings and the seed alone: a run
that goes on after a break goes through the very same batches.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from codeact.training.errors import TrainingError

OPEN = 32
"""Batches that are filled at the same time: the more, the less room is left and the less the order is shuffled."""


@dataclass(frozen=True)
class Opening:
    """What a conversation begins with and may share: a digest of its tokens, and how many there are; 0 for none."""

    digest: str
    tokens: int


NO_OPENING = Opening("", 0)


@dataclass(frozen=True)
class Plan:
    """The batches of a run.

    Attributes:
        batches: places of conversations, a tuple a batch.
        epoch_ends: how many batches there are up to the end of each epoch.
        left_out: places of conversations that are longer than a batch.
        shares: whether neighbours in a batch share an opening that is the same.
    """

    batches: tuple[tuple[int, ...], ...]
    epoch_ends: tuple[int, ...]
    left_out: tuple[int, ...]
    shares: bool = False


def plan_batches(
    lengths: Sequence[int],
    *,
    batch_tokens: int,
    max_length: int,
    epochs: float,
    seed: int,
    multiple: int = 1,
    openings: Sequence[Opening] | None = None,
) -> Plan:
    """Shuffle anew for each epoch, and fill batches.

    Args:
        lengths: tokens of each conversation.
        batch_tokens: tokens of a batch.
        max_length: longer conversations are left out: cut ones would teach to end anywhere.
        epochs: how often each conversation is seen; a half one takes the first half of its batches.
        seed: of the order.
        multiple: each epoch has a multiple of so many batches; what is missing is taken from its beginning.
        openings: of each conversation, what it may share with others; None: nothing.

    Raises:
        TrainingError: no conversation is short enough, or an argument is not positive.
    """
    if min(batch_tokens, max_length, epochs, multiple) <= 0:
        raise TrainingError("epochs, tokens of a batch and the longest conversation's length must be above 0")
    longest = min(max_length, batch_tokens)
    fitting = [place for place, length in enumerate(lengths) if length <= longest]
    if not fitting:
        raise TrainingError(
            f"all {len(lengths)} conversations are longer than {longest} tokens, the shortest has {min(lengths)}: "
            "raise --max-length and --batch-tokens"
        )
    batches: list[tuple[int, ...]] = []
    ends: list[int] = []
    number = 0
    while number < epochs:
        order = fitting.copy()
        shuffle = random.Random(f"{seed}:{number}").shuffle
        shuffle(order)
        if openings is None:
            units: list[tuple[int, tuple[int, ...]]] = [(lengths[place], (place,)) for place in order]
        else:
            units = _units(order, lengths, openings, batch_tokens)
            shuffle(units)
        packed = _pack(units, batch_tokens)
        packed = packed[: max(1, round(len(packed) * min(1.0, epochs - number)))]
        packed += [packed[place % len(packed)] for place in range(-len(packed) % multiple)]
        batches += packed
        ends.append(len(batches))
        number += 1
    left_out = tuple(place for place, length in enumerate(lengths) if length > longest)
    return Plan(tuple(batches), tuple(ends), left_out, openings is not None)


def _units(
    order: Sequence[int], lengths: Sequence[int], openings: Sequence[Opening], room: int
) -> list[tuple[int, tuple[int, ...]]]:
    """Conversations that stand together, with the tokens that they take: as many of one opening as fit a batch."""
    units: list[tuple[int, tuple[int, ...]]] = []
    open_units: dict[str, tuple[int, tuple[int, ...]]] = {}
    for place in order:
        opening = openings[place]
        if not opening.tokens:
            units.append((lengths[place], (place,)))
            continue
        taken, places = open_units.get(opening.digest, (opening.tokens, ()))
        own = lengths[place] - opening.tokens
        if taken + own > room:
            units.append((taken, places))
            taken, places = opening.tokens, ()
        open_units[opening.digest] = (taken + own, (*places, place))
    return units + list(open_units.values())


def _pack(units: Sequence[tuple[int, tuple[int, ...]]], room: int) -> list[tuple[int, ...]]:
    """Each unit goes into the fullest open batch that has room; the fullest batch is closed for a new one."""
    closed: list[tuple[int, ...]] = []
    opened: list[tuple[int, tuple[int, ...]]] = []
    for length, places in units:
        fitting = [(left, index) for index, (left, _) in enumerate(opened) if left >= length]
        if fitting:
            left, index = min(fitting)
            opened[index] = (left - length, (*opened[index][1], *places))
            continue
        if len(opened) == OPEN:
            fullest = min(range(OPEN), key=lambda index: opened[index][0])
            closed.append(opened.pop(fullest)[1])
        opened.append((room - length, places))
    return closed + [places for _, places in opened]
