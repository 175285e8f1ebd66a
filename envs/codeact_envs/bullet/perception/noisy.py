"""The noisy tier: true names, poses with noise, and now and then nothing."""

from __future__ import annotations

import hashlib
import math
import struct
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from codeact_envs.bullet.bodies.articulation import JointState
from codeact_envs.bullet.engine.simulation import RATE
from codeact_envs.bullet.geometry.poses import Pose
from codeact_envs.bullet.perception.seen import Seen
from codeact_envs.bullet.perception.view import Perception, Tier

POSITION_SIGMA = 0.003  # metres, each of x, y and z
YAW_SIGMA = 0.02  # radians, about the world's z
_JOINT_SHARE = 0.05  # of a joint's travel, which its noise does not exceed: a button's is as short as the noise
MISSED = 0.05  # share of looks at which a thing is not detected
FRAMES = 10  # a simulated second: between two frames the same is seen


class Noisy(Perception):
    """The truth with Gaussian noise on poses, drawn anew for each frame, and missed detections.

    The noise follows from the episode's layout, the number of the frame and the body, and from nothing else: the same
    seed and the same calls see the same. What was seen once and is missed now stays known where it was seen last. The
    gripper feels what it holds, so that it is never missed.
    """

    tier: ClassVar[Tier] = "noisy"

    def __init__(self, world: Any) -> None:
        super().__init__(world)
        self._known: dict[str, Seen] = {}
        self._visible: tuple[str, ...] = ()
        self._looked = -1
        self._seed = b""

    def reset(self) -> None:
        self._known, self._visible, self._looked = {}, (), -1
        self._seed = hashlib.sha256(repr(self.world.layout()).encode()).digest()

    def memory(self) -> tuple[dict[str, Seen], bytes]:
        return dict(self._known), self._seed

    def recall(self, memory: tuple[dict[str, Seen], bytes]) -> None:
        known, self._seed = memory
        self._known, self._visible, self._looked = dict(known), (), -1

    def known(self) -> Mapping[str, Seen]:
        self._look()
        return self._known

    def visible(self) -> tuple[str, ...]:
        self._look()
        return self._visible

    def held(self, arm: str | None = None) -> str | None:
        return self.world.held(arm)

    def joint(self, name: str) -> JointState:
        return self.world.joint(self.seen(name).name)

    def opened(self, name: str) -> float:
        """As it is seen. A hand that holds the handle feels where it is, so that `joint` tells the truth."""
        joint, index = self.joint(name), self.world.names().index(self.seen(name).name)
        travel = joint.upper - joint.lower
        sigma = min(POSITION_SIGMA if joint.kind == "prismatic" else YAW_SIGMA, _JOINT_SHARE * travel)
        drawn = self._random(self.world.simulation.steps * FRAMES // RATE, len(self.world.names()) + index)
        return min(1.0, max(0.0, joint.fraction + sigma / travel * float(drawn.standard_normal())))

    def retry_s(self) -> float:
        return 1.0 / FRAMES

    def _look(self) -> None:
        steps = self.world.simulation.steps
        if self._looked == steps:
            return
        self._looked = steps
        held, visible = {self.world.held(arm) for arm in self.world.arms}, []
        for index, name in enumerate(self.world.names()):
            drawn = self._random(steps * FRAMES // RATE, index)
            missed, noise = drawn.random() < MISSED, drawn.standard_normal(4)
            if missed and name not in held:
                continue
            visible.append(name)
            spec, pose = self.world.spec(name), self.world.pose(name)
            self._known[name] = Seen(name, spec.shape, self.world.color(name), spec.size, _disturbed(pose, noise))
        self._known = {name: self._known[name] for name in self.world.names() if name in self._known}
        self._visible = tuple(visible)

    def _random(self, frame: int, index: int) -> np.random.Generator:
        drawn = hashlib.sha256(self._seed + struct.pack("<qq", frame, index)).digest()
        return np.random.default_rng(int.from_bytes(drawn[:16], "little"))


def _disturbed(pose: Pose, noise: Any) -> Pose:
    x, y, z = (value + POSITION_SIGMA * float(share) for value, share in zip(pose.position, noise[:3], strict=True))
    half = YAW_SIGMA * float(noise[3]) / 2.0
    c, s = math.cos(half), math.sin(half)
    qx, qy, qz, qw = pose.quaternion
    # The turn about the world's z comes after the pose's own rotation: (0, 0, s, c) times q.
    return Pose((x, y, z), (c * qx - s * qy, c * qy + s * qx, c * qz + s * qw, c * qw - s * qz))
