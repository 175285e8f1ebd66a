"""What a scene file, or a task's `scene` block, says; validated."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, field_validator, model_validator

from codeact_envs.bullet.bodies.assembly import Assembly
from codeact_envs.bullet.bodies.colors import COLORS
from codeact_envs.bullet.bodies.shapes import SHAPES
from codeact_envs.bullet.geometry.poses import Vector3
from codeact_envs.bullet.robots.description import Volume
from codeact_envs.scenes.reading import Part

_MOST = 100  # bodies of one role

Finite = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
Range = Annotated[list[Finite], Field(min_length=2, max_length=2)]
Count = Annotated[int, Field(ge=1, le=_MOST)]
Counts = Annotated[list[Annotated[int, Field(ge=0, le=_MOST)]], Field(min_length=2, max_length=2)]
Share = Annotated[list[Annotated[float, Field(ge=0.0, le=1.0)]], Field(min_length=2, max_length=2)]
Size = Annotated[list[Annotated[float, Field(ge=1e-4, le=100.0)]], Field(min_length=3, max_length=3)]
RoleName = Annotated[str, Field(pattern="^[a-z_]+$")]


class Attribute(Part):
    """Values that an episode may draw, the unseen ones kept for tests of generalisation.

    A list of words, or a mapping from what the instruction says to what it means: `{"15 cm": 0.15}`.
    """

    seen: list[str] | dict[str, Any]
    unseen: list[str] | dict[str, Any] = Field(default=[])

    @cached_property
    def meanings(self) -> dict[str, Any]:
        """What each value means; a word means itself."""
        return {**_meanings(self.seen), **_meanings(self.unseen)}

    def words(self, values: str) -> tuple[str, ...]:
        return tuple(self.seen if values == "seen" else self.unseen)


def _meanings(values: list[str] | dict[str, Any]) -> dict[str, Any]:
    return values if isinstance(values, dict) else {word: word for word in values}


class Kind(Part):
    """A kind of body, called `<colour> <noun>`.

    Attributes:
        noun: the shape's name where none is given.
        shape: a key of `codeact_envs.bullet.bodies.shapes.SHAPES`.
        size: full extents (x, y, z) in metres; the shape's usual ones where none are given.
        mass: kilograms; the shape's usual mass where none is given.
    """

    noun: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9 _-]*$", max_length=40)]
    shape: str
    size: Size
    mass: Annotated[float, Field(gt=0.0, le=1e5)]

    @model_validator(mode="before")
    @classmethod
    def _usual(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        shape = str(given.get("shape"))
        kind = SHAPES.get(shape)
        if kind is None:
            return given
        return {"noun": shape.replace("_", " "), "size": list(kind.size), "mass": kind.mass, **given}

    @field_validator("shape")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in SHAPES:
            raise ValueError(f"there is no shape {value!r}; there are {', '.join(SHAPES)}")
        return value

    @model_validator(mode="after")
    def _can_be_made(self) -> Kind:
        problem = SHAPES[self.shape].problem(self.shape, self.extents)
        if problem is not None:
            raise ValueError(problem)
        return self

    @cached_property
    def extents(self) -> Vector3:
        x, y, z = self.size
        return (x, y, z)

    @cached_property
    def assembly(self) -> Assembly:
        """What it is made of."""
        return SHAPES[self.shape].assembly(self.extents)

    @cached_property
    def radius(self) -> float:
        """Of the circle around it seen from above, with everything that its joint may move, metres."""
        return SHAPES[self.shape].radius(self.extents)


class Region(Part):
    """Where centres of bodies may lie: ranges in metres, world frame, and of the distance from the world's origin,
    which is where an arm has its base."""

    x: Range
    y: Range
    reach: Range = Field(default=[0.30, 0.70])

    def contains(self, x: float, y: float) -> bool:
        return (
            self.x[0] <= x <= self.x[1]
            and self.y[0] <= y <= self.y[1]
            and self.reach[0] <= (x * x + y * y) ** 0.5 <= self.reach[1]
        )


class RoleSpec(Part):
    """One or more bodies of a kind in an episode.

    Attributes:
        kind: a key of `kinds`, or `$attribute` whose value is one.
        color: `$attribute`, dealt without repeating among bodies of one noun; a colour; or `as <role>`, the same ones
            in another order.
        count: how many, or a range: [least, most].
        yaw: range of the rotation about z, radians.
        facing: what `yaw` is measured from: the `x` axis, or the direction from the world's `origin`, so that furniture
            turns its front to an arm that stands there.
        region: where these bodies may stand; the scene's own where none is given.
        joint: range of where its joint begins, as a share of its travel.
        inside: the role of one body in whose room they begin, one above another.
        stands_on: the role of one body, above this one in the file, on whose middle this one begins.
    """

    kind: str
    color: str = "$color"
    count: Count | Counts = 1
    yaw: Range = Field(default=[-0.7, 0.7])
    facing: Literal["x", "origin"] = "x"
    region: Region | None = None
    joint: Share | None = None
    inside: RoleName | None = None
    stands_on: RoleName | None = None

    @property
    def most(self) -> int:
        return self.count if isinstance(self.count, int) else self.count[1]


class SceneSpec(Part):
    """What stands around a robot.

    Attributes:
        robot: a name in `codeact_envs.bullet.robots`, or the path of a YAML description.
        region: where centres of bodies may lie.
        clearance: the least distance in metres between the circles around two bodies, seen from above.
        kinds: by name.
        roles: who is there; the name of a role is for those who write tasks, bodies are called by colour and noun.
        keep_out: volumes in the world frame that the robot may not enter.
        speed_limit: metres per second that no point of an arm may exceed; infinite for the maker's own limit.
    """

    robot: str = "panda"
    region: Region
    clearance: Positive
    kinds: dict[str, Kind]
    roles: dict[RoleName, RoleSpec]
    keep_out: list[Volume] = Field(default=[], max_length=100)
    speed_limit: Annotated[float, Field(gt=0.0)] = math.inf


def check_scene(scene: SceneSpec, attributes: Mapping[str, Attribute], at: str = "") -> Iterator[str]:
    """What is wrong with a scene, one line each.

    Args:
        at: put before its keys: `scene.` in a task.
    """
    earlier: set[str] = set()
    for name, part in scene.roles.items():
        key = f"{at}roles.{name}"
        kinds, unknown = possible(part.kind, attributes, f"{key}.kind")
        yield from unknown
        for kind in kinds:
            if kind not in scene.kinds:
                yield f"{key}.kind: there is no kind {kind!r}; there are {', '.join(scene.kinds)}"
        if part.color.startswith("as "):
            other = scene.roles.get(part.color[3:])
            if part.color[3:] not in earlier or other is None or other.count != part.count:
                yield f"{key}.color: {part.color!r} must name a role above it with the same count"
            elif isinstance(part.count, list):
                yield f"{key}.color: {part.color!r} needs a count that is one number"
        else:
            colors, unknown = possible(part.color, attributes, f"{key}.color")
            yield from unknown
            for color in colors:
                if color not in COLORS:
                    yield f"{key}.color: colour {color!r} is unknown; known are {', '.join(COLORS)}"
        earlier.add(name)
        if isinstance(part.count, list):
            yield from _check_range(f"{key}.count", part.count)
        if part.joint is not None:
            yield from _check_range(f"{key}.joint", part.joint)
            for kind in kinds:
                if kind in scene.kinds and scene.kinds[kind].assembly.joint is None:
                    yield f"{key}.joint: a {scene.kinds[kind].shape} has no joint"
        if part.region is not None:
            yield from _check_region(f"{key}.region", part.region)
        yield from _check_inside(scene, part, key)
        yield from _check_stands_on(scene, part, key, earlier - {name})
    yield from _check_region(f"{at}region", scene.region)


def _check_region(key: str, region: Region) -> Iterator[str]:
    for axis in ("x", "y", "reach"):
        yield from _check_range(f"{key}.{axis}", getattr(region, axis))


def _check_range(key: str, values: list[float] | list[int]) -> Iterator[str]:
    if values[0] > values[1]:
        yield f"{key}: the first number must be the smaller one"


def _check_inside(scene: SceneSpec, part: RoleSpec, key: str) -> Iterator[str]:
    if part.inside is None:
        return
    holder = scene.roles.get(part.inside)
    if holder is None or holder.count != 1 or holder.inside is not None or holder.kind.startswith("$"):
        yield f"{key}.inside: {part.inside!r} must name a role of one body, of one kind, that is in nothing itself"
        return
    kind = scene.kinds.get(holder.kind)
    if kind is not None and kind.assembly.hollow is None:
        yield f"{key}.inside: nothing can be put into a {kind.shape}"


def _check_stands_on(scene: SceneSpec, part: RoleSpec, key: str, earlier: set[str]) -> Iterator[str]:
    if part.stands_on is None:
        return
    if part.stands_on not in earlier or scene.roles[part.stands_on].count != 1:
        yield f"{key}.stands_on: {part.stands_on!r} must name a role of one body above it"
    elif part.count != 1:
        yield f"{key}.count: one body begins on another, not {part.count}"
    elif part.inside is not None:
        yield f"{key}.stands_on: it begins inside {part.inside!r} already; give one of the two"


def possible(value: str, attributes: Mapping[str, Attribute], key: str) -> tuple[list[str], list[str]]:
    """What a value may turn out to be, where `$name` stands for an attribute; and what is wrong with it."""
    if not value.startswith("$"):
        return [value], []
    attribute = attributes.get(value[1:])
    if attribute is None:
        return [], [f"{key}: there is no attribute {value[1:]!r}; there are {', '.join(attributes)}"]
    return [str(meaning) for meaning in attribute.meanings.values()], []


def taken_colors(scene: SceneSpec, noun: str) -> set[str]:
    """Colours that are some role's own, among bodies of this noun."""
    return {
        part.color
        for part in scene.roles.values()
        if part.color in COLORS and part.kind in scene.kinds and scene.kinds[part.kind].noun == noun
    }


def check_colors(scene: SceneSpec, attributes: Mapping[str, Attribute], values: str) -> Iterator[str]:
    """Bodies of one noun are told apart by their colours, so there must be enough of them."""
    needed: dict[str, int] = {}
    for part in scene.roles.values():
        if part.color.startswith("$") and part.color[1:] in attributes:
            needed[part.color[1:]] = needed.get(part.color[1:], 0) + part.most
    for name, count in needed.items():
        nouns = {
            scene.kinds[part.kind].noun
            for part in scene.roles.values()
            if part.color == f"${name}" and part.kind in scene.kinds
        }
        fixed = {color for noun in nouns for color in taken_colors(scene, noun)}
        there = len([word for word in attributes[name].words(values) if word not in fixed])
        if there < count:
            free = " are free" if fixed else ""
            yield f"attributes.{name}.{values}: {there} values{free}, but {count} bodies take one each"
