"""A thousand stacks: the reference program of CodeAct/Stack2-v0 on as many seeds, and why the failures failed.

    python benchmarks/stacks.py [--seeds 1000] [--first 0] [--task CodeAct/Stack2-v0]

Prints for each failure its seed, what the program saw, the conditions that are not met and the violations. Exits with 1
when fewer than 99 % succeed.
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

import gymnasium

LEAST_SHARE = 0.99


def play(environment: Any, seed: int) -> str | None:
    """None when the reference program succeeds on this seed, else what went wrong, in one line."""
    environment.reset(seed=seed)
    info = environment.step(environment.oracle())[-1]
    if info["success"]:
        return None
    execution = info["execution"]
    said = [] if execution.ok else [execution.observation().strip().splitlines()[-1]]
    missing = [f"{name} at {share:.2f}" for name, share in info["conditions"].items() if share < 1.0]
    reasons = [*said, *missing, *info["violations"]]
    if info["limit"]:
        reasons.append(f"limit: {info['limit']}")
    return "; ".join(reasons)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--seeds", type=int, default=1000, help="how many seeds to play (default 1000)")
    parser.add_argument("--first", type=int, default=0, help="the first seed (default 0)")
    parser.add_argument("--task", default="CodeAct/Stack2-v0", help="a registered task (default CodeAct/Stack2-v0)")
    arguments = parser.parse_args()

    environment: Any = gymnasium.make(f"codeact_envs:{arguments.task}").unwrapped
    failures = 0
    began = time.process_time()
    for seed in range(arguments.first, arguments.first + arguments.seeds):
        reason = play(environment, seed)
        if reason is not None:
            failures += 1
            print(f"seed {seed}: {reason}", flush=True)
    environment.close()
    share = 1.0 - failures / arguments.seeds
    spent = (time.process_time() - began) / arguments.seeds
    print(f"{arguments.task}: {arguments.seeds - failures} of {arguments.seeds} seeds succeed ({100 * share:.1f} %)")
    print(f"  {spent:.3f} CPU-seconds a seed in this process")
    if share < LEAST_SHARE:
        print(f"MISSED: at least {100 * LEAST_SHARE:.0f} % must succeed")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
