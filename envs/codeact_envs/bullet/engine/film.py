"""The frames of a simulation, taken while it runs."""

from __future__ import annotations

from collections.abc import Callable

from codeact.errors import TaskError
from codeact_envs.bullet.engine.camera import Frame
from codeact_envs.bullet.engine.simulation import RATE, Simulation


class Film:
    """Collects frames at even distances of simulated time."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._frames: list[Frame] = []

    def record(self, fps: int | None, shoot: Callable[[], Frame]) -> None:
        """Take a frame now and about `fps` times a second of simulated time from now on; None ends it.

        Raises:
            TaskError: `fps` is not between 1 and 240.
        """
        if fps is None:
            self._simulation.capture_every(0, None)
            return
        if not 0 < fps <= RATE:
            raise TaskError(f"fps must lie between 1 and {RATE}, not {fps!r}")
        self._simulation.capture_every(max(1, round(RATE / fps)), lambda: self._frames.append(shoot()))

    def take(self) -> list[Frame]:
        """The frames collected since the last call."""
        frames, self._frames = self._frames, []
        return frames
