"""The cameras of a simulated world: where they are, and their pictures. Taking one changes no state."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from codeact.errors import TaskError
from codeact_envs.bullet.errors import UnknownObject
from codeact_envs.bullet.geometry.poses import Pose, Vector3
from codeact_envs.bullet.geometry.rotations import matrix_of
from codeact_envs.bullet.perception.pictures import Array, Calibration, Shot
from codeact_envs.bullet.robots.description import CameraMount

if TYPE_CHECKING:
    from codeact_envs.bullet.world import BulletWorld

LIGHT: Vector3 = (0.7, 0.9, 2.0)
AMBIENT, DIFFUSE = 0.62, 0.42  # shares of a surface's colour under the light, in all directions and facing it
_NEAR, _FAR = 0.05, 4.0


@dataclass(frozen=True)
class SceneCamera:
    """A camera that stands still: metres in the world frame; `field_of_view` is vertical, degrees."""

    eye: Vector3
    target: Vector3
    field_of_view: float


# Around the table. `overhead` stands so far forward that the arm, at its home, hides nothing of the table from it.
SCENE_CAMERAS: dict[str, SceneCamera] = {
    "overhead": SceneCamera((0.78, 0.0, 1.10), (0.47, 0.0, 0.0), 44.0),
    "front": SceneCamera((1.25, 0.0, 0.65), (0.45, 0.0, 0.0), 48.0),
    "left": SceneCamera((0.62, 0.85, 0.70), (0.47, -0.03, 0.0), 50.0),
    "right": SceneCamera((0.62, -0.85, 0.70), (0.47, 0.03, 0.0), 50.0),
}


def look_at(eye: Vector3, target: Vector3) -> Array:
    """The pose (4, 4) of a camera at `eye` that looks at `target`, the world's z axis up in the picture."""
    forward = np.subtract(target, eye)
    forward = forward / np.linalg.norm(forward)
    right = np.cross(forward, (0.0, 0.0, 1.0))
    right = right / np.linalg.norm(right)
    pose = np.eye(4)
    pose[:3, 0], pose[:3, 1], pose[:3, 2], pose[:3, 3] = right, np.cross(forward, right), forward, eye
    return pose


@dataclass(frozen=True)
class _Mounted:
    """A camera on a robot: Bullet's number of the body, its link, and the camera's pose (4, 4) in the link's frame."""

    body: int
    link: int
    pose: Array
    field_of_view: float


def _mounted(world: BulletWorld) -> dict[str, _Mounted]:
    """The cameras that the robot's description mounts; those of one of several arms with its name before theirs."""
    found = {}
    several = len(world.arms) > 1
    parts: list[tuple[str, int, Mapping[str, CameraMount]]] = [
        (f"{name}_" if several else "", arm.body, arm.robot.cameras) for name, arm in world.arms.items()
    ]
    parts += [("", part.body, part.robot.cameras) for part in (world.base, world.drone) if part is not None]
    bullet, on = world.simulation.bullet, {"physicsClientId": world.simulation.client}
    for prefix, body, mounts in parts:
        links = {
            bullet.getJointInfo(body, index, **on)[12].decode(): index
            for index in range(bullet.getNumJoints(body, **on))
        }
        links[bullet.getBodyInfo(body, **on)[0].decode()] = -1
        for name, mount in mounts.items():
            if mount.link not in links:
                raise TaskError(f"camera {name!r} is fixed to {mount.link!r}; the robot has no such link")
            turn = bullet.getQuaternionFromEuler(mount.rotation)
            pose = matrix_of(Pose((mount.position[0], mount.position[1], mount.position[2]), turn))
            found[prefix + name] = _Mounted(body, links[mount.link], pose, mount.field_of_view)
    return found


