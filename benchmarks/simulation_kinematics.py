"""Inverse kinematics: random reachable poses of every described arm, beside PyBullet's own solver.

    python benchmarks/simulation_kinematics.py [--poses 1000]

A pose counts as reached at 1 mm and 0.01 radians with all joints inside the maker's limits less the margin. PyBullet's
solver is called from the home posture, with 20 iterations (its default) and with 200; its answers are held to the same
limits, and counted without them too. Exits with 1 when the Panda reaches less than 99.5 %, or its median takes 0.5 ms
or more.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codeact_envs.bullet.engine.quiet import quiet
from codeact_envs.bullet.motion.kinematics import Kinematics
from codeact_envs.bullet.robots import ArmDescription, load_robot
from codeact_envs.bullet.robots.description import robot_names

Array = NDArray[np.float64]

POSITION, ANGLE = 1e-3, 1e-2  # metres and radians
LEAST_SHARE, MOST_MEDIAN_S = 0.995, 0.0005
RESTARTS = 100


@dataclass(frozen=True)
class KinematicsRow:
    """One solver on one arm: how many poses it reached inside the limits, and at all, and the seconds each."""

    robot: str
    solver: str
    reached: int
    reached_without_limits: int
    poses: int
    seconds: tuple[float, ...]

    def line(self) -> str:
        share = 100.0 * self.reached / self.poses
        median, worst = statistics.median(self.seconds), max(self.seconds)
        return (
            f"  {self.robot:10s} {self.solver:34s} {share:5.1f} % of {self.poses}   "
            f"({100.0 * self.reached_without_limits / self.poses:5.1f} % without limits)   "
            f"median {1e3 * median:6.3f} ms   worst {1e3 * worst:8.3f} ms"
        )


def _row(
    robot: ArmDescription, kinematics: Kinematics, name: str, poses: list[Array], solve: Callable[[Array], Array | None]
) -> KinematicsRow:
    seconds, reached, anyhow = [], 0, 0
    for pose in poses:
        begin = time.process_time()
        q = solve(pose)
        seconds.append(time.process_time() - begin)
        if q is None:
            continue
        found = kinematics.forward(q)
        turn = math.acos(max(-1.0, min(1.0, (float(np.trace(pose[:3, :3].T @ found[:3, :3])) - 1.0) / 2.0)))
        close = float(np.linalg.norm(pose[:3, 3] - found[:3, 3])) <= POSITION and turn <= ANGLE
        anyhow += close
        reached += close and kinematics.inside_limits(q)
    return KinematicsRow(robot.name, name, reached, anyhow, len(poses), tuple(seconds))


class BulletSolver:
    """`calculateInverseKinematics`, from the home posture."""

    def __init__(self, robot: ArmDescription, kinematics: Kinematics, iterations: int) -> None:
        with quiet():
            import pybullet

            self.bullet, self.client = pybullet, pybullet.connect(pybullet.DIRECT)
            self.body = robot.model.load(pybullet, self.client, (0.0, 0.0, 0.0), 0.0, fixed=True)
        infos = [
            pybullet.getJointInfo(self.body, index, physicsClientId=self.client)
            for index in range(pybullet.getNumJoints(self.body, physicsClientId=self.client))
        ]
        names = {info[1].decode(): index for index, info in enumerate(infos)}
        self.joints = [names[name] for name in robot.joints.names]
        self.link = {info[12].decode(): index for index, info in enumerate(infos)}[robot.tool_link]
        moving = [index for index, info in enumerate(infos) if info[2] != pybullet.JOINT_FIXED]
        self.columns = [moving.index(joint) for joint in self.joints]
        self.arguments = {"maxNumIterations": iterations, "residualThreshold": 1e-6}
        self.home = robot.joints.home
        self.offset = np.eye(4)
        self.offset[:3, 3] = robot.tool_offset
        self.offset = np.linalg.inv(self.offset)

    def __call__(self, pose: Array) -> Array:
        for joint, value in zip(self.joints, self.home, strict=True):
            self.bullet.resetJointState(self.body, joint, value, physicsClientId=self.client)
        hand = pose @ self.offset
        position, quaternion = hand[:3, 3].tolist(), _quaternion(hand)
        found = self.bullet.calculateInverseKinematics(
            self.body, self.link, position, quaternion, physicsClientId=self.client, **self.arguments
        )
        return np.array([found[column] for column in self.columns])

    def close(self) -> None:
        self.bullet.disconnect(physicsClientId=self.client)


def _quaternion(pose: Array) -> list[float]:
    """(x, y, z, w) of a 4x4 pose, by the eigenvector of Bar-Itzhack's symmetric matrix (2000), which has no cases."""
    r = pose[:3, :3]
    matrix = np.array(
        [
            [r[0, 0] - r[1, 1] - r[2, 2], 0.0, 0.0, 0.0],
            [r[1, 0] + r[0, 1], r[1, 1] - r[0, 0] - r[2, 2], 0.0, 0.0],
            [r[2, 0] + r[0, 2], r[2, 1] + r[1, 2], r[2, 2] - r[0, 0] - r[1, 1], 0.0],
            [r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1], r[0, 0] + r[1, 1] + r[2, 2]],
        ]
    )
    return [float(value) for value in np.linalg.eigh(matrix)[1][:, -1]]


def kinematics_rows(poses: int = 1000, seed: int = 20) -> list[KinematicsRow]:
    """Ours and PyBullet's on `poses` random reachable poses of each described arm, the Panda's first."""
    rows = []
    arms = [robot for robot in map(load_robot, robot_names()) if isinstance(robot, ArmDescription)]
    for robot in sorted(arms, key=lambda robot: (robot.name != "panda", robot.name)):
        kinematics = Kinematics(robot)
        random, home = np.random.default_rng(seed), np.array(robot.joints.home)
        goals = [kinematics.forward(random.uniform(kinematics.lower, kinematics.upper)) for _ in range(poses)]

        def ours(pose: Array, solver: Kinematics = kinematics, start: Array = home) -> Array | None:
            return solver.inverse(pose, [start], restarts=RESTARTS)

        rows.append(_row(robot, kinematics, "codeact: Kinematics.inverse", goals, ours))
        for iterations in (20, 200):
            peer = BulletSolver(robot, kinematics, iterations)
            rows.append(_row(robot, kinematics, f"PyBullet, {iterations} iterations", goals, peer))
            peer.close()
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--poses", type=int, default=1000, help="random poses of each arm (default 1000)")
    rows = kinematics_rows(parser.parse_args().poses)
    print("inverse kinematics, 1 mm and 0.01 rad inside the real limits")
    print("\n".join(row.line() for row in rows))
    panda = rows[0]
    missed = []
    if panda.reached < LEAST_SHARE * panda.poses:
        missed.append(f"the Panda reaches less than {100 * LEAST_SHARE} %")
    if statistics.median(panda.seconds) >= MOST_MEDIAN_S:
        missed.append(f"the median is not below {1000 * MOST_MEDIAN_S} ms")
    print("\n".join(f"MISSED {line}" for line in missed) or "all limits kept")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
