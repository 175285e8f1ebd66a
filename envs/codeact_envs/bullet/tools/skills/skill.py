"""What every skill of an arm stands on."""

from __future__ import annotations

import contextlib
import math

from codeact_envs.bullet.bodies.clearance import Prism, obstacle
from codeact_envs.bullet.bodies.parts import parts, placed_solids
from codeact_envs.bullet.errors import AlreadyHolding, NothingHeld, OutOfReach
from codeact_envs.bullet.geometry.poses import Quaternion, Vector3
from codeact_envs.bullet.handling.grasping import Graspable
from codeact_envs.bullet.handling.letting_go import support
from codeact_envs.bullet.handling.planner import Planner
from codeact_envs.bullet.perception.view import Perception, Privileged
from codeact_envs.bullet.world import BulletWorld

LIFT = 0.08  # metres that a picked body is raised
RETREAT = 0.06  # metres straight up after letting go
SETTLE_S = 0.15  # after letting go, before looking
CLEAR_OPENING = 0.024  # metres that the pads open beyond a body's width to let it go
_PLACE_TOLERANCE = 0.03  # metres, horizontal, between where a body was put and where it should be
_HEIGHT_TOLERANCE = 0.015  # metres, between the height where a body was let go and where it lies


class ArmSkill:
    """One arm of a world, the first one unless another is named, and what it perceives: the truth, unless another
    perception is given. Skills derive from it and share it."""

    def __init__(self, world: BulletWorld, arm: str | None = None, perception: Perception | None = None) -> None:
        name = world.arm_name(arm)
        self._name = name
        self._world = world
        self._perception = perception or Privileged(world)
        self._planner = Planner(world, name, self._perception)
        self._arm = world.arms[name]
        self._robot = self._arm.robot
        self._controller = world.controllers[name]

    def _held(self) -> str | None:
        return self._perception.held(self._name)

    def graspable(self, name: str) -> Graspable:
        """A thing as a hand sees it, by its exact name."""
        perception = self._perception
        spec, pose, room = perception.spec(name), perception.pose(name), perception.room(name)
        own = parts(name, spec, pose, perception.joint_position(name))
        rim = room if room is not None and room.round else None
        return Graspable(obstacle(name, spec, pose), tuple(own) if len(own) > 1 else (), perception.grips(name), rim)

    def _require_empty(self, before: str) -> None:
        holding = self._held()
        if holding is not None:
            raise AlreadyHolding(f"the gripper holds {holding!r}; place it before {before}")

    def _open(self, opening: float) -> None:
        self._controller.open(opening)
        self._perception.gripper_moved()

    def _squeeze(self, force: float | None = None) -> int | None:
        found = self._controller.squeeze(force)
        self._perception.gripper_moved()
        return found

    def _lift(self, by: float) -> None:
        now = self._planner.place_now()
        top = self._controller.highest
        if now.z < top:
            with contextlib.suppress(OutOfReach):
                self._controller.move_line((now.x, now.y, min(top, now.z + by)))

    def _carried(self) -> Prism:
        carried, _ = self._planner.hanging()
        if carried is None:
            raise NothingHeld("the gripper lost what it held")
        return carried

    def _stands(self, name: str, x: float, y: float, surface: float | None) -> bool:
        """Whether a thing that was let go over (x, y), at that height of its underside, stays there."""
        perception = self._perception
        if name not in perception.names():
            return False
        end_x, end_y, _ = perception.pose(name).position
        prism = obstacle(name, perception.spec(name), perception.pose(name)).prism
        fell = surface is not None and abs(prism.low - surface) > _HEIGHT_TOLERANCE
        near = math.hypot(end_x - x, end_y - y) <= _PLACE_TOLERANCE
        return self._held() is None and not fell and near and not self._hangs_in_the_air(name, prism)

    def _hangs_in_the_air(self, name: str, prism: Prism) -> bool:
        """Whether a thing hangs where the hand went: a pad may draw it up, although the hand is open."""
        high = RETREAT / 2.0
        return prism.low > high and prism.low - support(prism, self._planner.obstacles(name)) > high

    def _underside(self, name: str) -> float:
        """Height of the lowest point of a thing, however it leans in the hand, metres."""
        perception = self._perception
        solids = placed_solids(perception.spec(name), perception.pose(name), perception.joint_position(name))
        return min(
            pose.position[2]
            - sum(abs(up) * extent / 2.0 for up, extent in zip(_up(pose.quaternion), solid.size, strict=True))
            for solid, pose in solids
        )


def _up(quaternion: Quaternion) -> Vector3:
    """The world's z axis in a body's own frame."""
    x, y, z, w = quaternion
    return (2.0 * (x * z - w * y), 2.0 * (y * z + w * x), 1.0 - 2.0 * (x * x + y * y))
