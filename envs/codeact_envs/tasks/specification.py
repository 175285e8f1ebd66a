"""A task's YAML file, validated. Every error names the file and the key, and says what would be right."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PositiveFloat, PositiveInt, ValidationError, field_validator

from codeact.errors import TaskError
from codeact.yaml_files import read_yaml
from codeact_envs.scenes.reading import Part, problems
from codeact_envs.scenes.specification import Attribute, Region, RoleName, SceneSpec, check_colors, check_scene
from codeact_envs.tasks.conditions import CONDITIONS, Condition
from codeact_envs.tasks.constraints import CONSTRAINTS
from codeact_envs.tasks.phrasing import template_fields, unlike
from codeact_envs.tasks.selection import Selection, check_selections, role_counts
from codeact_envs.tasks.shown_tools import SOMETIMES

_LEAST_TEMPLATES = 5


class LimitsSpec(Part):
    turns: PositiveInt
    simulated_seconds: PositiveFloat
    tool_calls: PositiveInt


class LowSpec(Part):
    """The programs of the low tier, for a task that has both."""

    oracle: str
    opposite: str

    @field_validator("oracle", "opposite")
    @classmethod
    def _compiles(cls, value: str) -> str:
        return _compiled(value)


class OtherRobot(Part):
    """How a task is played with another robot: where bodies may stand then; the scene's own region without one."""

    region: Region | None = None


