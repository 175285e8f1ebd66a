"""What the conditions of a task remember of an episode while it goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from codeact_envs.bullet.engine.perturbing import UNPERTURBED, Perturbation
from codeact_envs.scenes.drawing import Placed
from codeact_envs.tasks.conditions.base import Cast, Condition
from codeact_envs.tasks.snapshot import Snapshot


@dataclass(frozen=True)
class Followers:
    """The conditions that follow an episode, by their place in the task's file."""

    cast: Cast
    conditions: Mapping[str, Condition]

    def begin(self, start: Snapshot) -> dict[str, Any]:
        """What they remember when it begins."""
        return {key: condition.begin(self.cast, start) for key, condition in self.conditions.items()}

    def follow(self, remembered: Mapping[str, Any], now: Snapshot) -> dict[str, Any]:
        """What they remember after a further moment."""
        return {key: condition.follow(self.cast, remembered[key], now) for key, condition in self.conditions.items()}

    def gone(self, remembered: Mapping[str, Any]) -> frozenset[str]:
        """Names of marks that pictures show no longer."""
        return frozenset(
            name for key, condition in self.conditions.items() for name in condition.gone(self.cast, remembered[key])
        )


@dataclass(frozen=True)
class Setup:
    """What a robot's world begins an episode with: what stands where, who follows it, and what perturbs it."""

    bodies: tuple[Placed, ...]
    followers: Followers | None = None
    perturbation: Perturbation = UNPERTURBED