class Cameras:
    """The cameras of one world, by name: those around the table, where there is one, and those on the robot, which move
    with it.

    Bullet's software renderer draws their pictures: the same state gives the same pixels on any machine, with an
    episode's own noise where that is perturbed.

    Args:
        scene: the cameras that stand still; None for those around the table.

    Raises:
        TaskError: the robot's description mounts one on a link that it does not have.
    """

    def __init__(self, world: BulletWorld, scene: Mapping[str, SceneCamera] | None = None) -> None:
        self._world = world
        if scene is None:
            scene = SCENE_CAMERAS if world.description.ground == "table" else {}
        self._still = {
            name: (look_at(camera.eye, camera.target), camera.field_of_view) for name, camera in scene.items()
        }
        self._mounted = _mounted(world)

    def names(self) -> tuple[str, ...]:
        return (*self._still, *self._mounted)

    def pose(self, name: str) -> Array:
        """A camera's pose in the world frame now, (4, 4), metres.

        Raises:
            UnknownObject: no camera has this name.
        """
        return self._looking(name)[0]

    def _looking(self, name: str) -> tuple[Array, float]:
        """Pose and field of view."""
        if name in self._still:
            return self._still[name]
        if name not in self._mounted:
            raise UnknownObject(f"no camera is called {name!r}; there are {', '.join(self.names())}")
        camera = self._mounted[name]
        bullet, on = self._world.simulation.bullet, {"physicsClientId": self._world.simulation.client}
        if camera.link < 0:
            place, turn = bullet.getBasePositionAndOrientation(camera.body, **on)
            inertial = bullet.getDynamicsInfo(camera.body, -1, **on)[3:5]
            place, turn = bullet.multiplyTransforms(place, turn, *bullet.invertTransform(*inertial))
        else:
            place, turn = bullet.getLinkState(camera.body, camera.link, computeForwardKinematics=True, **on)[4:6]
        return matrix_of(Pose(place, turn)) @ camera.pose, camera.field_of_view

    def calibration(self, name: str, width: int, height: int) -> Calibration:
        """The geometry of a camera now.

        Raises:
            UnknownObject: no camera has this name.
        """
        pose, field_of_view = self._looking(name)
        focal = height / 2.0 / math.tan(math.radians(field_of_view) / 2.0)
        intrinsics = np.array([[focal, 0.0, width / 2.0], [0.0, focal, height / 2.0 - 1.0], [0.0, 0.0, 1.0]])
        return Calibration(width, height, intrinsics, pose)

    def require_depth(self, name: str) -> None:
        """All of them measure depth."""
        self._looking(name)

    def take(self, name: str, width: int, height: int, bodies: bool = False) -> Shot:
        """A picture from a camera.

        Args:
            bodies: also tell which body each pixel shows. Only what knows the truth may ask for that.

        Raises:
            UnknownObject: no camera has this name.
        """
        calibration = self.calibration(name, width, height)
        self._world.paint()
        bullet, on = self._world.simulation.bullet, {"physicsClientId": self._world.simulation.client}
        flip = np.diag([1.0, -1.0, -1.0, 1.0])  # Bullet's camera, like OpenGL's, looks along -z with y up
        view = flip @ np.linalg.inv(calibration.extrinsics)
        half = height / 2.0 / calibration.intrinsics[0, 0]
        projection: Any = bullet.computeProjectionMatrixFOV(
            2.0 * math.degrees(math.atan(half)), width / height, _NEAR, _FAR
        )
        _, _, colors, buffer, mask = bullet.getCameraImage(
            width,
            height,
            view.T.ravel().tolist(),
            projection,
            lightDirection=LIGHT,
            lightColor=[1.0, 1.0, 1.0],
            lightDistance=3.0,
            lightAmbientCoeff=AMBIENT,
            lightDiffuseCoeff=DIFFUSE,
            lightSpecularCoeff=0.0,
            shadow=0,
            renderer=bullet.ER_TINY_RENDERER,
            flags=0 if bodies else bullet.ER_NO_SEGMENTATION_MASK,
            **on,
        )
        rgb = np.ascontiguousarray(np.asarray(colors, dtype=np.uint8).reshape(height, width, 4)[:, :, :3])
        depth = np.asarray(buffer, dtype=float).reshape(height, width)
        metres = np.where(depth < 1.0, _FAR * _NEAR / (_FAR - (_FAR - _NEAR) * depth), math.inf)
        seen = np.asarray(mask, dtype=np.int64).reshape(height, width) if bodies else None
        return Shot(*self._world.perturbing.picture(name, rgb, metres), seen, calibration)
