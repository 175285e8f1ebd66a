"""Plays one environment in a process of its own, for `simulation.py`: a line of JSON in, a line of JSON out.

    python benchmarks/simulation_player.py codeact|panda-gym

Nothing here is of this project but the name of its environment, so that the other one is measured by the same code, in
a virtual environment of its own. Times are processor time: all of it is one thread, and what else the machine does must
not show. On an idle machine that is the time by the clock.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np

STEPS = 50  # of an episode, the limit of both environments
OTHERS = 10  # episodes between two that must be the same


def make(name: str, **options: Any) -> Any:
    """The task that both have: a cube to be brought to a place, the tool moved by (dx, dy, dz) and the gripper."""
    if name == "codeact":
        task = "codeact_envs:CodeAct/PickPlace-v0"
        return gymnasium.make(task, action="cartesian", observation="state", **options).unwrapped
    import panda_gym  # noqa: F401

    sizes = {f"render_{side}": options.pop(side) for side in ("width", "height") if side in options}
    return gymnasium.make("PandaPickAndPlace-v3", **options, **sizes).unwrapped


def episode(env: Any, seed: int) -> tuple[float, int, list[Any]]:
    """One episode of random actions: seconds in `step`, how many steps, and the observations."""
    actions = np.random.default_rng(seed).uniform(-1.0, 1.0, (STEPS, *env.action_space.shape)).astype(np.float32)
    seen = [env.reset(seed=seed)[0]["observation"]]
    spent, steps = 0.0, 0
    for action in actions:
        begin = time.process_time()
        observation, _, terminated, truncated, _ = env.step(action)
        spent += time.process_time() - begin
        steps += 1
        seen.append(observation["observation"])
        if terminated or truncated:
            break
    return spent, steps, [[float(value) for value in one] for one in seen]


class Player:
    def __init__(self, name: str) -> None:
        self.name = name
        self.env = make(name)
        self.env.reset(seed=0)
        self.others: list[Any] = []

    def steps(self, seed: int) -> dict[str, Any]:
        spent, steps, _ = episode(self.env, seed)
        return {"seconds": spent / steps}

    def simulating(self, seed: int) -> dict[str, Any]:
        """Of the seconds of a step, those inside Bullet's own step of the simulation; all else is Python's, and
        Bullet's other calls. Only with one environment in the process."""
        import pybullet

        own: Any = pybullet.stepSimulation
        inside = 0.0

        def timed(*arguments: Any, **options: Any) -> None:
            nonlocal inside
            begin = time.process_time()
            own(*arguments, **options)
            inside += time.process_time() - begin

        pybullet.stepSimulation = timed
        try:
            _, steps, _ = episode(self.env, seed)
        finally:
            pybullet.stepSimulation = own
        return {"seconds": inside / steps}

    def resets(self, seed: int, count: int) -> dict[str, Any]:
        spent = []
        for index in range(count):
            begin = time.process_time()
            self.env.reset(seed=seed + index)
            spent.append(time.process_time() - begin)
        return {"seconds": spent}

    def trajectory(self, seed: int) -> dict[str, Any]:
        return {"seen": episode(self.env, seed)[2]}

    def difference(self, seed: int) -> dict[str, Any]:
        """The largest difference between two episodes of one seed with the same actions, others in between."""
        first = np.array(episode(self.env, seed)[2])
        for other in range(OTHERS):
            episode(self.env, seed + 1 + other)
        again = np.array(episode(self.env, seed)[2])
        count = min(len(first), len(again))
        differs = float(np.abs(first[:count] - again[:count]).max())
        return {"difference": differs if len(first) == len(again) else float("inf")}

    def check(self) -> dict[str, Any]:
        """What Gymnasium's `check_env` says, warnings included; empty when it finds nothing."""
        from gymnasium.utils.env_checker import check_env

        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                check_env(self.env, skip_render_check=True)
            except Exception as error:
                return {"failed": f"{type(error).__name__}: {error}", "warnings": []}
        return {"failed": "", "warnings": sorted({str(one.message) for one in caught})}

    def memory(self) -> dict[str, Any]:
        """Bytes of this process: resident, and private to it."""
        with open("/proc/self/smaps_rollup", encoding="ascii") as rollup:
            fields = {line.split(":")[0]: line.split()[1] for line in rollup if line.endswith("kB\n")}
        private = sum(int(fields[key]) for key in ("Private_Clean", "Private_Dirty"))
        return {"resident": 1024 * int(fields["Rss"]), "private": 1024 * private}

    def another(self) -> dict[str, Any]:
        """One more environment in this process; memory afterwards."""
        self.others.append(make(self.name))
        self.others[-1].reset(seed=0)
        return self.memory()

    def many(self, seed: int, episodes: int) -> dict[str, Any]:
        """Episodes with their resets, and how many steps they had."""
        return {"steps": sum(episode(self.env, seed + index)[1] for index in range(episodes))}

    def render(self, count: int) -> dict[str, Any]:
        """Seconds for a picture of 320 x 240, in colour; of ours also with depth and segmentation."""
        env = make(self.name, render_mode="rgb_array", width=320, height=240)
        env.reset(seed=0)
        pictures: dict[str, Callable[[], Any]] = {"rgb": env.render}
        if self.name == "codeact":
            pictures["rgbd and segmentation"] = lambda: env._cameras.take("front", 320, 240)
        found: dict[str, Any] = {}
        for kind, take in pictures.items():
            take()
            found[kind] = []
            for _ in range(count):
                begin = time.process_time()
                take()
                found[kind].append(time.process_time() - begin)
        env.close()
        return found

    def version(self) -> dict[str, Any]:
        from importlib.metadata import version

        return {"version": version(self.name), "gymnasium": version("gymnasium"), "numpy": version("numpy")}


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # the simulator and the environments print as they like
    player = Player(sys.argv[1])
    for line in sys.stdin:
        asked = json.loads(line)
        do: Callable[..., dict[str, Any]] = getattr(player, asked.pop("do"))
        print(json.dumps(do(**asked)), file=answers, flush=True)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
