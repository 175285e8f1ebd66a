"""Thousands of episodes in one process: memory must not grow, and the same seed must stay the same state.

    python benchmarks/soak.py [--resets 10000] [--branches 200] [--check]

A table with furniture, a cup of balls and blocks. Each episode is reset from one of 20 seeds, goes on for a while and
is hashed; some are saved and restored, drawn, or played by the arm, and some are branched, both branches going on.
Memory is the process's resident set, looked at after a warm-up that fills every cache, and at the end. `--check` exits
with 1 when it grew by 20 MB or more, or any hash differed.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from pathlib import Path
from typing import Any

from codeact_envs.bullet import BulletWorld
from codeact_envs.scenes import DrawnScene, load_scene

MOST_GROWTH_MB = 20.0
SEEDS = 20
WARM_RESETS, WARM_BRANCHES = 200, 20  # before memory is looked at
SAVED_EVERY, PLAYED_EVERY, DRAWN_EVERY = 7, 50, 101
SCENE: dict[str, Any] = {
    "region": {"x": [0.35, 0.68], "y": [-0.5, 0.5], "reach": [0.3, 0.75]},
    "clearance": 0.01,
    "kinds": {
        "cabinet": {"shape": "drawer", "size": [0.22, 0.2, 0.12]},
        "button": {"shape": "button"},
        "cup": {"shape": "cup"},
        "ball": {"shape": "ball"},
        "block": {"noun": "block", "shape": "box"},
        "bowl": {"shape": "bowl"},
    },
    "roles": {
        "cabinet": {"kind": "cabinet", "color": "white", "joint": [0.0, 0.5], "yaw": [-0.2, 0.2]},
        "button": {"kind": "button", "color": "red"},
        "cup": {"kind": "cup", "color": "cyan"},
        "balls": {"kind": "ball", "color": "orange", "count": 3, "inside": "cup"},
        "blocks": {"kind": "block", "count": [1, 3]},
        "bowl": {"kind": "bowl"},
    },
}


def resident_mb() -> float:
    """Memory of this process that lies in RAM, megabytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024.0
    raise OSError("/proc/self/status tells no VmRSS")


class Soak:
    """One world, and the hash that each seed gave first."""

    def __init__(self) -> None:
        self.scene = load_scene(SCENE)
        self.drawn: list[DrawnScene] = [self.scene.draw(seed) for seed in range(SEEDS)]
        self.world: BulletWorld = self.scene.make_world()
        self.first: dict[str, str] = {}
        self.different = 0

    def expect(self, what: str, found: str) -> None:
        """Count a hash that is not what it was the first time."""
        if self.first.setdefault(what, found) != found:
            self.different += 1

    def run(self, resets: int, branches: int) -> None:
        """So many episodes, with branches evenly among them."""
        branched = 0
        for number in range(resets):
            self.episode(number)
            while branched * resets <= number * branches and branched < branches:
                self.branch(number)
                branched += 1

    def episode(self, number: int) -> None:
        world, seed = self.world, number % SEEDS
        world.reset(self.drawn[seed].layout)
        world.settle(1 / 48)
        self.expect(f"{seed} after 5 steps", world.state_hash())
        if number % SAVED_EVERY == 0:
            state, saved = world.save_state(), world.state_hash()
            world.settle(1 / 48)
            self.expect(f"{seed} after 10 steps", world.state_hash())
            world.restore_state(state)
            state.release()
            self.different += world.state_hash() != saved
        if number % PLAYED_EVERY == 0:
            home = world.arm.home.copy()
            home[0] += 0.4
            world.controller.move_joints(home)
            self.expect(f"{seed} after a motion", world.state_hash())
        if number % DRAWN_EVERY == 0:
            world.render(64, 48)

    def branch(self, number: int) -> None:
        world = self.world
        world.reset(self.drawn[number % SEEDS].layout)
        world.settle(1 / 48)
        with world.branch() as other:
            self.different += other.state_hash() != world.state_hash()
            for one in (world, other):
                one.settle(1 / 24)
            self.different += other.state_hash() != world.state_hash()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--resets", type=int, default=10_000)
    parser.add_argument("--branches", type=int, default=200)
    parser.add_argument("--check", action="store_true", help="exit with 1 when memory grew or a hash differed")
    given = parser.parse_args(arguments)
    begin, soak = time.monotonic(), Soak()
    soak.run(WARM_RESETS, WARM_BRANCHES)
    gc.collect()
    before = resident_mb()
    soak.run(given.resets, given.branches)
    gc.collect()
    after = resident_mb()
    soak.world.close()
    seconds, growth = time.monotonic() - begin, after - before
    print(f"{given.resets} resets and {given.branches} branches in {seconds:.0f} s")
    print(f"memory: {before:.1f} MB after a warm-up, {after:.1f} MB at the end, grown by {growth:.1f} MB")
    print(f"hashes: {len(soak.first)} states, {soak.different} different")
    failed = growth >= MOST_GROWTH_MB or soak.different > 0
    return 1 if given.check and failed else 0


if __name__ == "__main__":
    sys.exit(main())
