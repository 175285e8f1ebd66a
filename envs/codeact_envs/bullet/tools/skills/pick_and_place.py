"""Grasping a body and putting it down."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from codeact.tools import tool
from codeact_envs.bullet.bodies.articulation import Room
from codeact_envs.bullet.bodies.clearance import Obstacle, Prism, wrap_half_turn
from codeact_envs.bullet.bodies.parts import anchored
from codeact_envs.bullet.errors import InCollision, KeepOut, NotGraspable, NothingHeld, OutOfReach
from codeact_envs.bullet.geometry.rotations import rotation_matrix
from codeact_envs.bullet.handling.grasping import Grasp, grasps
from codeact_envs.bullet.handling.letting_go import release_height, room_spots, spots, support
from codeact_envs.bullet.handling.planner import Place
from codeact_envs.bullet.tools.skills.from_the_side import FromTheSide
from codeact_envs.bullet.tools.skills.skill import CLEAR_OPENING, LIFT, RETREAT, SETTLE_S

_ATTEMPTS = 2  # at a grasp
_MOST_TURNS = 4  # of the hand that are tried where what is kept out is in the way
_SHALLOW = 0.025  # metres: what is no deeper than this is stood upon, not put into
_OVER_RIM = 0.05  # metres of the tool over a rim, up to which a place to let go is looked for


class PickAndPlace(FromTheSide):
    """Tools that take hold of a body, from above where that can be, and put it down."""

    @tool(effect="physical")
    def pick(self, name: str) -> bool:
        """Grasp an object from above, by its handle or its rim where it has one, and lift it; from the side where the
        hand comes to it no other way. True when the gripper holds it.

        Raises AlreadyHolding, NotGraspable (too wide, fixed, or a flat zone), OutOfReach, InCollision (something on top
        or too near), UnknownObject.
        """
        name = self._perception.resolve(name)
        spec = self._perception.spec(name)
        self._require_empty(f"picking {name!r}")
        if spec.shape == "zone":
            raise NotGraspable(f"{name!r} is a flat zone on the table; objects can be placed on it")
        if anchored(spec):
            raise NotGraspable(f"{name!r} stands fast and cannot be lifted")
        attempts, kept_out = 0, dict[Grasp, KeepOut]()
        while attempts < _ATTEMPTS:
            try:
                place, grasp = self.reachable_grasp(name, kept_out)
            except InCollision:
                side = self._side_grasp(name)
                if side is None:
                    raise
                return self._pick_from_the_side(name, *side)
            self._open(grasp.opening)
            try:
                result = self._planner.travel(place)
            except KeepOut as error:  # turned otherwise, the hand may come down beside what is kept out
                if len(kept_out) == _MOST_TURNS:
                    raise
                kept_out[grasp] = error
                continue
            attempts += 1
            if not result.reached:
                self._lift(LIFT)
                continue
            self._squeeze()
            self._lift(LIFT)
            if self._held() == name:
                return True
            self._open(grasp.opening)
        return False

    def reachable_grasp(
        self, name: str, kept_out: Mapping[Grasp, KeepOut] = MappingProxyType({})
    ) -> tuple[Place, Grasp]:
        """The best grasp of a thing that is clear of everything else and within reach.

        Args:
            name: the thing.
            kept_out: grasps to which the hand was seen to find no way past what is kept out, and how that was refused.

        Raises:
            NotGraspable, InCollision, OutOfReach, KeepOut: there is none.
        """
        planner = self._planner
        thing = self.graspable(name)
        others = planner.obstacles(name)
        natural = self._controller.kinematics.bearing(thing.body.prism.x, thing.body.prism.y)
        refusal: InCollision | OutOfReach | KeepOut | None = None
        for grasp in grasps(self._robot.gripper, thing, natural):
            if (seen := next((each for each in kept_out if _alike(each, grasp)), None)) is not None:
                refusal = kept_out[seen]
                continue
            place = Place(grasp.x, grasp.y, grasp.z, planner.natural_yaw(grasp.x, grasp.y, grasp.yaw))
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
        raise refusal or NotGraspable(f"the hand finds no place at {name!r} where it fits")

    @tool(effect="physical")
    def place_on(self, target: str) -> bool:
        """Put the held object on the middle of another object or zone, or into a bowl, a basket or an open drawer. True
        when it rests there.

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
        self._require_no_walls(name, target)
        if spec.shape == "zone":
            x, y, _ = pose.position
            yaw = 2.0 * math.atan2(pose.quaternion[2], pose.quaternion[3])
            return self._put(name, x, y, yaw, others, None)
        body = next(other for other in others if other.prism.name == target)
        if body.hollow:
            return self._put_into(name, body, others)
        room = perception.room(target)
        if room is not None:
            return self._put_inside(name, target, room, others)
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

    def _put_inside(self, name: str, target: str, room: Room, others: list[Obstacle]) -> bool:
        """Let go in the room of a thing where it is open above, on its floor rather than on what lies there, and near
        its middle."""
        perception, carried = self._perception, self._carried()
        yaw = 2.0 * math.atan2(room.pose.quaternion[2], room.pose.quaternion[3])
        top = room.pose.position[2] + room.size[2] / 2.0
        if room.size[2] < _SHALLOW:  # a plate: what stands on it may stick out over its rim
            x, y, z = room.pose.position
            beside = [other for other in others if other.prism.name != target]
            height = max(z - room.size[2] / 2.0, support(replace(carried, x=x, y=y, yaw=yaw), beside))
            return self._put(name, x, y, yaw, others, height) and perception.rests(name, target)
        refusal: InCollision | OutOfReach | KeepOut | None = None
        under = {
            spot: round(support(replace(carried, x=spot[0], y=spot[1], yaw=yaw), others), 3)
            for spot in room_spots(room, yaw, carried)
        }
        free = sorted((spot for spot in under if under[spot] <= top), key=lambda spot: under[spot])  # not covered, full
        # On its floor where the fingers have room to open; else it is dropped in from as far up as they need.
        for (x, y), rim in [*((spot, None) for spot in free), *((spot, (target, top)) for spot in free)]:
            try:
                self._put(name, x, y, yaw, others, None, rim)
            except (InCollision, OutOfReach, KeepOut) as error:
                refusal = refusal or error
                continue
            return (
                name in perception.names()
                and self._held() is None
                and (perception.room(target) or room).contains(perception.pose(name).position)
            )
        raise refusal or InCollision(
            f"no room for {name!r} in {target!r}: it is closed, full or too small; open it, or take something out"
        )

    @tool(effect="physical")
    def place_at(self, x: float, y: float, z: float | None = None, yaw: float | None = None) -> bool:
        """Put the held object down with its centre over (x, y), metres, world frame. True when it rests there.

        Args:
            z: height of the object's underside when it is let go; None for whatever is below: table or object. False
                when it falls by more than 1.5 cm from there.
            yaw: radians counterclockwise from the world's x axis to the object's own x axis, or half a turn from that;
                None for parallel to the world's axes where the wrist can.

        Raises NothingHeld, OutOfReach, KeepOut, InCollision.
        """
        name = self._require_held("place_at")
        return self._put(name, x, y, yaw or 0.0, self._planner.obstacles(name), z, exact=yaw is not None)

    def _put(
        self,
        name: str,
        x: float,
        y: float,
        yaw: float,
        others: list[Obstacle],
        surface: float | None,
        rim: tuple[str, float] | None = None,
        exact: bool = False,
    ) -> bool:
        """Carry what is held over (x, y), lower it, let go and retreat. It is parallel to `yaw` modulo a right angle
        where the wrist can, or, if `exact`, modulo half a turn.

        `rim`: a thing over which the hand may let go higher up, where its fingers find no room further down, and the
        height of its rim.
        """
        perception, planner = self._perception, self._planner
        self._controller.require_running()
        if self._level():
            return self._put_level(name, x, y, self._level_turns(name, x, y, yaw, exact), others, surface)
        now, carried = planner.place_now(), self._carried()
        width = max(0.0, planner.opening())
        opening = min(self._robot.gripper.opening, width + CLEAR_OPENING)
        choice: Place | None = None
        refusal: OutOfReach | KeepOut | InCollision | None = None
        for turned in self._turns(name, now, carried, x, y, yaw, exact):
            # The body need not hang in the middle of the hand: its centre goes to (x, y), not the tool.
            c, s = math.cos(turned - now.yaw), math.sin(turned - now.yaw)
            dx, dy = carried.x - now.x, carried.y - now.y
            footprint = replace(carried, x=x, y=y, yaw=carried.yaw + turned - now.yaw)
            height = support(footprint, others) if surface is None else surface
            place = Place(x - c * dx + s * dy, y - s * dx - c * dy, release_height(height, now.z - carried.low), turned)
            try:
                place = self._room_to_let_go(place, others, opening, rim)
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
        self._lift(RETREAT)
        perception.settle(SETTLE_S)
        return self._stands(name, x, y, surface)

    def _turns(self, name: str, now: Place, carried: Prism, x: float, y: float, yaw: float, exact: bool) -> list[float]:
        """Yaws of the tool that bring the carried body to `yaw`, the one easiest on the wrist first."""
        if exact:
            straight = self._planner.natural_yaw(x, y, yaw - (self._heading(name) - now.yaw))
            return [straight, straight + math.pi]
        natural = self._controller.kinematics.bearing(x, y)
        hanging = carried.yaw - now.yaw
        turns = [self._planner.natural_yaw(x, y, yaw - hanging + k * math.pi / 2.0) for k in range(2)]
        turns.sort(key=lambda turn: round(abs(wrap_half_turn(turn - natural)), 6))
        return [*turns, self._planner.natural_yaw(x, y, natural)]

    def _heading(self, name: str) -> float:
        """From the world's x axis to a body's own, seen from above, radians."""
        rotation = rotation_matrix(self._perception.pose(name).quaternion)
        return math.atan2(rotation[1][0], rotation[0][0])

    def _room_to_let_go(
        self, place: Place, others: list[Obstacle], opening: float, rim: tuple[str, float] | None
    ) -> Place:
        """The lowest place from `place` upwards where the fingers can open without touching anything."""
        rims = {other.prism.name: other.prism.high for other in others if other.hollow} | dict([rim] if rim else [])
        hit = self._planner.hit(place, others, opening)
        if hit is None:
            return place
        if hit in rims:
            z = place.z
            while z < rims[hit] + _OVER_RIM:
                z += 0.004
                if self._planner.hit(place.at(z), others, opening) is None:
                    return place.at(z)
        raise InCollision(
            f"no room to let go at ({place.x:.3f}, {place.y:.3f}): the fingers would hit {hit!r}; "
            "move it or choose another place"
        )

    def _require_held(self, action: str) -> str:
        name = self._held()
        if name is None:
            raise NothingHeld(f"{action} needs something in the gripper, and it is empty: pick an object first")
        return name


def _alike(one: Grasp, other: Grasp) -> bool:
    """Whether two grasps are the same, but for what is seen a little otherwise each time."""
    near = math.dist((one.x, one.y, one.z), (other.x, other.y, other.z)) < 0.01
    return near and abs(wrap_half_turn(one.yaw - other.yaw)) < 0.1
