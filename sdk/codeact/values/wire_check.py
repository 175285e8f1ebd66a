"""A look through bytes that are not trusted, before they are decoded."""

from __future__ import annotations

import re

from codeact.errors import UnsupportedValue

MAX_ITEMS, MAX_CONTAINERS = 2_000_000, 250_000
"""How many items, and how many lists, dicts and the like among them, may be in what comes over the wire at once."""

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
