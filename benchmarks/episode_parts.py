"""Where the processor time of an episode goes: the reference program of CodeAct/Stack2-v0, part by part.

    python benchmarks/episode_parts.py [--plays 12]

One seed is played again and again; the least time of each part counts, so that what else the machine does hardly shows.
A part's time is without that of the parts inside it. The replay of the same motor targets by a script of PyBullet calls
is the floor, as in `episode.py`. Only this process counts, not those of the sandbox.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from typing import Any

import gymnasium
from episode import ENVIRONMENT, BareScript, play_episode

from codeact_envs.bullet.arms.arm import SimulatedArm
from codeact_envs.bullet.arms.controller import ArmController
from codeact_envs.bullet.engine.simulation import Simulation
from codeact_envs.bullet.motion.kinematics import Kinematics
from codeact_envs.code_env import CodeEnv

PARTS = (
    (SimulatedArm, "follow", "motor targets and steps of the simulation"),
    (Simulation, "run", "steps while things settle"),
    (ArmController, "require_free", "each motion's path checked"),
    (ArmController, "look_around", "where everything stands, for that"),
    (ArmController, "watch", "looks at the moving arm"),
    (Kinematics, "sweep", "straight lines"),
    (Kinematics, "inverse", "inverse kinematics"),
    (CodeEnv, "reset", "the reset"),
    (CodeEnv, "_run", "calls from the sandbox"),
)


class Clock:
    """Times nested calls of methods."""

    def __init__(self) -> None:
        self.spent: Counter[str] = Counter()
        self._inside: list[float] = []

    def watch(self, owner: type, name: str, called: str) -> None:
        method: Any = getattr(owner, name)

        def timed(*arguments: Any, **options: Any) -> Any:
            begin = time.thread_time()
            self._inside.append(0.0)
            try:
                return method(*arguments, **options)
            finally:
                taken = time.thread_time() - begin
                self.spent[called] += taken - self._inside.pop()
                if self._inside:
                    self._inside[-1] += taken

        setattr(owner, name, timed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--plays", type=int, default=12, help="how often to play the seed (default 12)")
    plays = parser.parse_args().plays
    environment: Any = gymnasium.make(f"codeact_envs:{ENVIRONMENT}").unwrapped
    environment.reset(seed=0)
    world = environment._make_world().bullet
    bare = BareScript(len(world.specs), world.robot)
    play_episode(environment, world, 0)
    clock = Clock()
    for part in PARTS:
        clock.watch(*part)
    least: dict[str, float] = {}
    for _ in range(plays):
        clock.spent.clear()
        begin = time.thread_time()
        poses, motion, _ = play_episode(environment, world, 3)
        whole = time.thread_time() - begin
        begin = time.thread_time()
        bare.play(poses, motion)
        found = {"replay": time.thread_time() - begin, "episode": whole, **clock.spent}
        found["all else"] = whole - sum(clock.spent.values())
        least = {part: min(spent, least.get(part, spent)) for part, spent in found.items()}
    environment.close()
    floor = least.pop("replay")
    print(f"{ENVIRONMENT}, seed 3, least of {plays}        ms   of the replay")
    print(f"  {'replay of the motor targets':44s} {1000 * floor:7.2f}")
    for part, spent in sorted(least.items(), key=lambda item: -item[1]):
        print(f"  {part:44s} {1000 * spent:7.2f} {100 * spent / floor:7.1f} %")


if __name__ == "__main__":
    main()
