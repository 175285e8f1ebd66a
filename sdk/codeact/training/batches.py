"""Planned batches as tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from codeact.training.packing import Plan
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
            `targets` (learnt,), these tokens; `cu_seq_lens_q`, where each conversation begins and the row ends, filled
            up with empty ones; `max_length_q`, the longest conversation of the whole run.
        """
        import torch

        [number] = numbers
        tokens: list[int] = []
        labels: list[int] = []
        begins = [0]
        positions: list[int] = []
        for place in self.plan.batches[number["batch"]]:
            example = self.examples[place]
            own = [IGNORED] * len(example.tokens)
            for begin, end in example.learnt:
                own[begin:end] = example.tokens[begin:end]
            tokens += example.tokens
            labels += own
            positions += range(len(example.tokens))
            begins.append(len(tokens))
        longest = self.longest
        while len(tokens) < self.length:
            room = min(longest, self.length - len(tokens))
            tokens += [self.padding] * room
            labels += [IGNORED] * room
            positions += range(room)
            begins.append(len(tokens))
        begins += [len(tokens)] * (self.most + 1 - len(begins))
        row = torch.tensor([labels])
        kept = (row[0, 1:] != IGNORED).nonzero()[:, 0]
        return {
            "input_ids": torch.tensor([tokens]),
            "position_ids": torch.tensor([positions]),
            "labels": row,
            "kept": kept,
            "targets": row[0, 1:][kept],
            "cu_seq_lens_q": torch.tensor(begins, dtype=torch.int32),
            "max_length_q": longest,
        }

    @property
    def longest(self) -> int:
        """The longest conversation's tokens."""
        return max(len(self.examples[place].tokens) for batch in self.plan.batches for place in batch)

    @property
    def most(self) -> int:
        """The most parts that a row can have."""
        conversations = max(len(batch) for batch in self.plan.batches)
        return conversations + self.length // self.longest + 1
