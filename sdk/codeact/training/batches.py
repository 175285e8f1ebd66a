"""Planned batches as tensors."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any

from codeact.training.packing import NO_OPENING, Opening, Plan
from codeact.training.tokens import Example

IGNORED = -100
"""The label of a token that is not learnt, as everywhere in torch."""


@dataclass(frozen=True)
class Batches:
    """Makes the tensors of a batch from its number in the plan. All batches have the same shape.

    Attributes:
        examples: all conversations. plan: which of them share a batch.
        length: tokens of a batch. padding: the token that fills what is left.
    """

    examples: Sequence[Example]
    plan: Plan
    length: int
    padding: int

    def __len__(self) -> int:
        return len(self.plan.batches)

    def collate(self, numbers: Sequence[dict[str, int]]) -> dict[str, Any]:
        """The one batch that is asked for, as a network with packed attention takes it.

        Returns:
            `input_ids`, `position_ids` and `labels` (1, length); `kept` (learnt,), the places before learnt tokens, and
            `targets` (learnt,), these tokens; `cu_seq_lens_q`, where each part begins and the row ends, filled
            up with empty ones; `max_length_q`, the longest conversation of the whole run. Where an opening is shared
            also `key_places`, the places that the parts attend to, one part after the other, and `cu_seq_lens_k`,
            where each begins among those.
        """
        import torch

        [number] = numbers
        row = _Row()
        examples = (self.examples[place] for place in self.plan.batches[number["batch"]])
        for opening, together in groupby(examples, key=_opening):
            row.add(len(opening) if self.plan.shares else 0, list(together))
        longest = self.longest
        while len(row.tokens) < self.length:
            room = min(longest, self.length - len(row.tokens))
            row.add_part([self.padding] * room, [IGNORED] * room, 0, ())
        labels = torch.tensor([row.labels])
        kept = (labels[0, 1:] != IGNORED).nonzero()[:, 0]
        return {
            "input_ids": torch.tensor([row.tokens]),
            "position_ids": torch.tensor([row.positions]),
            "labels": labels,
            "kept": kept,
            "targets": labels[0, 1:][kept],
            "cu_seq_lens_q": self._filled(row.begins),
            "max_length_q": longest,
            **(
                {"key_places": torch.tensor(row.keys), "cu_seq_lens_k": self._filled(row.key_begins)}
                if row.shares
                else {}
            ),
        }

    def _filled(self, begins: list[int]) -> Any:
        import torch

        return torch.tensor(begins + [begins[-1]] * (self.most + 1 - len(begins)), dtype=torch.int32)

    @cached_property
    def longest(self) -> int:
        """The longest conversation's tokens."""
        return max(len(self.examples[place].tokens) for batch in self.plan.batches for place in batch)

    @cached_property
    def most(self) -> int:
        """The most parts that a row can have."""
        parts = max(
            len(batch) + sum(1 for _ in groupby(_opening(self.examples[place]) for place in batch))
            for batch in self.plan.batches
        )
        return parts + self.length // self.longest + 1


def openings(examples: Sequence[Example]) -> list[Opening]:
    """What each conversation may share with others."""
    return [
        Opening(hashlib.sha256(repr(_opening(example)).encode()).hexdigest(), example.opening)
        if example.opening
        else NO_OPENING
        for example in examples
    ]


class _Row:
    """A row of tokens that grows part by part."""

    def __init__(self) -> None:
        self.tokens: list[int] = []
        self.labels: list[int] = []
        self.positions: list[int] = []
        self.begins = [0]
        self.keys: list[int] = []
        self.key_begins = [0]
        self.shares = False

    def add(self, opening: int, together: Sequence[Example]) -> None:
        """Conversations with the same opening; it is shared where there are several."""
        before: Sequence[int] = ()
        if opening and len(together) > 1:
            self.shares = True
            before = range(len(self.tokens), len(self.tokens) + opening)
            self.add_part(together[0].tokens[:opening], [IGNORED] * opening, 0, ())
        for example in together:
            labels = [IGNORED] * len(example.tokens)
            for begin, end in example.learnt:
                labels[begin:end] = example.tokens[begin:end]
            self.add_part(example.tokens[len(before) :], labels[len(before) :], len(before), before)

    def add_part(self, tokens: list[int], labels: list[int], position: int, before: Sequence[int]) -> None:
        """Tokens from `position` on, which attend to those at the places `before` too."""
        begin = len(self.tokens)
        self.tokens += tokens
        self.labels += labels
        self.positions += range(position, position + len(tokens))
        self.begins.append(len(self.tokens))
        self.keys += [*before, *range(begin, len(self.tokens))]
        self.key_begins.append(len(self.keys))


def _opening(example: Example) -> list[int]:
    return example.tokens[: example.opening]
