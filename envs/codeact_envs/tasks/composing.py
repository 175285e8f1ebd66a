"""Tasks to practise on that are put together of parts: which bodies are meant, and where they are to go.

A model that has seen one instruction for each program learns to tell instructions apart, and not to read them. Here the
same things, the same words and the same places come in many pairs, so that only reading both parts tells the program.
Each pair is a task like any other, with a reference program, an opposite, and ten ways to say it; it is made when it is
loaded. What the suite keeps for evaluation is no pair here: the body nearest to or farthest from a bowl into that bowl,
a side for each, a pile in a corner.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from typing import Any

_PREFIX = "composed_"

_THINGS: dict[str, dict[str, Any]] = {
    "block": {"noun": "block", "shape": "box", "size": [0.04, 0.04, 0.04], "mass": 0.05},
    "brick": {"noun": "brick", "shape": "box", "size": [0.04, 0.05, 0.035], "mass": 0.06},
    "can": {"noun": "can", "shape": "cylinder", "size": [0.045, 0.045, 0.06], "mass": 0.06},
    "cube": {"noun": "cube", "shape": "box", "size": [0.045, 0.045, 0.045], "mass": 0.06},
    "tin": {"noun": "tin", "shape": "cylinder", "size": [0.045, 0.045, 0.045], "mass": 0.06},
}
_OTHERS: dict[str, dict[str, Any]] = {
    "bowl": {"noun": "bowl", "shape": "bowl", "size": [0.16, 0.16, 0.045], "mass": 0.4},
    "box": {"noun": "box", "shape": "box", "size": [0.09, 0.09, 0.03], "mass": 0.3},
    "zone": {"noun": "zone", "shape": "zone", "size": [0.12, 0.12, 0.002]},
}
_COLORS = {
    "seen": ["red", "green", "blue", "yellow", "black", "white"],
    "unseen": ["orange", "purple", "cyan", "pink", "brown"],
}
_ATTRIBUTES: dict[str, Any] = {
    "which": {
        "seen": {"nearest to": "nearest to", "farthest from": "farthest from"},
        "unseen": {"closest to": "nearest to", "furthest from": "farthest from"},
    },
    "nth": {"seen": {"first": 1, "second": 2}, "unseen": {"third": 3}},
    "side": {
        "seen": {"left": "from the left", "right": "from the right"},
        "unseen": {"front": "from the front", "back": "from the back"},
    },
    "direction": {
        "seen": {
            "left of": "left of",
            "to the left of": "left of",
            "on the left of": "left of",
            "right of": "right of",
            "to the right of": "right of",
            "on the right of": "right of",
            "on the far side of": "behind",
            "in back of": "behind",
            "on the near side of": "in front of",
        },
        "unseen": {"in front of": "in front of", "behind": "behind"},
    },
    "place": {
        "seen": ["front left corner", "back right corner", "left side", "right side"],
        "unseen": ["front right corner", "back left corner", "front side", "back side"],
    },
    "edge": {"seen": ["left side", "right side", "middle"], "unseen": ["front side", "back side"]},
}
_FRAMES = (
    "Put {what} {to}.",
    "Move {what} {to}.",
    "{What} should be {to}.",
    "Take {what} and nothing else; it belongs {to}.",
    "{What} must go, and its new place is {to}.",
    "Bring {what} over: I want to see that {to}.",
    "{To} is where {what} should end up.",
    "Look for {what}, then set that down {to}.",
    "I would like {what} to be {to}.",
    "{To}, please: {what}.",
)
_GROUP_FRAMES = (
    "Put {what} {to}.",
    "Move {what} {to}.",
    "{What} should be {to}.",
    "Take {what} and nothing else; they belong {to}.",
    "{To} is where {what} should end up.",
    "Carry {what} away from where they are now, so that they are {to}.",
    "In the end {what} should be {to}.",
    "I would like {what} to be {to}.",
    "{To}, please: {what}.",
    "Find {what}, and make sure that they are {to}.",
)


@dataclass(frozen=True)
class Choice:
    """Which bodies are meant.

    Attributes:
        said: phrases for them, with the fields of an instruction.
        found: an expression of the reference program that gives the name, or the names; empty where the instruction
            gives it.
        before_wrong, wrong: statements, and an expression that gives one that is not meant; empty where all are.
        role: who plays it; and roles, attributes and selections that it needs.
    """

    said: tuple[str, ...]
    found: str
    wrong: str
    role: str
    roles: dict[str, Any]
    attributes: tuple[str, ...] = ()
    select: dict[str, Any] = field(default_factory=dict)
    before_wrong: str = ""


@dataclass(frozen=True)
class Place:
    """Where they are to go.

    Attributes:
        said: phrases for it.
        put: the call that puts down what is held, true when that went well.
        goal: conditions, with `what` for the role that is meant.
        roles, attributes: what it needs.
    """

    said: tuple[str, ...]
    put: str
    goal: tuple[dict[str, Any], ...]
    roles: dict[str, Any] = field(default_factory=dict)
    attributes: tuple[str, ...] = ()


def composed_names() -> tuple[str, ...]:
    """Their names, such as `composed_near_can_bowl_zone`, sorted."""
    return tuple(sorted(_parts()))


def composed_task(name: str) -> dict[str, Any]:
    """What a task's YAML file would hold."""
    way, thing, other, to = _parts()[name]
    if way in ("all", "beyond"):
        return _group(way, thing, other, to)
    return _single(way, thing, other, to)


