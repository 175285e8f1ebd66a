"""What `CodeEnv` needs of a task and of a world. A robot at a table is one such pair, a set of web services another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from codeact.tools import Toolbox

Values = Literal["seen", "unseen"]
VALUES: tuple[Values, ...] = ("seen", "unseen")


@dataclass(frozen=True)
class EpisodeLimits:
    """Where an episode is cut off.

    Attributes:
        turns: programs.
        simulated_seconds: of the world's own clock, so that a slow machine gives the same result as a fast one.
        tool_calls: calls of all programs together, `finish` not counted.
    """

    turns: int
    simulated_seconds: float
    tool_calls: int


@dataclass(frozen=True)
class Plan:
    """One episode of a task, as drawn from a seed.

    Attributes:
        instruction: what the agent is asked to do.
        setup: what `World.reset` takes.
        goal: what `Task.judge` compares with; never shown to a program.
        oracle: the reference program, written against the tools and the instruction only.
        opposite: a program that does the wrong thing and must score 0.
    """

    instruction: str
    setup: Any
    goal: Any
    oracle: str
    opposite: str


@dataclass(frozen=True)
class Judgement:
    """How well a state does.

    Attributes:
        success: by the standard tolerance.
        success_strict: by the strict tolerance, where the task names one; else the same as `success`.
        score: partial score in [0, 1]; 1 exactly when `success`.
        conditions: progress of each condition in [0, 1], by name, for reading and debugging.
    """

    success: bool
    success_strict: bool
    score: float
    conditions: Mapping[str, float] = field(default_factory=dict)


class World(Protocol):
    """Where programs act. One thread at a time drives it; `stop` may come from any thread."""

    @property
    def time_s(self) -> float:
        """Seconds of the world's own clock since the reset."""
        ...

    @property
    def violations(self) -> tuple[str, ...]:
        """What broke one of the world's own rules since the reset, in words, in order."""
        ...

    @property
    def toolbox(self) -> Toolbox:
        """What programs may call; the same object for the world's whole life."""
        ...

    def reset(self, setup: Any) -> None:
        """Begin an episode: the same setup gives the same state, bit for bit, whatever ran before."""
        ...

    def observe(self) -> str:
        """What the world shows, as text."""
        ...

    def snapshot(self) -> Any:
        """The true state as plain data, for judging."""
        ...

    def settle(self, seconds: float) -> None:
        """Let time pass without acting."""
        ...

    def stop(self) -> None:
        """Bring everything that moves to rest, from any thread; later motions are refused until `resume`."""
        ...

    def resume(self) -> None: ...

    def state_hash(self) -> str:
        """SHA-256, in hex, over the exact state."""
        ...

    def save_state(self) -> Any: ...

    def restore_state(self, state: Any) -> None: ...

    def branch(self) -> World:
        """Another world in the same state, with a future of its own."""
        ...

    def render(self, width: int, height: int) -> NDArray[np.uint8]:
        """The scene as uint8 of shape (height, width, 3)."""
        ...

    def record(self, fps: int | None, width: int, height: int) -> None:
        """Collect frames at `fps` a second of the world's clock from now on; None ends it."""
        ...

    def take_frames(self) -> list[NDArray[np.uint8]]:
        """The frames collected since the last call."""
        ...

    def close(self) -> None: ...


class Task(Protocol):
    """What is asked for, and when it is done.

    Attributes:
        name: short, in snake_case.
        title: a few words for a table.
        family: the letter of its family.
        tier: `high` or `low`: which kind of tools programs get.
        limits: where its episodes are cut off.
    """

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def family(self) -> str: ...
    @property
    def tier(self) -> str: ...
    @property
    def limits(self) -> EpisodeLimits: ...

    def make_world(self) -> World: ...

    def draw(self, random: np.random.Generator, values: Values) -> Plan:
        """One episode; all chance comes from `random`."""
        ...

    def judge(self, plan: Plan, start: Any, now: Any, answer: Any) -> Judgement:
        """Judge the snapshot `now` of an episode that began with `start`; `answer` is what `finish` was given."""
        ...

    def breaches(self, plan: Plan, start: Any, now: Any, violations: tuple[str, ...]) -> tuple[str, ...]:
        """Which hard constraints the state or the world's own violations break, in words."""
        ...
