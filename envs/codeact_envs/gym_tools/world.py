"""A Gymnasium environment as a `World` of `CodeEnv`, for one episode at a time.

Its state is the seed and the actions since: saving keeps them, restoring resets and acts again. A copy of the object
would not do, for the simulators of many environments live outside Python, and a copy would share them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import gymnasium

from codeact.errors import CodeActError, TaskError
from codeact.tools import Tool, Toolbox
from codeact.values import encode
from codeact_envs.gym_tools.spaces import WrongAction, action_of, description, plain, words
from codeact_envs.text_picture import text_picture

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DEFAULT_STEPS = 1000
"""Steps of an episode where the environment names no limit of its own."""
_COLOUR = re.compile(r"\x1b\[[\d;]*m")


class EpisodeOver(CodeActError):
    """The episode has ended, or a step was asked for while the program was being stopped."""


@dataclass(frozen=True)
class Source:
    """Which environment, and how it is made.

    Attributes:
        environment: its Gymnasium id; `package:Id-v0` imports the package first.
        options: keywords of `gymnasium.make`.
        steps: after how many steps an episode is cut off; None for the environment's own limit, else 1,000.
    """

    environment: str
    options: Mapping[str, Any] = field(default_factory=dict)
    steps: int | None = None

    def make(self) -> gymnasium.Env[Any, Any]:
        """The environment. It draws text where it can, else pictures where it can, unless `options` say otherwise.

        Raises:
            TaskError: there is no such environment, or it cannot be made here; the message has the reason.
        """
        try:
            spec = gymnasium.spec(self.environment)
            mode = _render_mode(spec)
            options = {**({"render_mode": mode} if mode else {}), **self.options}
            steps = self.steps or spec.max_episode_steps or DEFAULT_STEPS
            return gymnasium.make(spec, max_episode_steps=steps, disable_env_checker=True, **options)
        except (gymnasium.error.Error, ImportError, TypeError) as error:
            raise TaskError(f"the Gymnasium environment {self.environment!r} cannot be made: {error}") from error


@dataclass(frozen=True)
class Snapshot:
    """How an episode stands: steps taken, the return so far, and whether the environment has ended it."""

    steps: int
    episode_return: float
    terminated: bool
    truncated: bool

    @property
    def over(self) -> bool:
        return self.terminated or self.truncated


@dataclass(frozen=True)
class SavedState:
    """The seed, the actions since, and the digest of what they led to."""

    seed: int
    actions: tuple[Any, ...]
    digest: str


class GymWorld:
    """One environment. Implements `codeact_envs.tasks.World`; the setup of an episode is its seed.

    Args:
        source: which environment.
    """

    violations: tuple[str, ...] = ()
    time_s = 0.0

    def __init__(self, source: Source) -> None:
        self._source = source
        self._env = source.make()
        self._seed = 0
        self._actions: list[Any] = []
        self._observation: Any = None
        self._now = Snapshot(0, 0.0, False, False)
        self._digest = ""
        self._stopped = False
        self._film: tuple[int, int] | None = None  # width and height
        self.toolbox = Toolbox(self._tools(), errors=[WrongAction, EpisodeOver])

    # What programs call

    def _tools(self) -> list[Tool]:
        acted, seen = words(self._env.action_space), words(self._env.observation_space)
        step = Tool(self._step, name="step", effect="write")
        step.doc = (
            "Act once. Returns (observation, reward, terminated, truncated, info), as Gymnasium's step() does.\n\n"
            f"The action is of the action space, {acted}.\n\n"
            "Raises WrongAction when it is not, and nothing has moved then; EpisodeOver when the episode has ended."
        )
        observe = Tool(self._observe, name="observe", effect="read")
        observe.doc = f"The observation now, without acting. It is of the observation space, {seen}."
        tools: list[Tool] = [observe, step, Tool(self._action_space, name="action_space", effect="read")]
        tools.append(Tool(self._observation_space, name="observation_space", effect="read"))
        if self._env.render_mode == "ansi":
            tools.append(Tool(self._drawing, name="drawing", effect="read"))
        return tools

    def _observe(self) -> Any:
        return plain(self._observation)

    def _step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        if self._now.over:
            ending = "terminated" if self._now.terminated else "was cut off at its limit of steps"
            raise EpisodeOver(f"the episode {ending} after {self._now.steps} steps: call finish()")
        if self._stopped:
            raise EpisodeOver("the program is being stopped: no step was taken")
        return self._act(action_of(self._env.action_space, action))

    def _action_space(self) -> dict[str, Any]:
        """The action space as data: `kind` is its class in Gymnasium, the rest what that class is made with."""
        return description(self._env.action_space)

    def _observation_space(self) -> dict[str, Any]:
        """The observation space as data: `kind` is its class in Gymnasium, the rest what that class is made with."""
        return description(self._env.observation_space)

    def _drawing(self) -> str:
        """What the environment draws, as text, without its colours."""
        return _COLOUR.sub("", str(self._env.render()))

    # The episode

    def reset(self, setup: int) -> None:
        self._observation, _ = self._env.reset(seed=setup)
        self._seed, self._actions, self._stopped = setup, [], False
        self._now = Snapshot(0, 0.0, False, False)
        self._digest = _digest(self._source.environment, setup, self._observation)

    def _act(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self._actions.append(action)
        self._observation, reward, terminated, truncated, info = self._env.step(action)
        before = self._now
        self._now = Snapshot(before.steps + 1, before.episode_return + float(reward), bool(terminated), bool(truncated))
        self._digest = _digest(self._digest, action, self._observation, float(reward))
        return plain(self._observation), float(reward), bool(terminated), bool(truncated), plain(info)

    def observe(self) -> str:
        now = self._now
        ending = "; it is over, call finish()" if now.over else ""
        lines = [
            f"Step {now.steps}, return {now.episode_return:g}{ending}.",
            f"Observation: {plain(self._observation)}",
        ]
        if self._env.render_mode == "ansi":
            lines.append(self._drawing().strip("\n"))
        return "\n".join(lines)

    def snapshot(self) -> Snapshot:
        return self._now

    def figures(self) -> dict[str, Any]:
        """For `info`: the raw return, the steps taken, and whether the environment has ended the episode."""
        now = self._now
        return {"return": now.episode_return, "steps": now.steps, "episode_over": now.over}

    def settle(self, seconds: float) -> None:
        pass

    def stop(self) -> None:
        self._stopped = True

    def resume(self) -> None:
        self._stopped = False

    def state_hash(self) -> str:
        """SHA-256 over the seed and all that went in and came out since."""
        return self._digest

    def save_state(self) -> SavedState:
        return SavedState(self._seed, tuple(self._actions), self._digest)

    def restore_state(self, state: SavedState) -> None:
        """Reset to the seed and act again.

        Raises:
            TaskError: the environment did not come to the same state: the seed does not decide all that happens in it.
        """
        self.reset(state.seed)
        for action in state.actions:
            self._act(action)
        if self._digest != state.digest:
            raise TaskError(
                f"{self._source.environment} cannot be restored: the same seed and actions led to another state. "
                "Play it without branch(), rehearse() and restore_state()"
            )

    def branch(self) -> GymWorld:
        other = GymWorld(self._source)
        other.restore_state(self.save_state())
        return other

    # Pictures

    def render(self, width: int, height: int) -> NDArray[np.uint8]:
        """The environment's own picture where it draws one here; else what it shows as text."""
        import numpy as np
        from PIL import Image

        if self._env.render_mode == "rgb_array":
            try:
                frame = np.asarray(self._env.render(), np.uint8)
            except (gymnasium.error.DependencyNotInstalled, ImportError):  # most draw with a library that is an extra
                pass
            else:
                return np.asarray(Image.fromarray(frame).convert("RGB").resize((width, height)), np.uint8)
        return text_picture(self.observe(), width, height)

    def record(self, fps: int | None, width: int, height: int) -> None:
        """There is no clock, so a film is one picture whenever frames are taken."""
        self._film = (width, height) if fps is not None else None

    def take_frames(self) -> list[NDArray[np.uint8]]:
        return [self.render(*self._film)] if self._film is not None else []

    def close(self) -> None:
        self._env.close()


def creator_of(spec: Any) -> Any:
    """The class, or the function, that makes an environment."""
    entry = spec.entry_point
    return gymnasium.envs.registration.load_env_creator(entry) if isinstance(entry, str) else entry


def _render_mode(spec: Any) -> str | None:
    modes = getattr(creator_of(spec), "metadata", {}).get("render_modes", [])
    return next((mode for mode in ("ansi", "rgb_array") if mode in modes), None)


def _digest(*parts: Any) -> str:
    return hashlib.sha256(encode([plain(part) for part in parts])).hexdigest()
