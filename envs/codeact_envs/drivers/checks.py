"""The last look at a row of joint positions before it leaves the host."""

from __future__ import annotations

import math

import numpy as np

from codeact_envs.bullet.robots import ArmDescription
from codeact_envs.drivers.errors import UnsafeRow
from codeact_envs.drivers.protocols import Array

_SHARE = 1.1  # of the way that the velocity limits allow in a period, for rounding


class RowGuard:
    """Knows the row that was sent last, and lets only what can follow it pass.

    Args:
        robot: whose limits hold.
        period: seconds between two rows.
    """

    def __init__(self, robot: ArmDescription, period: float) -> None:
        joints = robot.joints
        self._names, self._gripper = joints.names, robot.gripper
        self._lower, self._upper = np.array(joints.lower), np.array(joints.upper)
        self._step = np.array(joints.velocity) * period * _SHARE
        self._last: Array | None = None

    def start(self, positions: Array) -> None:
        """The arm holds here: the next row has to follow this one."""
        self._last = positions.copy()

    def forget(self) -> None:
        """The arm is limp: nothing may be sent until `start`."""
        self._last = None

    def require(self, positions: Array, opening: float, force: float) -> None:
        """Raise `UnsafeRow` unless this row may be sent now; otherwise it is the last one from now on."""
        if self._last is None:
            raise UnsafeRow("the arm is limp: enable() it before it is sent anything")
        if positions.shape != self._last.shape or not np.isfinite(positions).all():
            raise UnsafeRow(f"a row is {len(self._last)} finite joint positions, not {positions.tolist()}")
        # From a little outside a joint may only come back.
        lower, upper = np.minimum(self._lower, self._last), np.maximum(self._upper, self._last)
        for index in np.flatnonzero((positions < lower - 1e-6) | (positions > upper + 1e-6)).tolist():
            raise UnsafeRow(
                f"{self._names[index]} may go from {self._lower[index]:.3f} to {self._upper[index]:.3f} rad, "
                f"not to {positions[index]:.3f}"
            )
        for index in np.flatnonzero(np.abs(positions - self._last) > self._step).tolist():
            raise UnsafeRow(
                f"{self._names[index]} may turn by {self._step[index]:.3f} rad from one row to the next, "
                f"not by {abs(positions[index] - self._last[index]):.3f}"
            )
        widest, strongest = self._gripper.opening, self._gripper.force
        if not (math.isfinite(opening) and -1e-6 <= opening <= widest + 1e-6):
            raise UnsafeRow(f"the gripper opens from 0 to {widest:g} m, not {opening:g}")
        if not 0.0 < force <= strongest + 1e-6:
            raise UnsafeRow(f"a finger may press with up to {strongest:g} N, not {force:g}")
        self._last = positions.copy()
