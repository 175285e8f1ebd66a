"""Directions on the table in words, as the robot sees them: x forward, y left, the front is nearest to the robot."""

from __future__ import annotations

import math
import re

Vector = tuple[float, float]

_MOST_CHARACTERS = 200
_WORD = re.compile(r"[a-z']+")
_FORWARD, _BACKWARD, _LEFT, _RIGHT = (1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)
_SIDES: dict[str, Vector] = {
    **dict.fromkeys(("behind", "back", "rear", "beyond", "far", "further", "farther", "forward", "forwards"), _FORWARD),
    **dict.fromkeys(("front", "near", "nearer"), _BACKWARD),
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
# The robot stands at the front, and its left is that of the table.
_ROBOT = (
    (re.compile(r"\b(?:away|farther|further) from the robot(?:'s side|(?!'))"), "to the back"),
    (re.compile(r"\b(?:nearer|closer) (?:to )?the robot(?!')"), "to the front"),
    (re.compile(r"\b(from|to|towards?) the robot(?!')"), r"\1 the front"),
    (re.compile(r"\brobot's (?=left|right)"), ""),
    (re.compile(r"\brobot's\b"), "front"),
)
_UNCLEAR = re.compile(  # more to the left, or to the far left? just behind, or behind on the right?
    r"\b(?:(?:(?:further|farther|nearer)(?: to)?(?: the)?|near(?: to)? the) (?:left|right)"
    r"|right (?:behind|beyond|in front|in back))\b"
)
_FROM_TO = re.compile(r"\bfrom\b(?P<start>.*?)\b(?:to|towards?)\b(?P<end>.*)")


def direction_vector(words: str) -> Vector:
    """The direction that words give, as a unit vector (x, y) in the world frame.

    One way, `to the left of` or `behind`; two at a right angle, `front left`, which is half way between them; or from
    one place to another, `from the front left to the back right`.

    Raises:
        ValueError: the words give none, or could be read in two ways; the message says why.
    """
    if len(words) > _MOST_CHARACTERS:
        raise ValueError(f"a direction has at most {_MOST_CHARACTERS} characters, not {len(words):,}; {_KNOWN}")
    text = " ".join(words.lower().replace("’", "'").split())
    for pattern, instead in _ROBOT:
        text = pattern.sub(instead, text)
    if unclear := _UNCLEAR.search(text):
        raise ValueError(f"{unclear[0]!r} can be read in two ways in {words!r}; {_KNOWN}")
    both = _FROM_TO.search(text)
    before, end = (text, text) if both is None else (text[: both.start()], both["end"])
    if "from" in _WORD.findall(end):
        raise ValueError(f"{words!r} says from where, and not to where; {_KNOWN}")
    x, y = _sum(before, words)
    if both is not None:
        if (x, y) != (0.0, 0.0):
            raise ValueError(f"{words!r} gives two directions; {_KNOWN}")
        (start_x, start_y), (end_x, end_y) = _sum(both["start"], words), _sum(end, words)
        x, y = end_x - start_x, end_y - start_y
    length = math.hypot(x, y)
    if length < 1e-9:
        raise ValueError(f"{words!r} gives no direction; {_KNOWN}")
    return x / length, y / length


def _sum(text: str, whole: str) -> Vector:
    """What the words of a part point to, each side once."""
    found = _WORD.findall(text)
    for word in found:
        if word not in _SIDES and word not in _FILLERS:
            raise ValueError(f"{word!r} is not understood in {whole!r}; {_KNOWN}")
    sides = {_SIDES[word] for word in found if word in _SIDES}
    return math.fsum(x for x, _ in sides), math.fsum(y for _, y in sides)


_KNOWN = (
    "say it as in 'left of', 'behind', 'in front of', 'front left', 'toward the robot' or "
    "'from the front left to the back right'"
)
