"""What the way to a real arm costs: an SO-101 of simulated servos behind a pseudo-terminal.

python benchmarks/drivers.py
"""

from __future__ import annotations

import argparse
import math
import statistics
import threading
import time

import numpy as np

from codeact_envs.bullet.errors import Stopped
from codeact_envs.bullet.robots.description import load_arm
from codeact_envs.drivers import RealArm
from codeact_envs.drivers.feetech import FeetechArm, so101_default
from codeact_envs.drivers.feetech.registers import STEPS
from codeact_envs.drivers.feetech.simulator import ServoSimulator

ASIDE = 0.8  # radians that the first joint turns


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


class Track:
    """Where the first joint's horn really is, looked at every millisecond."""

    def __init__(self, simulator: ServoSimulator) -> None:
        self._servo = simulator.servos[1]
        self._going = True
        self.samples: list[tuple[float, float]] = []
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def _look(self) -> None:
        while self._going:
            self.samples.append((time.monotonic(), self._servo.position * 2.0 * math.pi / STEPS))
            time.sleep(0.001)

    def at_rest(self, since: float) -> float:
        """Seconds after `since` from which on it was within a degree of where it is now."""
        self._going = False
        self._thread.join()
        end = self.samples[-1][1]
        away = [when for when, position in self.samples if abs(position - end) > math.radians(1.0)]
        return away[-1] - since


def stop(robot: RealArm, simulator: ServoSimulator, goal: np.ndarray) -> tuple[float, float]:
    """Seconds from a stop in mid-motion until the motion has ended, and until the arm is within a degree of rest."""
    asked = [0.0]

    def halt() -> None:
        asked[0] = time.monotonic()
        robot.stop()

    track = Track(simulator)
    threading.Timer(0.4, halt).start()
    try:
        robot.world.controller.move_joints(goal)
    except Stopped:
        said = time.monotonic() - asked[0]
    else:
        raise SystemExit("the motion ended before the stop came")
    time.sleep(0.5)
    robot.resume()
    return said, track.at_rest(asked[0])


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
    with ServoSimulator() as simulator:
        driver = FeetechArm(load_arm("so101"), so101_default(), simulator.path)
        with RealArm(driver, "so101", patience=2.0) as robot:
            shown("a row sent, and six servos read", exchanges(driver, 500))
            robot.world.controller.move_joints(robot.world.arm.home)
            goals = [robot.world.arm.home + np.eye(5)[0] * side * ASIDE for side in (1.0, -1.0)]
            stops = []
            for index in range(count):
                robot.world.controller.move_joints(goals[index % 2])
                stops.append(stop(robot, simulator, goals[(index + 1) % 2]))
            shown("a stop: until the motion has ended", [said for said, _ in stops])
            shown("a stop: until within a degree of rest", [rest for _, rest in stops])
            print(
                f"a row late by at most {robot.arm.late_s * 1e3:.1f} ms; {driver.questions_lost} questions asked again"
            )


if __name__ == "__main__":
    main()
