"""Taking hold of a body from its side, where no hand comes to it from above, and putting down what is held so."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from codeact_envs.bullet.bodies.clearance import Obstacle, Prism, obstacle
from codeact_envs.bullet.errors import InCollision, KeepOut, OutOfReach
from codeact_envs.bullet.geometry.rotations import rotation_matrix
from codeact_envs.bullet.handling.letting_go import release_height, support
from codeact_envs.bullet.handling.planner import MARGIN
from codeact_envs.bullet.handling.side_grasping import level_hand, side_grasps
from codeact_envs.bullet.handling.side_motion import BACK, SideMotion, SideWay, ahead, is_level, turned_about
from codeact_envs.bullet.tools.skills.skill import CLEAR_OPENING, LIFT, SETTLE_S, ArmSkill

Array = NDArray[np.float64]

_UPRIGHT = 0.98  # cosine of the angle between one of a body's axes and the vertical, within which it stands
_SHALLOW = 0.025  # metres of a room's depth up to which its walls are in no hand's way
_OFF = 0.01  # metres that a body is raised before it is drawn out
_SHARES_OFF = (1.0, 0.5, 0.25)  # of it, or of more, tried in this order
_UNDER = 0.008  # metres that it keeps from what is over it, more than free ways keep
_SUNK = 0.002  # metres that what is held may sink lower in the hand before the hand stays higher for it
_SPEED = 0.15  # metres per second on straight lines
_SHARES = (1.0, 0.75, 0.5)  # of the way back, tried in this order
_OVER = (0.06, 0.02)  # metres over its place from where a body comes down
_TURNS = 12  # about the vertical, where any will do


class FromTheSide(ArmSkill):
    """What the tools do with a hand that lies level."""

    def _level(self) -> bool:
        return is_level(self._controller.tool())

    def _side_grasp(self, name: str) -> tuple[float, SideWay] | None:
        """How far the pads open for a grasp from the side, metres, and a free way there; None where there is none.
        Nothing moves."""
        if not self._can_be_drawn_out(name):
            return None
        planner, gripper = self._planner, self._robot.gripper
        thing, others = self.graspable(name), planner.obstacles(name)
        natural = self._controller.kinematics.bearing(thing.body.prism.x, thing.body.prism.y)
        clear: dict[float, list[Array]] = {}  # poses of the tool, by opening
        for grasp in side_grasps(gripper, thing, natural):
            hand = grasp.hand(gripper)
            blocked = any(body.blocks(prism, MARGIN) for body in others for prism in hand)
            if not blocked and _can_rise([thing.body.prism, *hand], others):
                clear.setdefault(grasp.opening, []).extend(grasp.poses())
        motion = SideMotion(self._arm, planner.around(), self._controller) if clear else None
        ways = ((opening, motion.to(name, poses, opening)) for opening, poses in clear.items() if motion is not None)
        return next(((opening, way) for opening, way in ways if way is not None), None)

    def _can_be_drawn_out(self, name: str) -> bool:
        """Whether a thing stands upright, and nothing stands on it."""
        perception = self._perception
        pose, room = perception.pose(name), perception.room(name)
        if max(abs(value) for value in rotation_matrix(pose.quaternion)[2]) < _UPRIGHT:
            return False
        return not any(
            perception.rests(other, name) and not (room and room.contains(perception.pose(other).position))
            for other in perception.names()
            if other != name and perception.spec(other).shape != "zone"
        )

    def _pick_from_the_side(self, name: str, opening: float, way: SideWay) -> bool:
        self._open(opening)
        if not self._follow_way(way):
            self._withdraw()
            return False
        self._squeeze()
        if self._held() != name:
            self._open(opening)
            self._withdraw()
            return False
        self._raise(_OFF)
        if not self._draw_back():
            return False
        self._raise(LIFT)
        return self._held() == name

    def _draw_back(self) -> bool:
        """Straight back, as far as the arm can. Whether the hand came so far."""
        here = self._controller.tool()
        for share in _SHARES:
            with contextlib.suppress(OutOfReach, KeepOut, InCollision):
                return self._controller.move_line(ahead(here, -BACK * share)[:3, 3].tolist(), _SPEED).reached
        return False

    def _follow_way(self, way: SideWay) -> bool:
        """Whether the hand came to the end of a way."""
        return self._follow_legs(way) and self._controller.move_line(way.pose[:3, 3].tolist(), _SPEED).reached

    def _follow_legs(self, way: SideWay) -> bool:
        """Whether the hand came to where the last straight line begins."""
        return all(self._controller.move_joints(leg).reached for leg in way.legs)

    def _raise(self, by: float) -> None:
        """Straight up with what is held, as far as nothing is in its way."""
        carried, here = self._carried(), self._controller.tool()
        others = self._planner.obstacles(*self._planner.load())
        for height in (by * share for share in _SHARES_OFF):
            x, y, z = here[:3, 3].tolist()
            up = (x, y, min(self._controller.highest, z + height))
            swept = [replace(carried, high=carried.high + height), *self._level_hand(up)]
            if any(body.blocks(prism, _UNDER) for body in others for prism in swept):
                continue
            with contextlib.suppress(OutOfReach, KeepOut, InCollision):
                self._controller.move_line(up, _SPEED)
                return

    def _level_hand(self, position: tuple[float, float, float]) -> list[Prism]:
        tool = self._controller.tool()
        bearing = math.atan2(tool[1, 2], tool[0, 2])
        return level_hand(self._robot.gripper, position, bearing, self._planner.opening())

    def _withdraw(self) -> None:
        """Back from what stands before the hand, and home, as far as that is free."""
        self._draw_back()
        with contextlib.suppress(OutOfReach, KeepOut, InCollision):
            self._planner.around().to_joints(self._arm.home)

    # Putting down

    def _require_no_walls(self, name: str, target: str) -> None:
        """Raise `InCollision` where a hand that lies level would come into the walls of what a thing goes into."""
        room = self._perception.room(target) if self._level() else None
        if room is not None and room.size[2] > _SHALLOW:
            raise InCollision(
                f"{name!r} is held from its side, and the hand does not fit into {target!r} with it; put it down where "
                "nothing is over it, and pick it from above"
            )

    def _level_turns(self, name: str, x: float, y: float, yaw: float, exact: bool) -> list[float]:
        """By how much what is held may turn about the vertical, radians, so that it comes to `yaw` as `place_at` and
        its kin take it; the easiest for the arm first."""
        perception, tool = self._perception, self._controller.tool()
        carried = obstacle(name, perception.spec(name), perception.pose(name))
        easiest = self._controller.kinematics.bearing(x, y) - math.atan2(tool[1, 2], tool[0, 2])
        if exact:
            rotation = rotation_matrix(perception.pose(name).quaternion)
            straight = yaw - math.atan2(rotation[1][0], rotation[0][0])
            groups = [[straight, straight + math.pi]]
        else:
            parallel = [yaw - carried.prism.yaw + k * math.pi / 2.0 for k in range(4)]
            others = [easiest + math.tau * k / _TURNS for k in range(_TURNS)]
            groups = [others] if carried.radius is not None else [parallel, others]

        def from_easiest(turn: float) -> float:
            return round(abs(math.remainder(turn - easiest, math.tau)), 6)

        return [turn for group in groups for turn in sorted(group, key=from_easiest)]

    def _put_level(
        self, name: str, x: float, y: float, turns: Sequence[float], others: list[Obstacle], surface: float | None
    ) -> bool:
        """Carry what is held over (x, y), lower it, let go and draw the hand back."""
        opening = min(self._robot.gripper.opening, max(0.0, self._planner.opening()) + CLEAR_OPENING)
        way = self._way_down(name, x, y, turns, others, surface, opening)
        hangs = float(self._controller.tool()[2, 3]) - self._carried().low
        if not self._follow_legs(way) or self._held() != name:
            return False
        end, sunk = way.pose[:3, 3].copy(), self._hangs(name) - hangs
        end[2] += sunk if sunk > _SUNK else 0.0
        if not self._controller.move_line(end.tolist(), _SPEED).reached or self._held() != name:
            return False
        self._open(opening)
        self._withdraw()
        self._perception.settle(SETTLE_S)
        return self._stands(name, x, y, surface)

    def _hangs(self, name: str) -> float:
        """How far what is held reaches below the tool at most, metres: on its way it may have come to lean between the
        pads."""
        pose, size = self._perception.pose(name), self._perception.size(name)
        upward = rotation_matrix(pose.quaternion)[2]
        half = sum(abs(along) * extent / 2.0 for along, extent in zip(upward, size, strict=True))
        return float(self._controller.tool()[2, 3]) - pose.position[2] + half

    def _way_down(
        self,
        name: str,
        x: float,
        y: float,
        turns: Sequence[float],
        others: list[Obstacle],
        surface: float | None,
        opening: float,
    ) -> SideWay:
        poses: list[tuple[Array, list[Array]]] = []
        refusal: OutOfReach | KeepOut | InCollision | None = None
        for pose in self._level_poses(x, y, turns, others, surface):
            position = (float(pose[0, 3]), float(pose[1, 3]), float(pose[2, 3]))
            try:
                self._controller.require_allowed(*position)
            except (OutOfReach, KeepOut) as error:
                refusal = refusal or error
                continue
            bearing = math.atan2(pose[1, 2], pose[0, 2])
            hand = level_hand(self._robot.gripper, position, bearing, opening)
            hit = next((body for body in others if any(body.blocks(prism, MARGIN) for prism in hand)), None)
            if hit is not None:
                refusal = refusal or InCollision(
                    f"no room to let go at ({x:.3f}, {y:.3f}): the hand, which lies level, would hit "
                    f"{hit.prism.name!r}; move it or choose another place"
                )
                continue
            poses.append((pose, _overs(pose)))
        way = SideMotion(self._arm, self._planner.around(), self._controller).down(name, poses)
        if way is not None:
            return way
        raise refusal or OutOfReach(
            f"the arm finds no way to put {name!r} down at ({x:.3f}, {y:.3f}) with the hand level, as it holds it; "
            "choose another place"
        )

    def _level_poses(
        self, x: float, y: float, turns: Sequence[float], others: list[Obstacle], surface: float | None
    ) -> Iterator[Array]:
        """Poses of the tool where it lets go, 4x4, world frame."""
        carried, tool = self._carried(), self._controller.tool()
        for turn in turns:
            pose = turned_about(tool, carried.x, carried.y, turn, x, y)
            footprint = replace(carried, x=x, y=y, yaw=carried.yaw + turn)
            height = support(footprint, others) if surface is None else surface
            pose[2, 3] = release_height(height, float(tool[2, 3]) - carried.low)
            yield pose


def _can_rise(prisms: Sequence[Prism], others: Sequence[Obstacle]) -> bool:
    """Whether what is over them leaves room to raise all of these off what they stand on. What is dragged along tips
    over in the hand."""
    room = _OFF * _SHARES_OFF[-1] + _UNDER
    raised = [replace(prism, high=prism.high + room) for prism in prisms]
    return not any(body.blocks(prism, 0.0) for body in others for prism in raised)


def _overs(pose: Array) -> list[Array]:
    """Poses from where a hand comes to `pose` in a straight line: from over it, or before it."""
    found = []
    for height in _OVER:
        over = pose.copy()
        over[2, 3] += height
        found.append(over)
    before = ahead(pose, -BACK)
    before[2, 3] += _OFF
    return [*found, before]
