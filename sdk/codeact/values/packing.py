"""Values to the form that crosses: what msgpack itself can write."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Collection, Mapping
from itertools import chain
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from codeact.errors import UnsupportedValue
from codeact.values.forms import (
    ALLOWED,
    ARRAY,
    ARRAY_KINDS,
    BIG_INT,
    BYTES,
    COMPLEX,
    DATACLASS,
    DICT,
    ENUM,
    FROZENSET,
    HIGHEST_INT,
    IMAGE,
    LARGE_BYTES,
    LOWEST_INT,
    MAP,
    MAX_DEPTH,
    SCALAR,
    SET,
    TEXT,
    TUPLE,
    check_text,
    is_valid,
)
from codeact.values.image import Image

_WRITTEN_AS_THEY_ARE = frozenset([float, bool, type(None)])
_PLAIN = _WRITTEN_AS_THEY_ARE | {str, int}
_TEXT_ALONE, _DICT_ALONE = frozenset([str]), frozenset([dict])

Place = str | tuple[Any, str, Any]
"""Where a value stands, for an error: words, or the place around it, how it stands there, and its key."""


class Put(Protocol):
    """Puts an array where the other end will find it, and gives its offset; None where it will not."""

    def __call__(self, array: NDArray[Any], /) -> int | None: ...


def pack(value: Any, types: Mapping[str, type] | None = None, place: str = "value", put: Put | None = None) -> Any:
    """The wire form of a value: what msgpack itself can write.

    Args:
        types: the dataclasses and enums that may cross, by name.
        place: how an error names the value.
        put: where the bytes of large arrays go, if not into the form itself.

    Raises:
        UnsupportedValue: naming the type, the place and what is allowed.
    """
    return _pack(value, types or {}, place, 0, put)


def _pack(value: Any, types: Mapping[str, type], place: Place, depth: int, put: Put | None) -> Any:
    kind = type(value)
    if kind is str:
        if not is_valid(value):
            raise UnsupportedValue(f"{_words(place)} is text that is not valid Unicode (a lone surrogate)")
        return value if len(value) < LARGE_BYTES or put is None else _elsewhere(TEXT, value.encode(), value, put)
    if kind is float or kind is bool or value is None:
        return value
    if kind is bytes:
        return value if len(value) < LARGE_BYTES or put is None else _elsewhere(BYTES, value, value, put)
    if kind is int:
        if LOWEST_INT <= value <= HIGHEST_INT:
            return value
        return {BIG_INT: value.to_bytes((value.bit_length() + 8) // 8, "little", signed=True)}
    if depth >= MAX_DEPTH:
        raise UnsupportedValue(f"{_words(place)} is nested deeper than {MAX_DEPTH} levels, or contains itself")
    if kind is list:
        if _is_written_as_it_is(value):
            return value
        if depth + 1 < MAX_DEPTH and _are_plain_rows(value):
            return [{DICT: row} for row in value]
        return _pack_items(value, types, place, depth, put)
    if kind is tuple:
        return {TUPLE: [*value] if _is_written_as_it_is(value) else _pack_items(value, types, place, depth, put)}
    if kind is dict:
        return _pack_dict(value, types, place, depth, put)
    if kind is set or kind is frozenset:
        items = [_pack(item, types, (place, "{{...}}", None), depth + 1, put) for item in value]
        return {SET if kind is set else FROZENSET: items}
    if kind is complex:
        return {COMPLEX: [value.real, value.imag]}
    if isinstance(value, enum.Enum):
        _declared(kind, types, place)
        return {ENUM: [kind.__name__, value.name]}
    if kind is Image:
        return {IMAGE: [list(value.array.shape), _data(value.array, put)]}
    if isinstance(value, np.generic) and value.dtype.kind in ARRAY_KINDS:
        check_text(np.asarray(value), _words(place))
        return {SCALAR: [value.dtype.str, value.tobytes()]}
    if kind is np.ndarray:
        if value.dtype.kind not in ARRAY_KINDS:
            raise UnsupportedValue(
                f"{_words(place)} is a numpy array of {value.dtype}; arrays of numbers, text or times may cross"
            )
        check_text(value, _words(place))
        return {ARRAY: [value.dtype.str, list(value.shape), _data(value, put)]}
    if dataclasses.is_dataclass(kind):
        _declared(kind, types, place)
        fields = {
            field.name: _pack(getattr(value, field.name), types, (place, ".{}", field.name), depth + 1, put)
            for field in dataclasses.fields(value)
        }
        return {DATACLASS: [kind.__name__, fields]}
    if kind.__module__.startswith("PIL.") and hasattr(value, "convert"):
        return _pack(Image.from_pil(value), types, place, depth, put)
    raise UnsupportedValue(f"{_words(place)} is of type {kind.__name__}, which cannot cross; allowed are {ALLOWED}")


def _data(array: NDArray[Any], put: Put | None) -> bytes | int:
    offset = None if put is None else put(array)
    return array.tobytes() if offset is None else offset


def _elsewhere(tag: int, data: bytes, value: str | bytes, put: Put) -> Any:
    offset = put(np.frombuffer(data, np.uint8))
    return value if offset is None else {tag: [offset, len(data)]}


def _pack_items(
    items: list[Any] | tuple[Any, ...], types: Mapping[str, type], place: Place, depth: int, put: Put | None
) -> list[Any]:
    return [_pack(item, types, (place, "[{}]", index), depth + 1, put) for index, item in enumerate(items)]


def _pack_dict(value: dict[Any, Any], types: Mapping[str, type], place: Place, depth: int, put: Put | None) -> Any:
    if _TEXT_ALONE.issuperset(map(type, value)):
        if _is_written_as_it_is(value.values()) and ("".join(value).isascii() or all(map(is_valid, value))):
            return {DICT: value}
        packed = {}
        for key, item in value.items():
            packed[_pack(key, types, place, depth, put)] = _pack(
                item, types, (place, "[{!r:.40}]", key), depth + 1, put
            )
        return {DICT: packed}
    pairs = []
    for key, item in value.items():
        pairs.append(_pack(key, types, (place, "a key of ", None), depth + 1, put))
        pairs.append(_pack(item, types, (place, "[{}]", _short(key)), depth + 1, put))
    return {MAP: pairs}


def _is_written_as_it_is(items: Collection[Any]) -> bool:
    """Whether msgpack writes all of these just as they are, and none is so large that it may go elsewhere."""
    if _WRITTEN_AS_THEY_ARE.issuperset(map(type, items)):
        return True
    for item in items:
        kind = type(item)
        if kind is str:
            if len(item) >= LARGE_BYTES or not (item.isascii() or is_valid(item)):
                return False
        elif kind is bytes:
            if len(item) >= LARGE_BYTES:
                return False
        elif kind is int:
            if not LOWEST_INT <= item <= HIGHEST_INT:
                return False
        elif kind not in _WRITTEN_AS_THEY_ARE:
            return False
    return True


def _are_plain_rows(items: list[Any]) -> bool:
    """Whether all of these are dicts of what msgpack writes just as it is: rows of a table, without a look at each."""
    if not _DICT_ALONE.issuperset(map(type, items)):
        return False
    keys = set(chain.from_iterable(items))
    if not (_TEXT_ALONE.issuperset(map(type, keys)) and "".join(keys).isascii()):
        return False
    held = [*chain.from_iterable(map(dict.values, items))]
    kinds = set(map(type, held))
    if not _PLAIN.issuperset(kinds):
        return False
    if int in kinds:
        numbers = [value for value in held if type(value) is int]
        if min(numbers) < LOWEST_INT or max(numbers) > HIGHEST_INT:
            return False
    if str not in kinds:
        return True
    texts = [value for value in held if type(value) is str]
    return max(map(len, texts)) < LARGE_BYTES and ("".join(texts).isascii() or all(map(is_valid, texts)))


def _words(place: Place) -> str:
    if isinstance(place, str):
        return place
    around, how, key = place
    return f"{how}{_words(around)}" if how == "a key of " else f"{_words(around)}{how.format(key)}"


def _short(key: Any) -> str:
    return repr(key)[:40] if type(key) in (int, float, bool, str, bytes, type(None)) else type(key).__name__


def _declared(kind: type, types: Mapping[str, type], place: Place) -> None:
    if types.get(kind.__name__) is not kind:
        names = ", ".join(types) or "none"
        raise UnsupportedValue(
            f"{_words(place)} is of type {kind.__name__}, which the tools do not declare (declared types: {names}); "
            "a type is declared by naming it in a tool's annotations"
        )
