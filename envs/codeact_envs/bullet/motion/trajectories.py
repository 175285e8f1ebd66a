"""Paths in joint space, and the time law that keeps them inside velocity, acceleration and jerk limits.

A path is q(s) for s in [0, 1]. Its time law s(t) is the time-optimal one from rest to rest (ruckig) under bounds on the
first three derivatives of s, chosen so that every joint obeys its own limits along the whole path:

    velocity      |q'| s_v                                     <= v
    acceleration  |q''| s_v^2 + |q'| s_a                        <= a
    jerk          |q'''| s_v^3 + 3 |q''| s_v s_a + |q'| s_j     <= j
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import ruckig
from numpy.typing import NDArray

from codeact_envs.bullet.errors import OutOfReach

Array = NDArray[np.float64]

LONGEST_S = 120.0  # seconds that one planned motion may take: all its rows are made before it begins
_SHARE = 0.4  # of the acceleration and jerk limits, left for the path's own curvature
_TINY = 1e-9


@dataclass(frozen=True)
class Bounds:
    """Limits that a motion is planned with, one entry a joint: rad/s, rad/s^2, rad/s^3."""

    velocity: Array
    acceleration: Array
    jerk: Array


class StraightPath:
    """The straight line in joint space from `start` to `goal`, each of shape (joints,), radians."""

    def __init__(self, start: Array, goal: Array) -> None:
        self._start, self._change = start, goal - start

    def evaluate(self, s: Array) -> Array:
        return self._start + s[:, None] * self._change

    def derivatives(self) -> tuple[Array, Array, Array]:
        zero = np.zeros_like(self._change)
        return np.abs(self._change), zero, zero


class SplinePath:
    """A cubic spline with continuous curvature through evenly spaced knots.

    Args:
        knots: (n + 1, joints), radians.
        first, last: dq/ds at the two ends, (joints,).
    """

    def __init__(self, knots: Array, first: Array, last: Array) -> None:
        count = len(knots) - 1
        h = 1.0 / count
        right = np.empty_like(knots)
        right[1:-1] = 6.0 * (knots[2:] - 2.0 * knots[1:-1] + knots[:-2]) / h**2
        right[0] = 6.0 * ((knots[1] - knots[0]) / h - first) / h
        right[-1] = 6.0 * (last - (knots[-1] - knots[-2]) / h) / h
        self._h, self._knots, self._second = h, knots, _clamped_inverse(count) @ right

    def evaluate(self, s: Array) -> Array:
        h = self._h
        index = np.clip((s / h).astype(int), 0, len(self._knots) - 2)
        b = (s - index * h)[:, None] / h
        a = 1.0 - b
        lower, upper = self._second[index], self._second[index + 1]
        bend = ((a**3 - a) * lower + (b**3 - b) * upper) * (h * h / 6.0)
        points: Array = a * self._knots[index] + b * self._knots[index + 1] + bend
        return points

    def derivatives(self) -> tuple[Array, Array, Array]:
        h, second = self._h, self._second
        chord = (self._knots[1:] - self._knots[:-1]) / h
        low, high = second[:-1], second[1:]
        start = np.abs(chord - h * (2.0 * low + high) / 6.0)
        middle = np.abs(chord + h * (low - high) / 24.0)
        end = np.abs(chord + h * (low + 2.0 * high) / 6.0)
        # The first derivative is a parabola on each piece; where it may peak inside, its bend bounds by how much.
        peak = np.maximum(np.maximum(start, end), middle) + h * np.abs(high - low) / 8.0
        return peak.max(0), np.abs(second).max(0), (np.abs(high - low) / h).max(0)


@lru_cache(maxsize=256)
def _clamped_inverse(count: int) -> Array:
    matrix = np.diag(np.full(count + 1, 4.0)) + np.diag(np.ones(count), 1) + np.diag(np.ones(count), -1)
    matrix[0, 0] = matrix[-1, -1] = 2.0
    inverse: Array = np.linalg.inv(matrix)
    return inverse


Path = StraightPath | SplinePath


@dataclass(frozen=True)
class Pace:
    """Bounds on the first three derivatives of s along a path; 1/s, 1/s^2, 1/s^3."""

    velocity: float
    acceleration: float
    jerk: float


def pace(path: Path, bounds: Bounds, speed: float = math.inf, length: float = 0.0) -> Pace | None:
    """How fast a path may be run through, or None for a path that does not move.

    Args:
        speed: most metres per second that the tool may move, where `length` is the path's length in metres.
    """
    first, second, third = path.derivatives()
    first = np.maximum(first, _TINY)
    if float(first.max()) <= 2 * _TINY:
        return None
    # Where a path is straight, the bounds that its curvature sets are far above all others.
    second, third = np.maximum(second, _TINY), np.maximum(third, _TINY)
    s_v = float((bounds.velocity / first).min())
    s_v = min(s_v, math.sqrt(float((_SHARE * bounds.acceleration / second).min())))
    s_v = min(s_v, float((_SHARE * bounds.jerk / third).min()) ** (1.0 / 3.0))
    if length > 0.0:
        s_v = min(s_v, speed / length)
        require_short(length / speed if speed > 0.0 else math.inf)
    s_a = float(((bounds.acceleration - second * s_v**2) / first).min())
    s_a = min(s_a, float((_SHARE * bounds.jerk / (3.0 * second * s_v)).min()))
    s_j = float(((bounds.jerk - third * s_v**3 - 3.0 * second * s_v * s_a) / first).min())
    return Pace(s_v, s_a, s_j)


def in_step(paths: Sequence[Path], paces: Sequence[Pace | None], dt: float) -> list[Array]:
    """Sample several paths at dt, 2 dt, ... along one time law that none of their paces is too slow for: all begin and
    end together, and at each moment all are the same share of their ways along. One (steps, joints) a path."""
    moving = [pace for pace in paces if pace is not None]
    if not moving:
        return [path.evaluate(np.empty(0)) for path in paths]
    law = time_law(
        min(pace.velocity for pace in moving),
        min(pace.acceleration for pace in moving),
        min(pace.jerk for pace in moving),
        dt,
    )
    return [path.evaluate(law) for path in paths]


def parametrise(path: Path, bounds: Bounds, dt: float, speed: float = math.inf, length: float = 0.0) -> Array:
    """Sample the path at dt, 2 dt, ... along its time law; the last sample is the goal. Shape (steps, joints).

    Args:
        speed, length: as for `pace`.
    """
    return in_step([path], [pace(path, bounds, speed, length)], dt)[0]


def require_short(seconds: float) -> None:
    """Raise `OutOfReach` when a motion would take longer than one may, or no finite time."""
    if not seconds <= LONGEST_S:
        raise OutOfReach(
            f"this motion would take {seconds:.3g} s, and at most {LONGEST_S:g} s are allowed: move faster, or less far"
        )


def time_law(velocity: float, acceleration: float, jerk: float, dt: float) -> Array:
    """Samples at dt, 2 dt, ... of the fastest way from 0 to 1, at rest at both ends; the last sample is 1.

    Raises:
        OutOfReach: it takes longer than `LONGEST_S`.
    """
    require_short(1.0 / velocity if velocity > 0.0 else math.inf)
    task: Any = ruckig.InputParameter(1)
    task.current_position, task.target_position = [0.0], [1.0]
    task.max_velocity, task.max_acceleration, task.max_jerk = [velocity], [acceleration], [jerk]
    trajectory = ruckig.Trajectory(1)
    ruckig.Ruckig(1).calculate(task, trajectory)
    require_short(trajectory.duration)
    profile = trajectory.profiles[0][0]
    ends = np.cumsum(profile.t)
    times = np.arange(1, math.ceil(ends[-1] / dt) + 1) * dt
    part = np.minimum(np.searchsorted(ends, times), 6)
    t = times - (ends - np.asarray(profile.t))[part]
    p, v, a, j = (np.asarray(values)[part] for values in (profile.p, profile.v, profile.a, profile.j))
    s: Array = p + t * (v + t * (a / 2.0 + t * j / 6.0))
    s[times >= ends[-1]] = 1.0
    return np.clip(s, 0.0, 1.0)


def brake(position: Array, velocity: Array, acceleration: Array, bounds: Bounds, dt: float) -> Array:
    """Joint positions at dt, 2 dt, ... to rest, as fast as `bounds` allow. Shape (steps, joints)."""
    count = len(position)
    task: Any = ruckig.InputParameter(count)
    task.control_interface = ruckig.ControlInterface.Velocity
    task.synchronization = ruckig.Synchronization.No
    task.current_position, task.current_velocity = position.tolist(), velocity.tolist()
    task.current_acceleration = np.clip(acceleration, -bounds.acceleration, bounds.acceleration).tolist()
    task.target_velocity, task.target_acceleration = [0.0] * count, [0.0] * count
    task.max_acceleration, task.max_jerk = bounds.acceleration.tolist(), bounds.jerk.tolist()
    trajectory = ruckig.Trajectory(count)
    ruckig.Ruckig(count).calculate(task, trajectory)
    steps = math.ceil(trajectory.duration / dt)
    return np.array([trajectory.at_time((step + 1) * dt)[0] for step in range(steps)]).reshape(steps, count)
