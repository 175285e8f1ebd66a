"""A Gymnasium space of texts in any script, for programs and observations."""

from __future__ import annotations

import string
from typing import Any

from gymnasium.spaces import Text

_SAMPLE_LENGTH = 200


class UnicodeText(Text):
    """Every str of at most `max_length` characters that can be encoded, the empty one included.

    Samples are short and of printable ASCII: there is no uniform choice among all texts, and no use for one.
    """

    def __init__(self, max_length: int) -> None:
        super().__init__(max_length, min_length=0, charset=string.printable)

    def contains(self, x: Any) -> bool:
        if not isinstance(x, str) or len(x) > self.max_length:
            return False
        try:
            x.encode()
        except UnicodeEncodeError:  # a lone surrogate
            return False
        return True

    def sample(self, mask: Any = None, probability: Any = None) -> str:
        if mask is not None or probability is not None:
            return super().sample(mask, probability)
        length = int(self.np_random.integers(0, min(_SAMPLE_LENGTH, self.max_length) + 1))
        return "".join(self.np_random.choice(self.character_list, size=length).tolist())

    def __repr__(self) -> str:
        return f"UnicodeText({self.max_length})"
