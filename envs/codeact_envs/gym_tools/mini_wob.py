"""MiniWoB++ as it can be driven here: its web pages as data, without its clock.

MiniWoB++ ends an episode after some seconds of wall time, and scales its reward by those that are left. Here the time
is lifted before each episode and the reward is the raw one. The browser is what MINIWOB_CHROME_BINARY and
MINIWOB_CHROMEDRIVER name; where they are not set, Debian's, if it is installed.
"""

from __future__ import annotations

import os
import shutil
import time
from typing import Any, SupportsFloat

import gymnasium
import numpy as np
from gymnasium import spaces

from codeact_envs.gym_tools.packages import NotInstalled

LONGEST_MS = 2**31 - 1
"""What a timer of a browser can wait at most: 24 days."""
STILL_S, PATIENCE_S = 0.05, 2.0
"""A page has stopped to change when nothing of it has for so long; some never do, so how long that is waited for."""
_BROWSER = {"MINIWOB_CHROME_BINARY": "chromium", "MINIWOB_CHROMEDRIVER": "chromedriver"}
_NUMBER_TEXTS_ANEW = "core.nextTextRefCode = -1;"  # else each look at the page gives its texts other numbers
_OF_THE_CLOCK = ("elapsed", "env_reward", "root_dom")

Observation = dict[str, Any]
Action = dict[str, Any]


def make(spec: Any, **options: Any) -> MiniWoB:
    """An environment of MiniWoB++; `options` are those of `gymnasium.make`.

    Raises:
        NotInstalled: there is no browser, or no driver of one.
    """
    from miniwob.reward import get_raw_reward

    if not any(map(os.environ.get, _BROWSER)):
        found = {variable: shutil.which(program) for variable, program in _BROWSER.items()}
        missing = [program for variable, program in _BROWSER.items() if not found[variable]]
        if missing:
            raise NotInstalled(
                f"MiniWoB++ needs Chromium and its driver, and {' and '.join(missing)} cannot be found: install "
                f"Debian's packages chromium and chromium-driver, or set {' and '.join(_BROWSER)}"
            )
        os.environ.update({variable: path for variable, path in found.items() if path})
    return MiniWoB(gymnasium.make(spec, **{"reward_processor": get_raw_reward, **options}))


class MiniWoB(gymnasium.Wrapper[Observation, Action, Observation, Action]):
    """Loads the page anew for each episode, lifts its limit of time, waits until it is still, and draws it on demand.

    The observation has no `screenshot`, which would be another each time; `render` gives it.
    """

    render_mode = "rgb_array"

    def __init__(self, env: gymnasium.Env[Observation, Action]) -> None:
        super().__init__(env)
        whole: Any = env.observation_space
        self.observation_space = spaces.Dict({key: part for key, part in whole.items() if key != "screenshot"})
        self._page.record_screenshots = False

    @property
    def _page(self) -> Any:
        return self.unwrapped.instance  # type: ignore[attr-defined]

    @property
    def action_notes(self) -> str:
        """What the numbers of an action mean."""
        config = self.unwrapped.action_space_config  # type: ignore[attr-defined]
        kinds = ", ".join(f"{number} {kind.value}" for number, kind in enumerate(config.action_types))
        notes = [
            f"The number 'action_type' is one of: {kinds}. Each reads the entries that it needs, and an action has "
            "them all: 'ref' is that of an element of the observation; 'field' is the index of an entry of its "
            "'fields', whose value is typed; 'coords' are pixels from the left and from the top."
        ]
        if "key" in self.action_space.spaces:  # type: ignore[attr-defined]
            notes.append(f"The number 'key' is an index into {list(config.allowed_keys)}.")
        return " ".join(notes)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        from selenium.webdriver.common.by import By
        from selenium.webdriver.support import expected_conditions
        from selenium.webdriver.support.wait import WebDriverWait

        page = self._page
        page.driver.get(page.url)  # some pages keep things of the episode before
        ready = expected_conditions.element_to_be_clickable((By.ID, page.SYNC_SCREEN_ID))
        WebDriverWait(page.driver, 30).until(ready)
        page.driver.execute_script(f"core.EPISODE_MAX_TIME = {LONGEST_MS};")
        _, info = self.env.reset(seed=seed, options=options)
        return self._once_still(), _told(info)

    def step(self, action: Action) -> tuple[Observation, SupportsFloat, bool, bool, dict[str, Any]]:
        observation, reward, terminated, truncated, info = self.env.step(action)
        seen = _without_picture(observation) if terminated else self._once_still()
        return seen, reward, terminated, truncated, _told(info)

    def _once_still(self) -> Observation:
        """The page once it has stopped to change: what it shows while it moves depends on the machine's pace."""
        page = self._page
        before, patience = "", time.monotonic() + PATIENCE_S
        while time.monotonic() < patience:
            now = page.driver.execute_script(f"{_NUMBER_TEXTS_ANEW} return JSON.stringify(core.getDOMInfo());")
            if now == before:
                break
            before = now
            time.sleep(STILL_S)
        page.driver.execute_script(_NUMBER_TEXTS_ANEW)
        return _without_picture(page.get_observation(use_cached_fields=True)[0])

    def render(self) -> Any:
        """The page, as uint8 of shape (height, width, 3)."""
        from miniwob.screenshot import get_screenshot

        page = self._page
        sizes = (page.inner_width, page.inner_height, page.task_width, page.task_height)
        return np.asarray(get_screenshot(page.driver, *sizes), np.uint8)


def _without_picture(observation: Observation) -> Observation:
    return {key: value for key, value in observation.items() if key != "screenshot"}


def _told(info: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in info.items() if key not in _OF_THE_CLOCK}
