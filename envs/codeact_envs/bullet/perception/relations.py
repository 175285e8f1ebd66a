"""What the words of a query mean: nouns, ranks and relations, as functions of what is seen. All in the world frame, as
the robot sees it: x forward, y left, z up, metres."""

from __future__ import annotations

import math
from collections.abc import Callable

from codeact_envs.bullet.perception.seen import Seen, inside, rests_on, within

_ASIDE = 0.01  # metres between two centres from which one is left of, or behind, the other
_NEAR = 0.15  # metres between two centres up to which one is near the other
_EQUAL = 1.25  # ratio of the longest to the shortest edge of a cube, at most
_FLAT = 0.35  # ratio of height to diameter of a plate, at most

Test = Callable[[Seen], bool]
Measure = Callable[[Seen], float]
Relation = Callable[[Seen, Seen], bool]


def _shape(*shapes: str) -> Test:
    return lambda thing: thing.shape in shapes


def _cube(thing: Seen) -> bool:
    return thing.shape == "box" and max(thing.size) <= _EQUAL * min(thing.size)


def _plate(thing: Seen) -> bool:
    return thing.shape == "cylinder" and thing.size[2] <= _FLAT * thing.size[0]


def _upright_cylinder(thing: Seen) -> bool:
    return thing.shape == "cylinder" and not _plate(thing)


NOUNS: dict[str, Test] = {
    **dict.fromkeys(("thing", "object", "one", "item"), lambda thing: True),
    **dict.fromkeys(("block", "box", "brick"), _shape("box")),
    "cube": _cube,
    "cylinder": _shape("cylinder"),
    "can": _upright_cylinder,
    **dict.fromkeys(("plate", "disc", "disk"), _plate),
    **dict.fromkeys(("bowl", "dish"), _shape("bowl")),
    **dict.fromkeys(("zone", "marker", "area"), _shape("zone")),
}


def _volume(thing: Seen) -> float:
    return math.prod(thing.size)


def _at(axis: int, sign: float) -> Measure:
    return lambda thing: sign * thing.pose.position[axis]


def _from_robot(sign: float) -> Measure:
    return lambda thing: sign * math.hypot(*thing.pose.position[:2])


# Each rank's measure is smallest for the first of that rank.
RANKS: dict[str, Measure] = {
    **dict.fromkeys(("largest", "biggest"), lambda thing: -_volume(thing)),
    "smallest": _volume,
    "tallest": lambda thing: -thing.size[2],
    "shortest": lambda thing: thing.size[2],
    "leftmost": _at(1, -1.0),
    "rightmost": _at(1, 1.0),
    **dict.fromkeys(("frontmost", "closest", "nearest"), _from_robot(1.0)),
    **dict.fromkeys(("backmost", "farthest", "furthest"), _from_robot(-1.0)),
    **dict.fromkeys(("highest", "topmost"), _at(2, -1.0)),
    **dict.fromkeys(("lowest", "bottommost"), _at(2, 1.0)),
}
SIDES: dict[str, Measure] = {  # "second from the left"
    "left": _at(1, -1.0),
    "right": _at(1, 1.0),
    "front": _at(0, 1.0),
    "back": _at(0, -1.0),
    "top": _at(2, -1.0),
    "bottom": _at(2, 1.0),
}
ORDINALS = {
    word: index
    for index, words in enumerate(
        (
            ("first", "1st"),
            ("second", "2nd"),
            ("third", "3rd"),
            ("fourth", "4th"),
            ("fifth", "5th"),
            ("sixth", "6th"),
            ("seventh", "7th"),
            ("eighth", "8th"),
        )
    )
    for word in words
}


def _beyond(axis: int, sign: float) -> Relation:
    def holds(one: Seen, other: Seen) -> bool:
        return sign * (one.pose.position[axis] - other.pose.position[axis]) > _ASIDE

    return holds


def _over(one: Seen, other: Seen) -> bool:
    return one.shape != "zone" and within(one, other) and one.space.prism.low > other.space.prism.low + 0.003


def _near(one: Seen, other: Seen) -> bool:
    return distance(one, other) <= _NEAR


def distance(one: Seen, other: Seen) -> float:
    """Between two centres seen from above, metres."""
    return math.dist(one.pose.position[:2], other.pose.position[:2])


def between(one: Seen, first: Seen, second: Seen) -> bool:
    """Whether `one` lies between two others: its foot on the line between their centres falls between them, and it is
    no farther from that line than a third of its length."""
    (ax, ay, _), (bx, by, _), (x, y, _) = (thing.pose.position for thing in (first, second, one))
    length = math.hypot(bx - ax, by - ay)
    if length < 1e-6:
        return False
    along = ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length
    aside = abs((x - ax) * (by - ay) - (y - ay) * (bx - ax)) / length
    return 0.0 < along < length and aside <= length / 3.0


# Longer phrases first: "on the left of" is no "on".
RELATIONS: dict[tuple[str, ...], Relation] = {
    tuple(phrase.split()): relation
    for phrases, relation in (
        (("to the left of", "on the left of", "left of"), _beyond(1, 1.0)),
        (("to the right of", "on the right of", "right of"), _beyond(1, -1.0)),
        (("on the robot's side of", "on the near side of", "in front of", "front of"), _beyond(0, -1.0)),
        (("on the far side of", "in back of", "behind", "beyond"), _beyond(0, 1.0)),
        (("on top of", "upon", "on"), rests_on),
        (("inside of", "inside", "in"), inside),
        (("underneath", "beneath", "under", "below"), lambda one, other: _over(other, one)),
        (("above", "over"), _over),
        (("next to", "close to", "beside", "near"), _near),
    )
    for phrase in phrases
}
NEAREST = (("nearest", "to"), ("closest", "to"))
FARTHEST = (("farthest", "from"), ("furthest", "from"))
