"""What both ends agree on: the tags of the wire form, and what bounds a value."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codeact.errors import UnsupportedValue

MAX_DEPTH = 60
"""How deep values may be nested. A list that contains itself ends here."""

LOWEST_INT, HIGHEST_INT = -(2**63), 2**64 - 1
"""Of msgpack: int64 and uint64 together."""

MAX_BYTES = 16 * 1024 * 1024
"""How large one encoded value may be by default, in bytes."""

LARGE_BYTES = 32 * 1024
"""Text, bytes and arrays from this size on go where `packing.Put` puts them, if it does."""

ALLOWED = (
    "None, bool, int, float, complex, str, bytes, list, tuple, set, frozenset, dict, dataclasses and enums that the "
    "tools declare, numpy arrays of numbers, text or times, and images"
)

ARRAY_KINDS = frozenset("biufcSUmM?")
TUPLE, SET, DICT, DATACLASS, ENUM, ARRAY, SCALAR, IMAGE, BIG_INT, FROZENSET, MAP, COMPLEX = range(1, 13)
TEXT, BYTES = 13, 14  # those that lie elsewhere


def check_text(array: NDArray[Any], place: str) -> None:
    """Refuse an array of text with numbers in it that are no characters: numpy takes any, and fails when it is read."""
    if array.dtype.kind == "U" and array.size and array.dtype.itemsize:
        order = array.dtype.byteorder
        codes = np.ascontiguousarray(array).view(np.dtype(np.uint32).newbyteorder("=" if order == "|" else order))
        if ((codes > sys.maxunicode) | ((codes >= 0xD800) & (codes <= 0xDFFF))).any():
            raise UnsupportedValue(f"{place} is an array of text with what is no character in it")


def is_valid(text: str) -> bool:
    """Whether a text is Unicode: it may hold half of a surrogate pair, which nothing can encode."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
