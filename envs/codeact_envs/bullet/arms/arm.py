"""The simulated arm and gripper: motors that follow commanded positions, and what the joints report back."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codeact.errors import TaskError
from codeact_envs.bullet.engine.quiet import quiet
from codeact_envs.bullet.engine.simulation import STEP, Simulation
from codeact_envs.bullet.motion.collisions import ArmBody
from codeact_envs.bullet.robots import ArmDescription

Array = NDArray[np.float64]

_GAIN = 1.0  # of the position motors: the commanded point is reached within a step as long as the effort lasts
_STRETCH = 4  # steps between two looks at a requested stop: 17 ms of simulated time
_GRASP_DEPTH = 0.004  # metres that a closing finger is commanded beyond the surface, so that its force limit rules


@dataclass(frozen=True)
class ArmMemory:
    """What an arm remembers between motions."""

    commanded: tuple[float, ...]
    finger: float
    squeezing: bool
    finger_force: float
    stopped: bool
    failing: int


class SimulatedArm:
    """Drives one arm in a `Simulation`, step by step. It knows no plans and no limits but effort.

    Args:
        simulation: where to load it.
        robot: what it is.
        body: Bullet's number of a robot that carries this arm already; None loads the arm on a fixed base.
        position, yaw: where that base stands: metres, world frame, and radians about z.

    Attributes:
        links: Bullet's indices of the arm's own links, hand and fingers included.
        body: Bullet's number of the robot.
        carried: whether a robot that moves about carries it.
        commanded: joint positions last commanded, radians.
        finger: position last commanded for each finger, metres from the middle.
        squeezing: whether the fingers press on what is between them.
        finger_force: newtons that each finger's motor may exert: the gripper's own, or less while it squeezes.
        failing: how many grasps are still to fail, in which the fingers stay where they are.
        stop_requested: set by any thread; a running `follow` returns within 4 steps.
        recorder: when set, told every row of motor targets that was played, arm joints first.
    """

    def __init__(
        self,
        simulation: Simulation,
        robot: ArmDescription,
        body: int | None = None,
        position: Sequence[float] = (0.0, 0.0, 0.0),
        yaw: float = 0.0,
    ) -> None:
        self._simulation, self.robot = simulation, robot
        bullet, on = simulation.bullet, {"physicsClientId": simulation.client}
        self.carried = body is not None
        if body is None:
            with quiet():
                body = robot.model.load(bullet, simulation.client, tuple(position), yaw, fixed=True)
        self.body = body
        infos = [bullet.getJointInfo(body, index, **on) for index in range(bullet.getNumJoints(body, **on))]
        names = {info[1].decode(): index for index, info in enumerate(infos)}
        links = {info[12].decode(): index for index, info in enumerate(infos)}
        links[bullet.getBodyInfo(body, **on)[0].decode()] = -1
        try:
            self.joints = [names[name] for name in robot.joints.names]
            self.fingers = [names[name] for name in robot.gripper.fingers]
            self.tool_link = links[robot.tool_link]
            self._base_link = links[robot.base_link]
        except KeyError as error:
            raise TaskError(f"robot {robot.name!r}: {robot.urdf} has no joint or link named {error}") from error
        self.links = frozenset(links[name] for name in robot.model.below(robot.base_link) if name in links)
        self._motors = self.joints + self.fingers
        self._forces = [*robot.joints.effort, robot.gripper.force, robot.gripper.force]
        self.finger_force = robot.gripper.force
        self._position_gains, self._velocity_gains = [_GAIN] * len(self._motors), [1.0] * len(self._motors)
        for finger in self.fingers:
            bullet.changeDynamics(
                self.body, finger, lateralFriction=robot.gripper.friction, spinningFriction=0.02, **on
            )
        if not self.carried:
            # As the drives of a robot see to it: nothing that springs back when what held it gives way gets faster.
            # Bullet has one limit for all joints of a body, so that only the fastest have theirs exactly.
            bullet.changeDynamics(self.body, -1, maxJointVelocity=max(robot.joints.velocity), **on)
        # The two fingers of a parallel gripper keep the same distance from the middle: one belt or one linkage.
        gear = bullet.createConstraint(
            self.body,
            self.fingers[0],
            self.body,
            self.fingers[1],
            bullet.JOINT_GEAR,
            [1, 0, 0],
            [0, 0, 0],
            [0, 0, 0],
            **on,
        )
        bullet.changeConstraint(gear, gearRatio=-1, erp=0.1, maxForce=50, **on)
        self.home: Array = np.array(robot.joints.home)
        self.commanded: Array = self.home.copy()
        self.finger = robot.gripper.opening / 2.0
        self.squeezing = False
        self.failing = 0
        self.stop_requested = False
        self.recorder: Callable[[list[list[float]]], None] | None = None
        for joint, target in zip(self._motors, [*robot.joints.home, self.finger, self.finger], strict=True):
            bullet.resetJointState(self.body, joint, target, 0.0, **on)
        self.hold()

    @property
    def in_bullet(self) -> ArmBody:
        """What a `CollisionModel` has to know of it."""
        return ArmBody(self.robot, self.body, tuple(self.joints), tuple(self.fingers), self.tool_link)

    def base_pose(self) -> Array:
        """Measured pose of the base link of an arm that is carried, 4x4, world frame."""
        bullet, on = self._simulation.bullet, {"physicsClientId": self._simulation.client}
        place, turn = bullet.getLinkState(self.body, self._base_link, computeForwardKinematics=True, **on)[4:6]
        pose = np.eye(4)
        pose[:3, :3] = np.array(bullet.getMatrixFromQuaternion(turn)).reshape(3, 3)
        pose[:3, 3] = place
        return pose

    def link_name(self, link: int) -> str:
        """What the model calls a link, by Bullet's index."""
        bullet, on = self._simulation.bullet, {"physicsClientId": self._simulation.client}
        name: bytes = (
            bullet.getBodyInfo(self.body, **on)[0] if link < 0 else bullet.getJointInfo(self.body, link, **on)[12]
        )
        return name.decode()

    def _limit_fingers(self, force: float) -> None:
        self.finger_force = force
        self._forces[-2:] = [force, force]

    def hold(self) -> None:
        """Command the last targets again: Bullet keeps motor targets across a restored state."""
        self._command([*self.commanded.tolist(), self.finger, self.finger])

    def _command(self, row: list[float]) -> None:
        self._simulation.bullet.setJointMotorControlArray(
            self.body,
            self._motors,
            self._simulation.bullet.POSITION_CONTROL,
            targetPositions=row,
            forces=self._forces,
            positionGains=self._position_gains,
            velocityGains=self._velocity_gains,
            physicsClientId=self._simulation.client,
        )

    def command(self, joints: Array) -> None:
        """Command one row of joint positions, radians, with the fingers as they are; the caller does the step."""
        self.commanded = joints
        self.hold()

    def reset(self) -> None:
        """Controller state as new, with the joints at home (the caller has restored their positions)."""
        self.failing = 0
        self.commanded = self.home.copy()
        self.finger = self.robot.gripper.opening / 2.0
        self.squeezing = False
        self._limit_fingers(self.robot.gripper.force)
        self.stop_requested = False
        self.hold()

    def memory(self) -> ArmMemory:
        """What it remembers between motions, for a saved state."""
        commanded = tuple(self.commanded.tolist())
        return ArmMemory(commanded, self.finger, self.squeezing, self.finger_force, self.stop_requested, self.failing)

    def recall(self, memory: ArmMemory) -> None:
        """Take over what was remembered; the caller has restored the joints."""
        self.commanded, self.finger = np.array(memory.commanded), memory.finger
        self.squeezing, self.stop_requested = memory.squeezing, memory.stopped
        self.failing = memory.failing
        self._limit_fingers(memory.finger_force)
        self.hold()

    def exact_state(self) -> list[float]:
        """Positions and velocities of joints and fingers, and what they are commanded, as exact numbers for a hash."""
        values: list[float] = []
        for state in self._simulation.bullet.getJointStates(
            self.body, self._motors, physicsClientId=self._simulation.client
        ):
            values += state[:2]
        values += [*self.commanded.tolist(), self.finger, self.squeezing, self.finger_force, self.stop_requested]
        return [*values, self.failing] if self.failing else values

    def follow(
        self, rows: Array, fingers: Array | float, watch: Callable[[], bool], every: int, braking: bool = False
    ) -> int:
        """Command one row of joint positions a step. Returns the number of steps done.

        Args:
            rows: (n, joints), radians.
            fingers: positions of each finger, (n,) or one for all, metres.
            watch: called after every `every` steps and after the last; True ends the motion.
            braking: go on although a stop was requested, for this is the stop.

        Raises:
            TaskError: another thread moves this world.
        """
        with self._simulation.alone():
            return self._play(rows, fingers, watch, every, braking)

    def _play(self, rows: Array, fingers: Array | float, watch: Callable[[], bool], every: int, braking: bool) -> int:
        count = len(rows)
        if not count:
            return 0
        simulation, body, motors = self._simulation, self.body, self._motors
        bullet, client = simulation.bullet, simulation.client
        command, step, mode = bullet.setJointMotorControlArray, bullet.stepSimulation, bullet.POSITION_CONTROL
        forces, position_gains, velocity_gains = self._forces, self._position_gains, self._velocity_gains
        at_rest = [0.0] * len(motors)
        column: list[float] = fingers.tolist() if isinstance(fingers, np.ndarray) else [fingers] * count
        targets: list[list[float]] = [[*row, finger, finger] for row, finger in zip(rows.tolist(), column, strict=True)]
        done, next_watch = 0, min(every, count)
        try:
            while done < count and (braking or not self.stop_requested):
                # A stretch between two looks at anything but the motors: here is where an episode's time goes.
                end = min(done + _STRETCH, next_watch, done + simulation.steps_to_frame())
                for row in targets[done:end]:
                    # By place, which is faster than by name: target positions and velocities, forces, and both gains.
                    command(body, motors, mode, row, at_rest, forces, position_gains, velocity_gains, client)
                    step(client)
                simulation.count(end - done)
                done = end
                if done == next_watch:
                    next_watch = min(done + every, count)
                    self.commanded = rows[done - 1]
                    if watch():
                        break
        finally:
            if self.recorder is not None:
                self.recorder(targets[:done])
            if done:
                self.commanded = rows[done - 1].copy()
                self.finger = targets[done - 1][-1]
        return done

    def positions(self) -> Array:
        """Measured joint positions, radians."""
        return self._states(0)

    def velocities(self) -> Array:
        """Measured joint velocities, radians per second."""
        return self._states(1)

    def torques(self) -> Array:
        """Torques that the motors exert, newton metres."""
        return self._states(3)

    def _states(self, field: int) -> Array:
        states: Any = self._simulation.bullet.getJointStates(
            self.body, self.joints, physicsClientId=self._simulation.client
        )
        return np.array([state[field] for state in states])

    def finger_position(self) -> float:
        """Measured distance of the pads from the middle, metres, mean of both fingers."""
        states: Any = self._simulation.bullet.getJointStates(
            self.body, self.fingers, physicsClientId=self._simulation.client
        )
        return float(states[0][0] + states[1][0]) / 2.0

    def touched(self, link: int) -> set[int]:
        """Bullet's numbers of the bodies that press on a link."""
        contacts: Any = self._simulation.bullet.getContactPoints(
            bodyA=self.body, linkIndexA=link, physicsClientId=self._simulation.client
        )
        return {contact[2] for contact in contacts if contact[2] != self.body and contact[8] < 1e-3}

    def grasped(self) -> int | None:
        """The body that both fingers press on while they squeeze, by Bullet's number."""
        if not self.squeezing:
            return None
        both = self.touched(self.fingers[0]) & self.touched(self.fingers[1])
        return min(both) if both else None

    def move_fingers(self, opening: float, settle: int) -> None:
        """Bring the pads `opening` metres apart at the gripper's speed, then let `settle` steps pass."""
        goal = min(max(opening, 0.0), self.robot.gripper.opening) / 2.0
        self.squeezing = False
        self._limit_fingers(self.robot.gripper.force)
        self._ramp(goal, lambda: False, settle)

    def squeeze(self, settle: int, force: float) -> int | None:
        """Close until both pads press on one body, or on each other. Returns what is grasped, by Bullet's number.

        Args:
            force: of each finger, newtons, until the fingers move the next time.
        """
        if self.failing:
            self.failing -= 1
            self.squeezing = False
            rows = np.broadcast_to(self.commanded, (max(1, settle), len(self.commanded)))
            self.follow(rows, self.finger, lambda: False, settle)
            return None
        self.squeezing = True
        self._limit_fingers(force)
        self._ramp(0.0, lambda: self.grasped() is not None, 0)
        if self.stop_requested:
            return self.grasped()
        depth = max(0.0, self.finger_position() - _GRASP_DEPTH) if self.grasped() is not None else 0.0
        rows = np.broadcast_to(self.commanded, (max(1, settle), len(self.commanded)))
        self.follow(rows, depth, lambda: False, settle)
        found = self.grasped()
        self.squeezing = found is not None
        return found

    def _ramp(self, goal: float, until: Callable[[], bool], settle: int) -> None:
        start = self.finger_position()
        steps = math.ceil(abs(goal - start) / (self.robot.gripper.speed * STEP))
        ramp = np.concatenate([start + (goal - start) * np.arange(1, steps + 1) / max(1, steps), np.full(settle, goal)])
        self.follow(np.broadcast_to(self.commanded, (len(ramp), len(self.commanded))), ramp, until, 4)