@cache
def _parts() -> dict[str, tuple[str, str, str, str]]:
    return {_PREFIX + "_".join(part for part in parts if part): parts for parts in _pairs()}


def _pairs() -> Iterator[tuple[str, str, str, str]]:
    things = list(_THINGS)
    compared = ("bowl", "box", "zone", "thing")
    for number, (other, to) in enumerate(product(compared, ("area", "bowl", "box", "there", "zone"))):
        if other == to or (other, to) in (("bowl", "there"), ("thing", "there")):
            continue
        for step in range(3):
            thing = things[(number + 2 * step) % len(things)]
            yield "near", thing, _other(thing) if other == "thing" else other, to
    for number, to in enumerate(("area", "bowl", "box", "zone")):
        for step in range(3):
            yield "nth", things[(number + step) % len(things)], "", to
        for step in range(2):
            yield "one", things[(number + 3 + step) % len(things)], "", to
    for thing in things:
        yield "all", thing, "", "pile"
        yield "all", thing, "", "zones"
        if thing != "block":  # the suite has those two
            yield "all", thing, "", "bowl"
            yield "all", thing, "", "corners"
        yield "beyond", thing, _other(thing), "corners"
        yield "beyond", thing, "box", "bowl"
        yield "beyond", thing, _other(thing), "area"
        yield "beyond", thing, "zone", "area"


def _other(thing: str) -> str:
    things = list(_THINGS)
    return things[(things.index(thing) + 2) % len(things)]


def _choice(way: str, thing: str, other: str) -> Choice:
    several = f"{thing}s"
    if way == "near":
        return Choice(
            tuple(
                text.format(thing=thing, other=f"{{{other}}}", which="{which}")
                for text in (
                    "the {thing} {which} the {other}",
                    "the {thing} that is {which} the {other}",
                    "whichever {thing} is {which} the {other}",
                    "that one of the {thing}s which lies {which} the {other}",
                )
            ),
            f'find(f"{thing} {{which}} the {{{other}}}")',
            f'find(f"{thing} {{other}} the {{{other}}}")',
            "meant",
            {other: {"kind": other}, several: {"kind": thing, "count": 3}},
            ("which",),
            {"meant": {"among": several, "rule": "$which", "of": other, "margin": 0.04}},
            'other = "farthest from" if which in ("nearest to", "closest to") else "nearest to"\n',
        )
    if way == "nth":
        return Choice(
            (
                f"the {{nth}} {thing} from the {{side}}",
                f"the {thing} that is the {{nth}} from the {{side}}",
                f"the {{nth}} of the {several}, counted from the {{side}},",
            ),
            f'find(f"{{nth}} {thing} from the {{side}}")',
            f'find(f"{{nth}} {thing} from the {{other}}")',
            "meant",
            {several: {"kind": thing, "count": 4}},
            ("nth", "side"),
            {"meant": {"among": several, "rule": "$side", "place": "$nth", "margin": 0.03}},
            'other = {"left": "right", "right": "left", "front": "back", "back": "front"}[side]\n',
        )
    if way == "one":
        return Choice(
            (f"the {{{thing}}} and no other {thing}", f"just the {{{thing}}}", f"only the {{{thing}}}"),
            "",
            f'[name for name in find_all("{several}") if name != {thing}][0]',
            thing,
            {thing: {"kind": thing}, several: {"kind": thing, "count": 2}},
        )
    if way == "all":
        return Choice(
            (f"every {thing}", f"each {thing}", f"all the {several}", f"the {several}, all of them,"),
            f'find_all("{several}")',
            "",
            several,
            {several: {"kind": thing, "count": 3}},
        )
    return Choice(
        (
            f"every {thing} {{direction}} the {{{other}}}",
            f"each {thing} that is {{direction}} the {{{other}}}",
            f"all the {several} {{direction}} the {{{other}}}",
        ),
        f'find_all(f"{several} {{direction}} the {{{other}}}")',
        f'[name for name in find_all("{several}") if name not in those][0]',
        "meant",
        {other: {"kind": other}, several: {"kind": thing, "count": 3}},
        ("direction",),
        {"meant": {"among": several, "rule": "$direction", "of": other, "margin": 0.04}},
        f'those = find_all(f"{several} {{direction}} the {{{other}}}")\n',
    )


