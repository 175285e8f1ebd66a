"""What each tier of perception sees, and what it is good for.

Per tier: the share of the things on the table that are known at the first look, the share with the right colour,
the error of their positions, and on how many seeds the reference programs of two tasks succeed. A thing counts as
detected when something is known within 3 cm of where it truly is, seen from above; the rest of what is known is wrong.

Run it: `python benchmarks/perception.py [--seeds 10] [--tiers camera]`. It exits with 1 when the tier of truth misses
anything.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
import time
from dataclasses import dataclass, field
from typing import Any

import gymnasium

import codeact_envs  # noqa: F401
from codeact_envs.bullet.perception.view import TIERS
from codeact_envs.tasks.tabletop_world import TabletopWorld

TASKS = {"stack2": "CodeAct/Stack2-v0", "pick_place": "CodeAct/PickPlace-v0"}
NEAR = 0.03  # metres


@dataclass
class Tally:
    things: int = 0
    detected: int = 0
    colored: int = 0
    wrong: int = 0
    errors: list[float] = field(default_factory=list)
    won: dict[str, int] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def look(self, world: TabletopWorld) -> None:
        """Compare what is known at the first look with the truth."""
        known, taken = dict(world._perception.known()), set()
        for body in world.snapshot().bodies.values():
            self.things += 1
            near = [
                (math.dist(seen.pose.position[:2], body.position[:2]), name)
                for name, seen in known.items()
                if name not in taken
            ]
            if not near or min(near)[0] > NEAR:
                continue
            name = min(near)[1]
            taken.add(name)
            self.detected += 1
            self.colored += known[name].color == body.color
            self.errors.append(1000.0 * math.dist(known[name].pose.position, body.position))
        self.wrong += len(known) - len(taken)


def play(tier: str, seeds: int) -> Tally:
    tally = Tally()
    for task, environment in TASKS.items():
        env: Any = gymnasium.make(environment, perception=tier).unwrapped
        try:
            for seed in range(seeds):
                env.reset(seed=seed)
                tally.look(env._make_world())
                began = time.process_time()
                info = env.step(env.oracle())[4]
                tally.seconds.append(time.process_time() - began)
                tally.won[task] = tally.won.get(task, 0) + bool(info["success"])
                if not info["success"]:
                    tally.lost.append(f"{tier}, {task}, seed {seed}: {info['execution'].error or info['conditions']}")
        finally:
            env.close()
    return tally


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10, help="seeds 0 to N - 1 of each task")
    parser.add_argument("--tiers", nargs="+", choices=TIERS, default=TIERS)
    arguments = parser.parse_args()
    seeds = arguments.seeds
    heads = ("tier", "things", "detected", "right colour", "wrong", "mm median", "mm worst", *TASKS, "CPU s")
    print("  ".join(f"{head:>12}" for head in heads))
    tallies = {}
    for tier in arguments.tiers:
        tally = tallies[tier] = play(tier, seeds)
        cells = (
            tier,
            tally.things,
            f"{tally.detected / tally.things:.1%}",
            f"{tally.colored / tally.things:.1%}",
            tally.wrong,
            f"{statistics.median(tally.errors):.2f}",
            f"{max(tally.errors):.2f}",
            *(f"{tally.won[task]} of {seeds}" for task in TASKS),
            f"{statistics.mean(tally.seconds):.2f}",
        )
        print("  ".join(f"{cell!s:>12}" for cell in cells), flush=True)
    for tally in tallies.values():
        print(*tally.lost, sep="\n", end="\n" if tally.lost else "")
    truth = tallies.get("privileged")
    return int(truth is not None and (truth.detected < truth.things or truth.wrong > 0))


if __name__ == "__main__":
    sys.exit(main())
