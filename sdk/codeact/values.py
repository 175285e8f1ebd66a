"""Which values cross between a program in the sandbox and its host, and how.

These cross, exactly: None, bool, int of any size, float, complex, str, bytes, list, tuple, set, frozenset, dict, the
dataclasses and enums that a toolbox declares, numpy arrays and numpy scalars (no object dtype), and images.
Everything else is refused with `UnsupportedValue`, which names the type, the place and what is allowed. There is no
pickle: what is decoded can only ever be one of these.

On the wire a value is msgpack. None, bool, int up to 64 bits, float, str, bytes and list are msgpack's own; each
other kind is a map with one key, its tag, as `pack` shows. Both ends share this module.
"""

from __future__ import annotations

import dataclasses
import enum
import hashlib
import io
import math
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from codeact.errors import UnsupportedValue

MAX_DEPTH = 60
"""How deep values may be nested. A list that contains itself ends here."""

MAX_BYTES = 16 * 1024 * 1024
"""How large one encoded value may be by default, in bytes."""

MAX_ITEMS, MAX_CONTAINERS = 2_000_000, 250_000
"""How many items, and how many lists, dicts and the like among them, may be in what comes over the wire at once."""

ALLOWED = (
    "None, bool, int, float, complex, str, bytes, list, tuple, set, frozenset, dict, dataclasses and enums that the "
    "tools declare, numpy arrays of numbers, text or times, and images"
)

_LOWEST_INT, _HIGHEST_INT = -(2**63), 2**64 - 1  # of msgpack: int64 and uint64 together
_ARRAY_KINDS = frozenset("biufcSUmM?")
_TUPLE, _SET, _DICT, _DATACLASS, _ENUM, _ARRAY, _SCALAR, _IMAGE, _BIG_INT, _FROZENSET, _MAP, _COMPLEX = range(1, 13)

_SAME_HASH = 50
_EMPTY_TEXTS = 10_000
_JSON_INT_BITS = 14_000  # Python writes no more than 4300 digits

_ENUM_BASES: dict[str, tuple[type, ...]] = {
    "IntEnum": (enum.IntEnum,),
    "StrEnum": (enum.StrEnum,),
    "int": (int, enum.Enum),
    "str": (str, enum.Enum),
}

_WRITTEN_AS_THEY_ARE = frozenset([float, bool, bytes, type(None)])

Build = Callable[[type, dict[str, Any]], Any]


@dataclasses.dataclass(frozen=True, eq=False)
class Image:
    """A picture, as 8-bit values.

    Attributes:
        array: uint8, shape (H, W) for grey, (H, W, 3) for RGB or (H, W, 4) for RGBA; row 0 is the top. Read-only.
    """

    array: NDArray[np.uint8]

    def __post_init__(self) -> None:
        array = np.asarray(self.array)
        if array.dtype != np.uint8 or not (array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (3, 4))):
            raise UnsupportedValue(
                f"an image needs a uint8 array of shape (H, W), (H, W, 3) or (H, W, 4), not {array.dtype} {array.shape}"
            )
        if array.flags.writeable:
            array = array.copy()
            array.setflags(write=False)
        object.__setattr__(self, "array", array)

    @property
    def width(self) -> int:
        """Columns, in pixels."""
        return int(self.array.shape[1])

    @property
    def height(self) -> int:
        """Rows, in pixels."""
        return int(self.array.shape[0])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """What `numpy.asarray(image)` gives: the array itself, or a copy where one is asked for or needed."""
        return np.array(self.array, dtype=dtype, copy=copy)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Image) and np.array_equal(self.array, other.array)

    def __hash__(self) -> int:
        return hash((self.array.shape, self.array.tobytes()))

    def __repr__(self) -> str:
        kind = {2: "grey"}.get(self.array.ndim) or {3: "RGB", 4: "RGBA"}[self.array.shape[2]]
        return f"Image({self.width}x{self.height} {kind})"

    @staticmethod
    def from_pil(picture: Any) -> Image:
        """An image from a `PIL.Image.Image`; modes other than L, RGB and RGBA are converted to RGB."""
        if picture.mode not in ("L", "RGB", "RGBA"):
            picture = picture.convert("RGB")
        return Image(np.array(picture, dtype=np.uint8))

    def to_pil(self) -> Any:
        """This image as a `PIL.Image.Image`."""
        from PIL import Image as pil

        return pil.fromarray(np.ascontiguousarray(self.array))

    def png(self) -> bytes:
        """This image as the bytes of a PNG file."""
        out = io.BytesIO()
        self.to_pil().save(out, format="PNG")
        return out.getvalue()


