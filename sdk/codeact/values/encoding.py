"""Values as bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from codeact.errors import UnsupportedValue
from codeact.values.forms import MAX_BYTES
from codeact.values.packing import pack
from codeact.values.unpacking import unpack
from codeact.values.wire_check import check_wire


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
