"""Directions on the table in words, as the robot sees them: x forward, y left, the front is nearest to the robot."""

from __future__ import annotations

import math
import re

Vector = tuple[float, float]

_WORD = re.compile(r"[a-z']+")
_FORWARD, _BACKWARD, _LEFT, _RIGHT = (1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)
SIDES: dict[str, Vector] = {
    **dict.fromkeys(("behind", "back", "rear", "beyond", "far", "further", "farther", "forward", "forwards"), _FORWARD),
    **dict.fromkeys(("front", "near", "nearer", "robot's"), _BACKWARD),
    **dict.fromkeys(("left", "leftmost"), _LEFT),
    **dict.fromkeys(("right", "rightmost"), _RIGHT),
}
_FILLERS = frozenset(
    [
        "a",
        "an",
        "and",
        "away",
        "at",
        "corner",
        "crosswise",
        "diagonally",
        "edge",
        "end",
        "from",
        "hand",
        "horizontally",
        "in",
        "it",
        "lengthwise",
        "line",
        "of",
        "off",
        "on",
        "one",
        "over",
        "past",
        "row",
        "side",
        "slant",
        "straight",
        "than",
        "that",
        "the",
        "to",
        "toward",
        "towards",
        "vertically",
    ]
)
_FROM_TO = re.compile(r"\bfrom\b(?P<start>.*?)\b(?:to|towards?)\b(?P<end>.*)")
_AWAY = re.compile(r"\b(?:away|farther|further) from the robot\b")
_TOWARD = re.compile(r"\b(?:towards?|nearer to|nearer) the robot\b")


def direction_vector(words: str) -> Vector:
    """The direction that words give, as a unit vector (x, y) in the world frame.

    One way, `to the left of` or `behind`; two at a right angle, `front left`, which is half way between them; or from
    one place to another, `from the front left to the back right`.

    Raises:
        ValueError: the words give none; the message says why.
    """
    text = " ".join(words.lower().replace("’", "'").split())
    text = _TOWARD.sub("front", _AWAY.sub("back", text))
    both = _FROM_TO.search(text)
    if both is None:
        x, y = _sum(text, words)
    else:
        (start_x, start_y), (end_x, end_y) = (_sum(both[part], words) for part in ("start", "end"))
        x, y = end_x - start_x, end_y - start_y
    length = math.hypot(x, y)
    if length < 1e-9:
        raise ValueError(f"{words!r} gives no direction; {_KNOWN}")
    return x / length, y / length


def _sum(text: str, whole: str) -> Vector:
    """What the words of a part point to, each side once."""
    found = _WORD.findall(text)
    for word in found:
        if word not in SIDES and word not in _FILLERS:
            raise ValueError(f"{word!r} is not understood in {whole!r}; {_KNOWN}")
    sides = {SIDES[word] for word in found if word in SIDES}
    return sum(side[0] for side in sides), sum(side[1] for side in sides)


_KNOWN = (
    "say it as in 'left of', 'behind', 'in front of', 'front left', 'toward the robot' or "
    "'from the front left to the back right'"
)
