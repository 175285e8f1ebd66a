"""Draw a scene from a seed: who plays which role, what it is called, and where it stands."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from codeact.errors import TaskError
from codeact_envs.tasks.conditions import Cast
from codeact_envs.tasks.snapshot import Body, Snapshot
from codeact_envs.tasks.specification import Kind, SceneSpec, TaskSpec

if TYPE_CHECKING:
    import numpy as np

_SCENES, _SPOTS = 400, 60  # tries for a whole scene, and for one body in it
_ZONE_HEIGHT = 0.0  # metres: a zone's centre is taken to lie on the table top


@dataclass(frozen=True)
class Placed:
    """A body in a drawn scene. `slot` is the key of the loaded body that plays it; `yaw` is about z, radians."""

    slot: str
    name: str
    color: str
    kind: Kind
    position: tuple[float, float, float]
    yaw: float


@dataclass(frozen=True)
class Scene:
    cast: Cast
    words: dict[str, str]
    bodies: tuple[Placed, ...]


def slots(scene: SceneSpec, attributes: dict[str, Any]) -> dict[str, Kind]:
    """Every body that some episode needs, by slot: loaded once, used or parked."""
    found: dict[str, Kind] = {}
    for role, part in scene.roles.items():
        kinds = [part.kind]
        if part.kind.startswith("$"):
            kinds = [str(meaning) for meaning in attributes[part.kind[1:]].meanings.values()]
        for kind in kinds:
            for index in range(part.count):
                found[_slot(role, kind, index)] = scene.kinds[kind]
    return found


def _slot(role: str, kind: str, index: int) -> str:
    return f"{role}.{kind}.{index}"


def draw_scene(spec: TaskSpec, random: np.random.Generator, values: str) -> Scene:
    """Draw attributes, colours and places.

    Raises:
        TaskError: no scene was found that meets the clearances and leaves something to do; the region is too small.
    """
    words = {name: attribute.words(values) for name, attribute in spec.attributes.items()}
    drawn = {name: choices[int(random.integers(len(choices)))] for name, choices in words.items()}
    meanings = {name: spec.attributes[name].meanings[word] for name, word in drawn.items()}
    parts, cast = _dress(spec, random, words, meanings)
    order = sorted(range(len(parts)), key=lambda index: -_radius(parts[index][2]))
    for _ in range(_SCENES):
        spots = _scatter(spec.scene, parts, order, random)
        if spots is None:
            continue
        bodies = tuple(
            Placed(slot, name, color, kind, (*spot, _ZONE_HEIGHT if kind.shape == "zone" else kind.size[2] / 2.0), yaw)
            for (slot, name, kind, color, (low, high)), spot in zip(parts, spots, strict=True)
            for yaw in (low + (high - low) * float(random.random()),)
        )
        if _leaves_something_to_do(spec, cast, bodies):
            return Scene(cast, drawn, bodies)
    raise TaskError(
        f"task {spec.title!r}: no scene was found in {_SCENES} tries; widen scene.region or lower scene.clearance"
    )


_Part = tuple[str, str, Kind, str, tuple[float, float]]  # slot, name, kind, colour, range of yaw


def _dress(
    spec: TaskSpec, random: np.random.Generator, words: dict[str, tuple[str, ...]], meanings: dict[str, Any]
) -> tuple[list[_Part], Cast]:
    """Deal kinds, colours and names."""
    decks: dict[tuple[str, str], list[str]] = {}
    colors: dict[str, list[str]] = {}
    parts: list[_Part] = []
    roles: dict[str, tuple[str, ...]] = {}
    for role, part in spec.scene.roles.items():
        key = str(meanings[part.kind[1:]]) if part.kind.startswith("$") else part.kind
        kind = spec.scene.kinds[key]
        if part.color.startswith("as "):
            same = colors[part.color[3:]]
            dealt = [same[index] for index in random.permutation(len(same)).tolist()]
        elif part.color.startswith("$"):
            deck = decks.setdefault((part.color, kind.noun), _shuffled(words[part.color[1:]], random))
            dealt = [deck.pop() for _ in range(part.count)]
        else:
            dealt = [part.color] * part.count
        colors[role] = dealt
        names = tuple(f"{color} {kind.noun}" for color in dealt)
        roles[role] = names
        low, high = part.yaw
        parts.extend(
            (_slot(role, key, index), name, kind, color, (low, high))
            for index, (name, color) in enumerate(zip(names, dealt, strict=True))
        )
    return parts, Cast(roles, meanings)


def _shuffled(words: tuple[str, ...], random: np.random.Generator) -> list[str]:
    return [words[index] for index in random.permutation(len(words)).tolist()]


def _radius(kind: Kind) -> float:
    """Of the circle around a body, seen from above, metres."""
    x, y, _ = kind.size
    return math.hypot(x, y) / 2.0 if kind.shape in ("box", "zone") else x / 2.0


def _scatter(
    scene: SceneSpec, parts: list[_Part], order: list[int], random: np.random.Generator
) -> list[tuple[float, float]] | None:
    """Places (x, y) for all bodies, the largest first; None when one found no room."""
    (x_low, x_high), (y_low, y_high) = scene.region.x, scene.region.y
    spots: dict[int, tuple[float, float]] = {}
    for index in order:
        radius = _radius(parts[index][2])
        for _ in range(_SPOTS):
            u, v = random.random(2).tolist()
            x, y = x_low + u * (x_high - x_low), y_low + v * (y_high - y_low)
            if scene.region.contains(x, y) and all(
                math.hypot(x - other_x, y - other_y) >= radius + _radius(parts[other][2]) + scene.clearance
                for other, (other_x, other_y) in spots.items()
            ):
                spots[index] = (x, y)
                break
        else:
            return None
    return [spots[index] for index in range(len(parts))]


def _leaves_something_to_do(spec: TaskSpec, cast: Cast, bodies: tuple[Placed, ...]) -> bool:
    start = as_snapshot(bodies)
    kinds = {body.name: body.kind for body in bodies}
    for condition in spec.goal:
        if not condition.open_at(cast, start):
            return False
        wanted = condition.goal_point(cast, start)
        if wanted is None:
            continue
        name, (x, y, _) = wanted
        if not spec.scene.region.contains(x, y):
            return False
        for body in bodies:
            room = _radius(kinds[name]) + _radius(body.kind) + spec.scene.clearance
            if body.name != name and math.hypot(x - body.position[0], y - body.position[1]) < room:
                return False
    return True


def as_snapshot(bodies: tuple[Placed, ...]) -> Snapshot:
    """The scene as drawn, before any physics, with the tool far above it, and what moves about at the origin."""
    return Snapshot(
        {
            body.name: Body(
                body.name,
                body.color,
                body.kind.shape,
                (body.kind.size[0], body.kind.size[1], body.kind.size[2]),
                body.position,
                (0.0, 0.0, math.sin(body.yaw / 2.0), math.cos(body.yaw / 2.0)),
            )
            for body in bodies
        },
        tool=(0.0, 0.0, 1.0),
        base=(0.0, 0.0, 0.0),
        drone=(0.0, 0.0, 0.0),
    )