def _place(to: str, other: str, role: str) -> Place:
    if to == "there":
        to_it = _place(other, "", role)
        return Place((f"on that {other}", f"on the same {other}"), to_it.put, to_it.goal)
    if to == "zone":
        goal = {"resting_on": {"what": role, "where": "zone", "within": 0.05}}
        return Place(("on the {zone}", "onto the {zone}"), "place_on(zone)", (goal,), {"zone": {"kind": "zone"}})
    if to == "bowl":
        goal = {"resting_on": {"what": role, "where": "bowl", "within": 0.06}}
        return Place(("in the {bowl}", "inside the {bowl}"), "place_on(bowl)", (goal,), {"bowl": {"kind": "bowl"}})
    if to == "box":
        goal = {"stacked": {"what": role, "where": "box"}}
        return Place(("on the {box}", "on top of the {box}"), "place_on(box)", (goal,), {"box": {"kind": "box"}})
    goal = {"in_area": {"what": role, "area": "$place"}}
    said = ("at the {place} of the work area", "at the {place}")
    return Place(said, "place_at(*area(place).center)", (goal,), {}, ("place",))


def _single(way: str, thing: str, other: str, to: str) -> dict[str, Any]:
    choice = _choice(way, thing, other)
    place = _place(to, other, choice.role)
    found = f"{thing} = {choice.found}\n" if choice.found else ""
    oracle = f"{found}for attempt in range(2):\n    if pick({thing}) and {place.put}:\n        break\n"
    opposite = f"{choice.before_wrong}if pick({choice.wrong}):\n    {place.put}\n"
    return _task(choice, place, _FRAMES, oracle, opposite)


def _group(way: str, thing: str, other: str, to: str) -> dict[str, Any]:
    choice = _choice(way, thing, other)
    place, oracle, opposite = _TOGETHER[to](choice, thing)
    return _task(choice, place, _GROUP_FRAMES, oracle, opposite)


def _into_a_bowl(choice: Choice, thing: str) -> tuple[Place, str, str]:
    """The place, the reference program and its opposite, as of the functions that follow."""
    wrong = choice.wrong or f'find_all("{thing}s")[0]'
    opposite = f'{choice.before_wrong}if pick({wrong}):\n    place_at(*area("right side").center)\n'
    return (
        _place("bowl", "", choice.role),
        _loop(f"for name in {choice.found}:", "place_on(bowl)"),
        opposite,
    )


def _onto_a_pile(choice: Choice, thing: str) -> tuple[Place, str, str]:
    place = Place(
        ("in one pile at the {edge} of the work area", "stacked up at the {edge} of the work area"),
        "",
        ({"tower": {"what": choice.role, "area": "$edge"}},),
        {},
        ("edge",),
    )
    oracle = (
        f"below = None\nfor name in {choice.found}:\n    for attempt in range(2):\n"
        "        if pick(name) and (place_on(below) if below else place_at(*area(edge).center)):\n"
        "            break\n    below = name\n"
    )
    return place, oracle, f"first, second, third = {choice.found}\nif pick(second):\n    place_on(first)\n"


