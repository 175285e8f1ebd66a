"""A generator in one grade, as a `Task`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from codeact_envs.tasks.phrasing import Phrasing, TemplateDraw, check_phrasing, templates
from codeact_envs.tasks.protocol import EpisodeLimits, Judgement, Plan, Values
from codeact_envs.tool_use.answers import entries, same
from codeact_envs.tool_use.catalog import GENERATORS
from codeact_envs.tool_use.drawing import Draw
from codeact_envs.tool_use.generator import Case, Generator, Question
from codeact_envs.tool_use.world import ToolUseWorld

if TYPE_CHECKING:
    import numpy as np

LIMITS = {
    1: EpisodeLimits(turns=6, simulated_seconds=1.0, tool_calls=30),
    2: EpisodeLimits(turns=10, simulated_seconds=1.0, tool_calls=60),
    3: EpisodeLimits(turns=15, simulated_seconds=1.0, tool_calls=200),
}
"""By grade. No time passes in these worlds."""


@dataclass(frozen=True)
class Goal:
    """What a plan is judged by: the case, and the kind of question that it is of."""

    case: Case
    question: Question


@dataclass(frozen=True)
class ToolUseTask:
    """Questions of a generator in one grade. Implements `codeact_envs.tasks.Task`.

    Attributes:
        generator: what draws the questions.
        grade: of the questions.
        phrasing: whose words they are in: `usual` (the generator's own), `training` or `unseen`.
    """

    generator: Generator
    grade: int
    phrasing: Phrasing = "usual"

    family = "T"
    tier = "high"

    @property
    def name(self) -> str:
        return f"{self.generator.name}_{self.grade}"

    @property
    def title(self) -> str:
        return f"{self.generator.title}, grade {self.grade}"

    @property
    def vocabulary(self) -> str:
        """Of other names for its tools."""
        return self.generator.name

    def phrased(self, phrasing: str) -> ToolUseTask:
        """The same questions in other words.

        Raises:
            TaskError: there is no such phrasing, or none of one of its questions.
        """
        found = replace(self, phrasing=check_phrasing(phrasing))
        for question in self.generator.grades[self.grade]:
            found.templates(question)
        return found

    def templates(self, question: Question) -> tuple[str, ...]:
        """What instructions of a question are made of.

        Raises:
            TaskError: there are none in this phrasing.
        """
        path = (self.generator.name, question.name) if self.generator.name in GENERATORS else ()
        return templates(self.phrasing, question.templates, question.phrasings, path)

    @property
    def limits(self) -> EpisodeLimits:
        return LIMITS[self.grade]

    def make_world(self) -> ToolUseWorld:
        return ToolUseWorld(self.generator.open)

    def draw(self, random: np.random.Generator, values: Values) -> Plan:
        other_words = TemplateDraw(random) if self.phrasing != "usual" else None
        draw = Draw(random, values)
        question = draw.choice(self.generator.grades[self.grade])
        template = draw.choice(question.templates)
        case = question.pose(draw)
        if other_words is not None:
            template = other_words.choice(self.templates(question))
        head = "".join(f"{name} = {value!r}\n" for name, value in case.said.items())
        return Plan(
            instruction=question.instruction(template, case.said),
            setup=case.data,
            goal=Goal(case, question),
            oracle=head + question.oracle,
            opposite=head + question.opposite,
        )

    def judge(self, plan: Plan, start: Any, now: Any, answer: Any) -> Judgement:
        """The share of the answer's entries, and of what must be left behind, that is right; all of it is a success."""
        goal: Goal = plan.goal
        tolerance = goal.question.tolerance
        right = entries(goal.case.answer, answer, tolerance)
        for name, value in goal.case.left.items():
            right[f"left {name}"] = name in now and same(value, now[name], tolerance)
        success = all(right.values())
        return Judgement(
            success=success,
            success_strict=success,
            score=1.0 if success else sum(right.values()) / len(right),
            conditions={name: float(met) for name, met in right.items()},
        )

    def breaches(self, plan: Plan, start: Any, now: Any, violations: tuple[str, ...]) -> tuple[str, ...]:
        return ()
