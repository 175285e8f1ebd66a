"""What a world saves, so that it can go back to it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from codeact_envs.bullet.bodies.body import Placement
from codeact_envs.bullet.bodies.presses import Press
from codeact_envs.bullet.engine.perturbing import Perturbation
from codeact_envs.bullet.engine.sleep import SleepMemory
from codeact_envs.bullet.results import MotionResult
from codeact_envs.bullet.safety import Violation

if TYPE_CHECKING:
    from codeact_envs.bullet.world import BulletWorld


@dataclass(frozen=True)
class Memory:
    """What a world knows beside what its simulator does: what the robots' parts and their controllers remember, the
    time in steps, what broke a rule, how the last motions ended, the layout, how often buttons were pressed, what
    sleeps, and what perturbs it."""

    parts: tuple[Any, ...]
    stands: tuple[bytes, ...]
    steps: int
    violations: tuple[Violation, ...]
    results: tuple[MotionResult | None, ...]
    layout: tuple[Placement, ...]
    presses: tuple[tuple[str, Press], ...]
    sleep: SleepMemory
    perturbation: Perturbation


class WorldState:
    """A saved state of one world, to be given back to it. It lives in the simulator's memory until the world closes or
    `release` is called."""

    def __init__(self, world: BulletWorld, number: int, memory: Memory) -> None:
        self._world, self._number, self._memory = world, number, memory

    def release(self) -> None:
        """Free the simulator's copy; the state cannot be restored afterwards."""
        world, number = self._world, self._number
        self._number = -1
        if number >= 0 and not world.closed:
            world.simulation.bullet.removeState(number, physicsClientId=world.simulation.client)

    def of(self, world: BulletWorld) -> tuple[int, Memory] | None:
        """The simulator's number of the state and what goes with it; None where it is another world's, or released."""
        return (self._number, self._memory) if self._world is world and self._number >= 0 else None

    def __del__(self) -> None:
        with contextlib.suppress(Exception):  # at interpreter exit the simulator may be gone before us
            self.release()