def _into_corners(choice: Choice, thing: str) -> tuple[Place, str, str]:
    place = Place(
        ("in different corners of the work area", "in the corners of the work area, never two in one corner"),
        "",
        ({"in_own_areas": {"what": choice.role, "areas": "corners"}},),
    )
    corners = 'corners = [name for name in areas() if name.endswith("corner")]\n'
    oracle = corners + _loop(f"for name, corner in zip({choice.found}, corners):", "place_at(*area(corner).center)")
    return place, oracle, f'x, y = area("middle").center\nif pick(find_all("{thing}s")[0]):\n    place_at(x, y)\n'


def _onto_zones(choice: Choice, thing: str) -> tuple[Place, str, str]:
    choice.roles[f"{thing}s"]["count"] = 2  # as many as zones, and each body has a colour of its own
    place = Place(
        ("on different zones", "on the zones, never two on one zone"),
        "",
        ({"on_own": {"what": choice.role, "where": "zones", "within": 0.05}},),
        {"zones": {"kind": "zone", "count": 2}},
    )
    oracle = _loop(f'for name, zone in zip({choice.found}, find_all("zones")):', "place_on(zone)")
    return place, oracle, f"first, second = {choice.found}\nif pick(second):\n    place_on(first)\n"


def _into_one_area(choice: Choice, thing: str) -> tuple[Place, str, str]:
    oracle = (
        "goal = area(place)\nx, y = goal.center\n"
        "along_x, along_y = (0.042 if high - low < 0.2 else 0.1 for low, high in (goal.x, goal.y))\n"
        "spots = [(x + along_x * i, y + along_y * j) for i, j in [(-1, -1), (1, 1), (-1, 1), (1, -1)]]\n"
        f"for name in {choice.found}:\n    for spot in list(spots):\n        try:\n"
        "            if (held() or pick(name)) and place_at(*spot):\n"
        "                spots.remove(spot)\n                break\n"
        "        except InCollision:  # something stands too near this spot: try the next one\n"
        "            continue\n"
    )
    opposite = f"{choice.before_wrong}if pick({choice.wrong}):\n    place_at(*area(place).center)\n"
    return _place("area", "", choice.role), oracle, opposite


_TOGETHER = {
    "area": _into_one_area,
    "bowl": _into_a_bowl,
    "pile": _onto_a_pile,
    "corners": _into_corners,
    "zones": _onto_zones,
}


def _loop(head: str, put: str) -> str:
    return f"{head}\n    for attempt in range(2):\n        if pick(name) and {put}:\n            break\n"


def _task(choice: Choice, place: Place, frames: tuple[str, ...], oracle: str, opposite: str) -> dict[str, Any]:
    roles = {**place.roles, **choice.roles}
    kinds = {part["kind"] for part in roles.values()}
    moved = [role for role, part in roles.items() if part["kind"] in _THINGS]
    meant = choice.role
    return {
        "title": f"Put {choice.said[0]} {place.said[0]}".replace("{", "").replace("}", ""),
        "family": "B",
        "tier": "high",
        "instruction_split": "seen",
        "instructions": list(_said(choice, place, frames)),
        "attributes": {
            "color": _COLORS,
            **{name: _ATTRIBUTES[name] for name in (*choice.attributes, *place.attributes)},
        },
        "scene": {
            "region": {"x": [0.36, 0.60], "y": [-0.28, 0.28]},
            "clearance": 0.045,
            "kinds": {kind: _THINGS.get(kind) or _OTHERS[kind] for kind in sorted(kinds)},
            "roles": roles,
        },
        "select": choice.select,
        "goal": list(place.goal),
        "keep": [{"let_go": {"of": moved}}, {"unmoved": {"but": [meant], "within": 0.05}}],
        "hard_constraints": ["robot_rules", "all_on_table"],
        "limits": {"turns": 10, "simulated_seconds": 180, "tool_calls": 100},
        "oracle": oracle,
        "opposite": opposite,
    }


def _said(choice: Choice, place: Place, frames: tuple[str, ...]) -> Iterator[str]:
    for number, frame in enumerate(frames):
        what = choice.said[number % len(choice.said)]
        to = place.said[number // 2 % len(place.said)]
        text = frame.format(what=what, What=_capital(what), to=to, To=_capital(to))
        yield text.replace(",,", ",").replace(",.", ".").replace(",:", ":")


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
