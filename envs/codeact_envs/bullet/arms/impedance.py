"""Impedance control: the tool is drawn to a pose as if by springs and dampers, and yields to what presses on it.

The law is that of Hogan, "Impedance Control: An Approach to Manipulation", 1985, without shaping the inertia, over the
dynamically consistent null space of Khatib, "A unified approach for motion and force control", 1987:

    torque = J^T (K error - D velocity) + N^T posture + gravity and Coriolis torques

K is what is asked for; D follows from it, from the mass that the arm has in each direction, and from the damping ratio.
The posture part draws the elbow to where it began, where the tool does not feel it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from codeact.errors import TaskError
from codeact_envs.bullet.arms.controller import WATCH_EVERY, MotionResult
from codeact_envs.bullet.engine.simulation import RATE, STEP
from codeact_envs.bullet.errors import OutOfReach, Stopped, TooFast, TooStrong
from codeact_envs.bullet.geometry.rotations import turn_between
from codeact_envs.bullet.motion.kinematics import turned
from codeact_envs.bullet.motion.trajectories import SplinePath

if TYPE_CHECKING:
    from codeact_envs.bullet.world import BulletWorld

Array = NDArray[np.float64]

MOST_LINEAR, MOST_ANGULAR = 2000.0, 100.0  # N/m and N m/rad: stiffer than this, position control serves
MOST_FORCE, MOST_TORQUE = 60.0, 15.0  # N and N m that the springs may pull with
_LONGEST_S = 60.0
_LEAST_JOINTS = 6  # with fewer, the tool cannot move in every direction, and its mass in some has no end
_LEAST_DAMPING = 2.0  # 1/s, of the mass: where there is no spring, a moving tool still comes to rest
_FASTEST = 80.0  # rad/s: a spring that would swing the arm faster than this is too quick for 240 torques a second
_SPEEDING = 40.0  # 1/s, of the mass: how hard a tool is braked that moves faster than it may
_STABLE = 0.7  # of the motion that damping may take away in one step; from twice all of it on, it throws the arm about
_SLOWED_SHARE, _FASTEST_SHARE = 0.6, 0.9  # of its speed limit from which a joint is braked, and the motion ended
_POSTURE = 10.0  # 1/s^2: the spring of the elbow, for each kilogram
_WAY_EVERY = 4  # steps between two postures of the way that are looked at before it begins
_STOP_EVERY = 4  # steps between two looks at a requested stop
_SETTLE_STEPS = 6  # that position control holds still for after braking
_PEAK = 1.875  # of the mean speed, in the middle of a motion of least jerk


@dataclass(frozen=True)
class Impedance:
    """How the tool yields, along and about the axes of the world.

    Attributes:
        linear: stiffness along x, y and z, newtons per metre; 0 lets go.
        angular: stiffness about x, y and z, newton metres per radian; less where the hand is too light for that much.
        damping_ratio: 1 comes back as fast as it can without overshooting.
    """

    linear: tuple[float, float, float] = (400.0, 400.0, 400.0)
    angular: tuple[float, float, float] = (20.0, 20.0, 20.0)
    damping_ratio: float = 1.0


class ImpedanceController:
    """Moves one arm of a world by torques. After a motion, the arm holds the place where it is by position again.

    It stays inside the joints' effort limits. What the gripper holds is not part of the model: its weight pulls the
    tool down by weight / stiffness.

    Raises:
        TaskError: the arm is carried about.
    """

    def __init__(self, world: BulletWorld, arm: str | None = None) -> None:
        if world.base is not None:
            raise TaskError(
                f"impedance control is for arms that stand still, not for that of {world.description.title}"
            )
        name = world.arm_name(arm)
        self._simulation, self._arm, self._controller = world.simulation, world.arms[name], world.controllers[name]
        self._robot, self._kinematics = self._arm.robot, self._controller.kinematics
        bullet, on = self._simulation.bullet, {"physicsClientId": self._simulation.client}
        self._movable = [
            index
            for index in range(bullet.getNumJoints(self._arm.body, **on))
            if bullet.getJointInfo(self._arm.body, index, **on)[2] != bullet.JOINT_FIXED
        ]
        self._friction = [bullet.getJointInfo(self._arm.body, joint, **on)[6] for joint in self._arm.joints]
        self._own = [self._movable.index(joint) for joint in self._arm.joints]
        self._inside = False
        self._effort, self._velocity = np.array(self._robot.joints.effort), np.array(self._robot.joints.velocity)

    def follow(self, goal: Array, seconds: float, impedance: Impedance) -> MotionResult:
        """Draw the tool to `goal` (4, 4), world frame, for so long.

        What draws it moves there in a straight line during the whole time, from rest to rest.

        Returns:
            Reached unless something ended it early; errors are those between tool and `goal`.

        Raises:
            TooStrong: a stiffness is negative or above what is allowed, or the damping ratio not within 0.3 and 2.
            TooFast: `seconds` is not positive, above 60, or too short for the way.
            OutOfReach, KeepOut, InCollision: the line leads where the arm may not be; nothing was moved.
            Stopped: the robot is stopped, or was stopped on the way; it is at rest.
        """
        self._controller.require_running()
        if len(self._own) < _LEAST_JOINTS:
            raise OutOfReach(
                f"an arm of {len(self._own)} joints cannot yield in every direction: that takes {_LEAST_JOINTS} of them"
            )
        _require_impedance(impedance)
        start = self._controller.tool()
        change, turn = goal[:3, 3] - start[:3, 3], turn_between(start[:3, :3], goal[:3, :3])
        self._controller.require_line_allowed(start[:3, 3], goal[:3, 3])
        self._require_time(seconds, float(np.linalg.norm(change)))
        self._require_way(change, turn, seconds)
        first = self._simulation.steps
        x, y, z = start[:3, 3].tolist()
        self._inside = self._controller.places.volume_at((x, y, z)) is not None  # from there it may come back
        with self._simulation.alone():
            self._controller.begin()
            self._let_go()
            try:
                stopped = self._run(start, change, turn, round(seconds * RATE), impedance)
            finally:
                self._hold_on()
        now = self._kinematics.forward(self._arm.positions())
        ended = self._controller.note_stop if stopped else self._controller.result
        self._controller.last = done = replace(
            ended(self._arm.commanded, first),
            position_error=math.dist(now[:3, 3], goal[:3, 3]),
            angle_error=float(np.linalg.norm(turn_between(now[:3, :3], goal[:3, :3]))),
        )
        if stopped:
            raise Stopped("the robot was stopped on its way; it is at rest")
        return done

    def _require_time(self, seconds: float, length: float) -> None:
        limit = self._controller.tool_speed_limit
        if not 0.0 < seconds <= _LONGEST_S:
            raise TooFast(f"seconds must be above 0 and at most {_LONGEST_S:g}, not {seconds:g}")
        if length * _PEAK > limit * seconds:
            raise TooFast(
                f"{length:.3f} m in {seconds:g} s is faster than {limit:g} m/s on the way; "
                f"take at least {length * _PEAK / limit:.2f} s"
            )

    def _require_way(self, change: Array, turn: Array, seconds: float) -> None:
        """Refuse a way on which the arm, if nothing pushed it, would leave its limits or meet what stands still."""
        if float(np.linalg.norm(change)) < 1e-6 and float(np.linalg.norm(turn)) < 1e-6:
            return
        path = self._kinematics.sweep(self._arm.commanded, change, turn)
        if path is None:
            raise OutOfReach("the arm cannot follow that straight line inside its joint limits; go by another pose")
        parts = np.arange(1, round(seconds * RATE) + 1, _WAY_EVERY) * STEP / seconds
        self._controller.require_free(SplinePath(*path).evaluate(np.minimum([*parts, 1.0], 1.0)))

    # Motors

    def _let_go(self) -> None:
        """The position motors of the joints give way to torques; those of the fingers stay."""
        bullet = self._simulation.bullet
        # The model's own damping is explicit in time: without a motor it would throw a light wrist about.
        self._damp([0.0] * len(self._friction))
        bullet.setJointMotorControlArray(
            self._arm.body,
            self._arm.joints,
            bullet.VELOCITY_CONTROL,
            forces=[0.0] * len(self._arm.joints),
            physicsClientId=self._simulation.client,
        )

    def _damp(self, values: list[float]) -> None:
        for joint, value in zip(self._arm.joints, values, strict=True):
            self._simulation.bullet.changeDynamics(
                self._arm.body, joint, jointDamping=value, physicsClientId=self._simulation.client
            )

    def _hold_on(self) -> None:
        """Come to rest from whatever it is doing, by position, inside the limits."""
        at, velocity = self._clipped(), self._arm.velocities()
        self._arm.commanded = at
        self._damp(self._friction)
        rows = self._controller.braking(at - velocity * STEP, np.array([at, at + velocity * STEP]), 1)
        rows = np.vstack([rows, np.repeat([rows[-1] if len(rows) else at], _SETTLE_STEPS, axis=0)])
        rows = np.clip(rows, self._kinematics.lower, self._kinematics.upper)
        self._arm.hold()
        self._arm.follow(rows, self._arm.finger, lambda: False, len(rows), braking=True)

    def _clipped(self) -> Array:
        found: Array = np.clip(self._arm.positions(), self._kinematics.lower, self._kinematics.upper)
        return found

    # The law

    def _run(self, start: Array, change: Array, turn: Array, steps: int, impedance: Impedance) -> bool:
        """Follow the springs. True when a stop was requested."""
        simulation, arm = self._simulation, self._arm
        bullet, client = simulation.bullet, simulation.client
        posture = arm.positions()
        for index in range(steps):
            if index % _STOP_EVERY == 0 and arm.stop_requested:
                return True
            s = (index + 1) / steps
            s = s**3 * (10.0 - 15.0 * s + 6.0 * s * s)  # least jerk, from rest to rest
            place, rotation = start[:3, 3] + s * change, turned(s * turn) @ start[:3, :3]
            dynamics = self._dynamics()
            over = np.flatnonzero(np.abs(dynamics[3]) > _FASTEST_SHARE * self._velocity)
            if len(over):
                name = self._robot.joints.names[int(over[0])]
                self._controller.blocked = f"{name} came to its speed limit"
                return False
            torques = self._torques(place, rotation, posture, impedance, dynamics)
            bullet.setJointMotorControlArray(
                arm.body, arm.joints, bullet.TORQUE_CONTROL, forces=torques.tolist(), physicsClientId=client
            )
            bullet.stepSimulation(client)
            simulation.count(1)
            if (index + 1) % WATCH_EVERY == 0 and self._blocked():
                return False
        return False

    def _blocked(self) -> bool:
        at = self._arm.positions()
        self._arm.commanded = at  # what is watched is not whether it follows, for it yields
        if not self._kinematics.inside_limits(at):
            self._controller.blocked = self._controller.blocked or "a joint came to its limit"
        x, y, z = self._kinematics.forward(at)[:3, 3].tolist()
        volume = self._controller.places.volume_at((x, y, z))
        if volume is not None and not self._inside:
            self._controller.blocked = self._controller.blocked or f"the tool came into {volume.name}"
        return self._controller.watch()

    def _torques(
        self,
        place: Array,
        rotation: Array,
        posture: Array,
        impedance: Impedance,
        dynamics: tuple[Array, Array, Array, Array],
    ) -> Array:
        """Torques of the joints, newton metres, that draw the tool to a pose now."""
        mass, bias, q, velocity = dynamics
        pose = self._kinematics.forward(q)
        # The Jacobian in the tool's frame, turned into the world's.
        jacobian = self._kinematics.jacobian(q)
        jacobian = np.vstack([pose[:3, :3] @ jacobian[:3], pose[:3, :3] @ jacobian[3:]])
        to_motion = np.linalg.solve(mass, jacobian.T)  # M^-1 J^T
        mobility = jacobian @ to_motion
        twist = jacobian @ velocity
        masses = 1.0 / np.diag(mobility)
        stiffness = np.minimum([*impedance.linear, *impedance.angular], _FASTEST**2 * masses)
        # Directions that share mass swing faster together than each by itself.
        stiffness *= min(1.0, _FASTEST**2 / max(_fastest(mobility, stiffness), 1e-9))
        pull = stiffness * np.concatenate([place - pose[:3, 3], turn_between(pose[:3, :3], rotation)])
        pull[:3] *= min(1.0, MOST_FORCE / max(float(np.linalg.norm(pull[:3])), 1e-9))
        pull[3:] *= min(1.0, MOST_TORQUE / max(float(np.linalg.norm(pull[3:])), 1e-9))
        damping = np.maximum(2.0 * impedance.damping_ratio * np.sqrt(stiffness * masses), _LEAST_DAMPING * masses)
        damping *= min(1.0, _STABLE * RATE / max(_fastest(mobility, damping), 1e-9))
        wrench = pull - damping * twist
        speed, limit = float(np.linalg.norm(twist[:3])), self._controller.tool_speed_limit
        if speed > limit:
            wrench[:3] -= masses[:3] * _SPEEDING * (speed - limit) * twist[:3] / speed
        elbow = mass @ (_POSTURE * (posture - q) - 2.0 * math.sqrt(_POSTURE) * velocity)
        elbow = elbow - jacobian.T @ np.linalg.solve(mobility, to_motion.T @ elbow)
        # Near a singularity a slow tool may mean fast joints.
        slow = _SLOWED_SHARE * self._velocity
        brake = np.diag(mass) * _SPEEDING * (velocity - np.clip(velocity, -slow, slow))
        torques: Array = np.clip(jacobian.T @ wrench + elbow + bias - brake, -self._effort, self._effort)
        return torques

    def _dynamics(self) -> tuple[Array, Array, Array, Array]:
        """Mass matrix of the joints, the torques that gravity and motion need, positions and velocities."""
        bullet, client, body, own = self._simulation.bullet, self._simulation.client, self._arm.body, self._own
        states: Any = bullet.getJointStates(body, self._movable, physicsClientId=client)
        q, velocity = [state[0] for state in states], [state[1] for state in states]
        bias: Any = bullet.calculateInverseDynamics(body, q, velocity, [0.0] * len(q), physicsClientId=client)
        mass: Any = bullet.calculateMassMatrix(body, q, physicsClientId=client)
        return (
            np.array(mass)[np.ix_(own, own)],
            np.array(bias)[own],
            np.array(q)[own],
            np.array(velocity)[own],
        )


def _fastest(mobility: Array, gains: Array) -> float:
    """The largest eigenvalue of mobility times diagonal gains, both of the tool: 1/s of damping, 1/s^2 of stiffness."""
    roots = np.sqrt(gains)
    return float(np.linalg.eigvalsh(roots[:, None] * mobility * roots)[-1])


def _require_impedance(impedance: Impedance) -> None:
    for what, values, most, unit in (
        ("stiffness", impedance.linear, MOST_LINEAR, "N/m"),
        ("turning stiffness", impedance.angular, MOST_ANGULAR, "N m/rad"),
    ):
        if not all(0.0 <= value <= most for value in values):
            raise TooStrong(f"each {what} must lie between 0 and {most:g} {unit}, not {list(values)}")
    if not 0.3 <= impedance.damping_ratio <= 2.0:
        raise TooStrong(f"the damping ratio must lie between 0.3 and 2, not {impedance.damping_ratio:g}")