class TaskSpec(Part):
    """A task as its YAML gives it. `docs/add-a-task.md` explains every key."""

    title: str
    family: Annotated[str, Field(pattern="^[A-Z]$")]
    tier: Literal["high", "low", "both"]
    instructions: list[str]
    instruction_split: Literal["seen", "unseen"] | None = None
    phrasings: dict[Literal["training", "unseen"], list[str]] = Field(default={})
    attributes: dict[str, Attribute]
    scene: SceneSpec
    robots: dict[str, OtherRobot] = Field(default={})
    select: dict[RoleName, Selection] = Field(default={})
    goal: list[Condition]
    keep: list[Condition] = Field(default=[])
    hard_constraints: list[str | Condition]
    limits: LimitsSpec
    oracle: str
    opposite: str
    low: LowSpec | None = None
    shows: list[str] = Field(default=[])

    @field_validator("goal", "keep", mode="before")
    @classmethod
    def _conditions(cls, value: Any) -> Any:
        if not isinstance(value, list):
            raise ValueError("give a list of conditions, each as `name: {its fields}`")
        return [_condition(entry) for entry in value]

    @field_validator("hard_constraints", mode="before")
    @classmethod
    def _constraints(cls, value: Any) -> Any:
        if not isinstance(value, list):
            raise ValueError("give a list of names, or of conditions, each as `name: {its fields}`")
        return [entry if isinstance(entry, str) else _condition(entry) for entry in value]

    @field_validator("oracle", "opposite")
    @classmethod
    def _compiles(cls, value: str) -> str:
        return _compiled(value)

    @cached_property
    def conditions(self) -> dict[str, Condition]:
        """All conditions by their place in the file, such as `goal[0]`."""
        parts = (("goal", self.goal), ("keep", self.keep), ("hard_constraints", self.hard_constraints))
        return {
            f"{part}[{index}]": entry
            for part, entries in parts
            for index, entry in enumerate(entries)
            if isinstance(entry, Condition)
        }

    @property
    def tiers(self) -> tuple[str, ...]:
        """The tiers of tools that it can be played with, its own first."""
        return ("high", "low") if self.tier == "both" else (self.tier,)

    def with_robot(self, robot: str) -> TaskSpec:
        """The same task in front of another of its `robots`, by name; a `KeyError` where it is none."""
        if robot == self.scene.robot:
            return self
        changed: dict[str, Any] = {"robot": robot}
        if self.robots[robot].region is not None:
            changed["region"] = self.robots[robot].region
        return self.model_copy(update={"scene": self.scene.model_copy(update=changed)})

    def programs(self, tier: str) -> TaskSpec | LowSpec:
        """Whose `oracle` and `opposite` are written for a tier."""
        return self.low if tier == "low" and self.low is not None else self

    @cached_property
    def instruction_fields(self) -> tuple[str, ...]:
        """Roles and attributes that every instruction names: all that a reference program is told."""
        return tuple(sorted(template_fields(self.instructions[0])))


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
        near = get_close_matches(str(name), CONDITIONS, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ValueError(f"there is no condition {name!r}; {hint}there are {', '.join(sorted(CONDITIONS))}")
    try:
        return kind.model_validate(given or {})
    except ValidationError as error:
        raise ValueError("; ".join(problems(error, name))) from error


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
        raise TaskError("\n".join(f"{source}: {line}" for line in problems(error))) from error
    wrong = [
        *_check_tiers(spec),
        *_check_instructions(spec),
        *_check_scene(spec),
        *_check_conditions(spec),
        *_check_attributes(spec),
        *_check_shows(spec),
    ]
    if wrong:
        raise TaskError("\n".join(f"{source}: {line}" for line in wrong))
    return spec


def read_task(path: Path) -> TaskSpec:
    """Read and validate a task's YAML file.

    Raises:
        TaskError: as for `parse_task`, and where the file is missing or no YAML.
    """
    return parse_task(read_yaml(path, TaskError), str(path))


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
        fields = template_fields(template)
        for field in sorted(fields - set(known)):
            here = f"instructions[{index}]: {{{field}}}"
            yield f"{here} is neither an attribute nor a role of one body; those are {', '.join(known)}"
        if fields != set(spec.instruction_fields):
            first = list(spec.instruction_fields)
            yield f"instructions[{index}]: names {sorted(fields)}, but the first {first}; all must say the same"
    for which, others in spec.phrasings.items():
        for index, template in enumerate(others):
            if problem := unlike(template, spec.instructions):
                yield f"phrasings.{which}[{index}]: {problem}"
            if template in spec.instructions:
                yield f"phrasings.{which}[{index}]: {template!r} is one of the instructions"
    for name, part in spec.scene.roles.items():
        if re.fullmatch(r"as [a-z_]+", part.color) and name in spec.instruction_fields:
            yield f"scene.roles.{name}.color: a body that the instruction names needs a colour of its own"


def _check_scene(spec: TaskSpec) -> Iterator[str]:
    yield from check_scene(spec.scene, spec.attributes, "scene.")
    yield from check_selections(spec.scene, spec.select, spec.attributes)
    for name, part in spec.scene.roles.items():
        if isinstance(part.count, list):
            yield f"scene.roles.{name}.count: every episode of a task has the same number of bodies; give one number"
    for values in ("seen", "unseen"):
        yield from check_colors(spec.scene, spec.attributes, values)


def _check_conditions(spec: TaskSpec) -> Iterator[str]:
    if not spec.goal:
        yield "goal: at least one condition is needed"
    counts = role_counts(spec.scene, spec.select, spec.attributes)
    for key, condition in spec.conditions.items():
        for role in condition.named_roles():
            if role not in counts:
                yield f"{key}: there is no role {role!r}; there are {', '.join(counts)}"
        for role in condition.single_roles():
            if role in counts and counts[role] != 1:
                yield f"{key}: role {role!r} must be one body, not {counts[role] or 'several'}"
        for reference in condition.references():
            if reference not in spec.attributes:
                yield f"{key}: there is no attribute {reference!r}; there are {', '.join(spec.attributes)}"
    for index, name in enumerate(spec.hard_constraints):
        if isinstance(name, str) and name not in CONSTRAINTS:
            yield f"hard_constraints[{index}]: there is no {name!r}; there are {', '.join(CONSTRAINTS)}"


def _check_attributes(spec: TaskSpec) -> Iterator[str]:
    for name, attribute in spec.attributes.items():
        for values in ("seen", "unseen"):
            if not attribute.words(values):
                yield f"attributes.{name}.{values}: give at least one value"
        both = sorted(set(attribute.words("seen")) & set(attribute.words("unseen")))
        if both:
            yield f"attributes.{name}: {', '.join(map(repr, both))} is seen and unseen; a value is one or the other"


def _check_shows(spec: TaskSpec) -> Iterator[str]:
    for name in spec.shows:
        if name not in SOMETIMES:
            yield f"shows: {name!r} is always shown, or no tool; name one of {', '.join(sorted(SOMETIMES))}"
