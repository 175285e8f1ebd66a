"""Opening, closing, pressing and turning what has a joint: drawers, doors, buttons and knobs."""

from __future__ import annotations

import contextlib
import math

import numpy as np
from numpy.typing import NDArray

from codeact.tools import tool
from codeact_envs.bullet.bodies.articulation import Handle
from codeact_envs.bullet.bodies.clearance import Obstacle, Prism
from codeact_envs.bullet.bodies.parts import parts
from codeact_envs.bullet.errors import InCollision, KeepOut, NotArticulated, OutOfReach
from codeact_envs.bullet.handling.grasping import Grasp, handle_grasps
from codeact_envs.bullet.handling.planner import Place
from codeact_envs.bullet.motion.kinematics import turned
from codeact_envs.bullet.tools.skills.skill import RETREAT, SETTLE_S, ArmSkill

Array = NDArray[np.float64]

_VERBS = {"drawer": "pull_open", "door": "pull_open", "button": "press", "knob": "turn"}
_SPEED = 0.15  # metres per second of the hand with a handle in it
_FORCE = 40.0  # newtons with which a part may hold against the hand
_PRESS_SPEED = 0.05
_PRESS_FORCE = 25.0
_STEP = 0.02  # metres and
_TURN_STEP = 0.08  # radians between two poses of the hand on its way with a part
_TOLERANCE = 0.05  # of the travel, within which a part is where it should be
_TURN_TOLERANCE = 0.05  # radians
_PRESSED = 0.8  # of the travel
_LEAST_RADIUS = 0.1  # metres about an axis that count as the way of a hand that only turns
_MOST_GRIPS = 4  # for one turn
_ATTEMPTS = 2
_OFF_BUTTON = 0.03  # metres above it that the way down begins


