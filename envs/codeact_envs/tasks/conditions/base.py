"""Conditions: what must hold at the end of an episode. Each is data from a task's YAML and a pure function of
snapshots.

A condition reads the scene at the start and now, and says whether it is met, met strictly, and how far it has come.
Progress is measured from where the episode began, so that a scene that nobody touched stands at exactly 0.

A package adds its own with `@condition("name")` on a subclass of `Condition`.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, PositiveFloat, StringConstraints

from codeact.errors import TaskError
from codeact_envs.tasks.snapshot import Snapshot, Vector3

Reference = Annotated[str, StringConstraints(pattern=r"^\$[a-z_]+$")]  # to a value that the episode drew
Role = Annotated[str, StringConstraints(pattern=r"^[a-z_]+$")]

_SLACK = 0.005  # metres of approach that earn nothing: a body that only settles has not been moved
UNMET = 0.95  # the most that an unmet condition may reach


@dataclass(frozen=True)
class Cast:
    """Who plays which role in an episode.

    Attributes:
        roles: role to the names of its bodies.
        values: attribute to the value that was drawn: a number, a word or a vector.
    """

    roles: Mapping[str, tuple[str, ...]]
    values: Mapping[str, Any]

    def name(self, role: str) -> str:
        """The name of the one body in a role."""
        (name,) = self.roles[role]
        return name

    def number(self, value: float | str) -> float:
        return float(self.values[value[1:]]) if isinstance(value, str) else value

    def word(self, value: str) -> str:
        return str(self.values[value[1:]]) if value.startswith("$") else value

    def vector(self, value: Sequence[float] | str) -> tuple[float, ...]:
        return tuple(self.values[value[1:]] if isinstance(value, str) else value)


@dataclass(frozen=True)
class Reading:
    """What a condition says: met by the standard tolerance, by the strict one, and progress in [0, 1]."""

    met: bool
    strict: bool
    progress: float


def approach(error: float, error_at_start: float, met: bool, strict: bool | None = None) -> Reading:
    """Read progress from an error in metres: 0 where it began or farther, just under 1 at no error, 1 when met."""
    if met:
        return Reading(True, met if strict is None else strict, 1.0)
    gained, whole = error_at_start - error - _SLACK, error_at_start - _SLACK
    share = gained / whole if whole > 0.0 else 0.0
    return Reading(False, False, UNMET * min(1.0, max(0.0, share)))


class Condition(BaseModel):
    """Base of all conditions. Fields are what the YAML gives; a `$name` stands for a value that the episode drew.

    One that judges how a state was reached, and not only the state, `follows` the episode: `begin` says what it
    remembers at the start, `follow` what it remembers after a further moment, 20 times a simulated second, and `read`
    finds it as `now.memory`. What is remembered is plain data that never changes: numbers, words, tuples of them.

    Attributes:
        judges: the part of the robot that it looks at, beside bodies: `tool`, `base`, `drone`; None for none.
        follows: whether it follows the episode.
        called: the name that task files use for it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    judges: ClassVar[Literal["tool", "base", "drone"] | None] = None
    follows: ClassVar[bool] = False
    called: ClassVar[str] = ""

    @abstractmethod
    def read(self, cast: Cast, start: Snapshot, now: Snapshot) -> Reading:
        """Judge `now` of an episode that began with `start`."""

    def begin(self, cast: Cast, start: Snapshot) -> Any:
        """What it remembers when the episode begins."""
        return None

    def follow(self, cast: Cast, memory: Any, now: Snapshot) -> Any:
        """What it remembers after `now`, which is 0.05 s of simulated time later than the moment before."""
        return memory

    def gone(self, cast: Cast, memory: Any) -> tuple[str, ...]:
        """Names of marks that pictures show no longer, by what it remembers."""
        return ()

    def breach(self, cast: Cast, start: Snapshot, now: Snapshot) -> str:
        """What to say when it is a hard constraint, and not met."""
        return f"{self.called} does not hold any more"

    def named_roles(self) -> tuple[str, ...]:
        """Roles that the condition speaks of; a task is refused when its scene has no such role."""
        fields = (getattr(self, field) for field in ("what", "where", "but", "of") if field in type(self).model_fields)
        return tuple(role for value in fields for role in ((value,) if isinstance(value, str) else value))

    def single_roles(self) -> tuple[str, ...]:
        """Those of them that must be one body."""
        return ()

    def references(self) -> tuple[str, ...]:
        """Attributes that the condition refers to."""
        values = (getattr(self, field) for field in type(self).model_fields)
        each = (one for value in values for one in (value if isinstance(value, list | tuple) else (value,)))
        return tuple(one[1:] for one in each if isinstance(one, str) and one.startswith("$"))

    def open_at(self, cast: Cast, start: Snapshot) -> bool:
        """Whether a scene may begin like this: there must be something left to do."""
        return not self.read(cast, start, replace(start, memory=self.begin(cast, start))).met

    def goal_point(self, cast: Cast, start: Snapshot) -> tuple[str, Vector3] | None:
        """A body, and the place on the table that must be free for it, if there is one."""
        return None


@dataclass(frozen=True)
class PlaceGoal:
    """What must come where: the body of that name, or the tool for None, to `place`, metres in the world frame."""

    body: str | None
    place: Vector3


class PlaceCondition(Condition):
    """A condition that one point comes to one place, within `within` metres: a task that has no other goal can be
    learnt by goal-conditioned reinforcement learning."""

    within: PositiveFloat

    @abstractmethod
    def place_goal(self, cast: Cast, start: Snapshot) -> PlaceGoal:
        """The point and the place, in an episode that begins with `start`."""


CONDITIONS: dict[str, type[Condition]] = {}
_C = TypeVar("_C", bound=type[Condition])


def condition(name: str) -> Callable[[_C], _C]:
    """Give a condition the name that task files use for it.

    Raises:
        TaskError: another condition has this name.
    """

    def add(kind: _C) -> _C:
        known = CONDITIONS.get(name)
        if known is not None and (known.__module__, known.__qualname__) != (kind.__module__, kind.__qualname__):
            raise TaskError(f"there is a condition named {name!r} already; give yours another name")
        CONDITIONS[name] = kind
        kind.called = name
        return kind

    return add


def all_of(readings: Sequence[Reading]) -> Reading:
    """All of them together: met when each is, as far as they are on the mean."""
    met = all(reading.met for reading in readings)
    share = math.fsum(reading.progress for reading in readings) / len(readings)
    return Reading(met, all(reading.strict for reading in readings), share)
