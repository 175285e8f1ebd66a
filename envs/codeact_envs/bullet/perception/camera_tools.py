"""Pictures for programs: what the cameras give, with the matrices that turn pixels into places."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from codeact.tools import Toolbox, tool
from codeact_envs.bullet.errors import NoDepth, OutOfReach, UnknownObject
from codeact_envs.bullet.perception.cameras import Cameras
from codeact_envs.bullet.perception.pictures import PictureSource, Shot
from codeact_envs.bullet.world import BulletWorld

_MOST_PIXELS = 640 * 480


@dataclass(frozen=True)
class Segmentation:
    """Which thing each pixel shows.

    Attributes:
        labels: (height, width): 0 for the robot and for what stands still, above it a number for each thing.
        names: what the things are called, by number; empty where programs see by cameras alone.
    """

    labels: NDArray[np.int32]
    names: dict[int, str] = field(default_factory=dict)


class PictureApi:
    """Take pictures; taking one moves nothing.

    A camera's frame: x to the right in the picture, y down, z into it. The pixel in column u and row v that is `depth`
    metres away shows the point ((u - cx) / fx * depth, (v - cy) / fy * depth, depth) of that frame.

    Args:
        source: the cameras.
    """

    def __init__(self, source: PictureSource) -> None:
        self._source = source

    @tool(effect="read")
    def names(self) -> list[str]:
        """Names of the cameras. Those on the robot move with it, such as `hand`, which looks along the gripper."""
        return list(self._source.names())

    @tool(effect="read")
    def rgb(self, name: str, width: int = 320, height: int = 240) -> NDArray[np.uint8]:
        """A picture, uint8 of shape (height, width, 3). Raises UnknownObject."""
        _require_size(width, height)
        return self._source.take(name, width, height).rgb

    @tool(effect="read")
    def depth(self, name: str, width: int = 320, height: int = 240) -> NDArray[np.float32]:
        """Metres along the camera's z axis to what each pixel shows, float32 of shape (height, width); infinite where
        it measures nothing. Raises UnknownObject, NoDepth."""
        return self._with_depth(name, width, height).depth.astype(np.float32)

    @tool(effect="read")
    def point_cloud(self, name: str, width: int = 320, height: int = 240) -> NDArray[np.float32]:
        """The point that each pixel shows, world frame, metres, float32 of shape (height, width, 3); not finite where
        nothing is. Raises UnknownObject, NoDepth."""
        return self._with_depth(name, width, height).points().astype(np.float32)

    @tool(effect="read")
    def intrinsics(self, name: str, width: int = 320, height: int = 240) -> NDArray[np.float64]:
        """The camera matrix (3, 3) of pictures of that size, pixels: fx, 0, cx; 0, fy, cy; 0, 0, 1.

        Raises UnknownObject.
        """
        _require_size(width, height)
        return self._source.calibration(name, width, height).intrinsics

    @tool(effect="read")
    def pose(self, name: str) -> NDArray[np.float64]:
        """The camera's pose in the world frame now, (4, 4), metres: it takes points of the camera's frame to the world
        frame. Raises UnknownObject."""
        return self._source.pose(name)

    def _with_depth(self, name: str, width: int, height: int) -> Shot:
        _require_size(width, height)
        self._source.require_depth(name)
        return self._source.take(name, width, height)


PICTURE_TOOLS = ("names", "rgb", "depth", "point_cloud", "intrinsics", "pose")
PICTURE_ERRORS = (UnknownObject, OutOfReach, NoDepth)


class CameraApi(PictureApi):
    """Take pictures. All of one state show the same moment; taking one moves nothing.

    A camera's frame: x to the right in the picture, y down, z into it. The pixel in column u and row v that is `depth`
    metres away shows the point ((u - cx) / fx * depth, (v - cy) / fy * depth, depth) of that frame.

    Args:
        world: whose cameras.
        named: whether a segmentation tells the true names of things.
    """

    def __init__(self, world: BulletWorld, named: bool) -> None:
        self._world, self._named = world, named
        self._cameras = Cameras(world)
        super().__init__(self._cameras)

    def toolbox(self) -> Toolbox:
        """The tools in the group `camera`."""
        return Toolbox.of(self, allow=CAMERA_TOOLS, name="camera", errors=PICTURE_ERRORS)

    @tool(effect="read")
    def segmentation(self, name: str, width: int = 320, height: int = 240) -> Segmentation:
        """Which thing each pixel shows. Numbers hold for one picture. Raises UnknownObject."""
        _require_size(width, height)
        return segmented(self._cameras.take(name, width, height, bodies=True), self._world, self._named)


CAMERA_TOOLS = ("names", "rgb", "depth", "segmentation", "point_cloud", "intrinsics", "pose")


def _require_size(width: int, height: int) -> None:
    if width < 16 or height < 16 or width * height > _MOST_PIXELS:
        raise OutOfReach(f"a picture has at least 16 x 16 and at most {_MOST_PIXELS:,} pixels, not {width} x {height}")


def segmented(shot: Shot, world: BulletWorld, named: bool) -> Segmentation:
    """The things of the episode in a picture that tells bodies, numbered from 1 in the order in which they appear in
    it, row by row: the simulator's own numbers would tell which is which."""
    assert shot.bodies is not None
    labels = np.zeros(shot.bodies.shape, dtype=np.int32)
    bodies, first = np.unique(shot.bodies, return_index=True)
    names: dict[int, str] = {}
    for body in bodies[np.argsort(first)].tolist():
        name = world.name_of(body)
        if name is not None:
            names[len(names) + 1] = name
            labels[shot.bodies == body] = len(names)
    return Segmentation(labels, names if named else {})
