"""A small world with the face of a code environment, for tests of what is around one: a block on a line, 1 m long.

It stands in for a robot where a test needs a world that is quick, films, hangs or dies on demand. Its programs run in
the real sandbox and its tools are real tools. Registered as `line_world:Line/Push-v0`.
"""

from __future__ import annotations

import hashlib
import os
import signal
import struct
import threading
import time
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

from codeact.errors import Refused
from codeact.sandbox import Limits, Sandbox
from codeact.tools import Toolbox, finish_tool, tool

FLAWS = ("lazy", "generous", "random", "seedless", "talkative")
"""What a careless author of a task may do: the reference program does not solve it, nothing is worth something, chance
that the seed does not rule, no chance at all, observations that are not what they are said to be."""


class OffTheLine(Refused):
    """The block would leave the line."""


class Rule(str):
    """A broken rule that is more than its words."""


class AnyText(spaces.Text):
    """Any text at all; samples are of letters and digits."""

    def contains(self, x: Any) -> bool:
        return isinstance(x, str)


class LineWorld(gymnasium.Env[str, str]):
    """Push the block to the mark. Score: how much of the way is done. `curse` says in which seed what goes wrong."""

    metadata = {"render_modes": ["rgb_array_list"], "render_fps": 20}  # noqa: RUF012

    def __init__(
        self,
        render_mode: str | None = None,
        limits: Limits | None = None,
        curse: str = "",
        turns: int = 5,
        drift: float = 0.0,
        perception: str | None = None,
    ) -> None:
        self.render_mode = render_mode
        self.action_space = AnyText(200)
        self.observation_space = AnyText(200)
        self.curse, self.turns, self.drift = curse, turns, drift
        self.perception = perception
        self.approve: Any = None
        self.on_event: Any = None
        self.x = self.start = self.mark = 0.0
        self.turn = 0
        self.frames: list[Any] = []
        self.stopped = threading.Event()
        self.interrupts = 0
        self.tools = self._toolbox()
        self._sandbox = Sandbox(self.tools, limits=limits or Limits(), seed=0)

    def _toolbox(self) -> Toolbox:
        @tool(effect="physical", stop=self.stopped.set)
        def push(distance: float) -> float:
            """Push the block by `distance` metres along the line. Returns where it is then."""
            if not 0.0 <= self.x + distance <= 1.0:
                raise OffTheLine(f"at {self.x + distance:.3f} m the block would leave the line of 1 m")
            for _ in range(5):
                self.x += distance / 5
                self._film()
            return self.x

        @tool(effect="read")
        def block() -> float:
            """Where the block is, in metres."""
            return self.x

        @tool(effect="read")
        def mark() -> float:
            """Where the mark is, in metres."""
            return self.mark

        @tool(effect="physical", stop=self.stopped.set)
        def creep(seconds: float) -> bool:
            """Creep for `seconds`. Returns whether it was let finish."""
            done = not self.stopped.wait(seconds)
            self.stopped.clear()
            return done

        @tool(effect="write")
        def die() -> None:
            """Kill this process."""
            os.kill(os.getpid(), signal.SIGKILL)

        return Toolbox([push, block, mark, creep, die, finish_tool()], errors=[OffTheLine])

    @property
    def instruction(self) -> str:
        return f"Push the block to the mark at {self.mark:.3f} m."

    @property
    def task(self) -> str:
        return "push"

    def oracle(self) -> str:
        if self.curse == "lazy":
            return "push(0.001)"
        return "distance = mark() - block()\nprint('pushing', round(distance, 3))\npush(distance)"

    def opposite(self) -> str:
        return "away = block() - mark()\npush(max(-block(), away) if away < 0 else min(1 - block(), away))"

    def state_hash(self) -> str:
        return hashlib.sha256(struct.pack("<dd", self.x, self.mark)).hexdigest()

    def interrupt(self) -> None:
        self.interrupts += 1
        self.stopped.set()
        self._sandbox.interrupt()

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        super().reset(seed=seed)
        if self.curse == "reset" and seed == 1:
            raise RuntimeError("the line is broken")
        if self.curse == "kill" and seed == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.curse.startswith("kill once ") and seed == 1:
            name = self.curse.removeprefix("kill once ")
            if not os.path.exists(name):
                open(name, "w").close()
                os.kill(os.getpid(), signal.SIGKILL)
        if self.curse == "slow":
            time.sleep(0.3)
        self.stopped.clear()
        self.x, self.mark = (float(value) for value in self.np_random.uniform([0.05, 0.55], [0.45, 0.95]))
        if self.curse == "seedless":
            self.x, self.mark = 0.2, 0.8
        if self.curse == "random":
            self.x += int.from_bytes(os.urandom(4)) / 2**40
        self.start = self.x
        self.turn = 0
        self.frames = []
        self._film()
        self._sandbox.reset()
        if self.curse == "talkative":
            return ["The block", "is there."], {}  # type: ignore[return-value]
        return self._observation(""), {"instruction": self.instruction, "state_hash": self.state_hash()}

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        before = self._score()
        self._sandbox.approve = self.approve
        execution = self._sandbox.run(action, on_event=self.on_event)
        self.x += self.drift
        self.turn += 1
        score = self._score()
        success = score > 0.999
        info = {
            "success": success,
            "score": score,
            "execution": execution,
            "violations": (Rule("the block may not move"),) if self.curse == "rule" else (),
            "state_hash": self.state_hash(),
            "simulated_seconds": 0.25 * self.turn,
            "answer": execution.answer,
            "finished": execution.ended,
        }
        ended = success or execution.ended
        return self._observation(execution.observation()), score - before, ended, self.turn >= self.turns, info

    def render(self) -> Any:
        if self.render_mode is None:
            return None
        frames, self.frames = self.frames, []
        return frames

    def close(self) -> None:
        self._sandbox.close()

    def _score(self) -> float:
        if self.curse == "generous":
            return 1 - abs(self.mark - self.x) / 2
        return max(0.0, 1 - abs(self.mark - self.x) / abs(self.mark - self.start))

    def _observation(self, text: str) -> str:
        return f"{text}\nThe block is at {self.x:.3f} m.".strip()

    def _film(self) -> None:
        if self.render_mode is not None:
            frame = np.full((121, 201, 3), 40, np.uint8)
            frame[80:90] = 90
            frame[80:90, int(self.mark * 195) : int(self.mark * 195) + 5] = (60, 220, 120)
            left = int(self.x * 180)
            frame[60:80, left : left + 20] = (230, 80, 60)
            self.frames.append(frame)


gymnasium.register(id="Line/Push-v0", entry_point="line_world:LineWorld")
CURSES = {"Cursed": "kill", "Slow": "slow", "Rule": "rule"} | {flaw.capitalize(): flaw for flaw in FLAWS}
for name, curse in CURSES.items():
    gymnasium.register(id=f"Line/{name}-v0", entry_point="line_world:LineWorld", kwargs={"curse": curse})
