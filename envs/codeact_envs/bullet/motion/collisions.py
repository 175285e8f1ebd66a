"""Whether an arm's posture is free of collision, by the simulator's own geometry, without touching the simulation.

The arm and everything that it might hit are copied, shapes only, into a client of their own: queries fill caches, and
those of the world must not depend on how much was asked. Each query there is a fresh one, so that its answer depends on
nothing that was asked before.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codeact_envs.bullet.engine.quiet import quiet
from codeact_envs.bullet.engine.simulation import Simulation
from codeact_envs.bullet.geometry.poses import Pose
from codeact_envs.bullet.motion.shape_copies import AWAY, Copy, ShapeCopies
from codeact_envs.bullet.robots.description import ArmDescription, Volume

Array = NDArray[np.float64]
Part = tuple[int, int]
"""A link of the arm, or what it carries: numbers of body and link in the model's client."""

_FAR = 0.05  # metres: proving more room at once costs more than it saves


@dataclass(frozen=True)
class Hit:
    """What came too near.

    Attributes:
        link: Bullet's index of the arm's link, or None for what the gripper carries.
        body: Bullet's number of the other body in the world, or None when that is the arm itself.
        volume: what is kept out and was come into; `body` is None then.
    """

    link: int | None
    body: int | None
    volume: Volume | None = None


@dataclass(frozen=True)
class ArmBody:
    """An arm in a simulation.

    Attributes:
        robot: what it is.
        body: Bullet's number of the robot that it is, or is part of.
        joints, fingers: Bullet's indices of the joints that move it, in the order of the description.
        tool_link: Bullet's index.
    """

    robot: ArmDescription
    body: int
    joints: tuple[int, ...]
    fingers: tuple[int, ...]
    tool_link: int


