"""One Bullet client: time, stepping, and what watches a step."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from codeact.errors import TaskError
from codeact_envs.bullet.engine.quiet import quiet

RATE = 240  # simulation steps a second
STEP = 1.0 / RATE
ITERATIONS = 25  # of the constraint solver in each step
_LOOK_EVERY = 4  # steps between two looks of what watches a world
_SAMPLE_EVERY = 12  # steps between two calls of `sample`: 20 times a simulated second
_CLOCK_EVERY = 4  # steps between two looks at the clock, in a world that follows it
_BATCH = 20  # steps that Bullet can do in one call: 20 times the step, divided by 20, is the step to the last bit
_MOST_LATE = 0.1  # seconds: a world that is later than this gives up catching up with the clock
_NOTHING_DUE = 1 << 62


class Simulation:
    """A Bullet client with gravity. Bit-exact: the same calls give the same floats in any process.

    Args:
        gui: open Bullet's own window.
        real_time: never let simulated time run ahead of the clock. The physics stays the same.

    Attributes:
        bullet: the pybullet module.
        client: its client number; every call must name it.
        gui: whether there is a window.
        steps: simulation steps since the last reset.
        before_step: called before every step of `run`, for what must be commanded that often.
        look: called at every step whose number is a multiple of 4, whatever else happens, for what must not be missed.
        sample: called at every step whose number is a multiple of 12, for what follows an episode.
        next_frame: the number of steps at which a frame is due; -1 while nothing is recorded.
        whole_batches: whether Bullet may do many steps in one call. It adds the damping of joints once a call, so that
            with damped joints that nothing holds, steps one by one would be others.
        still: half sizes (x, y, z) of the boxes that never move, metres, by Bullet's number, which tells no shape of
            such a body; None where nothing can touch it.

    Raises:
        TaskError: `gui` without a display or beside another window of this process, or too many clients are open in it.
    """

    def __init__(self, gui: bool = False, *, real_time: bool = False) -> None:
        if gui:
            from codeact_envs.bullet.engine.display import require_display

            require_display()
        with quiet():
            import pybullet

            self.bullet: Any = pybullet
            try:
                self.client: int = pybullet.connect(pybullet.GUI if gui else pybullet.DIRECT)
            except pybullet.error as error:  # of windows there can be one
                raise TaskError(f"PyBullet opens no window: {error}") from error
        if self.client < 0:
            raise TaskError("PyBullet gave no simulation: too many are open in this process")
        self.gui = gui
        if gui:
            from codeact_envs.bullet.engine.display import clear_window

            clear_window(self)
        self.steps = 0
        self.whole_batches = True
        self.still: dict[int, tuple[float, float, float] | None] = {}
        self._frame_interval = 0
        self.next_frame = -1
        self._capture: Callable[[], None] | None = None
        self.before_step: Callable[[], None] | None = None
        self.look: Callable[[], None] | None = None
        self.sample: Callable[[], None] | None = None
        self._alone = _Alone()
        self._event: tuple[int, Callable[[], None]] = (-1, _nothing)
        self._when_closed: list[Callable[[], None]] = []
        self._real_time = real_time
        self._began = 0.0  # what the clock showed, or would have shown, at step 0
        on = {"physicsClientId": self.client}
        # Must come before anything is loaded: else the order of contacts depends on what ran before. And every solve
        # takes all its iterations: were it to end early at a small residual, which bodies are solved together would
        # show in the last bits, and that depends on what was near in the past.
        pybullet.setPhysicsEngineParameter(
            deterministicOverlappingPairs=1,
            fixedTimeStep=STEP,
            numSolverIterations=ITERATIONS,
            solverResidualThreshold=0.0,
            **on,
        )
        pybullet.setGravity(0.0, 0.0, -9.81, **on)

    @property
    def time_s(self) -> float:
        """Simulated seconds since the last reset."""
        return self.steps * STEP

    def capture_every(self, steps: int, capture: Callable[[], None] | None) -> None:
        """Call `capture` now, and whenever the step counter is a multiple of `steps`; None ends it.

        So the times of frames depend on the clock alone, and not on when recording began or was taken up again.
        """
        self._capture, self._frame_interval = capture, steps
        self.next_frame = self._next_multiple() if capture else -1
        if capture is not None:
            capture()

    def at(self, step: int | None, do: Callable[[], None]) -> None:
        """Call `do` whenever so many steps have been done, in place of what was to be called before; None: nothing."""
        self._event = (-1, _nothing) if step is None else (step, do)

    def jump_to(self, steps: int) -> None:
        """Set the step counter, after a reset or a restored state."""
        self.steps = steps
        if self._capture is not None:
            self.next_frame = self._next_multiple()

    def _next_multiple(self) -> int:
        return (self.steps // self._frame_interval + 1) * self._frame_interval

    def steps_to_frame(self) -> int:
        """How many steps may be done before `count` must be told, so that nothing that watches misses its moment."""
        due = self.next_frame - self.steps if self._capture is not None else _NOTHING_DUE
        if self._real_time:
            due = min(due, _CLOCK_EVERY - self.steps % _CLOCK_EVERY)
        if self.look is not None:
            due = min(due, _LOOK_EVERY - self.steps % _LOOK_EVERY)
        if self.sample is not None:
            due = min(due, _SAMPLE_EVERY - self.steps % _SAMPLE_EVERY)
        if self._event[0] > self.steps:
            due = min(due, self._event[0] - self.steps)
        return due

    def count(self, steps: int) -> None:
        """Steps were done, at most as many as `steps_to_frame` said."""
        self.steps += steps
        if self._real_time:
            self._wait_for_the_clock(steps)
        if self.look is not None and self.steps % _LOOK_EVERY == 0:
            self.look()
        if self.sample is not None and self.steps % _SAMPLE_EVERY == 0:
            self.sample()
        if self.steps == self._event[0]:
            self._event[1]()
        if self.steps == self.next_frame and self._capture is not None:
            self.next_frame = self.steps + self._frame_interval
            self._capture()

    def _wait_for_the_clock(self, steps: int) -> None:
        now, due = time.monotonic(), self._began + self.steps * STEP
        if not now - _MOST_LATE <= due <= now + steps * STEP:  # nothing moved for a while, or time was set
            self._began = now - (self.steps - steps) * STEP
            due = now + steps * STEP
        time.sleep(max(0.0, due - now))

    def alone(self) -> _Alone:
        """For a `with` statement around what only one thread may do at a time: steps, saved and restored states.

        Raises:
            TaskError: another thread is at it.
        """
        return self._alone

    def run(self, steps: int) -> None:
        """Let time pass while the motors keep their last targets. Raises as `alone`."""
        with self._alone:
            self._run(steps)

    def _run(self, steps: int) -> None:
        step, client = self.bullet.stepSimulation, self.client
        while steps > 0:
            stretch = min(steps, self.steps_to_frame())
            # What is commanded before every step leaves no steps to be done at once.
            at_once = self.before_step is None and self.whole_batches
            batches, rest = divmod(stretch, _BATCH) if at_once else (0, stretch)
            if batches:
                self._step_by(_BATCH)
                for _ in range(batches):
                    step(client)
                self._step_by(1)
            for _ in range(rest):
                if self.before_step is not None:
                    self.before_step()
                step(client)
            self.count(stretch)
            steps -= stretch

    def set_iterations(self, count: int) -> None:
        """How many the constraint solver takes in each step from now on."""
        self.bullet.setPhysicsEngineParameter(numSolverIterations=count, physicsClientId=self.client)

    def when_closed(self, do: Callable[[], None]) -> None:
        """Call `do` once, when the simulation is closed."""
        self._when_closed.append(do)

    def _step_by(self, steps: int) -> None:
        self.bullet.setPhysicsEngineParameter(
            fixedTimeStep=steps * STEP, numSubSteps=0 if steps == 1 else steps, physicsClientId=self.client
        )

    def close(self) -> None:
        """Give the client back. May be called again."""
        while self._when_closed:
            self._when_closed.pop()()
        if self.client >= 0 and self.bullet.isConnected(self.client):
            with quiet() if self.gui else nullcontext():
                self.bullet.disconnect(physicsClientId=self.client)
        self.client = -1


def _nothing() -> None:
    pass


class _Alone:
    """Lets one thread in, as often as it likes."""

    def __init__(self) -> None:
        self._lock = threading.RLock()

    def __enter__(self) -> None:
        if not self._lock.acquire(blocking=False):
            raise TaskError(
                "another thread moves this world: one at a time may drive, save, restore or branch it; stop() and "
                "emergency_stop() may come from any"
            )

    def __exit__(self, *_: object) -> None:
        self._lock.release()
