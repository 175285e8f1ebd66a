"""Using what is held as a tool: leading it along a straight line, also against other things."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from codeact.tools import tool
from codeact_envs.bullet.errors import InCollision, KeepOut, NothingHeld, TooStrong
from codeact_envs.bullet.geometry.poses import Quaternion
from codeact_envs.bullet.handling.planner import Place
from codeact_envs.bullet.motion.kinematics import turned
from codeact_envs.bullet.motion.trajectories import require_short
from codeact_envs.bullet.tools.skills.skill import ArmSkill

Array = NDArray[np.float64]

_MOST_FORCE = 40.0  # newtons with which things may hold against the hand
_STEP, _TURN_STEP = 0.02, 0.08  # metres and radians between two poses on the way
_LEAST_RADIUS = 0.1  # metres about the axis of a turn that count as its way
_IN_TABLE = 0.001  # metres that an underside may be told to lie below the table top
_THERE, _THERE_TURNED = 0.01, 0.05  # metres and radians within which it came there


class Using(ArmSkill):
    """The tool that leads a held thing."""

    @tool(effect="physical")
    def move_held(
        self, x: float, y: float, z: float, yaw: float | None = None, speed: float = 0.1, force: float = 20.0
    ) -> bool:
        """Lead what the gripper holds in a straight line, touching other things on purpose: to wipe, pull, hit or plug
        in with it. True when it came there, still held.

        Args:
            x, y: where its centre goes, metres, world frame.
            z: height of its underside there, metres; 0 lies on the table.
            yaw: of its own x axis there, radians, seen from above; it turns the shorter way. None keeps it.
            speed: metres per second, at most 0.5.
            force: newtons, at most 40: where something holds against it with more, it stops, backs off a little, and
                the answer is False.

        Raises NothingHeld, OutOfReach, KeepOut, TooFast, TooStrong, InCollision (the hand itself would hit something).
        """
        perception, controller = self._perception, self._controller
        name = self._held()
        if name is None:
            raise NothingHeld("move_held leads what the gripper holds, and it is empty: pick a tool first")
        speed = controller.require_speed(speed)
        if not 0.0 < force <= _MOST_FORCE:
            raise TooStrong(f"force must be above 0 and at most {_MOST_FORCE:g} N, not {force:g}")
        if not z >= -_IN_TABLE:
            raise KeepOut(f"z is the height of the underside of {name!r} and must be at least 0, not {z:g}")
        pose = perception.pose(name)
        begin = np.array([*pose.position[:2], self._underside(name)])
        way = np.array([x, y, z]) - begin
        turn = 0.0 if yaw is None else math.remainder(yaw - _yaw(pose.quaternion), math.tau)
        length = max(float(np.linalg.norm(way)), _LEAST_RADIUS * abs(turn))
        if not math.isfinite(length):
            raise KeepOut("x, y, z and yaw must be finite numbers")
        require_short(length / speed)
        if length < 1e-6:
            return True
        poses = _poses(controller.tool(), np.array(pose.position), way, turn)
        self._require_hand_free(name, poses)
        reached = controller.move_through(poses, length, speed, force).reached
        if not reached or self._held() != name:
            return False
        end = perception.pose(name)
        off = math.hypot(end.position[0] - x, end.position[1] - y)
        return off <= _THERE and (
            yaw is None or abs(math.remainder(_yaw(end.quaternion) - yaw, math.tau)) < _THERE_TURNED
        )

    def _require_hand_free(self, name: str, poses: list[Array]) -> None:
        """Raise where the hand, which may touch nothing but what it holds, would hit something on its way."""
        planner, opening = self._planner, self._planner.opening()
        others = planner.obstacles(*planner.load())
        for pose in poses:
            x, y, z = pose[:3, 3].tolist()
            self._controller.require_allowed(x, y, z)
            hit = planner.hit(Place(x, y, z, math.atan2(pose[1, 0], pose[0, 0])), others, opening)
            if hit is not None:
                raise InCollision(
                    f"leading {name!r} there, the hand would hit {hit!r} at ({x:.3f}, {y:.3f}, {z:.3f}); hold it "
                    "elsewhere, or lead it another way"
                )


def _yaw(quaternion: Quaternion) -> float:
    """Of a body's own x axis about the world's z, radians."""
    x, y, z, w = quaternion
    return math.atan2(2.0 * (w * z + x * y), 1.0 - 2.0 * (y * y + z * z))


def _poses(tool: Array, centre: Array, way: Array, turn: float) -> list[Array]:
    """Of the tool, 4x4, while what it holds goes `way` (3,), metres, and turns evenly about its upright axis."""
    count = max(4, math.ceil(float(np.linalg.norm(way)) / _STEP), math.ceil(abs(turn) / _TURN_STEP))
    poses = []
    for share in (np.arange(count) + 1.0) / count:
        rotation = turned(np.array([0.0, 0.0, turn * share]))
        pose = np.eye(4)
        pose[:3, :3] = rotation @ tool[:3, :3]
        pose[:3, 3] = centre + way * share + rotation @ (tool[:3, 3] - centre)
        poses.append(pose)
    return poses
