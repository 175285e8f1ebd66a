"""Two arms at one table: each with the tools of one arm, and what they do together."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from codeact.errors import TaskError
from codeact.tools import Toolbox, tool
from codeact_envs.bullet.arms.together import Together
from codeact_envs.bullet.errors import InCollision, NotGraspable, NothingHeld, OutOfReach, TooFast
from codeact_envs.bullet.handling.grasping import Grasp, end_grasps, pair_of_grasps
from codeact_envs.bullet.handling.planner import Place
from codeact_envs.bullet.perception.view import Perception, Privileged
from codeact_envs.bullet.tools.skills.skill import RETREAT, SETTLE_S, ArmSkill
from codeact_envs.bullet.tools.tabletop import ARM_TOOLS, ERRORS, LOOKING_TOOLS, TabletopApi
from codeact_envs.bullet.world import BulletWorld

Point = tuple[float, float, float]

SIDES = ("left", "right")
TOGETHER_TOOLS = ("lift_together", "carry_together", "move_together", "release_together", "hand_over")
_LIFTED = 0.8  # of the height asked for, by which a body must have risen
_MEETING = (0.5, 0.0, 0.3)  # metres, world frame: where one hand gives and the other takes
_BESIDE = 0.12  # metres between two hands that hold one body
_LEVEL_SPEED = 0.15  # metres per second, with a body in both hands


class Side(ArmSkill):
    """One of two hands, for what both do together."""

    @property
    def gripper_opening(self) -> float:
        return self._robot.gripper.opening

    def far_from(self, grasp: Grasp) -> float:
        """How far a grasp is from the arm's base, metres."""
        base = self._controller.kinematics.base
        return math.hypot(grasp.x - float(base[0, 3]), grasp.y - float(base[1, 3]))

    def place(self) -> Place:
        return self._planner.place_now()

    def holding(self) -> str | None:
        return self._held()

    def load(self) -> list[str]:
        """Names of what is carried, and of what lies in that."""
        return self._planner.load()

    def require_grasp(self, name: str, grasp: Grasp) -> Place:
        """Where the tool goes for a grasp; raises a refusal when it cannot go there."""
        self._require_empty(f"lifting {name!r} together")
        place = Place(grasp.x, grasp.y, grasp.z, self._planner.natural_yaw(grasp.x, grasp.y, grasp.yaw))
        hit = self._planner.hit(place, self._planner.obstacles(name), grasp.opening)
        if hit is not None:
            raise InCollision(
                f"cannot grasp {name!r}: the {self._name} hand would hit {hit!r}; move {hit!r} away first"
            )
        self._planner.require_posture(place)
        return place

    def require_empty(self, before: str) -> None:
        self._require_empty(before)

    def require_room_beside(self, name: str, other: Place) -> Grasp:
        """A grasp of a body near that end which lies farther from another hand that holds it at `other`.

        Raises:
            NotGraspable: there is no room for two hands.
        """
        ends = end_grasps(self._robot.gripper, self.graspable(name).body)
        grasp = min(ends, key=lambda end: round(self.far_from(end), 6))
        if math.hypot(grasp.x - other.x, grasp.y - other.y) < _BESIDE:
            raise NotGraspable(f"{name!r} has no room for a second hand; put it down, and let the other hand pick it")
        return grasp

    def require_line(self, goal: Place, *without: str) -> None:
        self._planner.require_line(goal, *without)

    def require_allowed(self, x: float, y: float, z: float) -> None:
        self._controller.require_allowed(x, y, z)

    def bring(self, x: float, y: float, z: float, along: float) -> bool:
        """Carry what is held so that its longer side points along the direction `along`, radians, with the tool at
        (x, y, z), metres. Whether it got there."""
        planner = self._planner
        carried, _ = planner.hanging()
        if carried is None:
            return False
        long_side = carried.yaw if carried.half_x >= carried.half_y else carried.yaw + math.pi / 2.0
        yaw = planner.natural_yaw(x, y, along - (long_side - planner.place_now().yaw))
        return planner.move(Place(x, y, z, yaw)).reached

    def take(self, place: Place, opening: float) -> bool:
        """Go to a grasp and close. Whether it got there."""
        self._open(opening)
        if not self._planner.travel(place).reached:
            return False
        self._squeeze()
        return True

    def let_go(self) -> None:
        self._open(self.gripper_opening)

    def retreat(self) -> None:
        self._lift(RETREAT)


