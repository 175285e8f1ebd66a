"""Where the hand can go with the tool pointing down, and how it gets there over what stands on the table."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from codeact_envs.bullet.arms.controller import MotionResult
from codeact_envs.bullet.bodies.clearance import ARM_ABOVE_PALM, Obstacle, Prism, hand, obstacle, wrap_half_turn
from codeact_envs.bullet.bodies.parts import parts
from codeact_envs.bullet.errors import InCollision, KeepOut, OutOfReach
from codeact_envs.bullet.handling.free_motion import FreeMotion
from codeact_envs.bullet.motion.collisions import Hit
from codeact_envs.bullet.perception.seen import within
from codeact_envs.bullet.perception.view import Perception, Privileged

if TYPE_CHECKING:
    from codeact_envs.bullet.world import BulletWorld

Array = NDArray[np.float64]

MARGIN = 0.004  # metres kept between the hand and every body
_ABOVE = 0.03  # metres kept between what moves across and the tallest body
_LOWEST_TRANSIT = 0.14  # metres of the tool above the table when it moves across
_NO_RISE = 0.005  # metres below the height of a travel from which the hand need not go up first
_SAMPLE = 0.02  # metres between two places where a path is looked at


@dataclass(frozen=True)
class Place:
    """A place of the tool centre point, pointing down: metres, world frame; `yaw` of the tool's x axis, radians."""

    x: float
    y: float
    z: float
    yaw: float

    def at(self, z: float) -> Place:
        return Place(self.x, self.y, z, self.yaw)

    @property
    def position(self) -> tuple[float, float, float]:
        return (self.x, self.y, self.z)

    @property
    def matrix(self) -> Array:
        c, s = math.cos(self.yaw), math.sin(self.yaw)
        return np.array([[c, s, 0.0, self.x], [s, -c, 0.0, self.y], [0.0, 0.0, -1.0, self.z], [0.0, 0.0, 0.0, 1.0]])


