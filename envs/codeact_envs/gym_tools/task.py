"""To earn a return in a Gymnasium environment, as a `Task`."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from codeact_envs.gym_tools.packages import creator_of
from codeact_envs.gym_tools.world import DEFAULT_STEPS, SUCCESS_KEYS, GymWorld, Snapshot, Source
from codeact_envs.tasks.protocol import EpisodeLimits, Judgement, Plan, Values

if TYPE_CHECKING:
    import numpy as np

TURNS = 10
LONGEST_DESCRIPTION = 6_000  # characters of an environment's own words in an instruction
_LEFT_OUT = re.compile(r"^#+ *(arguments|version history|references|information|vectorized)\b", re.IGNORECASE)
_ARGUMENTS = re.compile(r"^Arg(ument)?s:\n(?:[ \t]+.*\n|\n)*", re.MULTILINE)
_HEADING = re.compile(r"^#+ ")
_NO_PROGRAM = "raise NotImplementedError('there is no reference program for this environment')"


@dataclass(frozen=True)
class GymTask:
    """One episode of an environment, played from code. Implements `codeact_envs.tasks.Task`.

    An episode counts once the environment itself has ended it. It is a success at a return of at least `threshold`;
    below a positive threshold the score is the share of it that was earned, else 0. Where `told`, it is a success if
    the info of its last step says so, and the return does not matter.

    Attributes:
        source: which environment.
        threshold: the return that is a success; None for the environment's own `reward_threshold`, and where it has
            none, any return above 0.
        program: the reference program; None: there is none.
        told: whether success is what the environment tells in `info`.
    """

    source: Source
    threshold: float | None = None
    program: str | None = None
    told: bool = False

    family = "Y"
    tier = "low"

    @property
    def name(self) -> str:
        return re.sub(r"\W+", "_", self.source.environment).lower()

    @property
    def title(self) -> str:
        return f"Earn a return in {self.source.environment}"

    @property
    def spec(self) -> Any:
        return self.source.spec

    @cached_property
    def needed(self) -> float | None:
        """The return that is a success; None: any above 0."""
        found = self.threshold if self.threshold is not None else self.spec.reward_threshold
        return None if found is None else float(found)

    @property
    def steps(self) -> int:
        """After how many steps an episode is cut off."""
        return int(self.source.steps or self.spec.max_episode_steps or DEFAULT_STEPS)

    @property
    def limits(self) -> EpisodeLimits:
        """Twice as many calls as steps, so that a program may look before each."""
        return EpisodeLimits(turns=TURNS, simulated_seconds=1.0, tool_calls=2 * self.steps + 100)

    def make_world(self) -> GymWorld:
        return GymWorld(self.source)

    def draw(self, random: np.random.Generator, values: Values) -> Plan:
        """The seed of the episode; there are no values that would be seen or unseen."""
        seed = int(random.integers(2**31))
        return Plan(self._instruction, seed, self.needed, self.program or _NO_PROGRAM, "finish()")

    def judge(self, plan: Plan, start: Any, now: Any, answer: Any) -> Judgement:
        state: Snapshot = now
        earned, needed = state.episode_return, plan.goal
        enough = earned > 0 if needed is None else earned >= needed
        if self.told and state.reached is not None:
            enough, needed = state.reached, None
        success = state.over and enough
        share = earned / needed if needed is not None and needed > 0 and state.over else 0.0
        return Judgement(
            success=success,
            success_strict=success,
            score=1.0 if success else min(max(share, 0.0), 0.99),
            conditions={"over": float(state.over)},
        )

    def breaches(self, plan: Plan, start: Any, now: Any, violations: tuple[str, ...]) -> tuple[str, ...]:
        return ()

    @cached_property
    def _instruction(self) -> str:
        least = "above 0" if self.needed is None else f"of at least {self.needed:g}"
        aim = f"with a return (the sum of the rewards) {least}"
        if self.told:
            aim = f"so that its goal is reached at the last step, as info tells ({' or '.join(SUCCESS_KEYS)})"
        return (
            f"Play one episode of the Gymnasium environment {self.source.environment} to its end by calling "
            f"step(action), {aim}. It is cut off after at most {self.steps} steps, "
            f"and cannot be reset.{self._description}"
        )

    @cached_property
    def _description(self) -> str:
        """What the environment's class says of itself, without how it is made and was changed."""
        kept, keeps = [], True
        said = inspect.getdoc(creator_of(self.spec)) or ""
        for line in _ARGUMENTS.sub("", f"{said}\n").splitlines():
            if _HEADING.match(line):
                keeps = not _LEFT_OUT.match(line)
            if keeps:
                kept.append(line)
        text = "\n".join(kept).strip()
        if len(text) > LONGEST_DESCRIPTION:
            text = text[:LONGEST_DESCRIPTION].rstrip() + " ..."
        return f" Its authors describe it so:\n\n{text}" if text else ""
