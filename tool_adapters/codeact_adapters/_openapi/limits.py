"""What a schema says of its values beyond their type: as limits that can be checked, and as words."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Union, get_args, get_origin

_BOUNDS = {"minimum": "ge", "maximum": "le", "multipleOf": "multiple_of"}
_WHOLE = {"ge": math.ceil, "gt": math.floor, "le": math.floor, "lt": math.ceil}
_LENGTHS = {"minLength": "min_length", "maxLength": "max_length", "minItems": "min_length", "maxItems": "max_length"}
_FORMATS = {
    "date-time": "an RFC 3339 date and time",
    "date": "YYYY-MM-DD",
    "duration": "an ISO 8601 duration",
    "byte": "base64",
}
_LONGEST_PATTERN = 60
_LARGEST = 1e30  # beyond it, a limit says nothing
_LONGEST = 2**31  # of texts and lists; no more can be checked
_LINK = re.compile(r"\[([^\[\]]{0,300})\]\((?:https?:/)?/[^()\s]{0,500}\)")


def limits(node: Mapping[str, Any], annotation: Any) -> tuple[dict[str, Any], str]:
    """The limits that values of this type can be held against, as options of pydantic's `Field`, and what is for words.

    Patterns are words only: JSON schema writes them in another language than Python's.
    """
    options = [o for o in get_args(annotation) if o is not type(None)] if get_origin(annotation) is Union else []
    if len(options) == 1:
        annotation = options[0]
    words = [_FORMATS.get(str(node.get("format")), "")]
    pattern = node.get("pattern")
    if isinstance(pattern, str) and 0 < len(pattern) <= _LONGEST_PATTERN:
        words.append(f"matches {pattern}")
    text = ", ".join(word for word in words if word) if annotation is str else ""
    if annotation in (int, float):
        return _bounds(node, annotation), text
    if annotation is str or get_origin(annotation) is list:
        return _lengths(node, annotation), text
    return {}, text


def unlinked(text: str) -> str:
    """Markdown without the addresses of its links, which cost a reader much and which no program can visit."""
    return _LINK.sub(r"\1", text)


def shortened(text: str, longest: int) -> str:
    """The text, cut off at so many characters. Halves of surrogate pairs, which no docstring takes, become `?`."""
    text = text.strip().encode("utf-8", "replace").decode()
    return text if len(text) <= longest else f"{text[: longest - 3].rstrip()}..."


def _bounds(node: Mapping[str, Any], annotation: Any) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for word, option in _BOUNDS.items():
        if type(node.get(word)) in (int, float):
            options[option] = node[word]
    for word, option, plain in (("exclusiveMinimum", "gt", "ge"), ("exclusiveMaximum", "lt", "le")):
        if type(node.get(word)) in (int, float):
            options[option] = node[word]
        elif node.get(word) is True and plain in options:  # OpenAPI 3.0 says it with a flag
            options[option] = options.pop(plain)
    options = {option: value for option, value in options.items() if abs(value) <= _LARGEST}
    factor = options.pop("multiple_of", 0)
    if annotation is float:
        return options  # for fractions, a factor would be at the mercy of rounding
    whole = {option: _WHOLE[option](value) for option, value in options.items()}
    return {**whole, "multiple_of": int(factor)} if factor > 0 and factor == int(factor) else whole


def _lengths(node: Mapping[str, Any], annotation: Any) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for word, option in _LENGTHS.items():
        if (
            word.endswith("Items") == (annotation is not str)
            and type(node.get(word)) is int
            and 0 <= node[word] <= _LONGEST
        ):
            options[option] = node[word]
    return options
