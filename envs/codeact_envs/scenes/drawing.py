"""Draw a scene from a random generator: who is there, what it is called, and where it stands."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from codeact.errors import TaskError
from codeact_envs.bullet.bodies.articulation import JointState, Room, room
from codeact_envs.bullet.bodies.body import Placement
from codeact_envs.bullet.geometry.poses import Pose
from codeact_envs.scenes.random_numbers import RandomNumbers
from codeact_envs.scenes.specification import Attribute, Kind, Region, RoleSpec, SceneSpec, taken_colors

_SCENES, _SPOTS = 400, 60  # tries for a whole scene, and for one body in it
_ZONE_HEIGHT = 0.0  # metres: a zone's centre is taken to lie on the ground
_GAP = 0.002  # metres between bodies that begin in another, one above another
_SIDE = 0.6  # of its own radius, by which such a body begins beside the middle, now on one side, now on the other


@dataclass(frozen=True)
class Placed:
    """A body in a drawn scene. `slot` is the key of the loaded body that plays it; `yaw` is about z, radians; `joint`
    is where its joint begins, as a share of its travel."""

    slot: str
    name: str
    color: str
    kind: Kind
    position: tuple[float, float, float]
    yaw: float
    joint: float = 0.0

    @property
    def joint_state(self) -> JointState | None:
        joint = self.kind.assembly.joint
        return JointState(joint.kind, self.joint * joint.travel, 0.0, 0.0, joint.travel) if joint else None

    @property
    def room(self) -> Room | None:
        """The room in it into which things go, if there is any."""
        assembly = self.kind.assembly
        if assembly.hollow is None:
            return None
        half = self.yaw / 2.0
        pose = Pose(self.position, (0.0, 0.0, math.sin(half), math.cos(half)))
        return room(assembly, pose, self.joint * assembly.joint.travel if assembly.joint else 0.0)

    @property
    def placement(self) -> Placement:
        return Placement(self.slot, self.name, self.position, self.yaw, self.color, self.joint)


@dataclass(frozen=True)
class DrawnScene:
    """A scene as drawn.

    Attributes:
        bodies: in the order of the roles.
        roles: the names of the bodies that play each role.
        words: the value of each attribute, as it is said.
        meanings: and what it means.
    """

    bodies: tuple[Placed, ...]
    roles: dict[str, tuple[str, ...]]
    words: dict[str, str]
    meanings: dict[str, Any]

    @property
    def layout(self) -> tuple[Placement, ...]:
        """What `BulletWorld.reset` takes."""
        return tuple(body.placement for body in self.bodies)


@dataclass(frozen=True)
class _Cast:
    """A body before it has a place."""

    slot: str
    name: str
    kind: Kind
    color: str
    role: RoleSpec


def slots(scene: SceneSpec, attributes: Mapping[str, Attribute]) -> dict[str, Kind]:
    """Every body that some episode needs, by slot: loaded once, used or parked."""
    found: dict[str, Kind] = {}
    for role, part in scene.roles.items():
        kinds = [part.kind]
        if part.kind.startswith("$"):
            kinds = [str(meaning) for meaning in attributes[part.kind[1:]].meanings.values()]
        for kind in kinds:
            for index in range(part.most):
                found[_slot(role, kind, index)] = scene.kinds[kind]
    return found


def _slot(role: str, kind: str, index: int) -> str:
    return f"{role}.{kind}.{index}"


def draw(
    scene: SceneSpec,
    attributes: Mapping[str, Attribute],
    random: RandomNumbers,
    values: str = "seen",
    accept: Callable[[DrawnScene], bool] = lambda drawn: True,
    called: str = "the scene",
    at: str = "",
) -> DrawnScene:
    """Draw attributes, colours and places.

    Args:
        random: where the choices come from.
        values: `seen` or `unseen`: which values of the attributes.
        accept: whether a scene will do; else another is drawn.
        called: what messages call it.
        at: put before its keys in messages: `scene.` in a task.

    Raises:
        TaskError: no scene was found that keeps the clearances and will do; or two bodies have one name.
    """
    words = {name: attribute.words(values) for name, attribute in attributes.items()}
    drawn = {name: choices[random.below(len(choices))] for name, choices in words.items()}
    meanings = {name: attributes[name].meanings[word] for name, word in drawn.items()}
    parts, roles = _dress(scene, random, words, meanings)
    names = [part.name for part in parts]
    if len(set(names)) != len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise TaskError(f"{called}: two roles have a body called {twice[0]!r}; give one another colour or noun")
    free = [index for index, part in enumerate(parts) if part.role.inside is None and part.role.stands_on is None]
    order = sorted(free, key=lambda index: -parts[index].kind.radius)
    for _ in range(_SCENES):
        spots = _scatter(scene, parts, order, random)
        if spots is None:
            continue
        bodies: dict[int, Placed] = {}
        for index, part in enumerate(parts):
            yaw = random.uniform(*part.role.yaw)
            x, y = spots.get(index, (0.0, 0.0))
            if part.role.facing == "origin":
                yaw += math.atan2(y, x)
            z = _ZONE_HEIGHT if part.kind.shape == "zone" else part.kind.size[2] / 2.0
            bodies[index] = Placed(part.slot, part.name, part.color, part.kind, (x, y, z), yaw, _start(part, random))
        _fill(parts, roles, bodies)
        _stack(parts, roles, bodies)
        found = DrawnScene(tuple(bodies.values()), roles, drawn, meanings)
        if accept(found):
            return found
    raise TaskError(f"{called}: no scene was found in {_SCENES} tries; widen {at}region or lower {at}clearance")


def _start(part: _Cast, random: RandomNumbers) -> float:
    if part.role.joint is None:
        return 0.0
    return random.uniform(*part.role.joint)


def _dress(
    scene: SceneSpec, random: RandomNumbers, words: dict[str, tuple[str, ...]], meanings: dict[str, Any]
) -> tuple[list[_Cast], dict[str, tuple[str, ...]]]:
    """Deal kinds, colours and names."""
    decks: dict[tuple[str, str], list[str]] = {}
    colors: dict[str, list[str]] = {}
    parts: list[_Cast] = []
    roles: dict[str, tuple[str, ...]] = {}
    for role, part in scene.roles.items():
        key = str(meanings[part.kind[1:]]) if part.kind.startswith("$") else part.kind
        kind = scene.kinds[key]
        count = part.count
        if isinstance(count, list):
            least, most = count
            count = least + random.below(most - least + 1)
        if part.color.startswith("as "):
            same = colors[part.color[3:]]
            dealt = [same[index] for index in random.order(len(same))]
        elif part.color.startswith("$"):
            taken = taken_colors(scene, kind.noun)
            shuffled = [word for word in _shuffled(words[part.color[1:]], random) if word not in taken]
            deck = decks.setdefault((part.color, kind.noun), shuffled)
            dealt = [deck.pop() for _ in range(count)]
        else:
            dealt = [part.color] * count
        colors[role] = dealt
        names = tuple(f"{color} {kind.noun}" for color in dealt)
        if len(set(names)) < len(names):
            names = tuple(f"{name} {number}" for number, name in enumerate(names, start=1))
        roles[role] = names
        parts.extend(
            _Cast(_slot(role, key, index), name, kind, color, part)
            for index, (name, color) in enumerate(zip(names, dealt, strict=True))
        )
    return parts, roles


def _shuffled(words: tuple[str, ...], random: RandomNumbers) -> list[str]:
    return [words[index] for index in random.order(len(words))]


def _scatter(
    scene: SceneSpec, parts: list[_Cast], order: list[int], random: RandomNumbers
) -> dict[int, tuple[float, float]] | None:
    """Places (x, y) for these bodies, in this order; None when one found no room."""
    spots: dict[int, tuple[float, float]] = {}
    for index in order:
        radius = parts[index].kind.radius
        region: Region = parts[index].role.region or scene.region
        (x_low, x_high), (y_low, y_high) = region.x, region.y
        for _ in range(_SPOTS):
            x, y = random.uniform(x_low, x_high), random.uniform(y_low, y_high)
            if region.contains(x, y) and all(
                math.hypot(x - other_x, y - other_y) >= radius + parts[other].kind.radius + scene.clearance
                for other, (other_x, other_y) in spots.items()
            ):
                spots[index] = (x, y)
                break
        else:
            return None
    return spots


def _fill(parts: list[_Cast], roles: dict[str, tuple[str, ...]], bodies: dict[int, Placed]) -> None:
    """Put what begins inside of something there: one above another, from its floor up."""
    by_name = {body.name: body for body in bodies.values()}
    heights: dict[str, float] = {}
    for index, part in enumerate(parts):
        if part.role.inside is None:
            continue
        holder = by_name[roles[part.role.inside][0]]
        space = holder.room
        assert space is not None
        x, y, z = space.pose.position
        low = heights.get(holder.name, z - space.size[2] / 2.0) + _GAP
        aside = _SIDE * part.kind.size[0] / 2.0 * (1.0 if index % 2 else -1.0)
        body = bodies[index]
        heights[holder.name] = low + body.kind.size[2]
        if space.size[0] < 2.0 * body.kind.size[0]:
            aside = 0.0
        place = (x + aside, y, low + body.kind.size[2] / 2.0)
        bodies[index] = Placed(body.slot, body.name, body.color, body.kind, place, body.yaw, body.joint)


def _stack(parts: list[_Cast], roles: dict[str, tuple[str, ...]], bodies: dict[int, Placed]) -> None:
    """Put what begins on something else over its middle, turned by its own yaw from there."""
    by_name = {body.name: index for index, body in bodies.items()}
    for index, part in enumerate(parts):
        if part.role.stands_on is None:
            continue
        below, body = bodies[by_name[roles[part.role.stands_on][0]]], bodies[index]
        x, y, z = below.position
        top = 0.0 if below.kind.shape == "zone" else z + below.kind.size[2] / 2.0
        bodies[index] = replace(body, position=(x, y, top + body.kind.size[2] / 2.0), yaw=below.yaw + body.yaw)
