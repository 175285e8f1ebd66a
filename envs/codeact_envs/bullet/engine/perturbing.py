"""What goes otherwise than planned in an episode: other masses and frictions, a push, failing grasps, noisy pictures.

All of it is data that a world is reset with, and part of its state: a restored or branched world is perturbed as the
one that it came from.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codeact_envs.bullet.engine.scene import GROUND_FRICTION
from codeact_envs.bullet.engine.simulation import Simulation

_GRAVITY = 9.81
_FASTEST = 0.5  # metres per second to which a push brings a body at most: what rolls would not come to rest
_DEPTH_NOISE = 1.425e-3  # metres at one metre, growing with the square: Khoshelham and Elberink, 2012, for a Kinect
_COLOR_NOISE = 4.0  # standard deviation of a channel, of 255
_HOLES = 0.005  # share of the pixels at which no depth is measured


@dataclass(frozen=True)
class Dynamics:
    """Factors on the mass and on the friction of a body, by its key."""

    key: str
    mass: float
    friction: float


@dataclass(frozen=True)
class Push:
    """A blow to a body, by its key.

    Attributes:
        step: of the simulation after which it comes.
        shift: how far it slides the body where that is free, metres (x, y), world frame.
    """

    key: str
    step: int
    shift: tuple[float, float]


@dataclass(frozen=True)
class Perturbation:
    """What happens to one episode.

    Attributes:
        failing_grasps: how many grasps of each arm fail at first: the fingers stay where they are.
        camera_noise: the seed of the noise in colours and depths of pictures; None for clean ones.
    """

    dynamics: tuple[Dynamics, ...] = ()
    push: Push | None = None
    failing_grasps: int = 0
    camera_noise: int | None = None


UNPERTURBED = Perturbation()


@dataclass(frozen=True)
class _Nature:
    """Mass, kilograms, friction and inertia about the principal axes of a body's link, as loaded."""

    link: int
    mass: float
    friction: float
    inertia: tuple[float, float, float]


class Perturbing:
    """Lets an episode's perturbation happen to the bodies of a simulation.

    Args:
        bodies: Bullet's numbers by key, of those that may be perturbed.
        wake: called before something is pushed.
    """

    def __init__(self, simulation: Simulation, bodies: Mapping[str, int], wake: Callable[[], None]) -> None:
        self._simulation, self._bodies, self._wake = simulation, dict(bodies), wake
        self._bullet, self._on = simulation.bullet, {"physicsClientId": simulation.client}
        self._natures: dict[str, tuple[_Nature, ...]] = {}
        self.now = UNPERTURBED

    def adopt(self, perturbation: Perturbation) -> None:
        """Let this one happen from now on. The step counter may be set afterwards."""
        if perturbation.dynamics != self.now.dynamics:
            for dynamics in self.now.dynamics:
                self._set_nature(dynamics.key, 1.0, 1.0)
            for dynamics in perturbation.dynamics:
                self._set_nature(dynamics.key, dynamics.mass, dynamics.friction)
        self.now = perturbation
        push = perturbation.push
        self._simulation.at(push.step if push is not None else None, self._push)

    def _nature(self, key: str) -> tuple[_Nature, ...]:
        if key not in self._natures:
            body = self._bodies[key]
            found = []
            for link in range(-1, self._bullet.getNumJoints(body, **self._on)):
                info = self._bullet.getDynamicsInfo(body, link, **self._on)
                found.append(_Nature(link, info[0], info[1], info[2]))
            self._natures[key] = tuple(found)
        return self._natures[key]

    def _set_nature(self, key: str, mass: float, friction: float) -> None:
        for nature in self._nature(key):
            x, y, z = nature.inertia
            self._bullet.changeDynamics(
                self._bodies[key],
                nature.link,
                mass=mass * nature.mass,
                lateralFriction=friction * nature.friction,
                localInertiaDiagonal=(mass * x, mass * y, mass * z),
                **self._on,
            )

    def _push(self) -> None:
        push = self.now.push
        assert push is not None
        self._wake()
        body = self._bodies[push.key]
        distance = math.hypot(*push.shift)
        friction = self._bullet.getDynamicsInfo(body, -1, **self._on)[1] * GROUND_FRICTION
        speed = min(_FASTEST, math.sqrt(2.0 * friction * _GRAVITY * distance))
        (vx, vy, vz), turning = self._bullet.getBaseVelocity(body, **self._on)
        vx, vy = vx + speed * push.shift[0] / distance, vy + speed * push.shift[1] / distance
        self._bullet.resetBaseVelocity(body, (vx, vy, vz), turning, **self._on)

    def picture(
        self, camera: str, rgb: NDArray[np.uint8], depth: NDArray[np.float64]
    ) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
        """A picture as a camera takes it: the same one, or with noise. The same state gives the same picture."""
        if self.now.camera_noise is None:
            return rgb, depth
        random = np.random.default_rng([self.now.camera_noise, self._simulation.steps, zlib.crc32(camera.encode())])
        colors = rgb + random.normal(0.0, _COLOR_NOISE, rgb.shape)
        with np.errstate(invalid="ignore"):
            measured = depth + random.normal(0.0, 1.0, depth.shape) * _DEPTH_NOISE * depth**2
        measured[random.random(depth.shape) < _HOLES] = math.inf
        return np.clip(np.rint(colors), 0, 255).astype(np.uint8), np.where(np.isfinite(depth), measured, depth)
