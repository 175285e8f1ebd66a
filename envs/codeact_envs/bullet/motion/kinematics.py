"""Forward and inverse kinematics of an arm, by OptIK (SLSQP over the Lie group of poses, MIT or Apache-2.0).

OptIK is run in one thread, without its clock and with a bounded number of restarts from its fixed seed, so that the
same question has the same answer on a busy machine and on an idle one.
"""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codeact_envs.bullet.robots import ArmDescription

Array = NDArray[np.float64]

_MOST_S = 10.0  # seconds of one solution, for OptIK does not end by itself from some starts; it takes milliseconds
_TOLERANCE = 1e-10  # of the squared pose error: about 1e-5 m and 1e-5 rad
_NEWTON_STEPS = 8
_LINE_TOLERANCE = 1e-5  # metres and radians at each waypoint of a line
_DAMPING = 1e-9 * np.eye(6)
_LARGEST_STEP = 0.6  # radians that a joint may move between two waypoints of a line
# Between two waypoints of a way on which the hand may turn: joints bend more there, and the curve through the waypoints
# leaves the straight line by up to 2 mm where they are 0.05 m and 0.1 rad apart, by 0.04 mm like this.
_TURN_STEP, _TURNING_STEP = 0.025, 0.01  # radians, metres


def turned(turn: Array) -> Array:
    """The rotation matrix of an axis (3,) as long as the angle in radians: Rodrigues' formula."""
    angle = float(np.linalg.norm(turn))
    if angle < 1e-12:
        return np.eye(3)
    x, y, z = (turn / angle).tolist()
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    matrix: Array = np.eye(3) + math.sin(angle) * cross + (1.0 - math.cos(angle)) * cross @ cross
    return matrix


