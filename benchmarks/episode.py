"""What an episode costs: the reference program of CodeAct/Stack2-v0 through sandbox and CodeEnv, against bare PyBullet.

Each seed is played three times, in turns. Once as an episode: reset, program in the sandbox, tools, planning, inverse
kinematics, safety checks, settling, judging; its CPU time counts the processes of the sandbox. Once by a script of
PyBullet calls only that takes the tool along the same path with `calculateInverseKinematics` at every step, as such
scripts are usually written. And once by a script that replays the recorded motor targets, planned by nobody: the floor.
The scene and the number of steps are the same in all three; the replay ends in the episode's state, bit for bit, or
this benchmark fails.

Run it: `python benchmarks/episode.py [--episodes 30]`. It exits with 1 when an episode costs more than 1.15 times the
script or 1.3 times the replay, or a reset takes 1 ms or more.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gymnasium

from codeact_envs.bullet.engine.quiet import quiet
from codeact_envs.bullet.engine.simulation import ITERATIONS, STEP
from codeact_envs.bullet.robots import ArmDescription

with quiet():
    import pybullet

ENVIRONMENT = "CodeAct/Stack2-v0"
MOST_RATIO, MOST_REPLAY_RATIO, MOST_RESET_S = 1.15, 1.3, 0.001

Row = list[float]


@dataclass
class Motion:
    """What was played in an episode: stretches of steps, each a list of motor targets, one row a step, or the number of
    steps for which the motors kept their last ones."""

    stretches: list[list[Row] | int] = field(default_factory=list)
    steps: int = 0

    def heard(self, rows: list[Row], steps_now: int) -> None:
        idle = steps_now - len(rows) - self.steps
        if idle:
            self.stretches.append(idle)
        if rows:
            self.stretches.append(rows)
        self.steps = steps_now


# The bare script: PyBullet and nothing else.


class BareScript:
    """The scene of Stack2 in plain PyBullet, with the robot's URDF as the world loads it, and its limits."""

    ARM_AND_FINGERS = (0, 1, 2, 3, 4, 5, 6, 8, 9)
    HAND = 7  # panda_hand

    def __init__(self, cubes: int, robot: ArmDescription) -> None:
        gripper = robot.gripper
        self.home = (*robot.joints.home, gripper.opening / 2.0, gripper.opening / 2.0)
        self.forces = (*robot.joints.effort, gripper.force, gripper.force)
        self.client = c = pybullet.connect(pybullet.DIRECT)
        pybullet.setPhysicsEngineParameter(
            deterministicOverlappingPairs=1,
            fixedTimeStep=STEP,
            numSolverIterations=ITERATIONS,
            solverResidualThreshold=0.0,
            physicsClientId=c,
        )
        pybullet.setGravity(0.0, 0.0, -9.81, physicsClientId=c)
        for position, half in (((0.4, 0.0, -0.65), (4.0, 4.0, 0.05)), ((0.42, 0.0, -0.02), (0.62, 0.72, 0.02))):
            shape = pybullet.createCollisionShape(pybullet.GEOM_BOX, halfExtents=half, physicsClientId=c)
            body = pybullet.createMultiBody(0.0, shape, -1, position, useMaximalCoordinates=True, physicsClientId=c)
            pybullet.changeDynamics(body, -1, lateralFriction=0.8, physicsClientId=c)
        with tempfile.NamedTemporaryFile("w", suffix=".urdf") as model, quiet():
            model.write(robot.model.text)
            model.flush()
            self.robot = r = pybullet.loadURDF(model.name, useFixedBase=True, physicsClientId=c)
        for finger in (8, 9):
            pybullet.changeDynamics(
                r, finger, lateralFriction=gripper.friction, spinningFriction=0.02, physicsClientId=c
            )
        gear = pybullet.createConstraint(
            r, 8, r, 9, pybullet.JOINT_GEAR, [1, 0, 0], [0, 0, 0], [0, 0, 0], physicsClientId=c
        )
        pybullet.changeConstraint(gear, gearRatio=-1, erp=0.1, maxForce=50, physicsClientId=c)
        for joint, position in zip(self.ARM_AND_FINGERS, self.home, strict=True):
            pybullet.resetJointState(r, joint, position, 0.0, physicsClientId=c)
        self.cubes = []
        for index in range(cubes):
            shape = pybullet.createCollisionShape(pybullet.GEOM_BOX, halfExtents=[0.02] * 3, physicsClientId=c)
            cube = pybullet.createMultiBody(0.05, shape, -1, [0.0, 0.0, 50.0 * (index + 1)], physicsClientId=c)
            pybullet.changeDynamics(
                cube,
                -1,
                lateralFriction=0.7,
                spinningFriction=0.0,
                rollingFriction=0.0,
                linearDamping=0.0,
                angularDamping=0.02,
                physicsClientId=c,
            )
            self.cubes.append(cube)
        self.start = pybullet.saveState(physicsClientId=c)

    def play(self, poses: list[tuple[Any, Any]], motion: Motion, tool_path: list[Any] | None = None) -> None:
        """One episode: cubes to their places, robot to its home, then every recorded step.

        With `tool_path`, the hand's (position, quaternion) at each commanded step, the arm's joints come from
        PyBullet's inverse kinematics instead of the recording: 40 iterations, from the current joints.
        """
        hand = iter(tool_path or ())
        c, robot, motors, forces = self.client, self.robot, self.ARM_AND_FINGERS, self.forces
        pybullet.restoreState(self.start, physicsClientId=c)
        pybullet.performCollisionDetection(physicsClientId=c)
        for cube, (position, quaternion) in zip(self.cubes, poses, strict=True):
            pybullet.resetBasePositionAndOrientation(cube, position, quaternion, physicsClientId=c)
        position_gains = velocity_gains = [1.0] * len(motors)
        row: Any = self.home
        pybullet.setJointMotorControlArray(
            robot,
            motors,
            pybullet.POSITION_CONTROL,
            targetPositions=row,
            forces=forces,
            positionGains=position_gains,
            velocityGains=velocity_gains,
            physicsClientId=c,
        )
        for stretch in motion.stretches:
            if isinstance(stretch, int):
                for _ in range(stretch):
                    pybullet.stepSimulation(c)
                continue
            for row in stretch:
                if tool_path is not None:
                    position, quaternion = next(hand)
                    joints = pybullet.calculateInverseKinematics(
                        robot,
                        self.HAND,
                        position,
                        quaternion,
                        maxNumIterations=40,
                        residualThreshold=1e-5,
                        physicsClientId=c,
                    )
                    row = [*joints[:7], *row[7:]]
                pybullet.setJointMotorControlArray(
                    robot,
                    motors,
                    pybullet.POSITION_CONTROL,
                    targetPositions=row,
                    forces=forces,
                    positionGains=position_gains,
                    velocityGains=velocity_gains,
                    physicsClientId=c,
                )
                pybullet.stepSimulation(c)

    def tool_path(self, motion: Motion) -> list[Any]:
        """The hand's position and quaternion at each commanded step of a recording."""
        c, path = self.client, []
        for stretch in motion.stretches:
            for row in [] if isinstance(stretch, int) else stretch:
                for joint, position in zip(self.ARM_AND_FINGERS, row, strict=True):
                    pybullet.resetJointState(self.robot, joint, position, 0.0, physicsClientId=c)
                link = pybullet.getLinkState(self.robot, self.HAND, computeForwardKinematics=1, physicsClientId=c)
                path.append((link[4], link[5]))
        return path

    def state(self) -> list[Any]:
        c = self.client
        joints = [state[:2] for state in pybullet.getJointStates(self.robot, self.ARM_AND_FINGERS, physicsClientId=c)]
        return [*joints, *(pybullet.getBasePositionAndOrientation(cube, physicsClientId=c) for cube in self.cubes)]


