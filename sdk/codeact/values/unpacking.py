"""Values of the form that crosses. Nothing in it is trusted."""

from __future__ import annotations

import dataclasses
import enum
import math
from collections import Counter
from collections.abc import Callable, Mapping
from itertools import chain
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from codeact.errors import UnsupportedValue
from codeact.values.forms import (
    ARRAY,
    ARRAY_KINDS,
    BIG_INT,
    BYTES,
    COMPLEX,
    DATACLASS,
    DICT,
    ENUM,
    FROZENSET,
    IMAGE,
    MAP,
    MAX_DEPTH,
    SCALAR,
    SET,
    TEXT,
    TUPLE,
    check_text,
)
from codeact.values.image import Image

_AS_THEY_ARE = frozenset([str, int, float, bool, bytes, type(None)])
_TEXT_ALONE, _DICT_ALONE, _INT_ALONE = frozenset([str]), frozenset([dict]), frozenset([int])
_SAME_HASH = 50
_EMPTY_TEXTS = 10_000
_NAME_CHARS = 60  # of a dtype; numpy takes minutes to look through a long one

Build = Callable[[type, dict[str, Any]], Any]


class Take(Protocol):
    """Gives a copy of an array that the other end put there: offset, shape, dtype and size in bytes."""

    def __call__(self, offset: int, shape: list[int], dtype: np.dtype[Any], size: int, /) -> NDArray[Any]: ...


def unpack(
    wire: Any,
    types: Mapping[str, type] | None = None,
    build: Build | None = None,
    place: str = "value",
    take: Take | None = None,
) -> Any:
    """The value of a wire form. Nothing is trusted: any form that `pack` does not make is refused.

    Args:
        types: the dataclasses and enums that may cross, by name.
        build: makes an instance of a dataclass from its fields; by default it calls the class.
        take: where the bytes of large arrays are, if not in the form itself.

    Raises:
        UnsupportedValue: naming the place and what is wrong.
    """
    return _unpack(wire, types or {}, build, place, 0, take)


def _unpack(
    wire: Any, types: Mapping[str, type], build: Build | None, place: str, depth: int, take: Take | None
) -> Any:
    kind = type(wire)
    if kind is str or kind is int or kind is float or kind is bool or wire is None or kind is bytes:
        return wire
    if depth >= MAX_DEPTH:
        raise UnsupportedValue(f"{place} is nested deeper than {MAX_DEPTH} levels")
    if kind is list:
        if _AS_THEY_ARE.issuperset(map(type, wire)):
            return [*wire]
        if depth + 1 < MAX_DEPTH and (rows := _plain_rows(wire)) is not None:
            return rows
        return [_unpack(item, types, build, place, depth + 1, take) for item in wire]
    if kind is not dict or len(wire) != 1:
        raise UnsupportedValue(f"{place} is malformed on the wire")
    ((tag, body),) = wire.items()
    if type(tag) is not int:
        raise UnsupportedValue(f"{place} is malformed on the wire")
    if tag == DICT and type(body) is dict and _TEXT_ALONE.issuperset(map(type, body)):
        if _AS_THEY_ARE.issuperset(map(type, body.values())):
            return {**body}
        return {key: _unpack(item, types, build, place, depth + 1, take) for key, item in body.items()}
    try:
        return _unpack_tagged(tag, body, types, build, place, depth, take)
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError) as problem:
        if isinstance(problem, UnsupportedValue):
            raise
        raise UnsupportedValue(f"{place} cannot be made: {type(problem).__name__}: {problem}") from None


def _plain_rows(wire: list[Any]) -> list[Any] | None:
    """The dicts of plain values that all items of a list are, without a look at each; None where they are others."""
    if not _DICT_ALONE.issuperset(map(type, wire)) or max(map(len, wire)) != 1:
        return None
    rows = [item.get(DICT) for item in wire]
    if not (_DICT_ALONE.issuperset(map(type, rows)) and _INT_ALONE.issuperset(map(type, chain.from_iterable(wire)))):
        return None
    plain = _AS_THEY_ARE.issuperset(map(type, chain.from_iterable(map(dict.values, rows))))
    if not (plain and _TEXT_ALONE.issuperset(map(type, chain.from_iterable(rows)))):
        return None
    return [{**row} for row in rows]


