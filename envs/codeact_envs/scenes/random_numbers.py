"""Random numbers for a scene, from the bits of a NumPy generator: many scenes a second need them one at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

_BLOCK = 32  # words of 64 bits that are drawn at once
_HALF = 0xFFFFFFFF


class RandomNumbers:
    """Numbers out of the generator's bits, which are drawn in blocks: to ask a generator for a single number costs more
    than anything that is done with it.

    They are the ones that the methods of `numpy.random.Generator` made of the same bits in 2026. NumPy promises the
    bits of a seed for good, but not what its methods make of them (NEP 19); here a seed keeps its scene.

    Args:
        generator: where the bits come from, 64 at a time, as all of NumPy's but MT19937 give them. It is left at the
            end of a block.
    """

    def __init__(self, generator: np.random.Generator) -> None:
        self._bits = generator.bit_generator
        self._words: list[int] = []
        self._spare: int | None = None

    def _word(self) -> int:
        if not self._words:
            self._words = self._bits.random_raw(_BLOCK)[::-1].tolist()
        return self._words.pop()

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        """A number in [low, high), of 53 bits."""
        return low + (high - low) * ((self._word() >> 11) * 2.0**-53)

    def below(self, count: int) -> int:
        """A whole number from 0 to `count` - 1, each as likely as any: Lemire, "Fast random integer generation in an
        interval", 2019. `count` is at most 2**32."""
        if count == 1:
            return 0
        product = self._half() * count
        if product & _HALF < count:
            least = (2**32 - count) % count
            while product & _HALF < least:
                product = self._half() * count
        return product >> 32

    def _half(self) -> int:
        """32 bits."""
        if self._spare is not None:
            half, self._spare = self._spare, None
            return half
        word = self._word()
        self._spare = word >> 32
        return word & _HALF

    def order(self, count: int) -> list[int]:
        """The whole numbers from 0 to `count` - 1 in a random order: Fisher and Yates."""
        found = list(range(count))
        for last in range(count - 1, 0, -1):
            mask = (1 << last.bit_length()) - 1
            other = self._half() & mask
            while other > last:
                other = self._half() & mask
            found[last], found[other] = found[other], found[last]
        return found
