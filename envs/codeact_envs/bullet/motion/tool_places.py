"""Where the tool of an arm may be: workspace, table, volumes that are kept out. A refusal tells what is near."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from codeact_envs.bullet.errors import KeepOut, OutOfReach
from codeact_envs.bullet.geometry.poses import Vector3
from codeact_envs.bullet.motion.kinematics import Kinematics
from codeact_envs.bullet.motion.nearest import Rule, nearest, out_of, within
from codeact_envs.bullet.robots import ArmDescription
from codeact_envs.bullet.robots.description import Volume

Array = NDArray[np.float64]

_CLEAR = 0.001  # metres that the fingertips keep from the table
_HAND_CLEAR = 0.03  # metres that a proposed hand keeps from what is kept out
_WRIST = 0.15  # metres of hand and wrist above the palm
_SHARES = 10  # places on the way to the middle of the workspace that are tried for one within reach


class ToolPlaces:
    """Asks about places of one arm's tool centre point, metres, world frame.

    Args:
        kinematics: of the arm as it stands.
        keep_out: volumes, world frame, beside the robot's own.
        called: what messages call this arm.
        free: whether the arm could stand at joint positions, (joints,).
    """

    def __init__(
        self,
        robot: ArmDescription,
        kinematics: Kinematics,
        keep_out: Sequence[Volume],
        called: str,
        free: Callable[[Array], bool],
    ) -> None:
        self._robot, self._kinematics, self._keep_out, self._called = robot, kinematics, tuple(keep_out), called
        self._free = free
        self._lowest = robot.gripper.tip_below_tool + _CLEAR
        above = Volume("above the table", (-math.inf, -math.inf, self._lowest), (math.inf, math.inf, math.inf))
        self._rules: list[Rule] = [
            within(above),
            *(self._in_base(out_of(volume)) for volume in robot.keep_out),
            *(out_of(volume) for volume in self._keep_out),
            self._in_base(within(robot.workspace)),
        ]
        # What is proposed has room for the open hand, pointing down.
        hand = math.hypot(*robot.gripper.palm_size) / 2.0 + _HAND_CLEAR
        below, above_tool = robot.gripper.tip_below_tool + _HAND_CLEAR, robot.gripper.palm_above_tool + _WRIST
        self._roomy = [
            *self._rules,
            *(
                out_of(Volume(each.name, each.grown(hand, hand, above_tool).lower, each.grown(hand, hand, below).upper))
                for each in self._keep_out
            ),
        ]

    def _in_base(self, rule: Rule) -> Rule:
        """A rule for places in the frame of the arm's base link, asked about places in the world."""

        def mend(place: Vector3) -> list[Vector3]:
            kinematics = self._kinematics
            return [kinematics.in_world(*other) for other in rule(kinematics.in_base(*place))]

        return mend

    def allows(self, place: Vector3) -> bool:
        """Whether no rule forbids a place. Whether a posture reaches it is another question."""
        return all(map(math.isfinite, place)) and not any(rule(place) for rule in self._rules)

    def require(self, x: float, y: float, z: float) -> None:
        """Raise `OutOfReach` or `KeepOut` when the tool may not be there."""
        if not all(math.isfinite(value) for value in (x, y, z)):
            raise OutOfReach(f"({x}, {y}, {z}) is not a place: give three finite numbers in metres")
        if self.allows((x, y, z)):
            return
        local = self._kinematics.in_base(x, y, z)
        own = ", in the frame of the robot's base" if local != (x, y, z) else ""
        where = f"({x:.3f}, {y:.3f}, {z:.3f})"
        if z < self._lowest:
            raise KeepOut(
                f"{where} would push the fingertips into the table; z must be at least {self._lowest:.3f} m"
                f"{self._near((x, y, z))}"
            )
        inside = [(volume, own) for volume in self._robot.keep_out if volume.contains(*local)]
        inside += [(volume, "") for volume in self._keep_out if volume.contains(x, y, z)]
        for volume, frame in inside:
            lower, upper = (", ".join(f"{value:g}" for value in corner) for corner in (volume.lower, volume.upper))
            raise KeepOut(
                f"{where} lies in {volume.name}, which is kept out: from ({lower}) to ({upper}) m{frame}"
                f"{self._near((x, y, z))}"
            )
        ranges = self._robot.workspace.ranges
        raise OutOfReach(f"{where} lies outside the workspace: {ranges} m{own}{self._near((x, y, z))}")

    def volume_at(self, place: Vector3) -> Volume | None:
        """The volume that is kept out and has the tool inside; None where it is in none."""
        local = self._kinematics.in_base(*place)
        own = (volume for volume in self._robot.keep_out if volume.contains(*local))
        return next(own, None) or next((volume for volume in self._keep_out if volume.contains(*place)), None)

    def require_line(self, start: Array, end: Array) -> None:
        """As `require`, for the straight line of the tool from `start` to `end`, each (3,)."""
        self.require(*end.tolist())
        met = self._on_line(start, end)
        if met is not None:
            raise KeepOut(f"on the way {self._called} would come into {met.name}, which is kept out")

    def allows_line(self, start: Array, end: Array) -> bool:
        """Whether `require_line` would raise nothing."""
        return self.allows(tuple(end.tolist())) and self._on_line(start, end) is None

    def _on_line(self, start: Array, end: Array) -> Volume | None:
        world = (start.tolist(), end.tolist())
        local = tuple(self._kinematics.in_base(*point) for point in world)
        own = (volume for volume in self._robot.keep_out if volume.meets(*local))
        return next(own, None) or next((volume for volume in self._keep_out if volume.meets(*world)), None)

    # What is near

    def nearest(self, x: float, y: float, z: float) -> Vector3 | None:
        """A place near (x, y, z) that is allowed and that the arm reaches with its hand pointing down; in millimetres.
        None where none was found.

        The nearest one that is allowed, or else the first one within reach on the straight line from there to the
        middle of the workspace.
        """
        allowed = nearest((x, y, z), self._roomy)
        if allowed is None:
            return None
        space = self._robot.workspace
        middle = self._kinematics.in_world(*((a + b) / 2.0 for a, b in zip(space.lower, space.upper, strict=True)))
        for share in range(_SHARES + 1):
            place = tuple(round(a + (b - a) * share / _SHARES, 3) for a, b in zip(allowed, middle, strict=True))
            found = (place[0], place[1], place[2])
            if not any(rule(found) for rule in self._roomy) and self._reaches(found):
                return found
        return None

    def _reaches(self, place: Vector3) -> bool:
        x, y, z = place
        yaw = self._kinematics.bearing(x, y)
        c, s = math.cos(yaw), math.sin(yaw)
        down = np.array([[c, s, 0.0, x], [s, -c, 0.0, y], [0.0, 0.0, -1.0, z], [0.0, 0.0, 0.0, 1.0]])
        posture = self._kinematics.inverse(down, self._kinematics.seeds(x, y, yaw))
        return posture is not None and self._free(posture)

    def near(self, place: Vector3, said: str) -> str:
        """`said` and the place by `nearest`, for the end of a sentence; empty where there is none."""
        found = self.nearest(*place)
        return "" if found is None else f"{said} ({found[0]:.3f}, {found[1]:.3f}, {found[2]:.3f})"

    def _near(self, place: Vector3) -> str:
        return self.near(place, "; the nearest place that is allowed is")
