"""What the way to a real arm costs: an SO-101 of simulated servos behind a pseudo-terminal, in a process of its own.

python benchmarks/drivers.py
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import threading
import time

import numpy as np

from codeact_envs.bullet.errors import Stopped
from codeact_envs.bullet.robots.description import load_arm
from codeact_envs.drivers import RealArm
from codeact_envs.drivers.feetech import FeetechArm, so101_default

ASIDE = 0.8  # radians that the first joint turns
AT_REST = 0.02  # radians per second


def exchanges(driver: FeetechArm, count: int) -> list[float]:
    """Seconds for sending a row and reading six servos."""
    row, opening = driver.read().positions, driver.read().opening
    taken = []
    for _ in range(count):
        began = time.perf_counter()
        driver.send(row, min(max(opening, 0.0), driver.robot.gripper.opening), driver.robot.gripper.force)
        driver.read()
        taken.append(time.perf_counter() - began)
    return taken


def stop(robot: RealArm, goal: np.ndarray) -> tuple[float, float]:
    """Seconds from a stop in mid-motion until the controller says so, and until the servos are at rest."""
    asked = [0.0]

    def halt() -> None:
        asked[0] = time.monotonic()
        robot.stop()

    timer = threading.Timer(0.35, halt)
    timer.start()
    try:
        robot.world.controller.move_joints(goal)
    except Stopped:
        said = time.monotonic() - asked[0]
    else:
        raise SystemExit("the motion ended before the stop came")
    while float(np.abs(robot.driver.read().velocities).max()) > AT_REST:
        time.sleep(0.001)
    rest = time.monotonic() - asked[0]
    robot.resume()
    return said, rest


def shown(name: str, seconds: list[float]) -> None:
    ordered = sorted(seconds)
    print(
        f"{name:<44} median {statistics.median(ordered) * 1e3:7.1f} ms   worst {ordered[-1] * 1e3:7.1f} ms   "
        f"of {len(ordered)}"
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--stops", type=int, default=20)
    count = options.parse_args().stops
    command = [sys.executable, "-m", "codeact_envs.drivers.feetech.simulator"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as servos:
        assert servos.stdout is not None
        driver = FeetechArm(load_arm("so101"), so101_default(), servos.stdout.readline().strip())
        with RealArm(driver, "so101", patience=2.0) as robot:
            shown("a row sent, and six servos read", exchanges(driver, 500))
            robot.world.controller.move_joints(robot.world.arm.home)
            goals = [robot.world.arm.home + np.eye(5)[0] * side * ASIDE for side in (1.0, -1.0)]
            stops = []
            for index in range(count):
                robot.world.controller.move_joints(goals[index % 2])
                stops.append(stop(robot, goals[(index + 1) % 2]))
            shown("a stop: until the motion has ended", [said for said, _ in stops])
            shown("a stop: until the servos are at rest", [rest for _, rest in stops])
            print(
                f"a row late by at most {robot.arm.late_s * 1e3:.1f} ms; {driver.questions_lost} questions asked again"
            )
        servos.terminate()


if __name__ == "__main__":
    main()