# The episode, through everything.


def sandbox_cpu_s() -> float:
    """CPU seconds of all processes below this one, those that have ended and were waited for included."""
    parents, spent = {}, {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(entry.name)] = int(fields[1])
        spent[int(entry.name)] = sum(int(value) for value in fields[11:15])
    below, total = {os.getpid()}, 0
    while True:
        found = {pid for pid, parent in parents.items() if parent in below} - below
        if not found:
            break
        below |= found
        total += sum(spent[pid] for pid in found)
    return total / os.sysconf("SC_CLK_TCK")


def play_episode(environment: Any, world: Any, seed: int) -> tuple[list[Any], Motion, list[Any]]:
    """One oracle episode. Returns where the cubes began, what was played, and the state in which it ended."""
    motion = Motion()
    environment.reset(seed=seed)
    world.arm.recorder = lambda rows: motion.heard(rows, world.simulation.steps)
    cubes = sorted(environment._plan.setup.bodies, key=lambda placed: world.body(placed.name))  # as they were loaded
    poses = [(cube.position, (0.0, 0.0, math.sin(cube.yaw / 2.0), math.cos(cube.yaw / 2.0))) for cube in cubes]
    info = environment.step(environment.oracle())[-1]
    world.arm.recorder = None
    motion.heard([], world.simulation.steps)
    if not info["success"]:
        raise SystemExit(f"the oracle failed on seed {seed}: {info['execution'].observation()}")
    on = {"physicsClientId": world.simulation.client}
    arm = world.arm
    joints = [state[:2] for state in pybullet.getJointStates(arm.body, arm.joints + arm.fingers, **on)]
    ends = [world.pose(cube.name) for cube in cubes]
    return poses, motion, [*joints, *((pose.position, pose.quaternion) for pose in ends)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--episodes", type=int, default=30, help="seeds to play (default 30)")
    episodes = parser.parse_args().episodes

    environment: Any = gymnasium.make(f"codeact_envs:{ENVIRONMENT}").unwrapped
    environment.reset(seed=0)
    world = environment._make_world().bullet
    bare = BareScript(len(world.specs), world.robot)
    poses, motion, _ = play_episode(environment, world, 0)
    bare.play(poses, motion)

    episode_s, script_s, replay_s, steps, stacked = [], [], [], 0, 0
    below = sandbox_cpu_s()
    for seed in range(episodes):
        begin = time.process_time()
        poses, motion, end = play_episode(environment, world, seed)
        episode_s.append(time.process_time() - begin)
        path = bare.tool_path(motion)
        begin = time.process_time()
        bare.play(poses, motion, path)
        script_s.append(time.process_time() - begin)
        heights = sorted(position[2] for position, _ in bare.state()[-2:])
        stacked += abs(heights[1] - heights[0] - 0.04) < 0.01
        begin = time.process_time()
        bare.play(poses, motion)
        replay_s.append(time.process_time() - begin)
        steps += motion.steps
        if bare.state() != end:
            raise SystemExit(f"seed {seed}: the replay ended in another state; the comparison would not be fair")
    below = sandbox_cpu_s() - below

    resets = []
    for seed in range(200):
        begin = time.perf_counter()
        environment.reset(seed=seed)
        resets.append(time.perf_counter() - begin)
        time.sleep(0.01)  # the sandbox makes its next worker meanwhile, as it does while a model thinks
    environment.close()

    share = below / episodes  # the sandbox's own, known for all episodes together
    episode, script, replay = (statistics.median(spent) for spent in (episode_s, script_s, replay_s))
    # Each seed's three are played right after each other: what slows the machine down for a while slows all of them.
    over_script, over_replay = (
        statistics.median((one + share) / other for one, other in zip(episode_s, others, strict=True))
        for others in (script_s, replay_s)
    )
    reset_s = statistics.median(resets)
    print(f"{ENVIRONMENT}, oracle, {episodes} episodes of {steps / episodes:.0f} simulation steps, medians")
    print("                                          CPU-seconds   episode is")
    print(f"  episode ({share:.4f} in the sandbox)             {episode + share:.4f}")
    print(f"  PyBullet script, stacked {stacked:2d} of {episodes:2d}              {script:.4f}   {over_script:.3f} x")
    print(f"  replay of the motor targets, same states     {replay:.4f}   {over_replay:.3f} x")
    print(f"  reset, median of {len(resets)}: {1000 * reset_s:.3f} ms")
    limits = (
        (over_script, MOST_RATIO, "the episode's cost over the script's"),
        (over_replay, MOST_REPLAY_RATIO, "the episode's cost over the replay's"),
        (reset_s, MOST_RESET_S, "seconds for a reset"),
    )
    missed = [f"{what}: {value:.4g}, at most {most:g}" for value, most, what in limits if value > most]
    print("\n".join(f"MISSED {line}" for line in missed) or "all limits kept")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
