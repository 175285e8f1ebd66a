"""Collision-free planning: random start and goal postures of the Panda among five obstacles, beside a peer's planner.

    python benchmarks/simulation_planning.py [--pairs 50]

Each path is then looked at every 0.005 radians in a PyBullet client made for that, with the robot's and the obstacles'
own contact geometry, self-collision included. The peer is the same RRT-Connect and shortcuts of OMPL with collision
queries as PyBullet scripts usually write them: all joints set one by one, the whole robot asked body by body, postures
0.05 radians apart, no direct line first. Exits with 1 when a path is missing or touches anything, or the median is
0.3 s or more.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codeact_envs.bullet import BodySpec, BulletWorld, Placement
from codeact_envs.bullet.handling.free_motion import FreeMotion, FreeMotionPlanner

Array = NDArray[np.float64]

MOST_MEDIAN_S = 0.3
STEP = 0.005  # radians between two postures of the check
_NEIGHBOURS = 2  # links so near in the chain always touch


@dataclass(frozen=True)
class PlanningRow:
    """One planner's results: seconds of each plan, how many paths were found, and how many of them touch something."""

    name: str
    seconds: tuple[float, ...]
    found: int
    touching: int
    pairs: int

    def line(self) -> str:
        median, worst = statistics.median(self.seconds), max(self.seconds)
        return (
            f"  {self.name:34s} {self.found:3d} of {self.pairs}   {self.touching:3d} touch   "
            f"median {1000 * median:6.1f} ms   worst {1000 * worst:7.1f} ms"
        )


class Referee:
    """Contacts by PyBullet alone: its own client, robot and boxes, asked for penetration."""

    def __init__(self, world: BulletWorld) -> None:
        self.bullet = bullet = world.simulation.bullet
        self.client: int = bullet.connect(bullet.DIRECT)
        on = {"physicsClientId": self.client}
        self.robot = world.robot.model.load(bullet, self.client, (0.0, 0.0, 0.0), 0.0, fixed=True)
        self.joints, fingers = world.arm.joints, world.arm.fingers
        for finger in fingers:
            bullet.resetJointState(self.robot, finger, world.robot.gripper.opening / 2.0, **on)
        table = bullet.createCollisionShape(bullet.GEOM_BOX, halfExtents=[0.62, 0.72, 0.02], **on)
        self.table = bullet.createMultiBody(0.0, table, -1, [0.42, 0.0, -0.02], **on)
        self.boxes = []
        for spec in world.specs:
            shape = bullet.createCollisionShape(bullet.GEOM_BOX, halfExtents=[size / 2.0 for size in spec.size], **on)
            self.boxes.append(bullet.createMultiBody(0.0, shape, -1, [0.0, 0.0, 5.0], **on))
        # Base and seven links; the hand and its fingers count as the last one.
        self.chain = [-1, *self.joints]
        self.hand = (world.arm.tool_link, *fingers)

    def place(self, world: BulletWorld) -> None:
        for box, spec in zip(self.boxes, world.specs, strict=True):
            pose = world.pose(spec.key)
            self.bullet.resetBasePositionAndOrientation(
                box, pose.position, pose.quaternion, physicsClientId=self.client
            )

    def set(self, q: Array) -> None:
        for joint, value in zip(self.joints, q.tolist(), strict=True):
            self.bullet.resetJointState(self.robot, joint, value, physicsClientId=self.client)

    def touches(self, q: Array, distance: float = 0.0) -> bool:
        """Whether anything penetrates anything at `q`: robot and boxes, robot and table, robot and itself."""
        bullet, robot, on = self.bullet, self.robot, {"physicsClientId": self.client}
        self.set(q)
        if any(bullet.getClosestPoints(robot, box, distance, **on) for box in self.boxes):
            return True
        if any(point[3] not in (-1, 0) for point in bullet.getClosestPoints(robot, self.table, distance, **on)):
            return True
        for point in bullet.getClosestPoints(robot, robot, distance, **on):
            one, other = (self.chain[-1] if link in self.hand else link for link in point[3:5])
            if self.chain.index(other) - self.chain.index(one) >= _NEIGHBOURS:
                return True
        return False

    def path_touches(self, path: list[Array]) -> bool:
        for a, b in pairwise(path):
            count = max(1, int(np.ceil(np.abs(b - a).max() / STEP)))
            if any(self.touches(a + (b - a) * (index / count)) for index in range(count + 1)):
                return True
        return False


