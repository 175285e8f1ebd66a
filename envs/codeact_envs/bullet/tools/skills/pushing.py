"""Pushing a body along the table."""

from __future__ import annotations

import math

from codeact.tools import tool
from codeact_envs.bullet.bodies.clearance import Obstacle, obstacle
from codeact_envs.bullet.errors import InCollision, KeepOut, NotGraspable, OutOfReach
from codeact_envs.bullet.handling.planner import Place
from codeact_envs.bullet.tools.skills.skill import RETREAT, SETTLE_S, ArmSkill

_PUSH_SPEED = 0.1  # metres per second
_PUSH_TOLERANCE = 0.01  # metres
_PUSH_ATTEMPTS = 4
_PUSH_GAP = 0.015  # metres between gripper and body before the push begins


class Pushing(ArmSkill):
    """The tool that pushes with the closed gripper."""

    @tool(effect="physical")
    def push(self, name: str, dx: float, dy: float) -> bool:
        """Push an object in a straight line with the closed gripper, by (dx, dy) metres, world frame.

        True when it ends within 1.5 cm of there. Raises AlreadyHolding, OutOfReach, InCollision, UnknownObject.
        """
        perception = self._perception
        name = perception.resolve(name)
        spec = perception.spec(name)
        self._require_empty(f"pushing {name!r}")
        if spec.shape == "zone":
            raise NotGraspable(f"{name!r} is a flat zone on the table; it cannot be pushed")
        x, y, _ = perception.pose(name).position
        goal_x, goal_y = x + dx, y + dy
        self._controller.require_allowed(goal_x, goal_y, self._push_height(name))
        for attempt in range(_PUSH_ATTEMPTS):
            x, y, _ = perception.pose(name).position
            if math.hypot(goal_x - x, goal_y - y) <= _PUSH_TOLERANCE:
                break
            try:
                self._push_once(name, goal_x, goal_y)
            except (OutOfReach, KeepOut, InCollision):
                if attempt == 0:
                    raise
                break
        x, y, _ = perception.pose(name).position
        return math.hypot(goal_x - x, goal_y - y) <= 1.5 * _PUSH_TOLERANCE

    def _push_height(self, name: str) -> float:
        perception = self._perception
        prism = obstacle(name, perception.spec(name), perception.pose(name)).prism
        lowest = prism.low + self._robot.gripper.tip_below_tool + 0.004
        return max(lowest, (prism.low + prism.high) / 2.0)

    def _push_once(self, name: str, goal_x: float, goal_y: float) -> None:
        perception, planner, gripper = self._perception, self._planner, self._robot.gripper
        body = obstacle(name, perception.spec(name), perception.pose(name))
        prism = body.prism
        direction = math.atan2(goal_y - prism.y, goal_x - prism.x)
        c, s = math.cos(direction), math.sin(direction)
        # The closed fingers' broad side, along the tool's y axis, faces the body.
        x, y, z = prism.x, prism.y, self._push_height(name)
        yaw = planner.natural_yaw(x, y, direction)
        reach = self._extent_along(body, direction) + gripper.finger_width / 2.0
        begin = Place(x - c * (reach + _PUSH_GAP), y - s * (reach + _PUSH_GAP), z, yaw)
        end = Place(goal_x - c * reach, goal_y - s * reach, z, yaw)
        planner.require_posture(begin)
        planner.require_posture(end)
        hit = planner.hit(begin, planner.obstacles(name), 0.0)
        if hit is not None:
            raise InCollision(f"cannot push {name!r} that way: the gripper would hit {hit!r} behind it")
        self._squeeze()
        if not planner.travel(begin).reached:
            return
        self._controller.move_line(end.position, _PUSH_SPEED)
        back = Place(end.x - c * 0.01, end.y - s * 0.01, z, yaw)
        self._controller.move_line(back.position, _PUSH_SPEED)
        self._lift(RETREAT)
        perception.settle(SETTLE_S)

    @staticmethod
    def _extent_along(body: Obstacle, direction: float) -> float:
        """From the body's centre to its side, along a direction."""
        if body.radius is not None:
            return body.radius
        along = abs(math.cos(direction - body.prism.yaw))
        across = abs(math.sin(direction - body.prism.yaw))
        return min(
            body.prism.half_x / along if along > 1e-9 else math.inf,
            body.prism.half_y / across if across > 1e-9 else math.inf,
        )
