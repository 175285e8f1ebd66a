"""Copies of the collision shapes of a simulation, in another client, where asking about them costs the simulation
nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codeact_envs.bullet.engine.simulation import Simulation

AWAY = (0.0, 0.0, 1.0e3)  # metres, for what takes no part in a query


@dataclass(frozen=True)
class Copy:
    """One collision shape of the world and its copy: the world's body and link, and the copy's body."""

    body: int
    link: int
    here: int


class ShapeCopies:
    """Makes copies of what a simulation holds, and knows what in it can be moved.

    Args:
        simulation: that holds the bodies.
        client: Bullet's number of the client that gets the copies.
    """

    def __init__(self, simulation: Simulation, client: int) -> None:
        self._simulation, self._bullet, self._client = simulation, simulation.bullet, client

    def copy(self, body: int) -> list[Copy]:
        """A body of its own for each shape of a body of the simulation; out of the way until it is placed."""
        bullet, client, still = self._bullet, self._simulation.client, self._simulation.still
        if body in still:
            half = still[body]
            if half is None:
                return []
            box = bullet.createCollisionShape(bullet.GEOM_BOX, halfExtents=half, physicsClientId=self._client)
            return [Copy(body, -1, self._placed(box))]
        found = []
        for link in range(-1, bullet.getNumJoints(body, physicsClientId=client)):
            for shape in self.shapes(client, body, link):
                collision = self._shape(body, shape)
                if collision >= 0:
                    found.append(Copy(body, link, self._placed(collision)))
        return found

    def shapes(self, client: int, body: int, link: int) -> Sequence[Any]:
        """What Bullet says of the collision shapes of a link."""
        found: Sequence[Any] = self._bullet.getCollisionShapeData(body, link, physicsClientId=client)
        return found

    def is_fixed(self, body: int, link: int) -> bool:
        """Whether a link of a body of the simulation can be moved by nothing at all, not by a joint of its own
        either."""
        bullet, on = self._bullet, {"physicsClientId": self._simulation.client}
        if bullet.getDynamicsInfo(body, -1, **on)[0] > 0.0:
            return False
        while link >= 0:
            info = bullet.getJointInfo(body, link, **on)
            if info[2] != bullet.JOINT_FIXED:
                return False
            link = info[16]
        return True

    def _placed(self, shape: int) -> int:
        body: int = self._bullet.createMultiBody(0.0, shape, -1, AWAY, physicsClientId=self._client)
        return body

    def _shape(self, body: int, shape: Any) -> int:
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
