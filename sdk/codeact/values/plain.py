"""Values that msgpack writes and reads just as they are, as most of JSON and rows of tables: they need no packing."""

from __future__ import annotations

from itertools import chain
from typing import Any

from codeact.values.forms import HIGHEST_INT, LARGE_BYTES, LOWEST_INT, MAX_DEPTH, is_valid

_KINDS = frozenset([type(None), bool, int, float, str, bytes, list, dict])
_HOLD_OTHERS, _TEXT_ALONE = frozenset([list, dict]), frozenset([str])
_MOST_ITEMS = 1_000_000


def is_plain(value: Any) -> bool:
    """Whether a value, and all in it, is None, a bool, an int of 64 bits, a float, a str or bytes, a list, or a dict
    whose keys are all str; no text or bytes so large that they may go elsewhere, nothing nested too deep, nothing that
    is no Unicode. Of the others `pack` says what is wrong with them, if anything is.
    """
    level, seen = [value], 0
    for _ in range(MAX_DEPTH + 1):  # all that is nested equally deep at once: that is far quicker than one by one
        kinds = set(map(type, level))
        if not _KINDS.issuperset(kinds):
            return False
        if str in kinds and not _are_plain_texts([item for item in level if type(item) is str]):
            return False
        if bytes in kinds and max(len(item) for item in level if type(item) is bytes) >= LARGE_BYTES:
            return False
        if int in kinds:
            numbers = [item for item in level if type(item) is int]
            if min(numbers) < LOWEST_INT or max(numbers) > HIGHEST_INT:
                return False
        if not kinds & _HOLD_OTHERS:
            return True
        inner = list(chain.from_iterable(item for item in level if type(item) is list))
        if dict in kinds:
            dicts = [item for item in level if type(item) is dict]
            keys = set(chain.from_iterable(dicts))
            if not _TEXT_ALONE.issuperset(map(type, keys)) or (keys and not _are_plain_texts([*keys])):
                return False
            inner.extend(chain.from_iterable(map(dict.values, dicts)))
        seen += len(inner)
        if seen > _MOST_ITEMS:  # a list may hold another many times over
            return False
        level = inner
    return False


def _are_plain_texts(texts: list[str]) -> bool:
    return max(map(len, texts)) < LARGE_BYTES and ("".join(texts).isascii() or all(map(is_valid, texts)))
