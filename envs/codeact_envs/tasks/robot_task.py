"""A robot's task, made from its YAML: the scene, the words, the judge and the reference programs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codeact.errors import TaskError
from codeact_envs.bullet.safety import Violation
from codeact_envs.scenes.drawing import slots
from codeact_envs.scenes.random_numbers import RandomNumbers
from codeact_envs.tasks.conditions import Cast, Condition
from codeact_envs.tasks.constraints import CONSTRAINTS
from codeact_envs.tasks.following import Followers, Setup
from codeact_envs.tasks.perturbations import draw_perturbation, read_perturbations
from codeact_envs.tasks.phrasing import Phrasing, TemplateDraw, check_phrasing, templates
from codeact_envs.tasks.protocol import EpisodeLimits, Judgement, Plan, Values, World
from codeact_envs.tasks.scene import draw_scene
from codeact_envs.tasks.shown_tools import showing
from codeact_envs.tasks.snapshot import Snapshot
from codeact_envs.tasks.specification import TaskSpec, read_task

if TYPE_CHECKING:
    import numpy as np

    from codeact.tools import Toolbox
    from codeact_envs.tasks.robot_world import RobotWorld

PERCEPTIONS = ("privileged", "noisy", "camera")
_BROKEN_KEEP = 0.5  # factor on the score when something was disturbed on the way


@dataclass(frozen=True)
class RobotTask:
    """A task from a YAML file. Implements `codeact_envs.tasks.Task`.

    Attributes:
        name: the file's name without its ending.
        spec: what the file says.
        perception: the tier in which programs see the table: `privileged`, `noisy` or `camera`.
        tools: the tier of the tools that programs get, `high` or `low`; None for the task's own.
        perturbations: what goes otherwise than planned, some of `push`, `dynamics`, `failed_grasp`, `camera_noise`.
        phrasing: whose words an instruction is in: `usual` (the file's own), `training` or `unseen`.
        window: whether its worlds open Bullet's window and keep the pace of the clock.
        shares_words: whether this package's files of other phrasings are about it too, by its name.
    """

    name: str
    spec: TaskSpec
    perception: str = "privileged"
    tools: str | None = None
    perturbations: tuple[str, ...] = ()
    phrasing: Phrasing = "usual"
    window: bool = False
    shares_words: bool = False

    vocabulary = "robot"  # of other names for its tools

    @classmethod
    def from_file(cls, path: Path) -> RobotTask:
        """Read a task's YAML file.

        Raises:
            TaskError: the file is missing or wrong; the message names the file and the key.
        """
        return cls(path.stem, read_task(path))

    def perceived(self, perception: str) -> RobotTask:
        """The same task in another tier of perception.

        Raises:
            TaskError: there is no such tier.
        """
        if perception not in PERCEPTIONS:
            known = ", ".join(map(repr, PERCEPTIONS))
            raise TaskError(f"perception must be one of {known}, not {perception!r}")
        return replace(self, perception=perception)

    def tiered(self, tier: str) -> RobotTask:
        """The same task with the tools of another tier.

        Raises:
            TaskError: the task has no such tier.
        """
        if tier not in self.spec.tiers:
            known = " or ".join(map(repr, self.spec.tiers))
            raise TaskError(f"the task {self.name!r} can be played with tier={known}, not {tier!r}")
        return replace(self, tools=tier)

    def equipped(self, robot: str) -> RobotTask:
        """The same task with another robot.

        Raises:
            TaskError: the task is not made for it.
        """
        known = (self.spec.scene.robot, *self.spec.robots)
        if robot not in known:
            listed = " or ".join(map(repr, known))
            raise TaskError(f"the task {self.name!r} can be played with robot={listed}, not {robot!r}")
        return replace(self, spec=self.spec.with_robot(robot))

    def perturbed(self, perturbations: str | Sequence[str]) -> RobotTask:
        """The same task with these perturbations in each episode, as names or as text such as `push,dynamics`.

        Raises:
            TaskError: one is unknown.
        """
        return replace(self, perturbations=read_perturbations(perturbations))

    def watched(self) -> RobotTask:
        """The same task in Bullet's window, at the pace of the clock; nothing else changes.

        Raises:
            TaskError: there is no display.
        """
        from codeact_envs.bullet.engine.display import require_display

        require_display()
        return replace(self, window=True)

    def phrased(self, phrasing: str) -> RobotTask:
        """The same task with its instructions in other words.

        Raises:
            TaskError: there is no such phrasing, or none of this task.
        """
        found = replace(self, phrasing=check_phrasing(phrasing))
        found.templates  # noqa: B018  (says at once what is wrong)
        return found

    @property
    def templates(self) -> tuple[str, ...]:
        """What instructions are made of.

        Raises:
            TaskError: there are none in this phrasing.
        """
        path = (self.name,) if self.shares_words else ()
        return templates(self.phrasing, self.spec.instructions, self.spec.phrasings, path)

    @property
    def title(self) -> str:
        return self.spec.title

    @property
    def family(self) -> str:
        return self.spec.family

    @property
    def tier(self) -> str:
        return self.tools or self.spec.tiers[0]

    @property
    def tiers(self) -> tuple[str, ...]:
        """The tiers of tools that it can be played with, its own first."""
        return self.spec.tiers

    @property
    def limits(self) -> EpisodeLimits:
        limits = self.spec.limits
        return EpisodeLimits(limits.turns, limits.simulated_seconds, limits.tool_calls)

    def shown(self, toolbox: Toolbox) -> Toolbox:
        """The tools of its world, with the stubs that a prompt of this task shows."""
        return showing(toolbox, self.family, self.spec.shows) if self.tier == "high" else toolbox

    def make_world(self) -> World:
        """A simulated robot, and every body that some episode needs.

        Raises:
            TaskError: the robot cannot be loaded, has not what a condition judges or a perturbation perturbs, or no
                such tier; or there is no display for its window.
        """
        from codeact_envs.bullet.robots import load_robot
        from codeact_envs.tasks.floor_world import FloorWorld
        from codeact_envs.tasks.tabletop_world import TabletopWorld

        scene = self.spec.scene
        robot = scene.robot
        kind = FloorWorld if load_robot(robot).ground == "floor" else TabletopWorld
        world = kind(
            slots(scene, self.spec.attributes),
            robot,
            self.perception,
            self.tier,
            keep_out=scene.keep_out,
            speed_limit=scene.speed_limit,
            window=self.window,
        )
        try:
            _require_judged(self, world)
            _require_perturbable(self, world)
        except BaseException:
            world.close()
            raise
        return world

    def draw(self, random: np.random.Generator, values: Values) -> Plan:
        """Draw a scene and an instruction.

        Raises:
            TaskError: no scene fits the region.
        """
        other_words = TemplateDraw(random) if self.phrasing != "usual" else None
        numbers = RandomNumbers(random)
        scene = draw_scene(self.spec, numbers, values)
        cast = Cast(scene.roles, scene.meanings)
        said = {
            field: scene.words[field] if field in scene.words else cast.name(field)
            for field in self.spec.instruction_fields
        }
        template = self.spec.instructions[numbers.below(len(self.spec.instructions))]
        if other_words is not None:
            template = other_words.choice(self.templates)
        head = "".join(f"{field} = {word!r}\n" for field, word in said.items())
        programs = self.spec.programs(self.tier)
        perturbation = draw_perturbation(self.perturbations, scene.bodies, numbers, f"the task {self.name!r}")
        return Plan(
            instruction=template.format(**said),
            setup=Setup(scene.bodies, self._followers(cast), perturbation),
            goal=cast,
            oracle=head + programs.oracle,
            opposite=head + programs.opposite,
        )

    def _followers(self, cast: Cast) -> Followers | None:
        follow = {key: condition for key, condition in self.spec.conditions.items() if condition.follows}
        return Followers(cast, follow) if follow else None

    def judge(self, plan: Plan, start: Any, now: Any, answer: Any = None) -> Judgement:
        """All `goal` and all `keep` conditions must be met. The score is the mean progress of the goals, halved when
        something in `keep` is broken.
        """
        return judge(self.spec, plan.goal, start, replace(now, answer=answer))

    def breaches(self, plan: Plan, start: Any, now: Any, violations: tuple[str, ...]) -> tuple[str, ...]:
        texts: tuple[str, ...] = ()
        for index, entry in enumerate(self.spec.hard_constraints):
            if isinstance(entry, str):
                texts += CONSTRAINTS[entry](now, violations)
                continue
            seen = _as_seen(entry, f"hard_constraints[{index}]", plan.goal, start, now)
            if not entry.read(plan.goal, start, seen).met:
                texts += (entry.breach(plan.goal, start, seen),)
        return tuple(_nameless(text, now) for text in texts) if self.perception == "camera" else texts


def _as_seen(condition: Condition, key: str, cast: Cast, start: Snapshot, now: Snapshot) -> Snapshot:
    """`now` with what the condition remembers; in a world that follows nothing, it remembers only the start."""
    if not condition.follows:
        return now
    return replace(now, memory=now.remembered[key] if key in now.remembered else condition.begin(cast, start))


def _require_judged(task: RobotTask, world: RobotWorld) -> None:
    """Raise `TaskError` when a condition judges a part of the robot that this robot does not have."""
    there = {"tool": bool(world.bullet.arms), "base": world.bullet.base, "drone": world.bullet.drone}
    for condition in task.spec.conditions.values():
        part = condition.judges
        if part is not None and not there[part]:
            what = {"tool": "an arm", "base": "a wheeled base", "drone": "a drone"}[part]
            raise TaskError(f"the task {task.name!r} judges {what}; {world.bullet.description.title} is or has none")


def _require_perturbable(task: RobotTask, world: RobotWorld) -> None:
    """Raise `TaskError` when a perturbation could change nothing."""
    if "failed_grasp" in task.perturbations and not world.bullet.arms:
        raise TaskError(f"the task {task.name!r} has no gripper that could fail; perturb it without failed_grasp")
    if "camera_noise" in task.perturbations and task.perception != "camera" and task.tier != "low":
        raise TaskError(
            f"programs of the task {task.name!r} see no pictures, so camera_noise changes nothing: give "
            "perception='camera' or tier='low' with it"
        )


def _nameless(text: str, now: Snapshot) -> str:
    """What was broken without true names: whoever sees by cameras knows things by other ones."""
    told = str(text)
    for name in now.bodies:
        told = told.replace(repr(name), "something")
    return text.reworded(told) if isinstance(text, Violation) else told


def judge(spec: TaskSpec, cast: Cast, start: Snapshot, now: Snapshot) -> Judgement:
    goals, keeps = (
        [
            condition.read(cast, start, _as_seen(condition, f"{part}[{index}]", cast, start, now))
            for index, condition in enumerate(conditions)
        ]
        for part, conditions in (("goal", spec.goal), ("keep", spec.keep))
    )
    kept = all(reading.met for reading in keeps)
    success = kept and all(reading.met for reading in goals)
    share = math.fsum(reading.progress for reading in goals) / len(goals)
    return Judgement(
        success=success,
        success_strict=success and all(reading.strict for reading in [*goals, *keeps]),
        score=1.0 if success else share * (1.0 if kept else _BROKEN_KEEP),
        conditions={
            f"{part}[{index}]": reading.progress
            for part, readings in (("goal", goals), ("keep", keeps))
            for index, reading in enumerate(readings)
        },
    )