class Articulated(ArmSkill):
    """Tools that move parts which slide or turn, by their handles."""

    @tool(effect="physical")
    def pull_open(self, name: str, fraction: float = 1.0) -> bool:
        """Grasp the handle of a drawer or a door and move it until it is open by `fraction` of its travel, in [0, 1].
        True when it is, to 5 percent of the travel.

        Raises AlreadyHolding, NotArticulated (it does not open, or its handle is not seen), OutOfReach, InCollision
        (something in the way of the hand), UnknownObject.
        """
        name = self._jointed(name, "pull_open")
        if not 0.0 <= fraction <= 1.0:
            raise OutOfReach(f"fraction must be from 0 (closed) to 1 (open), not {fraction:g}")
        self._require_empty(f"opening {name!r}")
        joint = self._perception.joint(name)
        travel = joint.upper - joint.lower
        return self._guide(name, joint.lower + fraction * travel, _TOLERANCE * travel)

    @tool(effect="physical")
    def push_shut(self, name: str) -> bool:
        """Grasp the handle of a drawer or a door and close it. True when it is closed, to 5 percent of its travel.

        Raises as pull_open.
        """
        return self.pull_open(name, 0.0)

    @tool(effect="physical")
    def turn(self, name: str, angle: float) -> bool:
        """Grasp a knob from above and turn it by `angle` radians, counterclockwise seen from above. True when it turned
        by that, to 0.05 rad.

        Raises AlreadyHolding, NotArticulated (it is no knob), OutOfReach (the knob or the arm turns less far),
        InCollision, UnknownObject.
        """
        name = self._jointed(name, "turn")
        self._require_empty(f"turning {name!r}")
        handle = self._perception.handle(name)
        joint, sign = handle.joint, math.copysign(1.0, handle.axis[2])
        goal = joint.position + sign * angle
        if not joint.lower - _TURN_TOLERANCE <= goal <= joint.upper + _TURN_TOLERANCE:
            ends = sorted(sign * (end - joint.position) + 0.0 for end in (joint.lower, joint.upper))  # no -0.00
            raise OutOfReach(f"from here {name!r} can be turned by {ends[0]:.2f} to {ends[1]:.2f} rad, not {angle:g}")
        return self._guide(name, min(max(goal, joint.lower), joint.upper), _TURN_TOLERANCE)

    @tool(effect="physical")
    def press(self, name: str) -> bool:
        """Press a button from above with the closed fingers, then let go. True when it went down by 80 percent of its
        travel.

        Raises AlreadyHolding, NotArticulated (it is no button), OutOfReach, InCollision, UnknownObject.
        """
        name = self._jointed(name, "press")
        self._require_empty(f"pressing {name!r}")
        planner, handle = self._planner, self._perception.handle(name)
        x, y, z = handle.pose.position
        tip = self._robot.gripper.tip_below_tool
        above = Place(x, y, z + handle.size[2] / 2.0 + tip + _OFF_BUTTON, planner.natural_yaw(x, y, 0.0))
        down = above.at(above.z - _OFF_BUTTON - (handle.joint.upper - handle.joint.position))
        for place in (above, down):
            planner.require_posture(place)
            hit = planner.hit(place, planner.obstacles(name), 0.0)
            if hit is not None:
                raise InCollision(f"cannot press {name!r}: the hand would hit {hit!r}; move {hit!r} away first")
        self._squeeze()
        if not planner.travel(above).reached:
            return False
        length = above.z - down.z
        poses = [above.at(above.z - length * share).matrix for share in _shares(length, 0.0)]
        self._controller.move_through(poses, length, _PRESS_SPEED, _PRESS_FORCE)
        pressed = self._perception.joint(name).fraction >= _PRESSED
        self._lift(RETREAT)
        return pressed

    def _jointed(self, name: str, verb: str) -> str:
        """The thing's name, when that is what is done with it."""
        name = self._perception.resolve(name)
        shape = self._perception.spec(name).shape
        self._perception.joint(name)
        if _VERBS.get(shape) != verb:
            raise NotArticulated(f"{name!r} is a {shape}: use {_VERBS.get(shape, 'another tool')} for it, not {verb}")
        return name

    def _guide(self, name: str, goal: float, tolerance: float) -> bool:
        """Move the joint of a part to `goal` by its handle. Whether it came there; a slip is made good once."""
        for _ in range(_ATTEMPTS):
            if abs(goal - self._perception.joint(name).position) <= tolerance / 2.0:
                break
            for left in range(self._grips(name, goal), 0, -1):
                now = self._perception.joint(name).position
                if not self._guide_once(name, now + (goal - now) / left):
                    break
        return abs(goal - self._perception.joint(name).position) <= tolerance

    def _grips(self, name: str, goal: float) -> int:
        """How often the hand must take hold anew, where the arm cannot turn so far at once."""
        start = self._perception.joint(name).position
        for grips in range(1, _MOST_GRIPS):
            with contextlib.suppress(OutOfReach):
                self._grasp_for(name, start + (goal - start) / grips)
                return grips
        self._grasp_for(name, start + (goal - start) / _MOST_GRIPS)
        return _MOST_GRIPS

    def _guide_once(self, name: str, goal: float) -> bool:
        place, grasp, poses, length = self._grasp_for(name, goal)
        self._open(grasp.opening)
        if not self._planner.travel(place).reached:
            return False
        self._squeeze()
        reached = self._held() == name and self._controller.move_through(poses, length, _SPEED, _FORCE).reached
        self._open(grasp.opening)
        self._lift(RETREAT)
        self._perception.settle(SETTLE_S)
        return reached

    def _grasp_for(self, name: str, goal: float) -> tuple[Place, Grasp, list[Array], float]:
        """A grasp from which the hand can take the part to `goal`: where, how, the poses on the way and its length."""
        perception, planner = self._perception, self._planner
        handle = perception.handle(name)
        x, y, _ = handle.pose.position
        natural = self._controller.kinematics.bearing(x, y)
        others, own = planner.obstacles(name), self._beside_grip(name, handle)
        refusal: InCollision | OutOfReach | KeepOut | None = None
        for grasp in handle_grasps(self._robot.gripper, handle, natural):
            for turn in (0.0, math.pi):
                place = Place(x, y, grasp.z, planner.natural_yaw(x, y, grasp.yaw) + turn)
                poses, length = _way(place.matrix, handle, goal)
                try:
                    self._require_free(name, [place.matrix], [*others, *own], grasp.opening)
                    self._require_free(name, poses, others, grasp.opening)
                    if self._controller.kinematics.through(planner.require_posture(place), poses) is None:
                        raise OutOfReach(f"the arm cannot take the handle of {name!r} that far")
                except (OutOfReach, KeepOut, InCollision) as error:
                    # What stands in the way of one grasp tells less than how far the arm would go with another.
                    refusal = error if refusal is None or isinstance(error, OutOfReach | KeepOut) else refusal
                    continue
                return place, grasp, poses, length
        assert refusal is not None
        raise refusal

    def _require_free(self, name: str, poses: list[Array], bodies: list[Obstacle], opening: float) -> None:
        for pose in poses:
            x, y, z = pose[:3, 3].tolist()
            self._controller.require_allowed(x, y, z)
            hit = self._planner.hit(Place(x, y, z, math.atan2(pose[1, 0], pose[0, 0])), bodies, opening)
            if hit is not None:
                what = "the body of it" if hit == name else repr(hit)
                raise InCollision(f"the hand at the handle of {name!r} would hit {what}; free the way first")

    def _beside_grip(self, name: str, handle: Handle) -> list[Obstacle]:
        """The parts of a thing but for the one that is taken hold of."""
        perception = self._perception
        x, y, z = handle.pose.position
        point = Prism(name, x, y, 0.0, 0.0, 0.0, z, z)
        found = parts(name, perception.spec(name), perception.pose(name), perception.joint_position(name))
        return [part for part in found if not part.blocks(point, 1e-3)]


def _way(start: Array, handle: Handle, goal: float) -> tuple[list[Array], float]:
    """Poses of a hand that takes a handle along until the joint is at `goal`, and the length of that way, metres."""
    change, axis = goal - handle.joint.position, np.array(handle.axis)
    if handle.kind == "prismatic":
        poses = []
        for share in _shares(abs(change), 0.0):
            pose = start.copy()
            pose[:3, 3] += axis * change * share
            poses.append(pose)
        return poses, abs(change)
    origin = np.array(handle.origin)
    away = start[:3, 3] - origin
    radius = float(np.linalg.norm(away - axis * (axis @ away)))
    poses = []
    for share in _shares(radius * abs(change), abs(change)):
        turn = turned(axis * change * share)
        pose = np.eye(4)
        pose[:3, :3], pose[:3, 3] = turn @ start[:3, :3], origin + turn @ away
        poses.append(pose)
    return poses, max(radius, _LEAST_RADIUS) * abs(change)


def _shares(length: float, angle: float) -> list[float]:
    """Even shares of a way, up to 1, as many as it needs to be smooth."""
    count = max(4, math.ceil(length / _STEP), math.ceil(angle / _TURN_STEP))
    return [(index + 1) / count for index in range(count)]
