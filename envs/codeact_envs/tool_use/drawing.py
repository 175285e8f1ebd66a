"""Chance for generated questions, and words that are seen or kept unseen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from codeact.errors import TaskError
from codeact_envs.scenes.random_numbers import RandomNumbers

if TYPE_CHECKING:
    import numpy as np

    from codeact_envs.tasks.protocol import Values

T = TypeVar("T")


@dataclass(frozen=True)
class Vocabulary:
    """Words that questions are about: `seen` for learning, `unseen` for tests of generalisation.

    Raises:
        TaskError: a word is in both, or there twice.
    """

    seen: tuple[str, ...]
    unseen: tuple[str, ...]

    def __post_init__(self) -> None:
        words = [*self.seen, *self.unseen]
        twice = sorted({word for word in words if words.count(word) > 1})
        if twice:
            raise TaskError(f"a vocabulary has each word once; there twice: {', '.join(twice)}")


class Draw:
    """What a question is drawn with. The same bits give the same question, whatever version of NumPy there is.

    Args:
        generator: where the bits come from.
        values: which words of a vocabulary are drawn.
    """

    def __init__(self, generator: np.random.Generator, values: Values) -> None:
        self._numbers = RandomNumbers(generator)
        self._values = values

    def between(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + self._numbers.below(high - low + 1)

    def decimal(self, low: int, high: int, digits: int) -> float:
        """A number from `low` to `high` with so many digits after the point."""
        scale: int = 10**digits
        return self.between(low * scale, high * scale) / scale

    def chance(self, percent: int) -> bool:
        """True in so many of a hundred cases."""
        return self._numbers.below(100) < percent

    def choice(self, options: Sequence[T]) -> T:
        return options[self._numbers.below(len(options))]

    def sample(self, options: Sequence[T], count: int) -> list[T]:
        """So many different ones, in random order."""
        left = list(options)
        return [left.pop(self._numbers.below(len(left))) for _ in range(count)]

    def shuffled(self, options: Sequence[T]) -> list[T]:
        return [options[index] for index in self._numbers.order(len(options))]

    def words(self, vocabulary: Vocabulary) -> tuple[str, ...]:
        """The words of a vocabulary that this draw may use."""
        return vocabulary.unseen if self._values == "unseen" else vocabulary.seen

    def word(self, vocabulary: Vocabulary) -> str:
        return self.choice(self.words(vocabulary))
