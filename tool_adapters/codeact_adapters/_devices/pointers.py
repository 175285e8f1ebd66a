"""JSON pointers (RFC 6901): where in a message a value stands."""

from __future__ import annotations

from typing import Any

from codeact_adapters._devices.errors import DeviceError
from codeact_adapters._devices.section import Section

Pointer = tuple[str, ...]


def read_pointer(section: Section, key: str, default: str | None = None) -> Pointer:
    """Read a pointer such as `/motor/speed`; an empty one is the whole message. Raises ToolError."""
    text = section.need(key, str) if default is None else section.get(key, str, default)
    if text and not text.startswith("/"):
        section.fail(f"expected a JSON pointer such as /motor/speed, got {text!r}", key)
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:])


def found(message: Any, pointer: Pointer) -> Any:
    """What stands there.

    Raises:
        DeviceError: nothing does.
    """
    value = message
    for part in pointer:
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, (list, tuple)) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            raise DeviceError(f"has nothing at /{'/'.join(pointer)}")
    return value


def put(message: Any, pointer: Pointer, value: Any) -> Any:
    """The message with a value there; what is missing on the way are mappings."""
    if not pointer:
        return value
    inner = message if isinstance(message, dict) else {}
    return {**inner, pointer[0]: put(inner.get(pointer[0]), pointer[1:], value)}
