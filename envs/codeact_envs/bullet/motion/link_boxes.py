"""Boxes about the links of an arm at many postures at once, and how far each link can move: NumPy alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from codeact_envs.bullet.motion.collisions import CollisionModel, Part

Array = NDArray[np.float64]


class LinkBoxes:
    """The links of a model's arm, and what it carries.

    Forward kinematics is the product of exponentials (Lynch and Park, "Modern Robotics", section 4.1): each joint's
    axis and each link's box are measured once, with the joints at zero.

    Attributes:
        parts: the links, then the load.
        depths: how many of the arm's joints move each part, (parts,); those are the first ones.
        reach: metres, (parts, joints): no point of a part moves farther than this when a joint turns by one radian, at
            any posture.
    """

    def __init__(self, model: CollisionModel) -> None:
        self._model = model
        bullet, on = model.bullet, {"physicsClientId": model.client}
        joints = model.arm.joints
        model.put(np.zeros(len(joints)))
        self._origins, cross = [], []
        for joint in joints:
            state = bullet.getLinkState(model.robot, joint, computeForwardKinematics=True, **on)
            axes = np.array(bullet.getMatrixFromQuaternion(state[5])).reshape(3, 3)
            x, y, z = axes @ np.array(bullet.getJointInfo(model.robot, joint, **on)[13])
            self._origins.append(np.array(state[4]))
            cross.append([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
        self._cross = np.array(cross)
        self._square = self._cross @ self._cross
        corners = [self._corners(model, link) for link in model.links]
        self._links = [(model.robot, link) for link in model.links]
        self._link_boxes = np.array(corners).reshape(-1, 2, 3)
        self._link_depths = [self._depth(link) for link in model.links]
        self._from_zero = np.linalg.inv(model.base_frame())
        hops = [float(np.linalg.norm(b - a)) for a, b in zip(self._origins, self._origins[1:], strict=False)]
        self._along = np.cumsum([0.0, *hops])
        self._link_reaches = self._reaches(self._link_boxes, self._link_depths)
        self.parts: list[Part] = []
        self._stands = np.zeros((4, 4))  # where the base was
        self.carry([])

    def _depth(self, link: int) -> int:
        """How many of the arm's joints move a link."""
        depth = 0
        while link >= 0:
            depth += link in self._model.arm.joints
            link = self._model.parent(link)
        return depth

    @staticmethod
    def _corners(model: CollisionModel, link: int) -> tuple[Array, Array]:
        """The lowest and highest corner of a link's box, for any opening of the fingers."""
        if link not in model.arm.fingers:
            low, high = model.box((model.robot, link))
            return low, high
        boxes = []
        for position in (0.0, model.arm.robot.gripper.opening / 2.0):
            model.put_finger(link, position)
            boxes.append(model.box((model.robot, link)))
        return np.minimum(boxes[0][0], boxes[1][0]), np.maximum(boxes[0][1], boxes[1][1])

    def carry(self, load: Sequence[Part]) -> None:
        """The model was brought up to date: where its base is, and what it carries, as it stands there."""
        base = self._model.base_frame()
        if not load and len(self.parts) == len(self._links) and np.array_equal(base, self._stands):
            return
        self._stands, self._base = base, base @ self._from_zero
        boxes, depths, self.reach = self._link_boxes, self._link_depths, self._link_reaches
        if load:
            last = len(self._origins)
            turn, shift = (found[0, -1] for found in self._frames(self._model.positions()[None]))
            low, high = (np.array(corners) for corners in zip(*map(self._model.box, load), strict=True))
            # Boxes along the world's axes, as they lie when the joints are at zero.
            middle = ((low + high) / 2.0 - shift) @ turn
            half = (high - low) / 2.0 @ np.abs(turn)
            loads, deep = np.stack([middle - half, middle + half], axis=1), [last] * len(load)
            boxes, depths = np.concatenate([boxes, loads]), [*depths, *deep]
            self.reach = np.concatenate([self.reach, self._reaches(loads, deep)])
        self.parts = [*self._links, *load]
        self._middle, self._half = boxes.mean(axis=1), (boxes[:, 1] - boxes[:, 0]) / 2.0
        self.depths = np.array(depths)

    def _reaches(self, boxes: Array, depths: Sequence[int]) -> Array:
        """The rows of `reach` of parts with these boxes, (parts, 2, 3), that hang on the last of so many joints."""
        reach = np.zeros((len(boxes), len(self._origins)))
        for part, ((low, high), depth) in enumerate(zip(boxes, depths, strict=True)):
            if depth:
                origin = self._origins[depth - 1]
                away = float(np.linalg.norm(np.maximum(np.abs(low - origin), np.abs(high - origin))))
                reach[part, :depth] = self._along[depth - 1] - self._along[:depth] + away
        return reach

    def _frames(self, rows: Array) -> tuple[Array, Array]:
        """How what the first 0, 1, ... joints move has turned and shifted from where it is at zero, world frame:
        (n, joints + 1, 3, 3) and (n, joints + 1, 3)."""
        count = len(self._origins)
        turns = (
            np.eye(3)
            + np.sin(rows)[:, :, None, None] * self._cross
            + (1.0 - np.cos(rows))[:, :, None, None] * self._square
        )
        turn, shift = np.empty((len(rows), count + 1, 3, 3)), np.empty((len(rows), count + 1, 3))
        turn[:, 0], shift[:, 0] = self._base[:3, :3], self._base[:3, 3]
        for joint, origin in enumerate(self._origins):
            np.matmul(turn[:, joint], turns[:, joint], out=turn[:, joint + 1])
            shift[:, joint + 1] = shift[:, joint] + (turn[:, joint] - turn[:, joint + 1]) @ origin
        return turn, shift

    def at(self, rows: Array) -> tuple[Array, Array]:
        """Middles and half extents of boxes along the world's axes about the parts, each (n, parts, 3), metres.

        Args:
            rows: joint positions, (n, joints), radians.
        """
        turn, shift = self._frames(rows)
        turn, shift = turn[:, self.depths], shift[:, self.depths]
        middle = np.einsum("npij,pj->npi", turn, self._middle) + shift
        half = np.einsum("npij,pj->npi", np.abs(turn), self._half)
        return middle, half

    def corners(self, rows: Array) -> Array:
        """The corners of the boxes about the parts, (n, parts, 8, 3), metres, world frame."""
        turn, shift = self._frames(rows)
        signs = np.array([[i, j, k] for i in (-1.0, 1.0) for j in (-1.0, 1.0) for k in (-1.0, 1.0)])
        corners = self._middle[:, None] + signs * self._half[:, None]
        found: Array = np.einsum("npij,pcj->npci", turn[:, self.depths], corners) + shift[:, self.depths][:, :, None]
        return found
