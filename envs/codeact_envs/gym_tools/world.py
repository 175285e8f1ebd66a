"""A Gymnasium environment as a `World` of `CodeEnv`, for one episode at a time.

Its state is the seed and the actions since: saving keeps them, restoring resets and acts again. A copy of the object
would not do, for the simulators of many environments live outside Python, and a copy would share them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import gymnasium

from codeact.errors import CodeActError, TaskError
from codeact.tools import Tool, Toolbox
from codeact.values import encode
from codeact_envs.gym_tools.packages import creator_of, maker_of, package_of, spec_of
from codeact_envs.gym_tools.spaces import WrongAction, action_of, description, is_goal_based, plain, shown, words
from codeact_envs.still_film import StillFilm
from codeact_envs.text_picture import text_picture

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DEFAULT_STEPS = 1000
"""Steps of an episode where the environment names no limit of its own."""
SUCCESS_KEYS = ("is_success", "success")
"""What environments call it in `info` that their goal is reached."""
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
        anew: make the environment anew for each episode, since its reset leaves something of the one before; None
            for what is known of its package.
    """

    environment: str
    options: Mapping[str, Any] = field(default_factory=dict)
    steps: int | None = None
    anew: bool | None = None

    @cached_property
    def spec(self) -> Any:
        """Gymnasium's spec of it; see `spec_of`."""
        return spec_of(self.environment)

    @property
    def made_anew(self) -> bool:
        package = package_of(self.environment.rpartition(":")[2])
        return self.anew if self.anew is not None else package is not None and package.anew

    def make(self) -> gymnasium.Env[Any, Any]:
        """The environment. It draws text where it can, else pictures where it can, unless `options` say otherwise.

        Raises:
            TaskError: there is no such environment, or it cannot be made here; the message has the reason.
        """
        try:
            mode = _render_mode(self.spec)
            options = {**({"render_mode": mode} if mode else {}), **self.options}
            steps = self.steps or self.spec.max_episode_steps or DEFAULT_STEPS
            return maker_of(self.spec)(self.spec, max_episode_steps=steps, disable_env_checker=True, **options)
        except TaskError:
            raise
        except Exception as error:  # whatever its simulator raises
            reason = f"{type(error).__name__}: {error}".rstrip(": ")
            raise TaskError(f"the Gymnasium environment {self.environment!r} cannot be made: {reason}") from error


@dataclass(frozen=True)
class Snapshot:
    """How an episode stands: steps taken, the return so far, and whether the environment has ended it.

    `reached` is what the info of the last step says of success, by the names that environments use; None: nothing.
    """

    steps: int
    episode_return: float
    terminated: bool
    truncated: bool
    reached: bool | None = None

    @property
    def over(self) -> bool:
        return self.terminated or self.truncated


@dataclass(frozen=True)
class SavedState:
    """The seed, the actions since, and the digest of what they led to."""

    seed: int
    actions: tuple[Any, ...]
    digest: str


class GymWorld(StillFilm):
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
        self._information: dict[str, Any] = {}
        self._now = Snapshot(0, 0.0, False, False)
        self._digest = ""
        self._stopped = self._used = False
        self.toolbox = Toolbox(self._tools(), errors=[WrongAction, EpisodeOver])

    # What programs call

    def _tools(self) -> list[Tool]:
        acted, seen = words(self._env.action_space), words(self._env.observation_space)
        step = Tool(self._step, name="step", effect="write")
        step.doc = (
            "Act once. Returns (observation, reward, terminated, truncated, info), as Gymnasium's step() does.\n\n"
            f"The action is of the action space, {acted}.\n\n"
            f"{self._notes('action_notes')}"
            "Raises WrongAction when it is not, and nothing has moved then; EpisodeOver when the episode has ended."
        )
        observe = Tool(self._observe, name="observe", effect="read")
        observe.doc = f"The observation now, without acting. It is of the observation space, {seen}.\n\n"
        observe.doc = (observe.doc + self._notes("observation_notes")).strip()
        tools: list[Tool] = [observe, step, Tool(self._action_space, name="action_space", effect="read")]
        tools.append(Tool(self._observation_space, name="observation_space", effect="read"))
        tools.append(Tool(self._info, name="last_info", effect="read"))
        if self._env.render_mode == "ansi":
            tools.append(Tool(self._drawing, name="drawing", effect="read"))
        return tools

    def _notes(self, name: str) -> str:
        """What an environment says of its spaces by an attribute of that name, as a paragraph."""
        return f"{self._env.get_wrapper_attr(name)}\n\n" if self._env.has_wrapper_attr(name) else ""

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

    def _info(self) -> dict[str, Any]:
        """What the environment told beside the observation, at the last step or, before the first, at the reset."""
        return plain(self._information)  # type: ignore[no-any-return]

    def _drawing(self) -> str:
        """What the environment draws, as text, without its colours."""
        return _COLOUR.sub("", str(self._env.render()))

    # The episode

    def reset(self, setup: int) -> None:
        if self._used and self._source.made_anew:
            self._env.close()
            self._env = self._source.make()
        self._used = True
        self._observation, self._information = self._env.reset(seed=setup)
        self._seed, self._actions, self._stopped = setup, [], False
        self._now = Snapshot(0, 0.0, False, False)
        self._digest = _digest(self._source.environment, setup, self._observation)

    def _act(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self._actions.append(action)
        self._observation, reward, terminated, truncated, info = self._env.step(action)
        before = self._now
        self._information = info
        self._now = Snapshot(
            steps=before.steps + 1,
            episode_return=before.episode_return + float(reward),
            terminated=bool(terminated),
            truncated=bool(truncated),
            reached=next((bool(info[key]) for key in SUCCESS_KEYS if key in info), None),
        )
        self._digest = _digest(self._digest, action, self._observation, float(reward))
        return plain(self._observation), float(reward), bool(terminated), bool(truncated), plain(info)

    def observe(self) -> str:
        now = self._now
        ending = "; it is over, call finish()" if now.over else ""
        lines = [
            f"Step {now.steps}, return {now.episode_return:g}{ending}.",
            f"Observation: {shown(self._observation)}",
        ]
        if self._env.render_mode == "ansi":
            lines.append(self._drawing().strip("\n"))
        return "\n".join(lines)

    def snapshot(self) -> Snapshot:
        return self._now

    @property
    def goal_based(self) -> bool:
        """Whether its observations have a goal that is to be reached, as the arms and mazes of several packages do."""
        return is_goal_based(self._env.observation_space)

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
                "Wrap it with anew=True if its reset leaves something behind, or play it without branch(), rehearse() "
                "and restore_state()"
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
            except Exception:  # most draw with a library that is an extra, or with a screen
                pass
            else:
                return np.asarray(Image.fromarray(frame).convert("RGB").resize((width, height)), np.uint8)
        return text_picture(self.observe(), width, height)

    def close(self) -> None:
        self._env.close()


def _render_mode(spec: Any) -> str | None:
    modes = getattr(creator_of(spec), "metadata", {}).get("render_modes", [])
    return next((mode for mode in ("ansi", "rgb_array") if mode in modes), None)


def _digest(*parts: Any) -> str:
    return hashlib.sha256(encode([plain(part) for part in parts])).hexdigest()