class ScriptPlanner:
    """The peer: OMPL over contacts as PyBullet scripts ask for them."""

    def __init__(self, referee: Referee, lower: Array, upper: Array) -> None:
        self._referee, self._lower, self._upper = referee, lower, upper

    def plan(self, start: Array, goal: Array) -> list[Array] | None:
        from ompl import base, geometric, util

        util.noOutputHandler()
        util.RNG.setSeed(1)
        count = len(start)
        space = base.RealVectorStateSpace(count)
        bounds = base.RealVectorBounds(count)
        for joint in range(count):
            bounds.setLow(joint, float(self._lower[joint]))
            bounds.setHigh(joint, float(self._upper[joint]))
        space.setBounds(bounds)
        setup = geometric.SimpleSetup(space)
        valid = self._referee.touches
        setup.setStateValidityChecker(
            lambda state: not valid(np.array([state[joint] for joint in range(count)]), 0.005)
        )
        information = setup.getSpaceInformation()
        information.setStateValidityCheckingResolution(0.05 / space.getMaximumExtent())
        ends: list[Any] = []
        for q in (start, goal):
            state = space.allocState()
            for joint in range(count):
                state[joint] = float(q[joint])
            ends.append(state)
        setup.setStartAndGoalStates(*ends)
        setup.setPlanner(geometric.RRTConnect(information))
        setup.solve(20.0)
        if not setup.haveExactSolutionPath():
            return None
        path = setup.getSolutionPath()
        simplifier = geometric.PathSimplifier(information)
        simplifier.reduceVertices(path)
        simplifier.partialShortcutPath(path)
        return [np.array([state[joint] for joint in range(count)]) for state in path.getStates()]


def scatter(random: np.random.Generator, specs: list[BodySpec]) -> list[Placement]:
    """The five boxes around the robot, standing or hanging in the air."""
    layout = []
    for spec in specs:
        radius, bearing = random.uniform(0.35, 0.7), random.uniform(-1.3, 1.3)
        place = (radius * np.cos(bearing), radius * np.sin(bearing), spec.size[2] / 2.0 + random.uniform(0.0, 0.3))
        layout.append(Placement(spec.key, spec.key, place, random.uniform(-3.1, 3.1)))
    return layout


def planning_rows(pairs: int = 50, seed: int = 0) -> list[PlanningRow]:
    """Plan between `pairs` random free postures, ours and the peer's, and check every path densely."""
    random = np.random.default_rng(seed)
    specs = [
        BodySpec(f"box {number}", "box", tuple(random.uniform((0.06, 0.06, 0.1), (0.16, 0.16, 0.5)).tolist()))
        for number in range(5)
    ]
    results: dict[str, tuple[list[float], list[list[Array] | None]]] = {"ours": ([], []), "peer": ([], [])}
    touching = {"ours": 0, "peer": 0}
    with BulletWorld(specs) as world:
        free = FreeMotion(world)
        referee = Referee(world)
        lower, upper = world.controller.kinematics.lower, world.controller.kinematics.upper
        script = ScriptPlanner(referee, lower, upper)
        ours = FreeMotionPlanner(free.model, lower, upper)  # anywhere: the peer knows no workspace

        def posture() -> Array:
            while True:
                q = random.uniform(lower, upper)
                if not referee.touches(q, 0.005) and free.model.free(q):
                    return q

        for _ in range(pairs):
            world.reset(scatter(random, specs))
            free.look()
            referee.place(world)
            start, goal = posture(), posture()
            for name in results:
                begin = time.process_time()
                path = ours.plan(start, [goal]) if name == "ours" else script.plan(start, goal)
                results[name][0].append(time.process_time() - begin)
                results[name][1].append(path)
                touching[name] += path is not None and referee.path_touches(path)
        referee.bullet.disconnect(physicsClientId=referee.client)
    titles = {"ours": "codeact: FreeMotionPlanner", "peer": "OMPL over PyBullet, as scripts do"}
    return [
        PlanningRow(titles[name], tuple(seconds), sum(path is not None for path in paths), touching[name], pairs)
        for name, (seconds, paths) in results.items()
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--pairs", type=int, default=50, help="start and goal pairs (default 50)")
    rows = planning_rows(parser.parse_args().pairs)
    print("planning among five obstacles, Panda       found      checked      time for a plan")
    print("\n".join(row.line() for row in rows))
    own = rows[0]
    missed = []
    if own.found < own.pairs:
        missed.append(f"{own.pairs - own.found} pairs have no path")
    if own.touching:
        missed.append(f"{own.touching} paths touch something")
    if statistics.median(own.seconds) >= MOST_MEDIAN_S:
        missed.append(f"the median is above {MOST_MEDIAN_S} s")
    print("\n".join(f"MISSED {line}" for line in missed) or "all limits kept")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
