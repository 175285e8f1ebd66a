"""Conditions on what `finish(...)` was given: a question about the scene as it was when the episode began."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Literal

from pydantic import PositiveFloat, model_validator

from codeact_envs.tasks.conditions.base import Cast, Condition, Reading, Role, condition
from codeact_envs.tasks.conditions.cases import Comparison
from codeact_envs.tasks.snapshot import Snapshot, horizontal_distance


class Answer(Condition):
    """Base of them: met when the answer is right."""

    def read(self, cast: Cast, start: Snapshot, now: Snapshot) -> Reading:
        met = now.answer is not None and self.right(cast, start, now.answer)
        return Reading(met, met, 1.0 if met else 0.0)

    @abstractmethod
    def right(self, cast: Cast, start: Snapshot, answer: Any) -> bool:
        """Whether `answer` is right of an episode that began with `start`."""


@condition("answered_name")
class AnsweredName(Answer):
    """The answer is the name of the body `what`."""

    what: Role

    def single_roles(self) -> tuple[str, ...]:
        return (self.what,)

    def right(self, cast: Cast, start: Snapshot, answer: Any) -> bool:
        return isinstance(answer, str) and answer.strip() == cast.name(self.what)


@condition("answered_count")
class AnsweredCount(Answer):
    """The answer is how many bodies there are in the role `what`."""

    what: Role

    def right(self, cast: Cast, start: Snapshot, answer: Any) -> bool:
        return _number(answer) and answer == len(cast.roles[self.what])


@condition("answered_number")
class AnsweredNumber(Answer):
    """The answer is a number that was measured, in metres divided by `unit`, within `within` metres: the distance
    between the centres of `what` and `where` seen from above, or the height, x or y of `what`."""

    what: Role
    where: Role | None = None
    measure: Literal["distance", "height", "x", "y"]
    unit: PositiveFloat = 1.0
    within: PositiveFloat = 0.006

    @model_validator(mode="after")
    def _has_both(self) -> AnsweredNumber:
        if (self.measure == "distance") != (self.where is not None):
            raise ValueError("give where for a distance, and for nothing else")
        return self

    def named_roles(self) -> tuple[str, ...]:
        return self.single_roles()

    def single_roles(self) -> tuple[str, ...]:
        return (self.what,) if self.where is None else (self.what, self.where)

    def right(self, cast: Cast, start: Snapshot, answer: Any) -> bool:
        return _number(answer) and abs(answer * self.unit - self._measured(cast, start)) <= self.within

    def _measured(self, cast: Cast, start: Snapshot) -> float:
        body = start.bodies[cast.name(self.what)]
        if self.where is not None:
            return horizontal_distance(body.position, start.bodies[cast.name(self.where)].position)
        return {"height": body.size[2], "x": body.position[0], "y": body.position[1]}[self.measure]


@condition("answered_whether")
class AnsweredWhether(Answer, Comparison):
    """The answer is "yes" where the comparison of two bodies holds, and else "no"."""

    def right(self, cast: Cast, start: Snapshot, answer: Any) -> bool:
        return isinstance(answer, str) and answer.strip().lower() == ("yes" if self.holds(cast, start) else "no")


def _number(answer: Any) -> bool:
    return isinstance(answer, (int, float)) and not isinstance(answer, bool)
