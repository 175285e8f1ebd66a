"""How much memory values take, and what stands for one that is not kept."""

from __future__ import annotations

import dataclasses
from itertools import chain
from typing import Any

import numpy as np

from codeact.values.image import Image

_OBJECT = 64  # bytes, about, of what any object takes


@dataclasses.dataclass(frozen=True)
class Omitted:
    """Stands for a large value in a record that had no room left for it.

    Attributes:
        kind: the name of its type.
        size_bytes: about how much memory it takes.
    """

    kind: str
    size_bytes: int


def size_of(value: Any) -> int:
    """About how many bytes of memory a value that may cross takes."""
    total, level = 0, [value]
    while level:  # all that is nested equally deep at once, and of that what is of one type: a table has many rows
        total += _OBJECT * len(level)
        inner: list[Any] = []
        for kind in set(map(type, level)):
            total += _size_in(kind, [item for item in level if type(item) is kind], inner)
        level = inner
    return total


def _size_in(kind: type, items: list[Any], inner: list[Any]) -> int:
    """What these items of one type take besides their objects. Adds what they hold to `inner`."""
    if issubclass(kind, (str, bytes)):
        return sum(map(len, items))
    if issubclass(kind, int):
        return sum(map(int.bit_length, items)) // 8
    if issubclass(kind, np.ndarray):
        return sum(item.nbytes for item in items)
    if issubclass(kind, Image):
        return sum(item.array.nbytes for item in items)
    held = len(inner)
    if issubclass(kind, (list, tuple, set, frozenset)):
        inner.extend(chain.from_iterable(items))
        return 8 * (len(inner) - held)
    if issubclass(kind, dict):
        inner.extend(chain.from_iterable(items))
        inner.extend(chain.from_iterable(map(dict.values, items)))
        return 16 * (len(inner) - held)
    if dataclasses.is_dataclass(kind):
        names = [field.name for field in dataclasses.fields(kind)]
        inner.extend(getattr(item, name) for item in items for name in names)
    return 0


def without_large(value: Any, most_bytes: int) -> Any:
    """The value, or where it takes more than that, an `Omitted` in its place."""
    size = size_of(value)
    return value if size <= most_bytes else Omitted(type(value).__name__, size)