class TwoArmsApi:
    """Drive two robot arms at one table: `left.pick(...)`, `right.place_at(...)`, and both in step.

    World frame: x forward, y left, z up, metres; the table top is z = 0. One arm moves at a time, unless a tool says
    that both do; then both begin, end and stop together.

    Raises:
        TaskError: the world's robot has not two arms called left and right.
    """

    def __init__(self, world: BulletWorld, perception: Perception | None = None) -> None:
        if tuple(sorted(world.arms)) != SIDES:
            raise TaskError(f"{world.description.title} has not two arms called left and right")
        self._world = world
        self._perception = perception or Privileged(world)
        self.arms = {side: TabletopApi(world, side, self._perception) for side in SIDES}
        self._sides = {side: Side(world, side, self._perception) for side in SIDES}
        self._together = Together(world, SIDES)

    def toolbox(self) -> Toolbox:
        """What is seen and what both arms do by flat names, each arm's own tools under its side; one stop path."""
        looking = Toolbox.of(self.arms["left"], allow=LOOKING_TOOLS)
        arms = [Toolbox.of(self.arms[side], allow=ARM_TOOLS, name=side) for side in SIDES]
        both = Toolbox.of(self, allow=TOGETHER_TOOLS)
        return Toolbox([looking, *arms, both], errors=ERRORS, stop=self._stop)

    def _stop(self) -> Callable[[], str]:
        self._world.stop()
        return lambda: "; ".join(f"the {side} arm is {self.arms[side].at_rest()}" for side in SIDES)

    @tool(effect="physical")
    def lift_together(self, name: str, height: float = 0.15) -> bool:
        """Grasp a long object near its two ends, or a tray by its two bars, with one hand each, and raise it level by
        `height` metres. True when both hands hold it up there; False when that failed, and then both have let go.

        Raises AlreadyHolding, NotGraspable (too wide, or too short for two hands), OutOfReach, InCollision,
        UnknownObject.
        """
        name = self._perception.resolve(name)
        spec = self._perception.spec(name)
        if spec.shape == "zone":
            raise NotGraspable(f"{name!r} is a flat zone on the table; it cannot be lifted")
        if not 0.0 < height < math.inf:
            raise OutOfReach(f"height must be a positive number of metres, not {height:g}")
        grasps = self._ends(name)
        places = {side: self._sides[side].require_grasp(name, grasps[side]) for side in SIDES}
        for side, place in places.items():
            self._sides[side].require_allowed(place.x, place.y, place.z + height)
        low = self._perception.pose(name).position[2]
        taken = all(self._sides[side].take(places[side], grasps[side].opening) for side in SIDES)
        if taken and self._both_hold() == name and self._shift(0.0, 0.0, height, _LEVEL_SPEED):
            risen = self._both_hold() == name and self._perception.pose(name).position[2] - low
            if risen >= _LIFTED * height:
                return True
        self.release_together()
        return False

    @tool(effect="physical")
    def hand_over(self, to: str) -> bool:
        """Pass the long object in one hand to the other, "left" or "right", in the air between the arms. True when that
        hand alone holds it.

        Raises NothingHeld (the giving hand is empty), AlreadyHolding, NotGraspable (too short), OutOfReach,
        InCollision.
        """
        if to not in self._sides:
            raise OutOfReach(f'to must be "left" or "right", not {to!r}')
        giver, taker = self._sides["right" if to == "left" else "left"], self._sides[to]
        name = giver.holding()
        if name is None:
            raise NothingHeld(
                f"there is nothing to hand over to the {to} hand: pick an object with the other one first"
            )
        taker.require_empty(f"taking {name!r}")
        taker.require_room_beside(name, giver.place())
        if not giver.bring(*_MEETING, math.pi / 2.0):
            return False
        grasp = taker.require_room_beside(name, giver.place())
        if not taker.take(taker.require_grasp(name, grasp), grasp.opening):
            return False
        if taker.holding() != name:
            taker.let_go()
            taker.retreat()
            return False
        giver.let_go()
        giver.retreat()
        return taker.holding() == name and giver.holding() is None

    def _ends(self, name: str) -> dict[str, Grasp]:
        """A grasp for each side, so that the arms do not cross."""
        gripper = min((arm.robot.gripper for arm in self._world.arms.values()), key=lambda gripper: gripper.opening)
        one, other = pair_of_grasps(gripper, self._sides["left"].graspable(name))
        left, right = (self._sides[side] for side in SIDES)
        straight = left.far_from(one) + right.far_from(other)
        crossed = left.far_from(other) + right.far_from(one)
        first, second = (other, one) if round(straight - crossed, 6) > 0.0 else (one, other)
        return {"left": first, "right": second}

    def _both_hold(self) -> str | None:
        """The name of the one thing that is in both hands, or None."""
        left, right = (self._sides[side].holding() for side in SIDES)
        return left if left == right else None

    @tool(effect="physical")
    def carry_together(self, dx: float, dy: float, dz: float, speed: float = 0.15) -> bool:
        """Move what both hands hold by (dx, dy, dz) metres, world frame, in a straight line and without turning it.
        True when it got there and both still hold it.

        Args:
            speed: metres per second, at most 0.5.

        Raises NothingHeld (they do not hold the same thing), OutOfReach, KeepOut, TooFast, InCollision.
        """
        name = self._both_hold()
        if name is None:
            raise NothingHeld("the two hands do not hold the same object: lift_together(name) first")
        self._require_speed(speed)
        return self._shift(dx, dy, dz, speed) and self._both_hold() == name

    @tool(effect="physical")
    def move_together(self, left: Point, right: Point, speed: float = 0.25) -> bool:
        """Move both tool centre points in straight lines, (x, y, z) in metres, world frame, so that both start and
        arrive at the same time. True when both got there.

        Args:
            speed: of the one with the longer way, metres per second, at most 0.5.

        Raises OutOfReach, KeepOut, TooFast, InCollision; then neither moves.
        """
        self._require_speed(speed)
        return self._go({"left": left, "right": right}, speed)

    @tool(effect="physical")
    def release_together(self) -> None:
        """Open both grippers and raise both hands a little. Raises InCollision, KeepOut."""
        for side in self._sides.values():
            side.let_go()
        for side in self._sides.values():
            side.retreat()
        self._perception.settle(SETTLE_S)

    def _require_speed(self, speed: float) -> None:
        limit = min(controller.tool_speed_limit for controller in self._world.controllers.values())
        if not 0.0 < speed <= limit:
            raise TooFast(f"speed must be above 0 and at most {limit:g} m/s, not {speed:g}")

    def _shift(self, dx: float, dy: float, dz: float, speed: float) -> bool:
        now = {name: side.place() for name, side in self._sides.items()}
        return self._go({name: (at.x + dx, at.y + dy, at.z + dz) for name, at in now.items()}, speed)

    def _go(self, goals: Mapping[str, Point], speed: float) -> bool:
        loads = [name for side in self._sides.values() for name in side.load()]
        for name, side in self._sides.items():
            x, y, z = goals[name]
            side.require_line(Place(x, y, z, side.place().yaw), *loads)
        return all(result.reached for result in self._together.move_lines(goals, speed).values())
