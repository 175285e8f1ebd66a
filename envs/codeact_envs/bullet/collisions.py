"""Whether an arm's posture is free of collision, by the simulator's own geometry, without touching the simulation.

The arm and everything that it might hit are copied, shapes only, into a client of their own: queries fill caches, and
those of the world must not depend on how much was asked. Each query there is a fresh one, so that its answer depends on
nothing that was asked before.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codeact_envs.bullet.arm import SimulatedArm
from codeact_envs.bullet.quiet import quiet
from codeact_envs.bullet.robots.description import Volume
from codeact_envs.bullet.simulation import Simulation

Array = NDArray[np.float64]

_AWAY = (0.0, 0.0, 1.0e3)  # metres, for what takes no part in a query
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
class _Copy:
    """One collision shape of the world and its copy: the world's body and link, and the copy's body."""

    body: int
    link: int
    here: int


class CollisionModel:
    """The geometry of one arm and its surroundings.

    Args:
        simulation: whose bodies surround the arm. The model is closed with it.
        arm: in that simulation.
        margin: metres that the arm keeps from everything, itself included.
        keep_out: volumes, world frame, that it keeps out of, by its links' boxes as the controller looks at them.
    """

    def __init__(
        self, simulation: Simulation, arm: SimulatedArm, margin: float = 0.005, keep_out: Sequence[Volume] = ()
    ) -> None:
        self._simulation, self._arm, self.margin = simulation, arm, margin
        self._bullet = simulation.bullet
        self._client: int = self._bullet.connect(self._bullet.DIRECT)
        simulation.when_closed(self.close)
        self._copies: list[_Copy] = []
        self._known: set[int] = set()
        with quiet():
            self._robot = self._load_arm()
        self._links = [-1, *range(self._bullet.getNumJoints(self._robot, physicsClientId=self._client))]
        self._links = [link for link in self._links if self._shapes(self._client, self._robot, link)]
        self._self_pairs: list[tuple[int, int]] = []
        self._static = self._never_moving()
        self._find_self_pairs()
        self._reach = self._reaches()
        self._beyond = 0.0
        self._keep_out = tuple(keep_out)
        self._kept_low = np.array([volume.lower for volume in keep_out]).reshape(-1, 3)
        self._kept_high = np.array([volume.upper for volume in keep_out]).reshape(-1, 3)
        self._others: list[_Copy] = []
        self._carried: list[tuple[_Copy, Any]] = []
        self._low = self._high = np.empty((0, 3))

    def close(self) -> None:
        """Give the client back. May be called again."""
        if self._client >= 0 and self._bullet.isConnected(self._client):
            self._bullet.disconnect(physicsClientId=self._client)
        self._client = -1

    # Copying

    def _load_arm(self) -> int:
        body: int = self._arm.robot.model.load(
            self._bullet, self._client, (0.0, 0.0, 0.0), 0.0, fixed=True, flags=self._bullet.URDF_IGNORE_VISUAL_SHAPES
        )
        return body

    def _shapes(self, client: int, body: int, link: int) -> Sequence[Any]:
        found: Sequence[Any] = self._bullet.getCollisionShapeData(body, link, physicsClientId=client)
        return found

    def _never_moving(self) -> frozenset[int]:
        """Links that no joint of the arm moves."""
        moved: set[int] = set(self._arm.joints)
        static = {-1}
        for index in range(self._bullet.getNumJoints(self._robot, physicsClientId=self._client)):
            parent = self._bullet.getJointInfo(self._robot, index, physicsClientId=self._client)[16]
            if index not in moved and parent in static:
                static.add(index)
        return frozenset(static)

    def _find_self_pairs(self) -> None:
        """Pairs of links that could collide: neither neighbours, nor in touch at home, nor both at rest."""
        bullet, on = self._bullet, {"physicsClientId": self._client}
        parents = {-1: -1}
        rigid: dict[int, int] = {-1: -1}  # the first link of the rigid group that a link belongs to
        moving = {*self._arm.joints, *self._arm.fingers}
        for index in range(bullet.getNumJoints(self._robot, **on)):
            parents[index] = bullet.getJointInfo(self._robot, index, **on)[16]
            rigid[index] = index if index in moving else rigid[parents[index]]
        self._set_joints(self._arm.home)
        for number, one in enumerate(self._links):
            for other in self._links[number + 1 :]:
                a, b = rigid[one], rigid[other]
                near = a == b or rigid[parents[b]] == a or rigid[parents[a]] == b
                if near or (one in self._static and other in self._static):
                    continue
                if not bullet.getClosestPoints(self._robot, self._robot, self.margin, one, other, **on):
                    self._self_pairs.append((one, other))
        place = {link: index for index, link in enumerate(self._links)}
        self._pair_a = np.array([place[one] for one, _ in self._self_pairs], dtype=int)
        self._pair_b = np.array([place[other] for _, other in self._self_pairs], dtype=int)

    def _reaches(self) -> Array:
        """For each joint, an upper bound of the distance from its axis to any point that it moves, metres."""
        bullet, on = self._bullet, {"physicsClientId": self._client}
        count = bullet.getNumJoints(self._robot, **on)
        origins = [
            np.array(bullet.getLinkState(self._robot, link, computeForwardKinematics=True, **on)[4])
            for link in range(count)
        ]
        parents = [bullet.getJointInfo(self._robot, link, **on)[16] for link in range(count)]
        farthest = np.zeros(count)  # from a link's frame, through those that hang on it
        for link in reversed(range(count)):
            if link in self._links:
                low, high = (np.array(corner) for corner in bullet.getAABB(self._robot, link, **on))
                reach = float(np.linalg.norm(np.maximum(np.abs(low - origins[link]), np.abs(high - origins[link]))))
                farthest[link] = max(farthest[link], reach)
            if parents[link] >= 0:
                away = float(np.linalg.norm(origins[link] - origins[parents[link]]))
                farthest[parents[link]] = max(farthest[parents[link]], away + farthest[link])
        reaches: Array = farthest[self._arm.joints]
        return reaches

    def _copy_body(self, body: int) -> None:
        bullet, client, still = self._bullet, self._simulation.client, self._simulation.still
        self._known.add(body)
        if body in still:
            half = still[body]
            if half is not None:
                box = bullet.createCollisionShape(bullet.GEOM_BOX, halfExtents=half, physicsClientId=self._client)
                here = bullet.createMultiBody(0.0, box, -1, _AWAY, physicsClientId=self._client)
                self._copies.append(_Copy(body, -1, here))
            return
        for link in range(-1, bullet.getNumJoints(body, physicsClientId=client)):
            for shape in self._shapes(client, body, link):
                collision = self._collision_shape(body, shape)
                if collision >= 0:
                    here = bullet.createMultiBody(0.0, collision, -1, _AWAY, physicsClientId=self._client)
                    self._copies.append(_Copy(body, link, here))

    def _collision_shape(self, body: int, shape: Any) -> int:
        """A copy of a shape, placed in its link's inertial frame as the original is."""
        bullet = self._bullet
        _, link, kind, dimensions, file, position, rotation = shape[:7]
        where: dict[str, Any] = {
            "collisionFramePosition": position,
            "collisionFrameOrientation": rotation,
            "physicsClientId": self._client,
        }
        if kind == bullet.GEOM_BOX:
            return int(bullet.createCollisionShape(kind, halfExtents=[d / 2.0 for d in dimensions], **where))
        if kind == bullet.GEOM_SPHERE:
            return int(bullet.createCollisionShape(kind, radius=dimensions[0], **where))
        if kind in (bullet.GEOM_CYLINDER, bullet.GEOM_CAPSULE):
            return int(bullet.createCollisionShape(kind, height=dimensions[0], radius=dimensions[1], **where))
        if kind == bullet.GEOM_PLANE:
            return int(bullet.createCollisionShape(kind, planeNormal=dimensions, **where))
        name = file.decode()
        if Path(name).is_file():
            return int(bullet.createCollisionShape(kind, fileName=name, meshScale=dimensions, **where))
        _, vertices = bullet.getMeshData(body, link, physicsClientId=self._simulation.client)
        return int(bullet.createCollisionShape(kind, vertices=vertices, **where))

    # Following the world

    def update(self, without: Collection[int] = (), carried: int | None = None) -> None:
        """Take over where everything stands now.

        Args:
            without: Bullet's numbers of bodies that may be touched.
            carried: the body that moves with the tool; the fingers may touch it.
        """
        bullet, client, on = self._bullet, self._simulation.client, {"physicsClientId": self._client}
        arm = self._arm
        base = bullet.getBasePositionAndOrientation(arm.body, physicsClientId=client)
        bullet.resetBasePositionAndOrientation(self._robot, *base, **on)
        for joint in range(bullet.getNumJoints(arm.body, physicsClientId=client)):
            state = bullet.getJointState(arm.body, joint, physicsClientId=client)
            bullet.resetJointState(self._robot, joint, state[0], 0.0, **on)
        for index in range(bullet.getNumBodies(physicsClientId=client)):
            body = bullet.getBodyUniqueId(index, physicsClientId=client)
            if body != arm.body and body not in self._known:
                self._copy_body(body)
        self._others, self._carried = [], []
        grip = self._tool_frame()
        for copy in self._copies:
            if copy.body in without and copy.body != carried:
                bullet.resetBasePositionAndOrientation(copy.here, _AWAY, (0.0, 0.0, 0.0, 1.0), **on)
                continue
            if copy.link < 0:
                pose = bullet.getBasePositionAndOrientation(copy.body, physicsClientId=client)
            else:
                pose = bullet.getLinkState(copy.body, copy.link, physicsClientId=client)[:2]
            bullet.resetBasePositionAndOrientation(copy.here, *pose, **on)
            if copy.body == carried:
                self._carried.append((copy, bullet.multiplyTransforms(*bullet.invertTransform(*grip), *pose)))
            else:
                self._others.append(copy)
        self._beyond = max((self._beyond_tool(copy, grip) for copy, _ in self._carried), default=0.0)
        boxes = [bullet.getAABB(copy.here, -1, **on) for copy in self._others]
        self._low = np.array([box[0] for box in boxes]).reshape(-1, 3)
        self._high = np.array([box[1] for box in boxes]).reshape(-1, 3)

    def _beyond_tool(self, copy: _Copy, grip: Any) -> float:
        """Metres from the tool link's frame to the farthest corner of what is carried."""
        low, high = (np.array(corner) for corner in self._bullet.getAABB(copy.here, -1, physicsClientId=self._client))
        middle = np.array(grip[0])
        return float(np.linalg.norm(np.maximum(np.abs(low - middle), np.abs(high - middle))))

    def _tool_frame(self) -> Any:
        state = self._bullet.getLinkState(
            self._robot, self._arm.tool_link, computeForwardKinematics=True, physicsClientId=self._client
        )
        return state[4], state[5]

    # Asking

    def free(self, q: Array) -> bool:
        """Whether the arm at `q` (joints,) keeps its margin from everything."""
        return self.hit(q) is None

    def hit(self, q: Array, margin: float | None = None) -> Hit | None:
        """The first thing that the arm, or what it carries, comes nearer to than the margin at joint positions `q`."""
        bullet, on, robot = self._bullet, {"physicsClientId": self._client}, self._robot
        distance = self.margin if margin is None else margin
        self._set_joints(q)
        boxes = [bullet.getAABB(robot, link, **on) for link in self._links]
        low = np.array([box[0] for box in boxes]) - distance
        high = np.array([box[1] for box in boxes])
        if self._keep_out:
            kept = (low[:, None] <= self._kept_high) & (high[:, None] >= self._kept_low - distance)
            for index, number in np.argwhere(np.all(kept, axis=2)).tolist():
                if self._links[index] not in self._static:
                    return Hit(self._links[index], None, self._keep_out[number])
        near = np.all((low[:, None] <= self._high) & (high[:, None] >= self._low - distance), axis=2)
        for index, number in np.argwhere(near).tolist():
            link, copy = self._links[index], self._others[number]
            if link not in self._static and bullet.getClosestPoints(robot, copy.here, distance, link, **on):
                return Hit(link, copy.body)
        meet = np.all((low[self._pair_a] <= high[self._pair_b]) & (high[self._pair_a] >= low[self._pair_b]), axis=1)
        for number in np.flatnonzero(meet).tolist():
            one, other = self._self_pairs[number]
            if bullet.getClosestPoints(robot, robot, distance, one, other, **on):
                return Hit(one, None)
        return self._hit_of_carried(distance) if self._carried else None

    def _hit_of_carried(self, distance: float) -> Hit | None:
        bullet, on = self._bullet, {"physicsClientId": self._client}
        grip = self._tool_frame()
        hand = {self._arm.tool_link, *self._arm.fingers}
        for copy, offset in self._carried:
            bullet.resetBasePositionAndOrientation(copy.here, *bullet.multiplyTransforms(*grip, *offset), **on)
            box = bullet.getAABB(copy.here, -1, **on)
            low, high = np.array(box[0]) - distance, np.array(box[1]) + distance
            kept = np.all((low <= self._kept_high) & (high >= self._kept_low), axis=1)
            if kept.any():
                return Hit(None, None, self._keep_out[int(np.argmax(kept))])
            near = np.all((low <= self._high) & (high >= self._low), axis=1)
            for number in np.flatnonzero(near).tolist():
                other = self._others[number]
                if bullet.getClosestPoints(copy.here, other.here, distance, **on):
                    return Hit(None, other.body)
            for link in self._links:
                if link not in hand and bullet.getClosestPoints(self._robot, copy.here, distance, link, **on):
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
        self._bullet.resetJointStatesMultiDof(
            self._robot, self._arm.joints, [[value] for value in np.asarray(q).tolist()], physicsClientId=self._client
        )