# ---- to the wire ----------------------------------------------------------------------------------------------------


class Put(Protocol):
    """Puts an array where the other end will find it, and gives its offset; None where it will not."""

    def __call__(self, array: NDArray[Any], /) -> int | None: ...


class Take(Protocol):
    """Gives a copy of an array that the other end put there: offset, shape, dtype and size in bytes."""

    def __call__(self, offset: int, shape: list[int], dtype: np.dtype[Any], size: int, /) -> NDArray[Any]: ...


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


def _pack(value: Any, types: Mapping[str, type], place: str, depth: int, put: Put | None) -> Any:
    kind = type(value)
    if kind is str:
        try:
            value.encode()
        except UnicodeEncodeError:
            raise UnsupportedValue(f"{place} is text that is not valid Unicode (a lone surrogate)") from None
        return value
    if kind is float or kind is bool or value is None or kind is bytes:
        return value
    if kind is int:
        if _LOWEST_INT <= value <= _HIGHEST_INT:
            return value
        return {_BIG_INT: value.to_bytes((value.bit_length() + 8) // 8, "little", signed=True)}
    if depth >= MAX_DEPTH:
        raise UnsupportedValue(f"{place} is nested deeper than {MAX_DEPTH} levels, or contains itself")
    if kind is list:
        if _WRITTEN_AS_THEY_ARE.issuperset(map(type, value)):
            return value
        return [_pack(item, types, f"{place}[{index}]", depth + 1, put) for index, item in enumerate(value)]
    if kind is tuple:
        return {_TUPLE: [_pack(item, types, f"{place}[{index}]", depth + 1, put) for index, item in enumerate(value)]}
    if kind is dict:
        return _pack_dict(value, types, place, depth, put)
    if kind is set or kind is frozenset:
        items = [_pack(item, types, f"{place}{{...}}", depth + 1, put) for item in value]
        return {_SET if kind is set else _FROZENSET: items}
    if kind is complex:
        return {_COMPLEX: [value.real, value.imag]}
    if isinstance(value, enum.Enum):
        _declared(kind, types, place)
        return {_ENUM: [kind.__name__, value.name]}
    if kind is Image:
        return {_IMAGE: [list(value.array.shape), _data(value.array, put)]}
    if isinstance(value, np.generic) and value.dtype.kind in _ARRAY_KINDS:
        _check_text(np.asarray(value), place)
        return {_SCALAR: [value.dtype.str, value.tobytes()]}
    if kind is np.ndarray:
        if value.dtype.kind not in _ARRAY_KINDS:
            raise UnsupportedValue(
                f"{place} is a numpy array of {value.dtype}; arrays of numbers, text or times may cross"
            )
        _check_text(value, place)
        return {_ARRAY: [value.dtype.str, list(value.shape), _data(value, put)]}
    if dataclasses.is_dataclass(kind):
        _declared(kind, types, place)
        fields = {
            field.name: _pack(getattr(value, field.name), types, f"{place}.{field.name}", depth + 1, put)
            for field in dataclasses.fields(value)
        }
        return {_DATACLASS: [kind.__name__, fields]}
    if kind.__module__.startswith("PIL.") and hasattr(value, "convert"):
        return _pack(Image.from_pil(value), types, place, depth, put)
    raise UnsupportedValue(f"{place} is of type {kind.__name__}, which cannot cross; allowed are {ALLOWED}")


def _data(array: NDArray[Any], put: Put | None) -> bytes | int:
    offset = None if put is None else put(array)
    return array.tobytes() if offset is None else offset


def _pack_dict(value: dict[Any, Any], types: Mapping[str, type], place: str, depth: int, put: Put | None) -> Any:
    if all(type(key) is str for key in value):
        packed = {}
        for key, item in value.items():
            packed[_pack(key, types, place, depth, put)] = _pack(item, types, f"{place}[{key!r:.40}]", depth + 1, put)
        return {_DICT: packed}
    pairs = []
    for key, item in value.items():
        pairs.append(_pack(key, types, f"a key of {place}", depth + 1, put))
        pairs.append(_pack(item, types, f"{place}[{_short(key)}]", depth + 1, put))
    return {_MAP: pairs}


def _short(key: Any) -> str:
    return repr(key)[:40] if type(key) in (int, float, bool, str, bytes, type(None)) else type(key).__name__


def _declared(kind: type, types: Mapping[str, type], place: str) -> None:
    if types.get(kind.__name__) is not kind:
        names = ", ".join(types) or "none"
        raise UnsupportedValue(
            f"{place} is of type {kind.__name__}, which the tools do not declare (declared types: {names}); "
            "a type is declared by naming it in a tool's annotations"
        )


# ---- from the wire --------------------------------------------------------------------------------------------------


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
        return [_unpack(item, types, build, place, depth + 1, take) for item in wire]
    if kind is not dict or len(wire) != 1:
        raise UnsupportedValue(f"{place} is malformed on the wire")
    ((tag, body),) = wire.items()
    if type(tag) is not int:
        raise UnsupportedValue(f"{place} is malformed on the wire")
    try:
        return _unpack_tagged(tag, body, types, build, place, depth, take)
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError) as problem:
        if isinstance(problem, UnsupportedValue):
            raise
        raise UnsupportedValue(f"{place} cannot be made: {type(problem).__name__}: {problem}") from None


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

    if tag == _DICT:
        return {_text(key, place): inner(item) for key, item in _of(dict, body, place).items()}
    if tag == _BIG_INT:
        return int.from_bytes(_of(bytes, body, place), "little", signed=True)
    items = _of(list, body, place)
    if tag == _TUPLE:
        return tuple([inner(item) for item in items])
    if tag in (_SET, _FROZENSET):
        return (set if tag == _SET else frozenset)(_spread([inner(item) for item in items], place))
    if tag == _MAP:
        if len(items) % 2:
            raise UnsupportedValue(f"{place} is malformed on the wire")
        keys = _spread([inner(item) for item in items[::2]], place)
        return dict(zip(keys, [inner(item) for item in items[1::2]], strict=True))
    if tag == _DATACLASS:
        name, fields = items
        made = _type(name, types, place)
        values = {_text(key, place): inner(item) for key, item in _of(dict, fields, place).items()}
        return _make(made, values, build)
    if tag == _ENUM:
        name, member = items
        found = _type(name, types, place)
        if not issubclass(found, enum.Enum):
            raise UnsupportedValue(f"{place} is malformed on the wire")
        return found[_text(member, place)]
    if tag == _COMPLEX:
        real, imaginary = items
        return complex(_of(float, real, place), _of(float, imaginary, place))
    if tag == _ARRAY:
        dtype, shape, data = items
        return _array(dtype, shape, data, place, take)
    if tag == _SCALAR:
        dtype, data = items
        return _array(dtype, [], data, place)[()]
    if tag == _IMAGE:
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
    kind = np.dtype(_text(dtype, place))
    if kind.kind not in _ARRAY_KINDS or kind.hasobject or kind.subdtype or kind.fields:
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
    made = np.frombuffer(data, kind)
    _check_text(made, place)
    return made.reshape(sizes).copy()


def _check_text(array: NDArray[Any], place: str) -> None:
    """Refuse an array of text with numbers in it that are no characters: numpy takes any, and fails when it is read."""
    if array.dtype.kind == "U" and array.size and array.dtype.itemsize:
        order = array.dtype.byteorder
        codes = np.ascontiguousarray(array).view(np.dtype(np.uint32).newbyteorder("=" if order == "|" else order))
        if ((codes > sys.maxunicode) | ((codes >= 0xD800) & (codes <= 0xDFFF))).any():
            raise UnsupportedValue(f"{place} is an array of text with what is no character in it")


# ---- bytes that are not trusted --------------------------------------------------------------------------------------

_UNCHECKED = 32 * 1024  # what so few bytes can do is soon over
_SMALL_INTS = re.compile(rb"[\x00-\x7f\xe0-\xff]*")
_FLOATS = re.compile(rb"(?:\xcb.{8})*", re.DOTALL)
# After these first bytes so many bytes follow; or so many bytes tell a length, of bytes that follow or of items.
_FIXED = {0xC0: 0, 0xC2: 0, 0xC3: 0, 0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8, 0xD0: 1, 0xD1: 2, 0xD2: 4, 0xD3: 8}
_FIXED |= {0xCA: 4, 0xCB: 8}
_TEXTS, _BLOBS = {0xD9: 1, 0xDA: 2, 0xDB: 4}, {0xC4: 1, 0xC5: 2, 0xC6: 4}
_ARRAYS, _MAPS = {0xDC: 2, 0xDD: 4}, {0xDE: 2, 0xDF: 4}


def check_wire(data: bytes | bytearray | memoryview) -> None:
    """Look through msgpack before it is decoded: its decoding takes time and memory that its size does not tell.

    A byte can be a list of 56 bytes, and a map's keys can be lists that were made to share a hash. Bytes that end too
    early are left to the decoder.

    Raises:
        UnsupportedValue: above `MAX_ITEMS` or `MAX_CONTAINERS`, or with keys that are neither text nor a small number.
    """
    size = len(data)
    if size <= _UNCHECKED:
        return
    position = items = containers = 0
    left, in_map = 1, False
    opened: list[tuple[int, bool]] = []
    while position < size:
        while left == 0:
            if not opened:
                return
            left, in_map = opened.pop()
        first = data[position]
        is_key = in_map and left % 2 == 0
        if not in_map and (first < 0x80 or first >= 0xE0):
            end = _match(_SMALL_INTS, data, position, left)
            left, position = left - (end - position), end
            continue
        if not in_map and first == 0xCB:
            end = _match(_FLOATS, data, position, 9 * left)
            if end > position:
                left, position = left - (end - position) // 9, end
                continue
            return
        left -= 1
        count = -1
        if first < 0x80 or first >= 0xE0:
            position += 1
        elif first < 0x90:
            count, position = 2 * (first & 15), position + 1
        elif first < 0xA0:
            count, position = first & 15, position + 1
        elif first < 0xC0:
            position += 1 + (first & 31)
        elif first in _FIXED:
            position += 1 + _FIXED[first]
        elif first in _TEXTS or first in _BLOBS:
            width = _TEXTS.get(first) or _BLOBS[first]
            position += 1 + width + int.from_bytes(data[position + 1 : position + 1 + width], "big")
        elif first in _ARRAYS or first in _MAPS:
            width = _ARRAYS.get(first) or _MAPS[first]
            count = int.from_bytes(data[position + 1 : position + 1 + width], "big") * (2 if first in _MAPS else 1)
            position += 1 + width
        else:
            raise UnsupportedValue("value is malformed on the wire")
        if is_key and not (first < 0x80 or 0xA0 <= first < 0xC0 or first in _TEXTS):
            raise UnsupportedValue("value is malformed on the wire: a key is neither text nor a small number")
        if count >= 0:
            items, containers = items + count, containers + 1
            if items > MAX_ITEMS or containers > MAX_CONTAINERS:
                raise UnsupportedValue(
                    f"value has too many parts: at most {MAX_ITEMS:,} items, and {MAX_CONTAINERS:,} lists, dicts and "
                    "the like among them, may cross at once; numbers may cross as a numpy array"
                )
            opened.append((left, in_map))
            left, in_map = count, (0x80 <= first < 0x90 or first in _MAPS)


def _match(pattern: re.Pattern[bytes], data: bytes | bytearray | memoryview, start: int, length: int) -> int:
    found = pattern.match(data, start, min(len(data), start + length))
    return found.end() if found is not None else start


# ---- bytes ----------------------------------------------------------------------------------------------------------


def encode(value: Any, types: Mapping[str, type] | None = None, max_bytes: int = MAX_BYTES) -> bytes:
    """The bytes of a value.

    Raises:
        UnsupportedValue: naming the type, the place and what is allowed; or the size, where it is above `max_bytes`.
    """
    try:
        data = msgspec.msgpack.encode(pack(value, types))
    except RecursionError:
        raise UnsupportedValue("value is nested too deep") from None
    if len(data) > max_bytes:
        raise UnsupportedValue(f"value takes {len(data):,} bytes; at most {max_bytes:,} may cross")
    return data


def decode(data: bytes, types: Mapping[str, type] | None = None, max_bytes: int = MAX_BYTES) -> Any:
    """The value of bytes that `encode` made, which are not trusted.

    Raises:
        UnsupportedValue: naming what is wrong.
    """
    if len(data) > max_bytes:
        raise UnsupportedValue(f"value takes {len(data):,} bytes; at most {max_bytes:,} may cross")
    check_wire(data)
    try:
        return unpack(msgspec.msgpack.decode(data), types)
    except (msgspec.MsgspecError, RecursionError, ValueError) as problem:
        raise UnsupportedValue(f"value is malformed on the wire: {problem}") from None


# ---- types as data --------------------------------------------------------------------------------------------------


def describe_types(types: Mapping[str, type]) -> list[dict[str, Any]]:
    """What the sandbox needs to know to make classes of the same names: fields with the defaults that cross, enum
    members.

    Raises:
        UnsupportedValue: where a type is neither a dataclass nor an enum, or a member's value cannot cross.
    """
    described: list[dict[str, Any]] = []
    for name, kind in types.items():
        doc = (kind.__doc__ or "") if kind.__dict__.get("__doc__") else ""
        if issubclass(kind, enum.Enum):
            base = next((key for key, bases in _ENUM_BASES.items() if all(issubclass(kind, b) for b in bases)), "")
            members = [
                [member, pack(item.value, types, f"{name}.{member}")] for member, item in kind.__members__.items()
            ]
            described.append({"name": name, "doc": doc, "base": base, "members": members})
        elif dataclasses.is_dataclass(kind):
            frozen = bool(getattr(kind, "__dataclass_params__").frozen)  # noqa: B009 - mypy does not know it
            described.append({"name": name, "doc": doc, "frozen": frozen, "fields": list(_fields(kind, types))})
        else:
            raise UnsupportedValue(f"type {name} is neither a dataclass nor an enum")
    return described


def _fields(kind: Any, types: Mapping[str, type]) -> Iterable[dict[str, Any]]:
    for field in dataclasses.fields(kind):
        entry: dict[str, Any] = {"name": field.name, "init": field.init, "keyword": bool(field.kw_only)}
        default = field.default
        if default is dataclasses.MISSING and field.default_factory is not dataclasses.MISSING:
            default = field.default_factory()
        if default is not dataclasses.MISSING:
            try:
                entry["default"] = pack(default, types)
            except UnsupportedValue:
                # A default that cannot cross is the host's own: in the sandbox the field has to be given.
                entry["required"] = True
        yield entry


def make_types(described: Iterable[Mapping[str, Any]]) -> dict[str, type]:
    """The classes of a description, made anew. Methods of the originals do not cross: only their data does."""
    made: dict[str, type] = {}
    for entry in described:
        name = entry["name"]
        kind: type
        if "members" in entry:
            mixin = _ENUM_BASES.get(entry["base"], (enum.Enum,))
            members = [(member, unpack(item, made)) for member, item in entry["members"]]
            kind = enum.EnumMeta(name, mixin, _members(name, mixin, members))
        else:
            kind = dataclasses.make_dataclass(name, [_field(f, made) for f in entry["fields"]], frozen=entry["frozen"])
        kind.__doc__ = entry["doc"] or name
        kind.__module__ = "tools"
        made[name] = kind
    return made


def _members(name: str, bases: tuple[type, ...], members: list[tuple[str, Any]]) -> Any:
    space: Any = enum.EnumMeta.__prepare__(name, bases)
    for member, value in members:
        space[member] = value
    return space


def _field(entry: Mapping[str, Any], made: Mapping[str, type]) -> tuple[str, Any, Any]:
    options: dict[str, Any] = {"init": entry["init"], "kw_only": entry["keyword"] or "required" in entry}
    if "default" in entry:
        wire = entry["default"]
        options["default_factory"] = lambda: unpack(wire, made)
    return (entry["name"], Any, dataclasses.field(**options))


# ---- a form to keep -------------------------------------------------------------------------------------------------


def to_json(value: Any) -> Any:
    """A form of a value that JSON can hold and that documents itself, for traces. It never fails.

    Arrays become `{"ndarray": {"shape", "dtype", "data"}}` (above 256 elements a SHA-256 of the bytes instead of the
    data), images their size and SHA-256, dataclasses `{"type": name, ...fields}`, what JSON lacks a map with one
    telling key. Equal values have equal forms in every process: the items of a set are sorted by their form.
    """
    return _to_json(value, 0)


def _to_json(value: Any, depth: int) -> Any:
    if value is None or type(value) in (bool, str):
        return value
    if depth >= MAX_DEPTH:
        return {"too_deep": type(value).__name__}
    if isinstance(value, enum.Enum):
        return {"type": type(value).__name__, "member": value.name}
    if isinstance(value, str):
        return str(value)
    if type(value) is int:
        if value.bit_length() <= _JSON_INT_BITS:
            return value
        data = value.to_bytes((value.bit_length() + 8) // 8, "little", signed=True)
        return {"int": {"bits": value.bit_length(), "sha256": _sha256(data)}}
    if type(value) is float:
        return value if math.isfinite(value) else {"float": str(value)}
    if type(value) is complex:
        return {"complex": [_to_json(value.real, depth + 1), _to_json(value.imag, depth + 1)]}
    if isinstance(value, (list, tuple)):
        items = [_to_json(item, depth + 1) for item in value]
        return items if isinstance(value, list) else {type(value).__name__: items}
    if isinstance(value, (set, frozenset)):
        return {type(value).__name__: sorted((_to_json(item, depth + 1) for item in value), key=repr)}
    if isinstance(value, dict):
        if all(type(key) is str for key in value):
            return {key: _to_json(item, depth + 1) for key, item in value.items()}
        return {"dict": [[_to_json(key, depth + 1), _to_json(item, depth + 1)] for key, item in value.items()]}
    if isinstance(value, bytes):
        return {"bytes": value.hex()} if len(value) <= 256 else {"bytes": len(value), "sha256": _sha256(value)}
    if isinstance(value, Image):
        return {"image": [value.width, value.height], "sha256": _sha256(value.array.tobytes())}
    if isinstance(value, np.generic):
        return {"numpy": str(value.dtype), "value": _to_json(value.item(), depth + 1)}
    if isinstance(value, np.ndarray):
        entry: dict[str, Any] = {"shape": list(value.shape), "dtype": str(value.dtype)}
        if value.size <= 256 and value.dtype.kind in "biuf":
            entry["data"] = _to_json(value.tolist(), depth + 1)
        else:
            entry["sha256"] = _sha256(np.ascontiguousarray(value).tobytes())
        return {"ndarray": entry}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: _to_json(getattr(value, field.name), depth + 1) for field in dataclasses.fields(value)}
        return {"type": type(value).__name__, **fields}
    return {"unsupported": type(value).__name__}


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