class Planner:
    """Plans and runs travels of the downward hand of one arm of a world, the first one unless another is named, around
    what is perceived: the truth, unless another perception is given."""

    def __init__(self, world: BulletWorld, arm: str | None = None, perception: Perception | None = None) -> None:
        name = world.arm_name(arm)
        self._name, self._world = name, world
        self._perception = perception or Privileged(world)
        self._arm = world.arms[name]
        self._robot = self._arm.robot
        self._controller = world.controllers[name]
        self._kinematics = self._controller.kinematics
        self._hand = frozenset({self._arm.tool_link, *self._arm.fingers})
        self._free_motion: FreeMotion | None = None

    # What is there

    def obstacles(self, *without: str) -> list[Obstacle]:
        """The bodies of the episode that take room, part by part as they stand now, without those named."""
        perception = self._perception
        found = []
        for name in perception.names():
            spec = perception.spec(name)
            if spec.shape != "zone" and name not in without:
                found += parts(name, spec, perception.pose(name), perception.joint_position(name))
        return found

    def load(self) -> list[str]:
        """Names of what the gripper holds, and of what lies in that and comes along."""
        perception = self._perception
        held = perception.held(self._name)
        if held is None:
            return []
        if perception.room(held) is None:
            return [held]
        inside = [name for name in perception.names() if name != held and perception.rests(name, held)]
        return [held, *(name for name in inside if within(perception.seen(name), perception.seen(held)))]

    def place_now(self) -> Place:
        """Where the tool is commanded to be."""
        pose = self._controller.tool()
        x, y, z = pose[:3, 3].tolist()
        return Place(x, y, z, math.atan2(pose[1, 0], pose[0, 0]))

    def hanging(self) -> tuple[Prism | None, float]:
        """What the gripper holds, as a prism, and how far fingers or held body reach below the tool, metres."""
        tip = self._robot.gripper.tip_below_tool
        name = self._perception.held(self._name)
        if name is None:
            return None, tip
        prism = obstacle(name, self._perception.spec(name), self._perception.pose(name)).prism
        return prism, max(tip, self.place_now().z - prism.low)

    def opening(self) -> float:
        return 2.0 * self._arm.finger_position()

    def hit(self, place: Place, obstacles: list[Obstacle], opening: float, carried: Prism | None = None) -> str | None:
        """The name of a body that the hand, or what it carries, would touch at `place`; None when it is clear."""
        prisms = hand(self._robot.gripper, place.x, place.y, place.z, place.yaw, opening)
        if carried is not None:
            prisms.append(self._carried_at(place, carried))
        for body in obstacles:
            if any(body.blocks(prism, MARGIN) for prism in prisms):
                return body.prism.name
        return None

    def _carried_at(self, place: Place, carried: Prism) -> Prism:
        now = self.place_now()
        turn = place.yaw - now.yaw
        c, s = math.cos(turn), math.sin(turn)
        dx, dy = carried.x - now.x, carried.y - now.y
        x, y = place.x + c * dx - s * dy, place.y + s * dx + c * dy
        low, high = carried.low + place.z - now.z, carried.high + place.z - now.z
        return Prism(carried.name, x, y, carried.half_x, carried.half_y, carried.yaw + turn, low, high)

    # Postures

    def natural_yaw(self, x: float, y: float, yaw: float) -> float:
        """`yaw` or half a turn from it, whichever is easier on the wrist at (x, y)."""
        straight = self._kinematics.bearing(x, y)
        return straight - wrap_half_turn(straight - yaw)

    def posture(self, place: Place) -> Array | None:
        """Joint positions with the tool at `place`, always the same for the same place; None when out of reach."""
        seeds = self._kinematics.seeds(place.x, place.y, place.yaw)
        return self._kinematics.inverse(place.matrix, seeds)

    def require_posture(self, place: Place) -> Array:
        self._controller.require_allowed(place.x, place.y, place.z)
        found = self.posture(place)
        if found is None:
            raise OutOfReach(
                f"the arm cannot reach ({place.x:.3f}, {place.y:.3f}, {place.z:.3f}) with the hand pointing down and "
                f"turned by {math.degrees(place.yaw):.0f} degrees"
                + self._controller.places.near(place.position, "; the nearest place that it reaches is")
            )
        return found

    def transit_height(self, *heights: float) -> float:
        """The tool's height at which hand and load pass over everything, and not below `heights`; metres."""
        return min(self._controller.highest, max(_LOWEST_TRANSIT, self._least_height() + _ABOVE, *heights))

    def _least_height(self) -> float:
        """The tool's height at which hand and load just pass over everything, metres."""
        _, drop = self.hanging()
        return self._top() + drop

    def _top(self) -> float:
        return max((body.prism.high for body in self.obstacles(*self.load())), default=0.0)

    # Travels

    def travel(self, place: Place, speed: float | None = None) -> MotionResult:
        """Up, across and down to `place`. The caller has checked that the place itself is free.

        What is too tall for the arm to pass over it is passed by at its side, in any orientation of the hand.

        Raises:
            OutOfReach, KeepOut, InCollision: the arm cannot come there, or no way past something was found; nothing was
                moved.
        """
        now = self.place_now()
        height = self.transit_height(place.z)
        above = self.posture(place.at(height))
        if above is None:  # far out, the arm reaches less high
            height = max(place.z, self.transit_height())
            for lower in (height, (height + place.z) / 2.0, place.z):
                above = self.posture(place.at(lower))
                if above is not None:
                    height = lower
                    break
        if above is None:
            self.require_posture(place)
            raise OutOfReach(f"the arm cannot come down on ({place.x:.3f}, {place.y:.3f}) from above")
        legs = None if height >= self._least_height() + MARGIN else self._legs_around(now, place, height, above)
        if now.z < height - _NO_RISE:
            result = self._up(now, height, speed)
            if not result.reached:
                return result
        result = self._across(above, height) if legs is None else self._follow(legs)
        if not result.reached or height - place.z < 1e-4:
            return result
        return self._controller.move_line(place.position, speed)

    def _legs_around(self, now: Place, place: Place, height: float, above: Array) -> list[Array]:
        """Postures by which the arm comes past what is taller than `height`, from over `now` to over `place`."""
        free = self.around()
        free.look()
        start = self._risen(now, height)
        legs = self._legs(start, above, height, 2)
        hit = self._hit_on([start, *legs])
        if hit is None and self._comes_down(above, place):
            return legs
        goals = [goal for goal in (above, *free.postures(place.at(height).matrix)) if self._comes_down(goal, place)]
        way = free.planner.plan(start, goals)
        if way is None:
            name = None if hit is None or hit.body is None else free.name_of(hit.body)
            raise self._no_way(place, name)
        return way[1:]

    def _comes_down(self, above: Array, place: Place) -> bool:
        """Whether the arm can go straight from the posture `above` to `place`, and only its hand is near anything
        there."""
        if self._kinematics.pose(above)[2][3] - place.z < 1e-4:
            return True
        line = self._kinematics.line(above, np.array(place.position))
        if line is None:
            return False
        hit = self.around().model.hit(line[0][-1], 0.0)
        return hit is None or hit.link is None or hit.link in self._hand

    def around(self) -> FreeMotion:
        if self._free_motion is None:  # the copy of the scene takes a moment
            self._free_motion = FreeMotion(self._world, self._name, self._perception)
        return self._free_motion

    def _hit_on(self, way: Sequence[Array]) -> Hit | None:
        """What the arm would hit on straight lines in joint space through `way`, by the last look around."""
        model = self.around().model
        return next((hit for a, b in pairwise(way) if (hit := model.line_hit(a, b, MARGIN / 2.0))), None)

    def _no_way(self, place: Place, name: str | None) -> InCollision:
        what = f"past {name!r}" if name else "for the arm"
        return InCollision(
            f"no way {what} to ({place.x:.3f}, {place.y:.3f}, {place.z:.3f}) was found; come from another side, or "
            "move something out of the way"
        )

    def _risen(self, now: Place, height: float) -> Array:
        """The posture after going up, without going."""
        if now.z >= height - _NO_RISE:
            return self._arm.commanded
        line = self._kinematics.line(self._arm.commanded, np.array([now.x, now.y, height]))
        if line is not None:
            end: Array = line[0][-1]
            return end
        lifted = self._lifted(now, height)
        if lifted is None:
            raise OutOfReach(f"the arm cannot rise to {height:.3f} m from where it is")
        return lifted

    def _lifted(self, now: Place, height: float) -> Array | None:
        return self.posture(Place(now.x, now.y, height, self.natural_yaw(now.x, now.y, now.yaw)))

    def _up(self, now: Place, height: float, speed: float | None) -> MotionResult:
        try:
            return self._controller.move_line((now.x, now.y, height), speed)
        except OutOfReach:
            lifted = self._lifted(now, height)
            if lifted is None:
                raise
            return self._controller.move_joints(lifted)

    def _across(self, goal: Array, height: float) -> MotionResult:
        return self._follow(self._legs(self._arm.commanded, goal, height, 2))

    def _follow(self, legs: Sequence[Array]) -> MotionResult:
        result = self._controller.move_joints(legs[0])
        for leg in legs[1:]:
            if not result.reached:
                break
            result = self._controller.move_joints(leg)
        return result

    def _legs(self, start: Array, goal: Array, height: float, splits: int) -> list[Array]:
        """Joint motions to the posture `goal`, none of which dips below `height` by more than half the clearance."""
        lowest = min(self._kinematics.pose(start + (goal - start) * s)[2][3] for s in (0.25, 0.5, 0.75))
        ends = min(self._kinematics.pose(q)[2][3] for q in (start, goal))
        if lowest < min(ends, height) - _ABOVE / 2.0 and splits:
            a, b = self._kinematics.forward(start), self._kinematics.forward(goal)
            between = self._between(a, b, height)
            if between is not None:
                return [
                    *self._legs(start, between, height, splits - 1),
                    *self._legs(between, goal, height, splits - 1),
                ]
        return [goal]

    def _between(self, a: Array, b: Array, height: float) -> Array | None:
        """The posture halfway about the base between two poses."""
        base_x, base_y = self._kinematics.base[:2, 3].tolist()
        bearings = [self._kinematics.bearing(pose[0, 3], pose[1, 3]) for pose in (a, b)]
        radii = [math.hypot(pose[0, 3] - base_x, pose[1, 3] - base_y) for pose in (a, b)]
        bearing = bearings[0] + math.remainder(bearings[1] - bearings[0], math.tau) / 2.0
        radius = sum(radii) / 2.0
        x, y = base_x + radius * math.cos(bearing), base_y + radius * math.sin(bearing)
        return self.posture(Place(x, y, height, bearing))

    def move(self, place: Place, speed: float | None = None) -> MotionResult:
        """To `place` by a straight line where that is free, else up, across and down.

        Raises:
            OutOfReach, KeepOut, InCollision: nothing was moved.
        """
        goal = self.require_posture(place)
        carried, _ = self.hanging()
        others = self.obstacles(*self.load())
        opening = self.opening()
        name = self.hit(place, others, opening, carried)
        if name is not None:
            raise self.collision(place, name, others, opening, carried)
        now = self.place_now()
        turn = abs(wrap_half_turn(place.yaw - now.yaw))
        if turn < 1e-3:
            with contextlib.suppress(OutOfReach, KeepOut, InCollision):
                self._require_line(now, place, others, opening, carried)
                self._require_arm_free(place, min(now.z, place.z))
                return self._controller.move_line(place.position, speed)
        lowest = min(now.z, place.z)
        if lowest >= self.transit_height() - 1e-3 and lowest >= self._least_height() + MARGIN:
            return self._across(goal, lowest)
        return self.travel(place, speed)

    def _require_arm_free(self, place: Place, lowest: float) -> None:
        """Raise `InCollision` when on a straight line to `place` something taller than the hand meets the arm behind
        it."""
        if self._top() <= lowest + self._robot.gripper.palm_above_tool + ARM_ABOVE_PALM:
            return
        line = self._kinematics.line(self._arm.commanded, np.array(place.position))
        self.around().look()
        hit = None if line is None else self._hit_on(list(line[0]))
        if hit is not None:
            raise self._no_way(place, None if hit.body is None else self.around().name_of(hit.body))

    def require_line(self, goal: Place, *without: str) -> None:
        """Raise `OutOfReach`, `KeepOut` or `InCollision` when hand and load cannot go straight to `goal`, which has the
        yaw that they have now. Bodies named in `without` are not looked at."""
        carried, _ = self.hanging()
        others = self.obstacles(*self.load(), *without)
        self._require_line(self.place_now(), goal, others, self.opening(), carried)

    def _require_line(
        self, start: Place, goal: Place, others: list[Obstacle], opening: float, carried: Prism | None
    ) -> None:
        count = max(1, math.ceil(math.dist(start.position, goal.position) / _SAMPLE))
        for index in range(1, count + 1):
            s = index / count
            x, y, z = (a + (b - a) * s for a, b in zip(start.position, goal.position, strict=True))
            self._controller.require_allowed(x, y, z)
            place = Place(x, y, z, start.yaw)
            name = self.hit(place, others, opening, carried)
            if name is not None:
                raise self.collision(place, name, others, opening, carried)

    def collision(
        self, place: Place, name: str, others: list[Obstacle], opening: float, carried: Prism | None
    ) -> InCollision:
        """The refusal that says at which height the place would be free."""
        what = f"the hand with {carried.name!r}" if carried else "the hand"
        z = place.z
        while z < self._controller.highest:
            z += 0.005
            if self.hit(place.at(z), others, opening, carried) is None:
                return InCollision(
                    f"at ({place.x:.3f}, {place.y:.3f}, {place.z:.3f}) {what} would hit {name!r}; "
                    f"there z must be at least {z:.3f} m"
                )
        return InCollision(f"at ({place.x:.3f}, {place.y:.3f}, {place.z:.3f}) {what} would hit {name!r}")
