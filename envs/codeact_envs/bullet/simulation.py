"""One Bullet client: time, stepping, and what watches a step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from codeact.errors import TaskError
from codeact_envs.bullet.quiet import quiet

RATE = 240  # simulation steps a second
STEP = 1.0 / RATE
_ITERATIONS = 25
_NO_FRAME = 1 << 62


class Simulation:
    """A Bullet client with gravity. Bit-exact: the same calls give the same floats in any process.

    Attributes:
        bullet: the pybullet module.
        client: its client number; every call must name it.
        steps: simulation steps since the last reset.
        before_step: called before every step of `run`, for what must be commanded that often.
        next_frame: the number of steps at which a frame is due; -1 while nothing is recorded.
    """

    def __init__(self, gui: bool = False) -> None:
        with quiet():
            import pybullet

            self.bullet: Any = pybullet
            self.client: int = pybullet.connect(pybullet.GUI if gui else pybullet.DIRECT)
        if self.client < 0:
            raise TaskError(
                "PyBullet gave no simulation: too many are open in this process, or no display for gui=True"
            )
        self.steps = 0
        self._frame_interval = 0
        self.next_frame = -1
        self._capture: Callable[[], None] | None = None
        self.before_step: Callable[[], None] | None = None
        self._when_closed: list[Callable[[], None]] = []
        on = {"physicsClientId": self.client}
        # Must come before anything is loaded: else the order of contacts depends on what ran before. And every solve
        # takes all its iterations: were it to end early at a small residual, which bodies are solved together would
        # show in the last bits, and that depends on what was near in the past.
        pybullet.setPhysicsEngineParameter(
            deterministicOverlappingPairs=1,
            fixedTimeStep=STEP,
            numSolverIterations=_ITERATIONS,
            solverResidualThreshold=0.0,
            **on,
        )
        pybullet.setGravity(0.0, 0.0, -9.81, **on)

    @property
    def time_s(self) -> float:
        """Simulated seconds since the last reset."""
        return self.steps * STEP

    def capture_every(self, steps: int, capture: Callable[[], None] | None) -> None:
        """Call `capture` after every `steps` steps from now on, starting now; None ends it."""
        self._capture, self._frame_interval = capture, steps
        self.next_frame = self.steps + steps if capture else -1
        if capture is not None:
            capture()

    def jump_to(self, steps: int) -> None:
        """Set the step counter, after a reset or a restored state."""
        self.steps = steps
        if self._capture is not None:
            self.next_frame = steps + self._frame_interval

    def steps_to_frame(self) -> int:
        """How many steps may be done before `count` must be told, so that no frame is missed."""
        return self.next_frame - self.steps if self._capture is not None else _NO_FRAME

    def count(self, steps: int) -> None:
        """Steps were done, at most as many as `steps_to_frame` said."""
        self.steps += steps
        if self.steps == self.next_frame and self._capture is not None:
            self.next_frame = self.steps + self._frame_interval
            self._capture()

    def run(self, steps: int) -> None:
        """Let time pass while the motors keep their last targets."""
        step, client = self.bullet.stepSimulation, self.client
        while steps > 0:
            stretch = min(steps, self.steps_to_frame())
            for _ in range(stretch):
                if self.before_step is not None:
                    self.before_step()
                step(client)
            self.count(stretch)
            steps -= stretch

    def when_closed(self, do: Callable[[], None]) -> None:
        """Call `do` once, when the simulation is closed."""
        self._when_closed.append(do)

    def close(self) -> None:
        """Give the client back. May be called again."""
        while self._when_closed:
            self._when_closed.pop()()
        if self.client >= 0 and self.bullet.isConnected(self.client):
            self.bullet.disconnect(physicsClientId=self.client)
        self.client = -1
