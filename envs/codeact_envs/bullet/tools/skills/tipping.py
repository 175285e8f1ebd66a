"""Tipping a body over onto its side."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codeact.tools import tool
from codeact_envs.bullet.bodies.parts import anchored
from codeact_envs.bullet.errors import InCollision, KeepOut, NotGraspable, OutOfReach
from codeact_envs.bullet.geometry.rotations import rotation_matrix, turn_between
from codeact_envs.bullet.handling.grasping import Grasp, grasps
from codeact_envs.bullet.handling.planner import Place
from codeact_envs.bullet.motion.kinematics import turned
from codeact_envs.bullet.tools.skills.skill import RETREAT, SETTLE_S, ArmSkill

Array = NDArray[np.float64]

_TURN_SPEED = 0.8  # radians per second
_OVER = 0.2  # radians that it is turned beyond the point from which it falls by itself
_MOST_TURN = 1.2  # radians that the hand leans: its side must stay off the table
_ABOVE_TABLE = 0.002  # metres between its lowest corner and the table when it is let go
_ASIDE = 0.01  # metres between it and the table while it is turned
_TOLERANCE = 0.2  # radians
_CLEAR_OPENING = 0.02  # metres that the pads open beyond its width
_BELOW_TOP = 0.004  # metres between its top and the tips of the fingers that hold it, at least
_FALLING_S = 0.3


@dataclass(frozen=True)
class _Tip:
    """How a body is tipped over.

    Attributes:
        place, grasp: where the hand takes hold of it.
        high: the tool's height while it is turned, metres.
        low: and where it is let go.
        turn: of the hand, (3,): an axis as long as the angle in radians, world frame.
    """

    place: Place
    grasp: Grasp
    high: float
    low: float
    turn: Array


class Tipping(ArmSkill):
    """The tool that turns a body over by its sides."""

    @tool(effect="physical")
    def tip(self, name: str, dx: float, dy: float) -> bool:
        """Grasp an object by its sides and tip it over by a quarter turn, towards (dx, dy), world frame: what was on
        top then faces that way, or along the side of the object nearest to it. Sideways, as the robot
        sees it, is easiest. True when it lies so, to 0.2 rad.

        Raises AlreadyHolding, NotGraspable (too wide, too flat, fixed, or a zone), OutOfReach, InCollision,
        UnknownObject.
        """
        perception, planner = self._perception, self._planner
        name = perception.resolve(name)
        spec = perception.spec(name)
        self._require_empty(f"tipping {name!r}")
        if spec.shape == "zone" or anchored(spec):
            raise NotGraspable(f"{name!r} cannot be tipped over: it is a zone, or stands fast")
        if math.hypot(dx, dy) < 1e-6:
            raise OutOfReach("(dx, dy) must say a direction in which the object is tipped, such as (-1, 0)")
        tip = self._reachable_tip(name, math.atan2(dy, dx))
        before = np.array(rotation_matrix(perception.pose(name).quaternion))
        quarter = turned(tip.turn / float(np.linalg.norm(tip.turn)) * (math.pi / 2.0))
        self._open(tip.grasp.opening)
        if not planner.travel(tip.place).reached:
            self._lift(RETREAT)
            return False
        self._squeeze()
        if self._held() != name:
            self._open(tip.grasp.opening)
            self._lift(RETREAT)
            return False
        self._turn_and_let_go(tip)
        after = np.array(rotation_matrix(perception.pose(name).quaternion))
        return float(np.linalg.norm(turn_between(after, quarter @ before))) <= _TOLERANCE

    def _turn_and_let_go(self, tip: _Tip) -> None:
        controller, place = self._controller, tip.place
        seconds = float(np.linalg.norm(tip.turn)) / _TURN_SPEED
        still = np.zeros(3)
        leaning = controller.move_line((place.x, place.y, tip.high)).reached and (
            controller.move_twist(still, tip.turn / seconds, seconds).reached
            and controller.move_line((place.x, place.y, tip.low)).reached
        )
        self._open(min(self._robot.gripper.opening, max(0.0, self._planner.opening()) + _CLEAR_OPENING))
        self._perception.settle(_FALLING_S if leaning else SETTLE_S)
        back = controller.tool()[:3, 3] - RETREAT * controller.tool()[:3, 2]
        controller.move_line(back.tolist())
        self._lift(RETREAT)
        upright = turn_between(controller.tool()[:3, :3], place.matrix[:3, :3])
        angle = float(np.linalg.norm(upright))
        if angle > 1e-3:
            controller.move_twist(still, upright / (angle / _TURN_SPEED), angle / _TURN_SPEED)
        self._perception.settle(SETTLE_S)

    def _reachable_tip(self, name: str, direction: float) -> _Tip:
        """The best grasp from which the hand can tip a body over in this direction, or nearly.

        Raises:
            NotGraspable, InCollision, OutOfReach, KeepOut: there is none.
        """
        planner, thing = self._planner, self.graspable(name)
        others = planner.obstacles(name)
        refusal: NotGraspable | InCollision | OutOfReach | KeepOut | None = None
        for grasp in grasps(self._robot.gripper, thing, direction):
            away = math.remainder(direction - grasp.yaw, math.pi)
            if abs(away) > math.pi / 4.0 + 1e-6:
                continue  # its other side is nearer to that direction
            towards = direction - away  # a multiple of half a turn from the tool's x axis
            # By its upper end: it falls towards the palm.
            z = max(grasp.z, thing.body.prism.high - self._robot.gripper.tip_below_tool - _BELOW_TOP)
            for half_turn in (0.0, math.pi):
                yaw = planner.natural_yaw(grasp.x, grasp.y, grasp.yaw) + half_turn
                place = Place(grasp.x, grasp.y, z, yaw)
                try:
                    hit = planner.hit(place, others, grasp.opening)
                    if hit is not None:
                        raise InCollision(f"cannot tip {name!r}: the hand would hit {hit!r}; move {hit!r} away first")
                    return self._tip_from(name, place, grasp, towards)
                except (NotGraspable, InCollision, OutOfReach, KeepOut) as error:
                    refusal = refusal or error
        raise refusal or NotGraspable(f"the hand finds no place at {name!r} from which it can tip it that way")

    def _tip_from(self, name: str, place: Place, grasp: Grasp, towards: float) -> _Tip:
        planner, kinematics = self._planner, self._controller.kinematics
        prism = self.graspable(name).body.prism
        along = abs(math.cos(towards - prism.yaw)) * prism.half_x + abs(math.sin(towards - prism.yaw)) * prism.half_y
        half_height = (prism.high - prism.low) / 2.0
        angle = math.atan2(along, half_height) + _OVER
        if angle > _MOST_TURN:
            raise NotGraspable(
                f"{name!r} is {2.0 * along:.3f} m wide and {2.0 * half_height:.3f} m high: too flat to be tipped over"
            )
        turn = angle * np.array([-math.sin(towards), math.cos(towards), 0.0])
        # Its middle goes round the tool centre point.
        offset = np.array([prism.x - place.x, prism.y - place.y, prism.low + half_height - place.z])
        below = half_height * math.cos(angle) + along * math.sin(angle) - float((turned(turn) @ offset)[2])
        low = prism.low + below + _ABOVE_TABLE
        high = prism.low + math.hypot(half_height, along) + float(np.linalg.norm(offset)) + _ASIDE
        start = planner.require_posture(place)
        for x, y, z in ((place.x, place.y, high), (place.x, place.y, low)):
            self._controller.require_allowed(x, y, z)
        raised = kinematics.line(start, np.array([place.x, place.y, high]))
        leaning = None if raised is None else kinematics.sweep(raised[0][-1], np.zeros(3), turn)
        lowered = None if leaning is None else kinematics.line(leaning[0][-1], np.array([place.x, place.y, low]))
        if lowered is None:
            raise OutOfReach(f"the arm cannot lean over {name!r} that way; tip it to another side, or move it")
        return _Tip(place, grasp, high, low, turn)
