"""Each joint moved by displacements of its own."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from codeact_envs.bullet.servo.base import DURATION, HASTE, MARGIN, NO_CUT, Servo, Vector, toward

if TYPE_CHECKING:
    from codeact_envs.bullet.world import BulletWorld

Array = NDArray[np.float64]

SCALE = 0.04  # radians a step, for an action of 1

_SHARE = 0.6  # of the acceleration, for a joint that follows a request
_WRIST_RADIUS, _WRIST_LENGTH = 0.06, 0.12  # metres: of the arm behind the palm


class JointServo(Servo):
    """Every joint moves by itself. An action of 1 is `SCALE` radians a step.

    The tool, the fingers and the palm stay inside the workspace and above the table, and the tool stays out of what is
    kept out and below its limit of speed.
    """

    def __init__(self, world: BulletWorld) -> None:
        super().__init__(world, len(world.robot.joints.names))
        gripper = world.robot.gripper
        half_x, half_y = gripper.finger_width / 2.0, gripper.opening / 2.0 + gripper.finger_thickness
        palm_x, palm_y = gripper.palm_size[0] / 2.0, gripper.palm_size[1] / 2.0
        wrist = max(palm_x, _WRIST_RADIUS)
        corners = [
            (half_x, half_y, gripper.tip_below_tool),
            (palm_x, palm_y, -gripper.palm_above_tool),
            (wrist, wrist, -gripper.palm_above_tool - _WRIST_LENGTH),
        ]
        self._hand = np.array([(i * x, j * y, z) for x, y, z in corners for i in (1, -1) for j in (1, -1)])

    def _rest(self) -> None:
        self.velocity = [0.0] * len(self._arm.commanded)

    def _plan(self, begin: Vector, request: Vector) -> tuple[Vector, Vector]:
        wanted = [value * (SCALE / DURATION) for value in request]
        tool = (self._kinematics.jacobian(begin) @ wanted)[:3].tolist()
        fastest = max(abs(value) / limit[2] for value, limit in zip(wanted, self._joint_limits, strict=True))
        share = max(fastest, math.hypot(*tool) / self._speed * HASTE, self._share_of_point_speed(begin, wanted) * HASTE)
        if share > 1.0:
            self.cuts["speed"] += 1
            wanted = [value / share for value in wanted]
        after = []
        for now, then, limit in zip(self.velocity, wanted, self._joint_limits, strict=True):
            most = _SHARE * limit[3] * DURATION
            after.append(now + min(max(then - now, -most), most))
        inside = self._before_limits(begin, after)
        if max(abs(a - b) for a, b in zip(inside, after, strict=True)) > NO_CUT:
            self.cuts["joint_limits"] += 1
        end = [at + (now + then) * (DURATION / 2.0) for at, now, then in zip(begin, self.velocity, inside, strict=True)]
        wall = self._wall(np.array(end), np.array(inside))
        if wall is None:
            return end, inside
        self.cuts[wall] += 1
        return self._slower(begin)

    def _to_rest(self, begin: Vector) -> tuple[Vector, Vector]:
        return self._slower(begin)

    def _before_limits(self, begin: Vector, after: Vector) -> Vector:
        """Cut velocities so that every joint can still come to rest before its limits, calmly or within one step."""
        cut = []
        for at, now, then, limits in zip(begin, self.velocity, after, self._joint_limits, strict=True):
            lower, upper, _, acceleration = limits
            above, below = upper - at, at - lower
            braking, covered = _SHARE * acceleration, now * DURATION / 2.0
            most = min(toward(above, now, braking), (above - covered) / DURATION)
            least = -min(toward(below, -now, braking), (below + covered) / DURATION)
            cut.append(min(max(then, least), most))
        return cut

    def _wall(self, end: Array, after: Array) -> str | None:
        """What the tool or the hand would meet at the end of the step, or while coming to rest in the next one."""
        rest = after * (DURATION / 2.0)
        for joints in (end, end + rest / 2.0, end + rest):
            pose = self._kinematics.forward(joints)
            place = pose[:3, 3].tolist()
            for value, low, high in zip(place, self._low, self._high, strict=True):
                if not low <= value <= high:
                    return "workspace"
            if float((self._hand @ pose[2, :3]).min()) + place[2] < MARGIN:
                return "workspace"
            for box in self._keep_out:
                near = zip(place, box.lower, box.upper, strict=True)
                if all(low - MARGIN <= value <= high + MARGIN for value, low, high in near):
                    return "keep_out"
        return None