class CollisionModel:
    """The geometry of one arm and its surroundings.

    Args:
        simulation: whose bodies surround the arm. The model is closed with it.
        arm: in that simulation.
        margin: metres that the arm keeps from everything, itself included.
        keep_out: volumes, world frame, that it keeps out of, by its links' boxes as the controller looks at them.

    Attributes:
        bullet, client: of the copy; `robot` is the arm's number there.
        links: that have a shape; `static` are those that no joint of the arm moves.
        self_pairs: of links that could collide.
        others: what surrounds the arm, as of the last update; `low` and `high` are their boxes, (n, 3), world frame.
        carried: what moves with the tool, and its pose in the frame of the tool's link.
    """

    def __init__(
        self, simulation: Simulation, arm: ArmBody, margin: float = 0.005, keep_out: Sequence[Volume] = ()
    ) -> None:
        self._simulation, self.arm, self.margin = simulation, arm, margin
        self.bullet = simulation.bullet
        self.client: int = self.bullet.connect(self.bullet.DIRECT)
        simulation.when_closed(self.close)
        self._shape_copies = ShapeCopies(simulation, self.client)
        self._copies: dict[int, list[Copy]] = {}
        with quiet():
            self.robot = self._load_arm()
        self.links = [-1, *range(self.bullet.getNumJoints(self.robot, physicsClientId=self.client))]
        self.links = [link for link in self.links if self._shape_copies.shapes(self.client, self.robot, link)]
        self.self_pairs: list[tuple[int, int]] = []
        self.static = self._never_moving()
        self._find_self_pairs()
        self._reach = self._reaches()
        self._beyond = 0.0
        self._keep_out = tuple(keep_out)
        self._kept_low = np.array([volume.lower for volume in keep_out]).reshape(-1, 3)
        self._kept_high = np.array([volume.upper for volume in keep_out]).reshape(-1, 3)
        self.others: list[Copy] = []
        self.carried: list[tuple[Copy, Any]] = []
        self.low = self.high = np.empty((0, 3))

    def close(self) -> None:
        """Give the client back. May be called again."""
        if self.client >= 0 and self.bullet.isConnected(self.client):
            self.bullet.disconnect(physicsClientId=self.client)
        self.client = -1

    # Copying

    def _load_arm(self) -> int:
        body: int = self.arm.robot.model.load(
            self.bullet, self.client, (0.0, 0.0, 0.0), 0.0, fixed=True, flags=self.bullet.URDF_IGNORE_VISUAL_SHAPES
        )
        return body

    def _never_moving(self) -> frozenset[int]:
        """Links that no joint of the arm moves."""
        moved: set[int] = set(self.arm.joints)
        static = {-1}
        for index in range(self.bullet.getNumJoints(self.robot, physicsClientId=self.client)):
            parent = self.bullet.getJointInfo(self.robot, index, physicsClientId=self.client)[16]
            if index not in moved and parent in static:
                static.add(index)
        return frozenset(static)

    def _find_self_pairs(self) -> None:
        """Pairs of links that could collide: neither neighbours, nor in touch at home, nor both at rest."""
        bullet, on = self.bullet, {"physicsClientId": self.client}
        parents = {-1: -1}
        rigid: dict[int, int] = {-1: -1}  # the first link of the rigid group that a link belongs to
        moving = {*self.arm.joints, *self.arm.fingers}
        for index in range(bullet.getNumJoints(self.robot, **on)):
            parents[index] = bullet.getJointInfo(self.robot, index, **on)[16]
            rigid[index] = index if index in moving else rigid[parents[index]]
        self._set_joints(np.array(self.arm.robot.joints.home))
        for number, one in enumerate(self.links):
            for other in self.links[number + 1 :]:
                a, b = rigid[one], rigid[other]
                near = a == b or rigid[parents[b]] == a or rigid[parents[a]] == b
                if near or (one in self.static and other in self.static):
                    continue
                if not bullet.getClosestPoints(self.robot, self.robot, self.margin, one, other, **on):
                    self.self_pairs.append((one, other))
        place = {link: index for index, link in enumerate(self.links)}
        self._pair_a = np.array([place[one] for one, _ in self.self_pairs], dtype=int)
        self._pair_b = np.array([place[other] for _, other in self.self_pairs], dtype=int)

    def _reaches(self) -> Array:
        """For each joint, an upper bound of the distance from its axis to any point that it moves, metres."""
        bullet, on = self.bullet, {"physicsClientId": self.client}
        count = bullet.getNumJoints(self.robot, **on)
        origins = [
            np.array(bullet.getLinkState(self.robot, link, computeForwardKinematics=True, **on)[4])
            for link in range(count)
        ]
        parents = [bullet.getJointInfo(self.robot, link, **on)[16] for link in range(count)]
        farthest = np.zeros(count)  # from a link's frame, through those that hang on it
        for link in reversed(range(count)):
            if link in self.links:
                low, high = (np.array(corner) for corner in bullet.getAABB(self.robot, link, **on))
                reach = float(np.linalg.norm(np.maximum(np.abs(low - origins[link]), np.abs(high - origins[link]))))
                farthest[link] = max(farthest[link], reach)
            if parents[link] >= 0:
                away = float(np.linalg.norm(origins[link] - origins[parents[link]]))
                farthest[parents[link]] = max(farthest[parents[link]], away + farthest[link])
        reaches: Array = farthest[list(self.arm.joints)]
        return reaches

    # Following the world

    def update(
        self,
        without: Collection[int] = (),
        carried: int | None = None,
        counts: Callable[[int, int], bool] = lambda body, link: True,
    ) -> None:
        """Take over where everything stands now.

        Args:
            without: Bullet's numbers of bodies that may be touched.
            carried: the body that moves with the tool; the fingers may touch it.
            counts: whether a link of a body surrounds the arm, by Bullet's numbers in the world; -1 is its base.
        """
        bullet, client, on = self.bullet, self._simulation.client, {"physicsClientId": self.client}
        arm = self.arm
        base = bullet.getBasePositionAndOrientation(arm.body, physicsClientId=client)
        bullet.resetBasePositionAndOrientation(self.robot, *base, **on)
        for joint in range(bullet.getNumJoints(arm.body, physicsClientId=client)):
            state = bullet.getJointState(arm.body, joint, physicsClientId=client)
            bullet.resetJointState(self.robot, joint, state[0], 0.0, **on)
        for index in range(bullet.getNumBodies(physicsClientId=client)):
            body = bullet.getBodyUniqueId(index, physicsClientId=client)
            if body != arm.body and (body == carried or counts(body, -1)):
                self.copies_of(body)
        self.others, self.carried = [], []
        grip = self._tool_frame()
        for copy in chain.from_iterable(self._copies.values()):
            if copy.body != carried and (copy.body in without or not counts(copy.body, copy.link)):
                bullet.resetBasePositionAndOrientation(copy.here, AWAY, (0.0, 0.0, 0.0, 1.0), **on)
                continue
            if copy.link < 0:
                pose = bullet.getBasePositionAndOrientation(copy.body, physicsClientId=client)
            else:
                pose = bullet.getLinkState(copy.body, copy.link, physicsClientId=client)[:2]
            bullet.resetBasePositionAndOrientation(copy.here, *pose, **on)
            if copy.body == carried:
                self.carried.append((copy, bullet.multiplyTransforms(*bullet.invertTransform(*grip), *pose)))
            else:
                self.others.append(copy)
        self._take_boxes()

    def add(self, others: Sequence[tuple[Copy, Pose]], carried: Sequence[tuple[Copy, Pose]]) -> None:
        """Surround the arm with more than the world tells, until the next update.

        Args:
            others: bodies of this model's client, and where they stand, world frame.
            carried: the same of what moves with the tool.
        """
        bullet, on = self.bullet, {"physicsClientId": self.client}
        back = bullet.invertTransform(*self._tool_frame())
        for copy, pose in (*others, *carried):
            bullet.resetBasePositionAndOrientation(copy.here, pose.position, pose.quaternion, **on)
        self.others += [copy for copy, _ in others]
        self.carried += [
            (copy, bullet.multiplyTransforms(*back, pose.position, pose.quaternion)) for copy, pose in carried
        ]
        self._take_boxes()

    def _take_boxes(self) -> None:
        bullet, on, grip = self.bullet, {"physicsClientId": self.client}, self._tool_frame()
        self._beyond = max((self._beyond_tool(copy, grip) for copy, _ in self.carried), default=0.0)
        boxes = [bullet.getAABB(copy.here, -1, **on) for copy in self.others]
        self.low = np.array([box[0] for box in boxes]).reshape(-1, 3)
        self.high = np.array([box[1] for box in boxes]).reshape(-1, 3)

    def _beyond_tool(self, copy: Copy, grip: Any) -> float:
        """Metres from the tool link's frame to the farthest corner of what is carried."""
        low, high = (np.array(corner) for corner in self.bullet.getAABB(copy.here, -1, physicsClientId=self.client))
        middle = np.array(grip[0])
        return float(np.linalg.norm(np.maximum(np.abs(low - middle), np.abs(high - middle))))

    def _tool_frame(self) -> Any:
        state = self.bullet.getLinkState(
            self.robot, self.arm.tool_link, computeForwardKinematics=True, physicsClientId=self.client
        )
        return state[4], state[5]

    def copies_of(self, body: int) -> list[Copy]:
        """Copies of the shapes of a body of the world, by Bullet's number. They stay where they are put until the next
        update."""
        if body not in self._copies:
            self._copies[body] = self._shape_copies.copy(body)
        return self._copies[body]

    def is_fixed(self, body: int, link: int) -> bool:
        """Whether a link of a body of the world, by Bullet's numbers, can be moved by nothing at all."""
        return self._shape_copies.is_fixed(body, link)

    # Postures

    def put(self, q: Array) -> None:
        """Have the arm, with what it carries, stand at joint positions `q` (joints,)."""
        self._set_joints(q)
        if self.carried:
            grip, on = self._tool_frame(), {"physicsClientId": self.client}
            for copy, offset in self.carried:
                pose = self.bullet.multiplyTransforms(*grip, *offset)
                self.bullet.resetBasePositionAndOrientation(copy.here, *pose, **on)

    def put_finger(self, finger: int, position: float) -> None:
        """Bring a finger's pad `position` metres from the middle, until the next update."""
        self.bullet.resetJointState(self.robot, finger, position, 0.0, physicsClientId=self.client)

    def positions(self) -> Array:
        """The joint positions at which the arm stands, (joints,)."""
        states = self.bullet.getJointStates(self.robot, self.arm.joints, physicsClientId=self.client)
        return np.array([state[0] for state in states])

    def frame(self, part: Part) -> Any:
        """Where the inertial frame of a part is, as position and quaternion (x, y, z, w), world frame."""
        body, link = part
        if link < 0:
            return self.bullet.getBasePositionAndOrientation(body, physicsClientId=self.client)
        state = self.bullet.getLinkState(body, link, computeForwardKinematics=True, physicsClientId=self.client)
        return state[:2]

    def move(self, copy: Copy, frame: Any) -> None:
        """Put the inertial frame of a copy there, until the next update."""
        self.bullet.resetBasePositionAndOrientation(copy.here, *frame, physicsClientId=self.client)

    def base_frame(self) -> Array:
        """The pose, 4x4, of the body whose link the arm is, world frame."""
        place, turn = self.bullet.getBasePositionAndOrientation(self.robot, physicsClientId=self.client)
        pose = np.eye(4)
        pose[:3, :3] = np.array(self.bullet.getMatrixFromQuaternion(turn)).reshape(3, 3)
        pose[:3, 3] = place
        return pose

    def parent(self, link: int) -> int:
        """The link that a link hangs on; -1 is the base."""
        found: int = self.bullet.getJointInfo(self.robot, link, physicsClientId=self.client)[16]
        return found

    def box(self, part: Part) -> tuple[Array, Array]:
        """The lowest and the highest corner of a part's box along the world's axes, where it stands."""
        low, high = self.bullet.getAABB(*part, physicsClientId=self.client)
        return np.array(low), np.array(high)

    def gap(self, one: Part, other: Part, far: float) -> tuple[float, Any]:
        """The distance of two parts, metres, negative where they overlap, and the point of the other that is nearest;
        `far` where there is more than that between them."""
        points = self.bullet.getClosestPoints(one[0], other[0], far, one[1], other[1], physicsClientId=self.client)
        nearest = min(points, key=lambda point: point[8], default=None)
        return (far, (0.0, 0.0, 0.0)) if nearest is None else (nearest[8], nearest[6])

    # Asking

    def free(self, q: Array) -> bool:
        """Whether the arm at `q` (joints,) keeps its margin from everything."""
        return self.hit(q) is None

    def hit(self, q: Array, margin: float | None = None) -> Hit | None:
        """The first thing that the arm, or what it carries, comes nearer to than the margin at joint positions `q`."""
        bullet, on, robot = self.bullet, {"physicsClientId": self.client}, self.robot
        distance = self.margin if margin is None else margin
        self._set_joints(q)
        boxes = [bullet.getAABB(robot, link, **on) for link in self.links]
        low = np.array([box[0] for box in boxes]) - distance
        high = np.array([box[1] for box in boxes])
        if self._keep_out:
            kept = (low[:, None] <= self._kept_high) & (high[:, None] >= self._kept_low - distance)
            for index, number in np.argwhere(np.all(kept, axis=2)).tolist():
                if self.links[index] not in self.static:
                    return Hit(self.links[index], None, self._keep_out[number])
        near = np.all((low[:, None] <= self.high) & (high[:, None] >= self.low - distance), axis=2)
        for index, number in np.argwhere(near).tolist():
            link, copy = self.links[index], self.others[number]
            if link not in self.static and bullet.getClosestPoints(robot, copy.here, distance, link, **on):
                return Hit(link, copy.body)
        meet = np.all((low[self._pair_a] <= high[self._pair_b]) & (high[self._pair_a] >= low[self._pair_b]), axis=1)
        for number in np.flatnonzero(meet).tolist():
            one, other = self.self_pairs[number]
            if bullet.getClosestPoints(robot, robot, distance, one, other, **on):
                return Hit(one, None)
        return self._hit_of_carried(distance) if self.carried else None

    def _hit_of_carried(self, distance: float) -> Hit | None:
        bullet, on = self.bullet, {"physicsClientId": self.client}
        grip = self._tool_frame()
        hand = {self.arm.tool_link, *self.arm.fingers}
        for copy, offset in self.carried:
            bullet.resetBasePositionAndOrientation(copy.here, *bullet.multiplyTransforms(*grip, *offset), **on)
            box = bullet.getAABB(copy.here, -1, **on)
            low, high = np.array(box[0]) - distance, np.array(box[1]) + distance
            kept = np.all((low <= self._kept_high) & (high >= self._kept_low), axis=1)
            if kept.any():
                return Hit(None, None, self._keep_out[int(np.argmax(kept))])
            near = np.all((low <= self.high) & (high >= self.low), axis=1)
            for number in np.flatnonzero(near).tolist():
                other = self.others[number]
                if bullet.getClosestPoints(copy.here, other.here, distance, **on):
                    return Hit(None, other.body)
            for link in self.links:
                if link not in hand and bullet.getClosestPoints(self.robot, copy.here, distance, link, **on):
                    return Hit(link, copy.body)
        return None

    def line_hit(self, start: Array, goal: Array, margin: float | None = None) -> Hit | None:
        """As `hit`, for the whole straight line in joint space from `start` to `goal`.

        None is a proof: no point of the arm moves farther between two postures that were looked at than the margin kept
        there, so that nothing is touched in between either.
        """
        least = self.margin if margin is None else margin
        for q in (start, goal):
            found = self.hit(q, least)
            if found is not None:
                return found
        change = goal - start
        length = float(np.abs(change) @ (self._reach + self._beyond))  # metres that any point moves, at most
        pieces = [(0.0, 1.0)]
        for low, high in pieces:  # grows: the middle of what is left comes first
            middle, half = (low + high) / 2.0, length * (high - low) / 2.0
            q = start + change * middle
            if least < half <= _FAR and self.hit(q, half) is None:
                continue
            found = self.hit(q, least)
            if found is not None:
                return found
            if half > least:
                pieces += [(low, middle), (middle, high)]
        return None

    def _set_joints(self, q: Array) -> None:
        self.bullet.resetJointStatesMultiDof(
            self.robot, self.arm.joints, [[value] for value in np.asarray(q).tolist()], physicsClientId=self.client
        )
