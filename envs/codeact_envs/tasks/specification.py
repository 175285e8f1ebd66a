"""A task's YAML file, validated. Every error names the file and the key, and says what would be right."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from string import Formatter
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    field_validator,
    model_validator,
)

from codeact.errors import TaskError
from codeact_envs.bullet.shapes import SHAPES
from codeact_envs.tasks.conditions import CONDITIONS, Condition, Role
from codeact_envs.tasks.constraints import CONSTRAINTS

Range = Annotated[list[float], Field(min_length=2, max_length=2)]
Size = Annotated[list[PositiveFloat], Field(min_length=3, max_length=3)]

_LEAST_TEMPLATES = 5


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Attribute(_Part):
    """Values that an episode may draw, the unseen ones kept for tests of generalisation.

    A list of words, or a mapping from what the instruction says to what it means: `{"15 cm": 0.15}`.
    """

    seen: list[str] | dict[str, Any]
    unseen: list[str] | dict[str, Any]

    @cached_property
    def meanings(self) -> dict[str, Any]:
        """What each value means; a word means itself."""
        return {**_meanings(self.seen), **_meanings(self.unseen)}

    def words(self, values: str) -> tuple[str, ...]:
        return tuple(self.seen if values == "seen" else self.unseen)


def _meanings(values: list[str] | dict[str, Any]) -> dict[str, Any]:
    return values if isinstance(values, dict) else {word: word for word in values}


class Kind(_Part):
    """A kind of body, called `<colour> <noun>`.

    Attributes:
        shape: a key of `codeact_envs.bullet.shapes.SHAPES`.
        size: full extents (x, y, z) in metres; the shape's usual ones where none are given.
        mass: kilograms; the shape's usual mass where none is given.
    """

    noun: str
    shape: str
    size: Size
    mass: PositiveFloat

    @model_validator(mode="before")
    @classmethod
    def _usual(cls, given: Any) -> Any:
        kind = SHAPES.get(str(given.get("shape"))) if isinstance(given, dict) else None
        return {"size": list(kind.size), "mass": kind.mass, **given} if kind is not None else given

    @field_validator("shape")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in SHAPES:
            raise ValueError(f"there is no shape {value!r}; there are {', '.join(SHAPES)}")
        return value

    @model_validator(mode="after")
    def _can_be_made(self) -> Kind:
        x, y, z = self.size
        problem = SHAPES[self.shape].problem(self.shape, (x, y, z))
        if problem is not None:
            raise ValueError(problem)
        return self


class RoleSpec(_Part):
    """One or more bodies of a kind in an episode.

    Attributes:
        kind: a key of `kinds`, or `$attribute` whose value is one.
        color: `$attribute`, dealt without repeating among bodies of one noun; a colour; or `as <role>`, the same ones
        in
            another order.
        count: how many.
        yaw: range of the rotation about z, radians.
    """

    kind: str
    color: str = "$color"
    count: PositiveInt = 1
    yaw: Range = [-0.7, 0.7]


class Region(_Part):
    """Where centres of bodies may lie: ranges in metres, world frame, and of the distance from the robot's base."""

    x: Range
    y: Range
    reach: Range = [0.30, 0.70]

    def contains(self, x: float, y: float) -> bool:
        return (
            self.x[0] <= x <= self.x[1]
            and self.y[0] <= y <= self.y[1]
            and self.reach[0] <= (x * x + y * y) ** 0.5 <= self.reach[1]
        )


class SceneSpec(_Part):
    """What stands on the table. `clearance` is the least distance in metres between the circles around two bodies."""

    robot: str = "panda"
    region: Region
    clearance: PositiveFloat
    kinds: dict[str, Kind]
    roles: dict[Role, RoleSpec]


class LimitsSpec(_Part):
    turns: PositiveInt
    simulated_seconds: PositiveFloat
    tool_calls: PositiveInt


class LowSpec(_Part):
    """The programs of the low tier, for a task that has both."""

    oracle: str
    opposite: str

    @field_validator("oracle", "opposite")
    @classmethod
    def _compiles(cls, value: str) -> str:
        return _compiled(value)


