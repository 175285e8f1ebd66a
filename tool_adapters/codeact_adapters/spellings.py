"""A secret in each way that it may be written: as it is, and with any of its characters escaped as JSON or URLs do."""

from __future__ import annotations

import functools
import re

_SHORT = {"\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t"}


@functools.lru_cache(maxsize=256)
def spelled(secret: str) -> re.Pattern[str]:
    """What finds a secret in text, such as `a/b` also in `a\\/b`, `a\\u002fb`, `a%2Fb` and `a%2fb`."""
    return re.compile("".join(map(_character, secret)))


@functools.lru_cache(maxsize=256)
def spelled_bytes(secret: str) -> re.Pattern[bytes]:
    """The same in bytes, in UTF-8."""
    return re.compile(spelled(secret).pattern.encode())


def _character(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    in_json = "".join(rf"\\u(?i:{units[at : at + 4]})" for at in range(0, len(units), 4))
    in_urls = "".join(f"%(?i:{byte:02x})" for byte in character.encode("utf-8", "surrogatepass"))
    ways = [re.escape(character), in_json, in_urls]
    if character in '/"\\':
        ways.insert(0, r"\\" + re.escape(character))
    elif character in _SHORT:
        ways.append(r"\\" + _SHORT[character])
    elif character == " ":
        ways.append(r"\+")
    return f"(?:{'|'.join(ways)})"
