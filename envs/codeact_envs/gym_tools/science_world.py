"""ScienceWorld's tasks as Gymnasium environments, `ScienceWorld/boil-v1` and so on. Importing this registers them.

The package `scienceworld` brings the game as a jar, which runs in a Java virtual machine of its own (Java 8 or later),
and no Gymnasium environment.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gymnasium
from scienceworld import ScienceWorldEnv
from scienceworld.constants import ID2TASK

from codeact_envs.gym_tools.packages import NotInstalled
from codeact_envs.text_space import UnicodeText

STEPS = 100
"""After how many steps an episode is cut off: the game's own default."""
FULL_SCORE = 100
LONGEST_COMMAND, LONGEST_TEXT = 200, 20_000  # characters
_VARIATIONS = ("train", "dev", "test")
_JAVA_OPTIONS = (
    # Things of one name are listed, and moved, in the order of their identity hash codes, which are otherwise drawn
    # anew whenever a world is built: with one code for all, it is the order in which they were put there.
    "-XX:+UnlockExperimentalVMOptions -XX:hashCode=2 "
    # A game is short: what saves time later takes more at its start.
    "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
)


class ScienceWorld(gymnasium.Env[str, str]):
    """A text game in ten rooms, in which a task of elementary school science is to be done.

    The action is a command: look around; look at OBJ; look in OBJ; go to LOCATION; open OBJ; close OBJ; pick up OBJ;
    put down OBJ; move OBJ to OBJ; pour OBJ into OBJ; dunk OBJ into OBJ; mix OBJ; use OBJ on OBJ; activate OBJ;
    deactivate OBJ; connect OBJ to OBJ; disconnect OBJ; focus on OBJ; read OBJ; eat OBJ; flush OBJ; inventory; task;
    wait; wait1. Where a name means several things, the game asks which, and the next command is the number of one.
    The observation is what the game answers; the first says what the task is. The reward is the gain in the game's
    score, which is 100 when the task is done. To focus on what the task does not mean ends the episode.

    Args:
        task: the game's name of it, such as `boil`.
        simplifications: those of the game, with commas between: `easy` for all of them.
        variations: the `train`, `dev` or `test` set; the seed chooses one of its variations, and
            `reset(options={"variation": 3})` names any.

    Raises:
        NotInstalled: there is no Java.
    """

    metadata = {"render_modes": []}  # noqa: RUF012

    def __init__(self, task: str, simplifications: str = "", variations: str = "train") -> None:
        if variations not in _VARIATIONS:
            raise TypeError(f"variations must be one of {', '.join(_VARIATIONS)}, not {variations!r}")
        if shutil.which("java") is None:
            raise NotInstalled("ScienceWorld runs in Java, and there is none: install Debian's default-jre-headless")
        self.action_space, self.observation_space = UnicodeText(LONGEST_COMMAND), UnicodeText(LONGEST_TEXT)
        self._task, self._simplifications = task, simplifications
        self._score = 0
        self._game = _Game()
        self._game.load(task, 0, simplifications)  # says what is wrong with either
        self._variations: list[int] = getattr(self._game, f"get_variations_{variations}")()

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        super().reset(seed=seed)
        variation = (options or {}).get("variation")
        if variation is None:
            variation = self.np_random.choice(self._variations)
        self._game.load(self._task, int(variation), self._simplifications)
        self._game.server.reset()
        self._score = 0
        text, info = self._game.server.step("look around"), self._info()
        return f"{info['task']}\n\n{text}", info

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        server = (
            self._game.server
        )  # ScienceWorldEnv.step() also lists all valid commands, which takes a hundred times as long
        text, before = str(server.step(action)), self._score
        self._score = round(FULL_SCORE * server.getScore())
        terminated = bool(server.getCompleted()) or self._score < 0
        return text, float(self._score - before), terminated, False, self._info()

    def _info(self) -> dict[str, Any]:
        game = self._game
        task = game.taskdescription().removeprefix("Task Description:").strip()
        return {"task": task, "look": game.look(), "inventory": game.inventory(), "score": self._score}

    def close(self) -> None:
        self._game.close()


class _Game(ScienceWorldEnv):  # type: ignore[misc]
    """The package's own, which says that a pipe is broken when it is closed twice, as it is at its end."""

    _closed = False

    def __init__(self) -> None:
        with _java_options(_JAVA_OPTIONS):
            super().__init__()

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            super().close()


@contextmanager
def _java_options(options: str) -> Iterator[None]:
    """Java is started with these too; the package passes none on, so they go by what Java reads."""
    before = os.environ.get("JAVA_TOOL_OPTIONS")
    os.environ["JAVA_TOOL_OPTIONS"] = f"{before or ''} {options}".strip()
    try:
        yield
    finally:
        if before is None:
            del os.environ["JAVA_TOOL_OPTIONS"]
        else:
            os.environ["JAVA_TOOL_OPTIONS"] = before


def _register() -> None:
    for task in ID2TASK.values():
        gymnasium.register(
            f"ScienceWorld/{task}-v1",
            entry_point=f"{__name__}:ScienceWorld",
            kwargs={"task": task},
            max_episode_steps=STEPS,
            reward_threshold=FULL_SCORE,
        )


_register()
