"""Pushing a body along the table."""

from __future__ import annotations

import math

from codeact.tools import tool
from codeact_envs.bullet.bodies.clearance import Obstacle, obstacle
from codeact_envs.bullet.errors import InCollision, KeepOut, NotGraspable, OutOfReach, TooFast
from codeact_envs.bullet.handling.planner import Place
from codeact_envs.bullet.tools.skills.skill import RETREAT, SETTLE_S, ArmSkill

_PUSH_SPEED = 0.1  # metres per second
_PUSH_TOLERANCE = 0.01  # metres
_PUSH_ATTEMPTS = 4
_SHOVE_GAP = 0.003  # the same where it must not be struck, but be taken along
_LOOK_EVERY_S, _LONGEST_SLIDE, _STILL = 0.2, 40, 0.001  # seconds, looks, and metres from one to the next
_PUSH_GAP = 0.015  # metres between gripper and body before the push begins


class Pushing(ArmSkill):
    """Tools that push with the closed gripper."""

    @tool(effect="physical")
    def push(self, name: str, dx: float, dy: float) -> bool:
        """Push an object in a straight line with the closed gripper, by (dx, dy) metres, world frame.

        True when it ends within 1.5 cm of there. Raises AlreadyHolding, OutOfReach, InCollision, UnknownObject.
        """
        perception = self._perception
        name = perception.resolve(name)
        self._require_empty(f"pushing {name!r}")
        self._require_pushable(name)
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

    @tool(effect="physical")
    def shove(self, name: str, dx: float, dy: float, speed: float) -> bool:
        """Push an object by (dx, dy) metres at `speed`, metres per second, and stop short there, so that it leaves the
        gripper at that speed and slides on by itself; wait until it lies still. True when the gripper pushed it so far.

        With the coefficient of friction m it slides on by speed**2 / (2 * 9.81 * m) metres. Raises AlreadyHolding,
        OutOfReach, TooFast (the arm is not that fast along this line), InCollision, UnknownObject.
        """
        perception = self._perception
        name = perception.resolve(name)
        self._require_empty(f"shoving {name!r}")
        self._require_pushable(name)
        self._controller.require_speed(speed)
        x, y, _ = perception.pose(name).position
        self._controller.require_allowed(x + dx, y + dy, self._push_height(name))
        # It goes ahead of the gripper as soon as that brakes: that way is added.
        beyond = 1.0 + speed * self._robot.motion.stop_time / 2.0 / max(math.hypot(dx, dy), 1e-6)
        pushed = self._push_once(name, x + beyond * dx, y + beyond * dy, speed, _SHOVE_GAP)
        for _ in range(_LONGEST_SLIDE):
            before = perception.pose(name).position
            perception.settle(_LOOK_EVERY_S)
            if math.dist(before, perception.pose(name).position) < _STILL:
                break
        return pushed

    def _require_fast_enough(self, name: str, begin: Place, end: Place, speed: float) -> None:
        fastest = self._controller.fastest_line(self._planner.require_posture(begin), end.position)
        if fastest is not None and speed > fastest:
            most = math.floor(fastest * 1000.0) / 1000.0
            raise TooFast(f"along this line the arm pushes {name!r} at {most:.3f} m/s at most, not {speed:g}")

    def _require_pushable(self, name: str) -> None:
        if self._perception.spec(name).shape == "zone":
            raise NotGraspable(f"{name!r} is a flat zone on the table; it cannot be pushed")

    def _push_once(
        self, name: str, goal_x: float, goal_y: float, speed: float = _PUSH_SPEED, gap: float = _PUSH_GAP
    ) -> bool:
        """Whether the gripper came to where it should have pushed it."""
        perception, planner, gripper = self._perception, self._planner, self._robot.gripper
        body = obstacle(name, perception.spec(name), perception.pose(name))
        prism = body.prism
        direction = math.atan2(goal_y - prism.y, goal_x - prism.x)
        c, s = math.cos(direction), math.sin(direction)
        # The closed fingers' broad side, along the tool's y axis, faces the body.
        x, y, z = prism.x, prism.y, self._push_height(name)
        yaw = planner.natural_yaw(x, y, direction)
        reach = self._extent_along(body, direction) + gripper.finger_width / 2.0
        begin = Place(x - c * (reach + gap), y - s * (reach + gap), z, yaw)
        end = Place(goal_x - c * reach, goal_y - s * reach, z, yaw)
        planner.require_posture(begin)
        planner.require_posture(end)
        hit = planner.hit(begin, planner.obstacles(name), 0.0)
        if hit is not None:
            raise InCollision(f"cannot push {name!r} that way: the gripper would hit {hit!r} behind it")
        self._require_fast_enough(name, begin, end, speed)
        self._squeeze()
        if not planner.travel(begin).reached:
            return False
        pushed = self._controller.move_line(end.position, speed).reached
        back = Place(end.x - c * 0.01, end.y - s * 0.01, z, yaw)
        self._controller.move_line(back.position, _PUSH_SPEED)
        self._lift(RETREAT)
        perception.settle(SETTLE_S)
        return pushed

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
