"""The picture of the scene, by Bullet's software renderer, and frames collected at a fixed rate of simulated time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codeact_envs.bullet.engine.simulation import Simulation
from codeact_envs.bullet.geometry.poses import Vector3

Frame = NDArray[np.uint8]


@dataclass(frozen=True)
class Camera:
    """Where the camera stands and looks, metres in the world frame; `field_of_view` is vertical, in degrees.
    Nothing is drawn beyond `far`, metres. What lies far outside of what the light sees, from `light_distance` metres
    in the direction `light`, would be drawn as if it lay in shadow."""

    eye: Vector3 = (1.50, 0.82, 0.92)
    target: Vector3 = (0.33, 0.03, 0.24)
    field_of_view: float = 46.0
    light: Vector3 = (0.7, 0.9, 2.0)
    light_distance: float = 5.0
    far: float = 6.0


FLOOR_CAMERA = Camera(eye=(-2.6, -3.4, 3.6), target=(0.7, 0.2, 0.0), field_of_view=56.0, light_distance=8.0, far=20.0)
"""Where robots move about."""


def render(simulation: Simulation, camera: Camera, width: int, height: int) -> Frame:
    """A picture, uint8 of shape (height, width, 3)."""
    bullet, on = simulation.bullet, {"physicsClientId": simulation.client}
    view: Any = bullet.computeViewMatrix(camera.eye, camera.target, [0.0, 0.0, 1.0])
    projection: Any = bullet.computeProjectionMatrixFOV(camera.field_of_view, width / height, 0.05, camera.far)
    picture: Any = bullet.getCameraImage(
        width,
        height,
        view,
        projection,
        lightDirection=camera.light,
        lightColor=[1.0, 1.0, 1.0],
        lightDistance=camera.light_distance,
        lightAmbientCoeff=0.62,
        lightDiffuseCoeff=0.42,
        lightSpecularCoeff=0.12,
        shadow=1,
        renderer=bullet.ER_TINY_RENDERER,
        flags=bullet.ER_NO_SEGMENTATION_MASK,
        **on,
    )
    pixels = np.asarray(picture[2], dtype=np.uint8).reshape(height, width, 4)
    return np.ascontiguousarray(pixels[:, :, :3])