class TaskSpec(_Part):
    """A task as its YAML gives it. `docs/add-a-task.md` explains every key."""

    title: str
    family: Annotated[str, Field(pattern="^[A-Z]$")]
    tier: Literal["high", "low", "both"]
    instructions: list[str]
    attributes: dict[str, Attribute]
    scene: SceneSpec
    goal: list[Condition]
    keep: list[Condition] = []
    hard_constraints: list[str]
    limits: LimitsSpec
    oracle: str
    opposite: str
    low: LowSpec | None = None

    @field_validator("goal", "keep", mode="before")
    @classmethod
    def _conditions(cls, value: Any) -> Any:
        if not isinstance(value, list):
            raise ValueError("give a list of conditions, each as `name: {its fields}`")
        return [_condition(entry) for entry in value]

    @field_validator("oracle", "opposite")
    @classmethod
    def _compiles(cls, value: str) -> str:
        return _compiled(value)

    @property
    def tiers(self) -> tuple[str, ...]:
        """The tiers of tools that it can be played with, its own first."""
        return ("high", "low") if self.tier == "both" else (self.tier,)

    def programs(self, tier: str) -> TaskSpec | LowSpec:
        """Whose `oracle` and `opposite` are written for a tier."""
        return self.low if tier == "low" and self.low is not None else self

    @cached_property
    def instruction_fields(self) -> tuple[str, ...]:
        """Roles and attributes that every instruction names: all that a reference program is told."""
        return tuple(sorted(_fields(self.instructions[0])))


def _compiled(program: str) -> str:
    try:
        compile(program, "program", "exec")
    except SyntaxError as error:
        raise ValueError(f"line {error.lineno} is no Python: {error.msg}") from error
    return program


def _condition(entry: Any) -> Condition:
    if isinstance(entry, Condition):
        return entry
    if not isinstance(entry, dict) or len(entry) != 1:
        raise ValueError(f"{entry!r} is no condition; write `name: {{its fields}}`")
    ((name, given),) = entry.items()
    kind = CONDITIONS.get(name)
    if kind is None:
        raise ValueError(f"there is no condition {name!r}; there are {', '.join(CONDITIONS)}")
    try:
        return kind.model_validate(given or {})
    except ValidationError as error:
        raise ValueError("; ".join(_lines(error, name))) from error


def _fields(template: str) -> set[str]:
    return {field for _, field, _, _ in Formatter().parse(template) if field is not None}


def _lines(error: ValidationError, prefix: str = "") -> Iterator[str]:
    for problem in error.errors():
        key = prefix
        for step in problem["loc"]:
            key += f"[{step}]" if isinstance(step, int) else f".{step}" if key else str(step)
        message = problem["msg"].removeprefix("Value error, ")
        yield f"{key}: {message}" + (
            f", not {problem['input']!r}" if isinstance(problem["input"], (int, float, str)) else ""
        )


def parse_task(data: Any, source: str) -> TaskSpec:
    """Validate a task that was read from `source`.

    Raises:
        TaskError: names the source, each key that is wrong, and what would be right.
    """
    if not isinstance(data, dict):
        raise TaskError(
            f"{source}: a task is a mapping of keys such as title, scene and goal, not {type(data).__name__}"
        )
    try:
        spec = TaskSpec.model_validate(data)
    except ValidationError as error:
        raise TaskError("\n".join(f"{source}: {line}" for line in _lines(error))) from error
    problems = [
        *_check_tiers(spec),
        *_check_instructions(spec),
        *_check_scene(spec),
        *_check_conditions(spec),
        *_check_attributes(spec),
    ]
    if problems:
        raise TaskError("\n".join(f"{source}: {problem}" for problem in problems))
    return spec


