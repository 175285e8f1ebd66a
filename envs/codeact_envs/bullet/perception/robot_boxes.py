"""Where the robot itself is, so that its own links are not taken for things on the table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from codeact_envs.bullet.perception.detector import OrientedBox

if TYPE_CHECKING:
    from codeact_envs.bullet.world import BulletWorld

_MARGIN = 0.012  # metres around a link
_FINGER_MARGIN = 0.004  # metres around a finger: what it holds must stay visible


class RobotBoxes:
    """A box about every link of the arm, from its model and its measured joint positions, as every robot knows them."""

    def __init__(self, world: BulletWorld) -> None:
        self._world = world
        self._corners: dict[int, tuple[NDArray[np.float64], NDArray[np.float64]]] | None = None

    def now(self) -> list[OrientedBox]:
        if self._corners is None:
            self._corners = self._measure()
        bullet, client, arm = self._world.simulation.bullet, self._world.simulation.client, self._world.arm
        links = [link for link in self._corners if link >= 0]
        states: Any = bullet.getLinkStates(arm.body, links, physicsClientId=client)
        poses = {link: state[:2] for link, state in zip(links, states, strict=True)}
        poses[-1] = bullet.getBasePositionAndOrientation(arm.body, physicsClientId=client)
        boxes = []
        for link, (lower, upper) in self._corners.items():
            position, quaternion = poses[link]
            pose = np.eye(4)
            pose[:3, :3] = np.reshape(bullet.getMatrixFromQuaternion(quaternion), (3, 3))
            pose[:3, 3] = position
            boxes.append(OrientedBox(pose, lower, upper))
        return boxes

    def _measure(self) -> dict[int, tuple[NDArray[np.float64], NDArray[np.float64]]]:
        bullet, client, arm = self._world.simulation.bullet, self._world.simulation.client, self._world.arm
        found = {}
        for link in range(-1, bullet.getNumJoints(arm.body, physicsClientId=client)):
            count, vertices = bullet.getMeshData(arm.body, link, physicsClientId=client)
            if count:
                margin = _FINGER_MARGIN if link in arm.fingers else _MARGIN
                corners = np.asarray(vertices, dtype=float)
                found[link] = (corners.min(axis=0) - margin, corners.max(axis=0) + margin)
        return found
