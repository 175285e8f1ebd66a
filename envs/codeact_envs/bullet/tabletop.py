"""The high tier of the arm's interface: what a program on the table top calls."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from dataclasses import replace

from codeact.tools import Toolbox, tool
from codeact_envs.bullet.bodies import Pose
from codeact_envs.bullet.clearance import Obstacle, Prism, obstacle, wrap_half_turn
from codeact_envs.bullet.errors import (
    AlreadyHolding,
    Ambiguous,
    InCollision,
    KeepOut,
    NotGraspable,
    NothingHeld,
    NotUnderstood,
    OutOfReach,
    Stopped,
    TooFast,
    TooStrong,
    UnknownObject,
)
from codeact_envs.bullet.grasping import Grasp, grasps, release_height, spots, support
from codeact_envs.bullet.perception.view import Perception, Privileged
from codeact_envs.bullet.planner import Place, Planner
from codeact_envs.bullet.world import BulletWorld

ERRORS = (
    OutOfReach,
    KeepOut,
    TooFast,
    TooStrong,
    InCollision,
    Stopped,
    UnknownObject,
    Ambiguous,
    NotUnderstood,
    NothingHeld,
    AlreadyHolding,
    NotGraspable,
)

_ATTEMPTS = 2  # at a grasp
_LIFT = 0.08  # metres that a picked body is raised
_PLACE_TOLERANCE = 0.03  # metres, horizontal, between where a body was put and where it should be
_HEIGHT_TOLERANCE = 0.015  # metres, between the height where a body was let go and where it lies
_SETTLE_S = 0.15  # after letting go, before looking
_PUSH_SPEED = 0.1  # metres per second
_PUSH_TOLERANCE = 0.01  # metres
_PUSH_ATTEMPTS = 4
_PUSH_GAP = 0.015  # metres between gripper and body before the push begins
_RETREAT = 0.06  # metres straight up after letting go
_CLEAR_OPENING = 0.024  # metres that the pads open beyond a body's width to let it go


class TabletopApi:
    """Drive a robot arm at a table.

    World frame: origin at the robot's base on the table top, x forward, y left, z up, metres; the table top is z = 0.
    The tool centre point lies between the finger pads; the hand points straight down, quaternion (1, 0, 0, 0) turned
    about z. Refusals (`OutOfReach`, `KeepOut`, ...) move nothing and say what would be allowed; False means that it was
    tried and failed.
    """

    def __init__(self, world: BulletWorld, arm: str | None = None, perception: Perception | None = None) -> None:
        name = world.arm_name(arm)
        self._name = name
        self._world = world
        self._perception = perception or Privileged(world)
        self._planner = Planner(world, name, self._perception)
        self._arm = world.arms[name]
        self._robot = self._arm.robot
        self._controller = world.controllers[name]

    def toolbox(self) -> Toolbox:
        """The tools by their flat names, with the world's stop path."""
        return Toolbox.of(self, allow=TABLETOP_TOOLS, errors=ERRORS, stop=self._stop)

    def _stop(self) -> Callable[[], str]:
        self._world.stop()
        return self._at_rest

    def _at_rest(self) -> str:
        """Where the tool centre point is; to be asked when nothing moves any more."""
        x, y, z = self._controller.tool()[:3, 3]
        return f"at rest at ({x:.2f}, {y:.2f}, {z:.2f}) m"

    # Looking

    @tool(effect="read")
    def objects(self) -> list[str]:
        """Names of everything on the table, flat zones included."""
        return list(self._perception.names())

    @tool(effect="read")
    def position(self, name: str) -> tuple[float, float, float]:
        """Centre (x, y, z) of an object, metres, world frame: x forward, y left, z up; the table top is z = 0."""
        return self._perception.pose(self._perception.resolve(name)).position

    @tool(effect="read")
    def pose(self, name: str) -> Pose:
        """Pose of an object in the world frame: position (x, y, z) in metres, quaternion (x, y, z, w)."""
        return self._perception.pose(self._perception.resolve(name))

    @tool(effect="read")
    def size(self, name: str) -> tuple[float, float, float]:
        """Full extents (x, y, z) of an object in metres, in its own frame."""
        return self._perception.size(self._perception.resolve(name))

    @tool(effect="read")
    def color(self, name: str) -> str:
        """Colour of an object, such as "red"."""
        return self._perception.color(self._perception.resolve(name))

    @tool(effect="read")
    def held(self) -> str | None:
        """Name of the object in the gripper, or None."""
        return self._held()

    def _held(self) -> str | None:
        return self._perception.held(self._name)

    @tool(effect="read")
    def find(self, query: str) -> str:
        """Name of the one object that a description fits, such as "the second largest red block left of the bowl".

        Words: colours; block, bowl, cylinder, plate, zone, object, words of names; largest, tallest, leftmost, nearest,
        first, "third from the left"; then clauses: left of, right of, in front of, behind, on, in, under, near,
        nearest to, farthest from, between ... and ...; "and" joins clauses about the first noun.

        Raises UnknownObject, Ambiguous (fits several), NotUnderstood.
        """
        return self._perception.find(query)

    @tool(effect="read")
    def find_all(self, query: str) -> list[str]:
        """Names of all objects that a description, in the words of `find`, fits; maybe none.

        Raises UnknownObject, Ambiguous (for what the description refers to), NotUnderstood.
        """
        return self._perception.find_all(query)

    # Moving

    @tool(effect="physical")
    def pick(self, name: str) -> bool:
        """Grasp an object from above and lift it. True when the gripper holds it.

        Raises AlreadyHolding, NotGraspable (too wide, or a flat zone), OutOfReach, InCollision (something on top or too
        near), UnknownObject.
        """
        name = self._perception.resolve(name)
        spec = self._perception.spec(name)
        holding = self._held()
        if holding is not None:
            raise AlreadyHolding(f"the gripper holds {holding!r}; place it before picking {name!r}")
        if spec.shape == "zone":
            raise NotGraspable(f"{name!r} is a flat zone on the table; objects can be placed on it")
        for _ in range(_ATTEMPTS):
            place, grasp = self._reachable_grasp(name)
            self._open(grasp.opening)
            result = self._planner.travel(place)
            if not result.reached:
                self._lift(_LIFT)
                continue
            self._squeeze()
            self._lift(_LIFT)
            if self._held() == name:
                return True
            self._open(grasp.opening)
        return False

    def _reachable_grasp(self, name: str) -> tuple[Place, Grasp]:
        """The best grasp that is clear of everything else and within reach."""
        perception, planner = self._perception, self._planner
        body = obstacle(name, perception.spec(name), perception.pose(name))
        others = planner.obstacles(name)
        x, y = body.prism.x, body.prism.y
        refusal: InCollision | OutOfReach | KeepOut | None = None
        for grasp in grasps(self._robot.gripper, body, self._controller.kinematics.bearing(x, y)):
            place = Place(x, y, grasp.z, planner.natural_yaw(x, y, grasp.yaw))
            hit = planner.hit(place, others, grasp.opening)
            if hit is not None:
                refusal = refusal or InCollision(
                    f"cannot grasp {name!r}: the hand would hit {hit!r}; move {hit!r} away first"
                )
                continue
            try:
                planner.require_posture(place)
            except (OutOfReach, KeepOut) as error:
                refusal = error
                continue
            return place, grasp
        assert refusal is not None
        raise refusal

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

    @tool(effect="physical")
    def place_on(self, target: str) -> bool:
        """Put the held object on the middle of another object or zone, or into a bowl. True when it rests there.

        Raises NothingHeld, OutOfReach, InCollision, UnknownObject.
        """
        perception, planner = self._perception, self._planner
        target = perception.resolve(target)
        spec = perception.spec(target)
        name = self._require_held("place_on")
        if name == target:
            raise InCollision(f"{name!r} cannot be placed on itself")
        others = planner.obstacles(name)
        pose = perception.pose(target)
        if spec.shape == "zone":
            x, y, _ = pose.position
            yaw = 2.0 * math.atan2(pose.quaternion[2], pose.quaternion[3])
            return self._put(name, x, y, yaw, others, None)
        body = next(other for other in others if other.prism.name == target)
        if body.hollow:
            return self._put_into(name, body, others)
        done = self._put(name, body.prism.x, body.prism.y, body.prism.yaw, others, None)
        return done and perception.rests(name, target)

    def _put_into(self, name: str, bowl: Obstacle, others: list[Obstacle]) -> bool:
        """Let go over the emptiest spot of a bowl, where the fingers have room to open."""
        perception = self._perception
        carried = self._carried()
        x, y = min(
            spots(bowl, max(carried.half_x, carried.half_y)),
            key=lambda spot: round(support(replace(carried, x=spot[0], y=spot[1], yaw=bowl.prism.yaw), others), 3),
        )
        self._put(name, x, y, bowl.prism.yaw, others, None)
        if name not in perception.names():
            return False
        x, y, z = perception.pose(name).position
        over = math.hypot(x - bowl.prism.x, y - bowl.prism.y) < bowl.prism.half_x
        return self._held() is None and over and z > bowl.prism.low

    @tool(effect="physical")
    def place_at(self, x: float, y: float, z: float | None = None) -> bool:
        """Put the held object down with its centre over (x, y), metres, world frame. True when it rests there.

        Args:
            z: height of the object's underside when it is let go; None for whatever is below: table or object. False
                when it falls by more than 1.5 cm from there.

        Raises NothingHeld, OutOfReach, KeepOut, InCollision.
        """
        name = self._require_held("place_at")
        return self._put(name, x, y, 0.0, self._planner.obstacles(name), z)

    def _put(self, name: str, x: float, y: float, yaw: float, others: list[Obstacle], surface: float | None) -> bool:
        """Carry what is held over (x, y), parallel to `yaw` modulo a right angle, lower it, let go and retreat."""
        perception, planner = self._perception, self._planner
        self._controller.require_running()
        now, carried = planner.place_now(), self._carried()
        width = max(0.0, planner.opening())
        opening = min(self._robot.gripper.opening, width + _CLEAR_OPENING)
        choice: Place | None = None
        refusal: OutOfReach | KeepOut | InCollision | None = None
        for turned in self._turns(now, carried, x, y, yaw):
            # The body need not hang in the middle of the hand: its centre goes to (x, y), not the tool.
            c, s = math.cos(turned - now.yaw), math.sin(turned - now.yaw)
            dx, dy = carried.x - now.x, carried.y - now.y
            footprint = replace(carried, x=x, y=y, yaw=carried.yaw + turned - now.yaw)
            height = support(footprint, others) if surface is None else surface
            place = Place(x - c * dx + s * dy, y - s * dx - c * dy, release_height(height, now.z - carried.low), turned)
            try:
                place = self._room_to_let_go(place, others, opening)
                planner.require_posture(place)
            except (OutOfReach, KeepOut, InCollision) as error:
                refusal = refusal or error
                continue
            choice = place
            break
        if choice is None:
            assert refusal is not None
            raise refusal
        if not planner.travel(choice).reached:
            return False
        if self._held() != name:
            return False
        self._open(opening)
        self._lift(_RETREAT)
        perception.settle(_SETTLE_S)
        if name not in perception.names():
            return False
        end_x, end_y, _ = perception.pose(name).position
        low = obstacle(name, perception.spec(name), perception.pose(name)).prism.low
        fell = surface is not None and abs(low - surface) > _HEIGHT_TOLERANCE
        return self._held() is None and not fell and math.hypot(end_x - x, end_y - y) <= _PLACE_TOLERANCE

    def _turns(self, now: Place, carried: Prism, x: float, y: float, yaw: float) -> list[float]:
        """Yaws of the tool that bring the carried body parallel to `yaw`, the one easiest on the wrist first."""
        natural = self._controller.kinematics.bearing(x, y)
        hanging = carried.yaw - now.yaw
        turns = [self._planner.natural_yaw(x, y, yaw - hanging + k * math.pi / 2.0) for k in range(2)]
        turns.sort(key=lambda turn: round(abs(wrap_half_turn(turn - natural)), 6))
        return [*turns, self._planner.natural_yaw(x, y, natural)]

    def _room_to_let_go(self, place: Place, others: list[Obstacle], opening: float) -> Place:
        """The lowest place from `place` upwards where the fingers can open without touching anything."""
        bowls = [other for other in others if other.hollow]
        hit = self._planner.hit(place, others, opening)
        if hit is None:
            return place
        if any(bowl.prism.name == hit for bowl in bowls):
            rim = next(bowl.prism.high for bowl in bowls if bowl.prism.name == hit)
            z = place.z
            while z < rim + 0.05:
                z += 0.004
                if self._planner.hit(place.at(z), others, opening) is None:
                    return place.at(z)
        raise InCollision(
            f"no room to let go at ({place.x:.3f}, {place.y:.3f}): the fingers would hit {hit!r}; "
            "move it or choose another place"
        )

    def _carried(self) -> Prism:
        carried, _ = self._planner.hanging()
        if carried is None:
            raise NothingHeld("the gripper lost what it held")
        return carried

    def _require_held(self, action: str) -> str:
        name = self._held()
        if name is None:
            raise NothingHeld(f"{action} needs something in the gripper, and it is empty: pick an object first")
        return name

    @tool(effect="physical")
    def push(self, name: str, dx: float, dy: float) -> bool:
        """Push an object in a straight line with the closed gripper, by (dx, dy) metres, world frame.

        True when it ends within 1.5 cm of there. Raises AlreadyHolding, OutOfReach, InCollision, UnknownObject.
        """
        perception = self._perception
        name = perception.resolve(name)
        spec = perception.spec(name)
        holding = self._held()
        if holding is not None:
            raise AlreadyHolding(f"the gripper holds {holding!r}; place it before pushing {name!r}")
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
        self._lift(_RETREAT)
        perception.settle(_SETTLE_S)

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

    @tool(effect="physical")
    def move_to(self, x: float, y: float, z: float, speed: float = 0.25) -> bool:
        """Move the tool centre point to (x, y, z), metres, world frame, hand pointing down. True when it got there.

        Args:
            speed: of straight lines, metres per second, at most 0.5.

        Raises OutOfReach, KeepOut, TooFast, InCollision.
        """
        limit = self._robot.motion.tool_speed_limit
        if not 0.0 < speed <= limit:
            raise TooFast(f"speed must be above 0 and at most {limit:g} m/s, not {speed:g}")
        now = self._planner.place_now()
        self._controller.require_allowed(x, y, z)
        keep = self._planner.natural_yaw(x, y, now.yaw)
        place = Place(x, y, z, keep)
        if self._planner.posture(place) is None:
            place = Place(x, y, z, self._controller.kinematics.bearing(x, y))
        return self._planner.move(place, speed).reached

    @tool(effect="physical")
    def open_gripper(self, width: float | None = None) -> None:
        """Open the gripper fully, or until its pads are `width` metres apart, letting go of what it holds.

        Raises OutOfReach.
        """
        self._open(self._robot.gripper.opening if width is None else width)

    @tool(effect="physical")
    def close_gripper(self, force: float | None = None) -> bool:
        """Close the gripper, with at most `force` newtons of each finger. True when it then holds something.

        Raises TooStrong.
        """
        return self._squeeze(force) is not None and self._held() is not None

    @tool(effect="physical")
    def home(self) -> bool:
        """Move the arm back to its home posture, above the table. True when it got there."""
        self._controller.require_running()
        now = self._planner.place_now()
        height = self._planner.transit_height()
        if now.z < height:
            self._lift(height - now.z)
        return self._controller.move_joints(self._arm.home).reached


TABLETOP_TOOLS = (
    "objects",
    "position",
    "pose",
    "size",
    "color",
    "find",
    "find_all",
    "pick",
    "place_on",
    "place_at",
    "push",
    "move_to",
    "open_gripper",
    "close_gripper",
    "held",
    "home",
)