def read_task(path: Path) -> TaskSpec:
    """Read and validate a task's YAML file.

    Raises:
        TaskError: as for `parse_task`, and where the file is missing or no YAML.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise TaskError(f"{path}: cannot be read: {error.strerror}") from error
    try:
        data = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        raise TaskError(f"{path}: no YAML: {error}") from error
    return parse_task(data, str(path))


def _check_tiers(spec: TaskSpec) -> Iterator[str]:
    if spec.tier == "both" and spec.low is None:
        yield "low: a task with `tier: both` needs `low: {oracle: ..., opposite: ...}`, the programs of the low tier"
    if spec.tier != "both" and spec.low is not None:
        yield f"low: only a task with `tier: both` has programs of a second tier; this one says `tier: {spec.tier}`"


def _check_instructions(spec: TaskSpec) -> Iterator[str]:
    if len(set(spec.instructions)) < _LEAST_TEMPLATES:
        yield f"instructions: {len(set(spec.instructions))} different templates; at least {_LEAST_TEMPLATES} are needed"
    single = {role for role, part in spec.scene.roles.items() if part.count == 1}
    known = sorted(single | set(spec.attributes))
    for index, template in enumerate(spec.instructions):
        fields = _fields(template)
        for field in sorted(fields - set(known)):
            here = f"instructions[{index}]: {{{field}}}"
            yield f"{here} is neither an attribute nor a role of one body; those are {', '.join(known)}"
        if fields != set(spec.instruction_fields):
            first = list(spec.instruction_fields)
            yield f"instructions[{index}]: names {sorted(fields)}, but the first {first}; all must say the same"
    for name, part in spec.scene.roles.items():
        if re.fullmatch(r"as [a-z_]+", part.color) and name in spec.instruction_fields:
            yield f"scene.roles.{name}.color: a body that the instruction names needs a colour of its own"


def _check_scene(spec: TaskSpec) -> Iterator[str]:
    scene = spec.scene
    for name, part in scene.roles.items():
        key = f"scene.roles.{name}"
        for kind in _possible(part.kind, spec.attributes, f"{key}.kind"):
            if kind.startswith(f"{key}."):
                yield kind
            elif kind not in scene.kinds:
                yield f"{key}.kind: there is no kind {kind!r}; there are {', '.join(scene.kinds)}"
        if part.color.startswith("as "):
            other = scene.roles.get(part.color[3:])
            if other is None or other.count != part.count:
                yield f"{key}.color: {part.color!r} must name a role with the same count"
        else:
            yield from (
                text for text in _possible(part.color, spec.attributes, f"{key}.color") if "no attribute" in text
            )
    for axis in ("x", "y", "reach"):
        low, high = getattr(scene.region, axis)
        if low >= high:
            yield f"scene.region.{axis}: the first number must be the smaller one"
    for values in ("seen", "unseen"):
        yield from _check_colors(spec, values)


def _possible(value: str, attributes: Mapping[str, Attribute], key: str) -> list[str]:
    if not value.startswith("$"):
        return [value]
    attribute = attributes.get(value[1:])
    if attribute is None:
        return [f"{key}: there is no attribute {value[1:]!r}; there are {', '.join(attributes)}"]
    return [str(meaning) for meaning in attribute.meanings.values()]


def _check_colors(spec: TaskSpec, values: str) -> Iterator[str]:
    """Bodies of one noun are told apart by their colours, so there must be enough of them."""
    needed: dict[str, int] = {}
    for part in spec.scene.roles.values():
        if part.color.startswith("$") and part.color[1:] in spec.attributes:
            needed[part.color[1:]] = needed.get(part.color[1:], 0) + part.count
    for name, count in needed.items():
        there = len(spec.attributes[name].words(values))
        if there < count:
            yield f"attributes.{name}.{values}: {there} values, but {count} bodies take one each"


def _check_conditions(spec: TaskSpec) -> Iterator[str]:
    if not spec.goal:
        yield "goal: at least one condition is needed"
    for part, conditions in (("goal", spec.goal), ("keep", spec.keep)):
        for index, condition in enumerate(conditions):
            key = f"{part}[{index}]"
            for role in condition.named_roles():
                if role not in spec.scene.roles:
                    yield f"{key}: there is no role {role!r}; there are {', '.join(spec.scene.roles)}"
            for role in condition.single_roles():
                if role in spec.scene.roles and spec.scene.roles[role].count != 1:
                    yield f"{key}: role {role!r} must be one body, not {spec.scene.roles[role].count}"
            for reference in condition.references():
                if reference not in spec.attributes:
                    yield f"{key}: there is no attribute {reference!r}; there are {', '.join(spec.attributes)}"
    for index, name in enumerate(spec.hard_constraints):
        if name not in CONSTRAINTS:
            yield f"hard_constraints[{index}]: there is no {name!r}; there are {', '.join(CONSTRAINTS)}"


def _check_attributes(spec: TaskSpec) -> Iterator[str]:
    for name, attribute in spec.attributes.items():
        for values in ("seen", "unseen"):
            if not attribute.words(values):
                yield f"attributes.{name}.{values}: give at least one value"
        both = sorted(set(attribute.words("seen")) & set(attribute.words("unseen")))
        if both:
            yield f"attributes.{name}: {', '.join(map(repr, both))} is seen and unseen; a value is one or the other"