class Kinematics:
    """Poses of the tool centre point, 4x4 matrices in the world frame, and the joint positions that reach them.

    The joint limits are the description's less its margin, not those of the model file.

    Args:
        base: pose of the robot's base link in the world frame, 4x4; without it the two frames are one.
    """

    def __init__(self, robot: ArmDescription, base: Array | None = None) -> None:
        self._robot = robot
        self.stand_at(np.eye(4) if base is None else base)
        joints = robot.joints
        self.lower = np.array(joints.lower) + joints.margin
        self.upper = np.array(joints.upper) - joints.margin
        # OptIK reads lists four times as fast as arrays, whose elements become objects one by one.
        x, y, z = robot.tool_offset
        self._offset = [[1.0, 0.0, 0.0, x], [0.0, 1.0, 0.0, y], [0.0, 0.0, 1.0, z], [0.0, 0.0, 0.0, 1.0]]
        self._process = -1
        self._solver: Any = None

    def stand_at(self, base: Array) -> None:
        """The robot's base link is at this pose from now on: 4x4, world frame."""
        self.base = base
        self._moved = not np.array_equal(base, np.eye(4))
        self._to_base = np.linalg.inv(base)

    def in_base(self, x: float, y: float, z: float) -> tuple[float, float, float]:
        """A point of the world in the frame of the base link, metres."""
        if not self._moved:
            return (x, y, z)
        bx, by, bz, _ = (self._to_base @ (x, y, z, 1.0)).tolist()
        return (bx, by, bz)

    def in_world(self, x: float, y: float, z: float) -> tuple[float, float, float]:
        """A point of the frame of the base link in the world frame, metres."""
        if not self._moved:
            return (x, y, z)
        wx, wy, wz, _ = (self.base @ (x, y, z, 1.0)).tolist()
        return (wx, wy, wz)

    def bearing(self, x: float, y: float) -> float:
        """The direction in which (x, y) lies from the base, radians, world frame."""
        return math.atan2(y - self.base[1, 3], x - self.base[0, 3])

    def seeds(self, x: float, y: float, yaw: float) -> list[Array]:
        """Joint positions near those that hold the tool over (x, y), pointing down, turned by `yaw`; world frame."""
        straight = self.bearing(x, y)
        heading = math.atan2(self.base[1, 0], self.base[0, 0])
        seeds = []
        for posture in self._robot.postures:
            seed = np.array(posture)
            seed[0] += math.remainder(straight - heading, math.tau)
            seed[-1] += straight - yaw
            seeds.append(seed)
        return seeds

    @property
    def _chain(self) -> Any:
        # OptIK keeps a thread, which does not live on in a forked child: each process makes its own.
        if self._process != os.getpid():
            import optik

            with tempfile.NamedTemporaryFile("w", suffix=".urdf", encoding="utf-8") as model:
                limits = zip(self.lower, self.upper, strict=True)
                names = self._robot.joints.names
                model.write(
                    self._robot.model.chain(
                        self._robot.base_link, self._robot.tool_link, dict(zip(names, limits, strict=True))
                    )
                )
                model.flush()
                chain = optik.Robot.from_urdf_file(model.name, self._robot.base_link, self._robot.tool_link)
            chain.set_parallelism(1)
            self._solver, self._config, self._process = chain, optik.SolverConfig, os.getpid()
        return self._solver

    def forward(self, q: Array) -> Array:
        """The tool's pose at joint positions `q` (joints,)."""
        pose = np.array(self._chain.fk(q.tolist(), self._offset))
        return self.base @ pose if self._moved else pose

    def pose(self, q: Array | list[float]) -> list[list[float]]:
        """As `forward`, in plain lists, which is faster for a single look."""
        rows: list[list[float]] = self._chain.fk(q if isinstance(q, list) else q.tolist(), self._offset)
        if self._moved:
            rows = (self.base @ rows).tolist()
        return rows

    def jacobian(self, q: Array | list[float]) -> Array:
        """The matrix (6, joints) from joint velocities to the tool's twist in its own frame, linear part first."""
        return np.array(self._chain.joint_jacobian(q if isinstance(q, list) else q.tolist(), self._offset))

    def inverse(self, pose: Array, seeds: Iterable[Array], restarts: int = 0) -> Array | None:
        """Joint positions that put the tool at `pose`, inside the limits, near the first seed from which it succeeds.

        Args:
            pose: 4x4, world frame.
            seeds: joint positions to start from, in this order.
            restarts: more starts, spread over the joint space by a fixed random sequence, when all seeds fail.

        Returns None when all starts fail.
        """
        chain = self._chain
        if self._moved:
            pose = self._to_base @ pose
        seed = None
        for seed in seeds:
            found = self._solve(chain, pose, seed, 1)
            if found is not None:
                return found
        if restarts and seed is not None:
            return self._solve(chain, pose, seed, restarts + 1)
        return None

    def _solve(self, chain: Any, pose: Array, seed: Array, starts: int) -> Array | None:
        config = self._config(solution_mode="speed", max_time=_MOST_S, max_restarts=starts, tol_f=_TOLERANCE)
        start = np.clip(seed, self.lower, self.upper)
        found = chain.ik(config, pose.tolist(), start.tolist(), self._offset)
        if found is None or found[1] > 100 * _TOLERANCE:
            return None
        q = np.asarray(found[0])
        return q if self.inside_limits(q) else None

    def inside_limits(self, q: Array) -> bool:
        """Whether `q`, of shape (joints,) or (n, joints), lies inside the limits less the margin."""
        return bool(np.all(q >= self.lower - 1e-9) and np.all(q <= self.upper + 1e-9))

    def line(self, start: Array, goal_position: Array, step: float = 0.05) -> tuple[Array, Array, Array] | None:
        """Joint positions along the tool's straight line from its pose at `start`, with the orientation kept.

        At each waypoint the joints follow from the ones before by Newton steps with the smallest joint motion, so the
        elbow neither jumps nor drifts.

        Args:
            start: joint positions, (joints,).
            goal_position: (3,), metres, world frame.
            step: most metres between two waypoints.

        Returns:
            The waypoints (n + 1, joints) and dq/ds at both ends for s in [0, 1]; None where the line leaves the joint
            limits or meets a singularity.
        """
        return self.sweep(start, goal_position - self.forward(start)[:3, 3], step=step)

    def sweep(
        self, start: Array, change: Array, turn: Array | None = None, step: float = 0.05
    ) -> tuple[Array, Array, Array] | None:
        """As `line`, by `change` (3,), metres, while the hand turns by `turn` (3,): an axis, as long as the angle in
        radians; both in the world frame and both evenly along the way."""
        pose = self.forward(start)
        orientation, begin = pose[:3, :3], pose[:3, 3].copy()
        count = max(3, math.ceil(float(np.linalg.norm(change)) / step))
        if turn is not None:
            length = float(np.linalg.norm(change))
            count = max(count, math.ceil(length / _TURNING_STEP), math.ceil(float(np.linalg.norm(turn)) / _TURN_STEP))
        knots = [np.asarray(start, dtype=float)]
        q = knots[0]
        # The turn's axis is at rest in the world and in the hand.
        turning = np.zeros(3) if turn is None else orientation.T @ turn
        twist = np.concatenate([orientation.T @ change, turning])
        inverse = self._smallest_motion(q)
        first = inverse @ twist
        for index in range(1, count + 1):
            previous, q = q, q + inverse @ twist / count
            inverse = self._smallest_motion(q)
            target = begin + change * (index / count)
            if turn is not None:
                orientation = turned(turn * (index / count)) @ pose[:3, :3]
                twist = np.concatenate([orientation.T @ change, turning])
            reached = self._newton(q, inverse, orientation, target)
            if reached is None:
                return None
            q = reached
            if not self.inside_limits(q) or float(np.abs(q - previous).max()) > _LARGEST_STEP:
                return None
            knots.append(q)
        return np.array(knots), first, inverse @ twist

    def through(self, start: Array, poses: Sequence[Array]) -> tuple[Array, Array, Array] | None:
        """As `line`, through `poses` of the tool, each 4x4, world frame, evenly spaced along a smooth way that begins
        at the tool's pose at `start`, which is not one of them. At least two."""
        knots = [np.asarray(start, dtype=float)]
        q = knots[0]
        for pose in poses:
            previous = q
            reached = self._newton(q, self._smallest_motion(q), pose[:3, :3], pose[:3, 3])
            if reached is None:
                return None
            q = reached
            if not self.inside_limits(q) or float(np.abs(q - previous).max()) > _LARGEST_STEP:
                return None
            knots.append(q)
        return self.with_slopes(np.array(knots))

    @staticmethod
    def with_slopes(knots: Array) -> tuple[Array, Array, Array]:
        """Joint positions (n, joints) along a smooth way, at least three, as `line` gives them."""
        count = len(knots) - 1
        # One-sided differences of second order.
        first = (-3.0 * knots[0] + 4.0 * knots[1] - knots[2]) * (count / 2.0)
        last = (3.0 * knots[-1] - 4.0 * knots[-2] + knots[-3]) * (count / 2.0)
        return knots, first, last

    def _newton(self, q: Array, inverse: Array, orientation: Array, target: Array) -> Array | None:
        """Joint positions near `q` that put the tool there; None when they are not found at once."""
        for _ in range(_NEWTON_STEPS):
            error = self.error(self.forward(q), orientation, target)
            if float(np.abs(error).max()) < _LINE_TOLERANCE:
                return q
            q = q + inverse @ error
        return None

    def _smallest_motion(self, q: Array) -> Array:
        """The matrix (joints, 6) from a twist in the tool's own frame to the smallest joint motion that makes it."""
        jacobian = self.jacobian(q)
        # The damping is too small to be seen: near a singularity the step grows beyond what `line` allows.
        inverse: Array = jacobian.T @ np.linalg.inv(jacobian @ jacobian.T + _DAMPING)
        return inverse

    @staticmethod
    def error(pose: Array, orientation: Array, target: Array) -> Array:
        """The twist in the tool's own frame that leads from `pose` to the target, to first order in the rotation."""
        back = pose[:3, :3].T
        (_, ab, ac), (ba, _, bc), (ca, cb, _) = (back @ orientation).tolist()
        x, y, z = (back @ (target - pose[:3, 3])).tolist()
        return np.array([x, y, z, 0.5 * (cb - bc), 0.5 * (ac - ca), 0.5 * (ba - ab)])
