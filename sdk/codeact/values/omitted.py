"""How much memory values take, and what stands for one that is not kept."""

from __future__ import annotations

import dataclasses
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
    if isinstance(value, (str, bytes)):
        return _OBJECT + len(value)
    if isinstance(value, np.ndarray):
        return _OBJECT + value.nbytes
    if isinstance(value, Image):
        return _OBJECT + value.array.nbytes
    if isinstance(value, (list, tuple, set, frozenset)):
        return _OBJECT + sum(8 + size_of(item) for item in value)
    if isinstance(value, dict):
        return _OBJECT + sum(32 + size_of(key) + size_of(item) for key, item in value.items())
    if isinstance(value, int):
        return _OBJECT + value.bit_length() // 8
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _OBJECT + sum(size_of(getattr(value, field.name)) for field in dataclasses.fields(value))
    return _OBJECT


def without_large(value: Any, most_bytes: int) -> Any:
    """The value, or where it takes more than that, an `Omitted` in its place."""
    size = size_of(value)
    return value if size <= most_bytes else Omitted(type(value).__name__, size)
