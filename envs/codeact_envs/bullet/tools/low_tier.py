"""The low tier of an arm's interface: joints, poses and grip forces, as a robot's own controller offers them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codeact.errors import TaskError
from codeact.tools import Toolbox, tool
from codeact_envs.bullet.arms.impedance import Impedance, ImpedanceController
from codeact_envs.bullet.engine.simulation import RATE
from codeact_envs.bullet.errors import InCollision, KeepOut, OutOfReach, Stopped, TooFast, TooStrong
from codeact_envs.bullet.geometry.poses import Pose, Quaternion, Vector3
from codeact_envs.bullet.geometry.rotations import matrix_of, pose_of, turn_between
from codeact_envs.bullet.motion.kinematics import Kinematics
from codeact_envs.bullet.results import MotionResult
from codeact_envs.bullet.world import BulletWorld

Array = NDArray[np.float64]

ERRORS = (OutOfReach, KeepOut, TooFast, TooStrong, InCollision, Stopped)

_TURN_SPEED = 1.0  # radians per second of the hand, on lines
_LOOK_EVERY = 0.05  # radians between two postures of a motion that are looked at before it begins
_RESTARTS = 100  # of inverse kinematics
_NEAREST_STEPS, _NEAREST_DAMPING, _NEAREST_STEP = 200, 1e-3, 0.2
_LONGEST_WAIT = 60.0  # seconds
_LOOK_STEPS = 20  # between two looks at a requested stop, while the arm waits


@dataclass(frozen=True)
class JointLimits:
    """Limits of the joints, one number a joint: radians, radians per second, newton metres."""

    lower: tuple[float, ...]
    upper: tuple[float, ...]
    velocity: tuple[float, ...]
    effort: tuple[float, ...]


class ArmApi:
    """Drive an arm by its joints or by poses of its tool. SI units; quaternions are (x, y, z, w).

    World frame: x forward, y left, z up, metres. The tool centre point lies between the finger pads; its z axis points
    out of the hand, and the fingers open along its y axis. The quaternion (1, 0, 0, 0) points it straight down, with
    its x axis forward. Nothing here looks at objects: what lies in the way is run into, which stops the arm.
    Refusals (`OutOfReach`, `KeepOut`, ...) move nothing; False means that something was in the way, and `last_motion`
    says what.

    An arm on wheels has no springs: `move_compliant` and `hold_compliant` are left out, for its base would give way.

    Raises:
        TaskError: there is no such arm.
    """

    def __init__(self, world: BulletWorld, arm: str | None = None) -> None:
        name = world.arm_name(arm)
        self._world = world
        self._arm, self._controller = world.arms[name], world.controllers[name]
        self._robot, self._kinematics = self._arm.robot, self._controller.kinematics
        self._springs = None if world.base is not None else ImpedanceController(world, name)

    def toolbox(self, name: str = "arm") -> Toolbox:
        """The tools in a group, with the world's stop path."""
        tools = [each for each in ARM_TOOLS if self._springs is not None or each not in _SPRINGS]
        return Toolbox.of(self, allow=tools, name=name, errors=ERRORS, stop=self._stop)

    def _stop(self) -> Callable[[], str]:
        self._world.stop()
        return self._at_rest

    def _at_rest(self) -> str:
        """Where the tool centre point is; to be asked when nothing moves any more."""
        x, y, z = self._controller.tool()[:3, 3]
        return f"at rest at ({x:.2f}, {y:.2f}, {z:.2f}) m"

    @contextmanager
    def _standing(self) -> Iterator[Kinematics]:
        """The kinematics where the base of a carried arm is now. Reading leaves what the controller knows as it is."""
        kinematics = self._kinematics
        if self._world.base is None:
            yield kinematics
            return
        before = kinematics.base
        kinematics.stand_at(self._arm.base_pose())
        try:
            yield kinematics
        finally:
            kinematics.stand_at(before)

    # Looking

    @tool(effect="read")
    def joint_names(self) -> list[str]:
        """Names of the joints, from the base to the hand: the order of all numbers for joints."""
        return list(self._robot.joints.names)

    @tool(effect="read")
    def joint_limits(self) -> JointLimits:
        """Limits of the joints, less what motions keep from them. Motions are slower than `velocity`."""
        joints = self._robot.joints
        lower, upper = self._kinematics.lower.tolist(), self._kinematics.upper.tolist()
        return JointLimits(tuple(lower), tuple(upper), tuple(joints.velocity), tuple(joints.effort))

    @tool(effect="read")
    def joint_positions(self) -> list[float]:
        """Measured joint positions, radians."""
        found: list[float] = self._arm.positions().tolist()
        return found

    @tool(effect="read")
    def joint_velocities(self) -> list[float]:
        """Measured joint velocities, radians per second."""
        found: list[float] = self._arm.velocities().tolist()
        return found

    @tool(effect="read")
    def joint_torques(self) -> list[float]:
        """Torques that the joints' motors exert, newton metres. They carry the arm's own weight, too."""
        found: list[float] = self._arm.torques().tolist()
        return found

    @tool(effect="read")
    def tool_pose(self) -> Pose:
        """Measured pose of the tool centre point: position in metres, quaternion (x, y, z, w), world frame."""
        with self._standing() as kinematics:
            return pose_of(kinematics.forward(self._arm.positions()))

    @tool(effect="read")
    def last_motion(self) -> MotionResult | None:
        """How the arm's last motion ended that began: it says why one was not True. None where it has not moved yet, or
        a fault ended the motion."""
        return self._world.told(self._controller.last)

    @tool(effect="read")
    def forward_kinematics(self, joints: list[float]) -> Pose:
        """Pose of the tool centre point, world frame, at joint positions in radians.

        Raises OutOfReach when that is not one number a joint.
        """
        with self._standing() as kinematics:
            return pose_of(kinematics.forward(self._vector(joints)))

    @tool(effect="read")
    def inverse_kinematics(
        self,
        position: tuple[float, float, float],
        quaternion: tuple[float, float, float, float] = (1.0, 0.0, 0.0, 0.0),
        near: list[float] | None = None,
    ) -> list[float]:
        """Joint positions, radians, inside the limits, that put the tool centre point at a pose, world frame.

        Args:
            position: metres.
            quaternion: (x, y, z, w); by default the hand points straight down.
            near: joint positions to stay near to; None for where the arm is.

        Raises OutOfReach, which names the nearest place that was found.
        """
        pose = _pose(position, quaternion)
        start = self._arm.commanded if near is None else self._vector(near)
        with self._standing() as kinematics:
            found = kinematics.inverse(pose, [start, self._arm.home], restarts=_RESTARTS)
            if found is None:
                raise self._unreachable(pose)
        joints: list[float] = found.tolist()
        return joints

    def _unreachable(self, pose: Array) -> OutOfReach:
        x, y, z = pose[:3, 3].tolist()
        near = self._nearest(pose)
        near_x, near_y, near_z = near[:3, 3].tolist()
        away = math.dist((x, y, z), (near_x, near_y, near_z))
        angle = float(np.linalg.norm(turn_between(near[:3, :3], pose[:3, :3])))
        return OutOfReach(
            f"no joint positions inside the limits put the tool at ({x:.3f}, {y:.3f}, {z:.3f}) turned that way; the "
            f"nearest found is ({near_x:.3f}, {near_y:.3f}, {near_z:.3f}), {away:.3f} m and {angle:.2f} rad away"
        )

    def _nearest(self, pose: Array) -> Array:
        """A pose of the tool near to one that is out of reach: damped least squares inside the joint limits."""
        kinematics, best = self._kinematics, np.eye(4)
        least = math.inf
        for seed in (self._arm.commanded, self._arm.home):
            q = seed
            for _ in range(_NEAREST_STEPS):
                here = kinematics.forward(q)
                error = kinematics.error(here, pose[:3, :3], pose[:3, 3])
                if float(np.linalg.norm(error)) < least:
                    least, best = float(np.linalg.norm(error)), here
                jacobian = kinematics.jacobian(q)
                step = jacobian.T @ np.linalg.solve(jacobian @ jacobian.T + _NEAREST_DAMPING * np.eye(6), error)
                step *= min(1.0, _NEAREST_STEP / max(float(np.abs(step).max()), 1e-9))
                q = np.clip(q + step, kinematics.lower, kinematics.upper)
        return best

    # Moving

    @tool(effect="physical")
    def move_joints(self, joints: list[float]) -> bool:
        """Move all joints together, straight in joint space, to these positions, radians. True when they are there.

        Raises OutOfReach, KeepOut, InCollision (the arm would touch the table or itself).
        """
        self._controller.require_running()
        goal = self._vector(joints)
        self._require_joints(goal)
        start = self._arm.commanded
        count = max(1, math.ceil(float(np.abs(goal - start).max()) / _LOOK_EVERY))
        self._require_tool_allowed(start + (goal - start) * (np.arange(count + 1) / count)[:, None])
        return self._controller.move_joints(goal).reached

    @tool(effect="physical")
    def move_linear(
        self,
        position: tuple[float, float, float],
        quaternion: tuple[float, float, float, float] | None = None,
        speed: float = 0.25,
    ) -> bool:
        """Move the tool centre point in a straight line to a pose, turning evenly on the way. True when it is there.

        Args:
            position: metres, world frame.
            quaternion: (x, y, z, w); None keeps the hand as it is turned.
            speed: metres per second, at most 0.5.

        Raises OutOfReach, KeepOut, TooFast, InCollision (the arm would touch the table or itself).
        """
        self._controller.require_running()
        now = self._controller.tool()
        goal = now.copy() if quaternion is None else _pose(position, quaternion)
        goal[:3, 3] = position
        self._controller.require_allowed(*goal[:3, 3].tolist())
        self._controller.require_speed(speed)
        change, turn = goal[:3, 3] - now[:3, 3], turn_between(now[:3, :3], goal[:3, :3])
        seconds = max(float(np.linalg.norm(change)) / speed, float(np.linalg.norm(turn)) / _TURN_SPEED)
        if seconds < 1e-6:
            return True
        if self._kinematics.sweep(self._arm.commanded, change, turn) is None:
            raise self._no_line(goal)
        return self._controller.move_twist(change / seconds, turn / seconds, seconds).reached

    def _no_line(self, goal: Array) -> OutOfReach:
        if self._kinematics.inverse(goal, [self._arm.commanded, self._arm.home], restarts=_RESTARTS) is None:
            return self._unreachable(goal)
        return OutOfReach(
            "the straight line to that pose leaves the joint limits or passes a singularity, though the pose itself "
            "can be reached: go there by move_joints(inverse_kinematics(...)), or by way of another pose"
        )

    @tool(effect="physical")
    def move_velocity(self, velocities: list[float], seconds: float) -> bool:
        """Turn the joints at these velocities, radians per second, by what they make in `seconds`, from rest to rest.

        It takes longer than `seconds` by starting and stopping. Raises TooFast, OutOfReach, KeepOut, InCollision.
        """
        self._controller.require_running()
        velocity = self._vector(velocities)
        start, change = self._arm.commanded, velocity * min(max(seconds, 0.0), _LONGEST_WAIT)
        if self._kinematics.inside_limits(start + change):  # else the controller refuses, and says why
            count = max(1, math.ceil(float(np.abs(change).max()) / _LOOK_EVERY))
            self._require_tool_allowed(start + change * (np.arange(count + 1) / count)[:, None])
        return self._controller.move_velocity(velocity, seconds).reached

    @tool(effect="physical")
    def move_twist(
        self,
        linear: tuple[float, float, float],
        angular: tuple[float, float, float] = (0.0, 0.0, 0.0),
        seconds: float = 1.0,
    ) -> bool:
        """Move the tool at `linear` (m/s) and turn it at `angular` (rad/s, about an axis through it), world frame,
        by what they make in `seconds`, from rest to rest. It takes longer than `seconds` by starting and stopping.

        Raises TooFast, OutOfReach, KeepOut, InCollision.
        """
        self._controller.require_running()
        return self._controller.move_twist(np.array(linear), np.array(angular), seconds).reached

    @tool(effect="physical")
    def move_compliant(
        self,
        position: tuple[float, float, float],
        quaternion: tuple[float, float, float, float] | None = None,
        seconds: float = 2.0,
        stiffness: tuple[float, float, float] = (400.0, 400.0, 400.0),
        turning_stiffness: tuple[float, float, float] = (20.0, 20.0, 20.0),
        damping_ratio: float = 1.0,
    ) -> bool:
        """Draw the tool to a pose in a straight line, as if by springs: it yields to what presses on it, and presses
        on what is in the way with stiffness times distance. Afterwards the arm holds the place where it is.

        Args:
            position: metres, world frame: where the springs pull to at the end.
            quaternion: (x, y, z, w); None keeps the hand as it is turned.
            seconds: for the whole way.
            stiffness: along x, y and z, world frame, newtons per metre, at most 2000; 0 yields freely.
            turning_stiffness: about x, y and z, newton metres per radian, at most 100.
            damping_ratio: 1 settles without overshooting.

        True unless something ended it early. Raises OutOfReach, KeepOut, InCollision, TooFast, TooStrong.
        """
        self._controller.require_running()
        goal = self._controller.tool() if quaternion is None else _pose(position, quaternion)
        goal = goal.copy()
        goal[:3, 3] = position
        return self._compliant().follow(goal, seconds, Impedance(stiffness, turning_stiffness, damping_ratio)).reached

    @tool(effect="physical")
    def hold_compliant(
        self,
        seconds: float,
        stiffness: tuple[float, float, float] = (400.0, 400.0, 400.0),
        turning_stiffness: tuple[float, float, float] = (20.0, 20.0, 20.0),
        damping_ratio: float = 1.0,
    ) -> bool:
        """As `move_compliant`, to where the tool is: let it be pushed about for so long, at most 60 s.

        Raises TooFast (for other seconds), TooStrong, OutOfReach.
        """
        self._controller.require_running()
        impedance = Impedance(stiffness, turning_stiffness, damping_ratio)
        return self._compliant().follow(self._controller.tool(), seconds, impedance).reached

    def _compliant(self) -> ImpedanceController:
        if self._springs is None:
            raise TaskError(f"the arm of {self._world.description.title} is carried about, and has no springs")
        return self._springs

    @tool(effect="read")
    def tool_force(self) -> tuple[float, float, float]:
        """What presses on the fingers now, as one force, newtons, world frame. That of the grip itself cancels out; the
        weight of what is held does not."""
        x, y, z = self._controller.finger_force().tolist()
        return (x, y, z)

    @tool(effect="physical")
    def home(self) -> bool:
        """Move the joints straight to their home positions. True when they are there. Raises InCollision."""
        return self.move_joints(self._arm.home.tolist())

    @tool(effect="physical")
    def wait(self, seconds: float) -> None:
        """Hold still for so long, at most 60 s. Raises OutOfReach."""
        if not 0.0 <= seconds <= _LONGEST_WAIT:
            raise OutOfReach(f"seconds must lie between 0 and {_LONGEST_WAIT:g}, not {seconds:g}")
        simulation = self._world.simulation
        end = simulation.steps + round(seconds * RATE)
        self._controller.require_running()
        while simulation.steps < end:
            simulation.run(min(_LOOK_STEPS, end - simulation.steps))
            self._controller.look_at_joints()
            self._controller.require_running()

    # The gripper

    @tool(effect="physical")
    def open_gripper(self, width: float | None = None) -> None:
        """Bring the finger pads `width` metres apart, letting go; None: as far as they go. Raises OutOfReach."""
        self._controller.open(self._robot.gripper.opening if width is None else width)

    @tool(effect="physical")
    def close_gripper(self, force: float | None = None) -> bool:
        """Close the fingers until they press on something, or on each other, with at most `force` newtons of each;
        None: the most that is allowed. True when they hold something. Raises TooStrong.
        """
        return self._controller.squeeze(force) is not None

    @tool(effect="read")
    def gripper_width(self) -> float:
        """Measured distance between the finger pads, metres."""
        return 2.0 * self._arm.finger_position()

    @tool(effect="read")
    def is_holding(self) -> bool:
        """Whether both fingers press on the same thing."""
        return self._arm.grasped() is not None

    # Checks before a motion

    def _vector(self, values: list[float]) -> Array:
        names = self._robot.joints.names
        if len(values) != len(names) or not all(math.isfinite(value) for value in values):
            raise OutOfReach(f"give {len(names)} finite numbers, one for each of {', '.join(names)}; not {values}")
        return np.array(values, dtype=float)

    def _require_joints(self, goal: Array) -> None:
        lower, upper = self._kinematics.lower, self._kinematics.upper
        for name, value, low, high in zip(self._robot.joints.names, goal, lower, upper, strict=True):
            if not low - 1e-9 <= value <= high + 1e-9:
                raise OutOfReach(f"{name} may go from {low:.3f} to {high:.3f} rad, not to {value:.3f}")

    def _require_tool_allowed(self, postures: Array) -> None:
        """Refuse a motion through these joint positions, (n, joints), that would bring the tool where it may not be.

        The first is where the arm is: from a bad place it may come back. What the arm would touch the controller
        refuses.
        """
        places = [tuple(self._kinematics.forward(q)[:3, 3].tolist()) for q in postures]
        self._controller.require_allowed(*places[-1])
        leaving = True
        for place in places:
            volume = self._controller.places.volume_at(place)
            if volume is not None and not leaving:
                raise KeepOut(f"on the way the tool would come into {volume.name}, which is kept out")
            leaving = leaving and volume is not None


_SPRINGS = ("move_compliant", "hold_compliant")
ARM_TOOLS = (
    "joint_names",
    "joint_limits",
    "joint_positions",
    "joint_velocities",
    "joint_torques",
    "tool_pose",
    "last_motion",
    "forward_kinematics",
    "inverse_kinematics",
    "move_joints",
    "move_linear",
    "move_velocity",
    "move_twist",
    "move_compliant",
    "hold_compliant",
    "tool_force",
    "home",
    "wait",
    "open_gripper",
    "close_gripper",
    "gripper_width",
    "is_holding",
)


def _pose(position: Vector3, quaternion: Quaternion) -> Array:
    length = math.sqrt(sum(part * part for part in quaternion))
    if not all(math.isfinite(value) for value in (*position, *quaternion)) or abs(length - 1.0) > 0.01:
        raise OutOfReach(
            f"a pose is three finite metres and a quaternion (x, y, z, w) of length 1, not {position} and {quaternion}"
        )
    x, y, z, w = (part / length for part in quaternion)
    return matrix_of(Pose(position, (x, y, z, w)))