def _unpack_tagged(
    tag: int,
    body: Any,
    types: Mapping[str, type],
    build: Build | None,
    place: str,
    depth: int,
    take: Take | None,
) -> Any:
    def inner(item: Any) -> Any:
        return _unpack(item, types, build, place, depth + 1, take)

    if tag == DICT:
        return {_text(key, place): inner(item) for key, item in _of(dict, body, place).items()}
    if tag == BIG_INT:
        return int.from_bytes(_of(bytes, body, place), "little", signed=True)
    items = _of(list, body, place)
    if tag == TUPLE:
        return tuple([inner(item) for item in items])
    if tag in (SET, FROZENSET):
        return (set if tag == SET else frozenset)(_spread([inner(item) for item in items], place))
    if tag == MAP:
        if len(items) % 2:
            raise UnsupportedValue(f"{place} is malformed on the wire")
        keys = _spread([inner(item) for item in items[::2]], place)
        return dict(zip(keys, [inner(item) for item in items[1::2]], strict=True))
    if tag == DATACLASS:
        name, fields = items
        made = _type(name, types, place)
        values = {_text(key, place): inner(item) for key, item in _of(dict, fields, place).items()}
        return _make(made, values, build)
    if tag == ENUM:
        name, member = items
        found = _type(name, types, place)
        if not issubclass(found, enum.Enum):
            raise UnsupportedValue(f"{place} is malformed on the wire")
        return found[_text(member, place)]
    if tag in (TEXT, BYTES) and take is not None:
        offset, size = items
        data = take(_of(int, offset, place), [_of(int, size, place)], np.dtype(np.uint8), size)
        return str(data.data, "utf-8") if tag == TEXT else data.tobytes()
    if tag == COMPLEX:
        real, imaginary = items
        return complex(_of(float, real, place), _of(float, imaginary, place))
    if tag == ARRAY:
        dtype, shape, data = items
        return _array(dtype, shape, data, place, take)
    if tag == SCALAR:
        dtype, data = items
        return _array(dtype, [], data, place)[()]
    if tag == IMAGE:
        shape, data = items
        pixels = _array("|u1", shape, data, place, take)
        pixels.setflags(write=False)
        return Image(pixels)
    raise UnsupportedValue(f"{place} is malformed on the wire")


def _make(kind: type, values: dict[str, Any], build: Build | None) -> Any:
    if build is not None:
        return build(kind, values)
    given = {
        field.name: values.pop(field.name) for field in dataclasses.fields(kind) if field.init and field.name in values
    }
    made = kind(**given)
    names = {field.name for field in dataclasses.fields(kind)}
    for name, value in values.items():
        if name not in names:
            raise UnsupportedValue(f"{kind.__name__} has no field {name!r}")
        object.__setattr__(made, name, value)
    return made


def _of(kind: type, body: Any, place: str) -> Any:
    if type(body) is not kind:
        raise UnsupportedValue(f"{place} is malformed on the wire")
    return body


def _text(item: Any, place: str) -> str:
    return str(_of(str, item, place))


def _type(name: Any, types: Mapping[str, type], place: str) -> type:
    found = types.get(_text(name, place))
    if found is None:
        raise UnsupportedValue(f"{place} is of type {name!r:.60}, which the tools do not declare")
    return found


def _spread(keys: list[Any], place: str) -> list[Any]:
    """The keys, unless many were made to share a hash: a set of a million such would take this process hours."""
    if len(keys) > _SAME_HASH and max(Counter(map(hash, keys)).values()) > _SAME_HASH:
        raise UnsupportedValue(f"{place} holds too many elements of one hash")
    return keys


def _array(dtype: Any, shape: Any, data: Any, place: str, take: Take | None = None) -> NDArray[Any]:
    name = _text(dtype, place)
    if (
        len(name) > _NAME_CHARS or name[:1] not in ("<", ">", "|") or name[1:2] not in ARRAY_KINDS
    ):  # numpy knows more names, and warns of some
        raise UnsupportedValue(f"{place} is a numpy array of {name!r:.40}, which cannot cross")
    kind = np.dtype(name)
    if kind.kind not in ARRAY_KINDS or kind.hasobject or kind.subdtype or kind.fields:
        raise UnsupportedValue(f"{place} is a numpy array of {kind}, which cannot cross")
    sizes = _of(list, shape, place)
    if len(sizes) > 32 or any(type(size) is not int or size < 0 for size in sizes):
        raise UnsupportedValue(f"{place} is an array of an impossible shape")
    if take is not None and type(data) is int:
        return take(data, sizes, kind, math.prod(sizes) * kind.itemsize)
    if math.prod(sizes) * kind.itemsize != len(_of(bytes, data, place)):
        raise UnsupportedValue(f"{place} is an array whose shape does not fit its data")
    if kind.itemsize == 0:  # numpy makes room for one character each, which no data here pays for
        if math.prod(sizes) > _EMPTY_TEXTS:
            raise UnsupportedValue(f"{place} is an array of too many empty texts")
        return np.zeros(sizes, kind)
    if kind.kind == "b":  # any other byte than 0 and 1 would be true, and yet not equal to True
        return np.not_equal(np.frombuffer(data, np.uint8), 0).reshape(sizes)
    made = np.frombuffer(data, kind)
    check_text(made, place)
    return made.reshape(sizes).copy()
