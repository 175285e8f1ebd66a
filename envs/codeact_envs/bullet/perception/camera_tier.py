"""The camera tier: what RGB-D pictures show, under names of its own, with a memory for what is hidden."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from codeact.errors import TaskError
from codeact_envs.bullet.engine.simulation import RATE
from codeact_envs.bullet.geometry.poses import Pose
from codeact_envs.bullet.geometry.rotations import rotation_matrix
from codeact_envs.bullet.perception.cameras import Cameras
from codeact_envs.bullet.perception.detector import Detection, Look, OrientedBox, look
from codeact_envs.bullet.perception.pictures import PictureSource
from codeact_envs.bullet.perception.robot_boxes import RobotBoxes
from codeact_envs.bullet.perception.seen import Seen
from codeact_envs.bullet.perception.view import Perception, Tier

if TYPE_CHECKING:
    from codeact_envs.bullet.world import BulletWorld

Array = NDArray[np.float64]

CAMERAS = ("overhead", "left", "right")
WIDTH, HEIGHT = 400, 300  # pixels
FRESH_S = 0.5  # simulated seconds for which a look serves, unless the gripper or time was let go on
_LEAST_CONFIDENCE = 0.5  # for something not known before
_WHOLE = 0.85  # confidence from which a thing's size is believed
_SAME_PLACE = 0.02  # metres within which a partly hidden thing counts as unmoved
_HAND_REACH = 0.05  # metres from the tool centre point within which a thing may be in the hand
_GONE_BELOW = 0.012  # metres: the place of a thing is empty when only what lies this far below its top is seen there


@dataclass(frozen=True)
class _Track:
    """A thing that is followed. `sure`: whether its size was measured when it was seen whole."""

    seen: Seen
    sure: bool
    present: bool


@dataclass(frozen=True)
class _Grip:
    """What the hand holds, and its pose (4, 4) in the tool's frame."""

    name: str
    offset: Array


@dataclass(frozen=True)
class _Memory:
    tracks: tuple[_Track, ...]
    grip: _Grip | None
    visible: tuple[str, ...]
    looked: int | None


class CameraTier(Perception):
    """Things found in the pictures of cameras around the table, called by colour and shape: `red block`, a second one
    `red block 2`.

    A name stays with a thing while it is followed: by colour and shape, and by place among equals. A thing that is
    hidden stays known until its place is seen to be empty. The hand feels that it holds something, by the pressure on
    both pads; what, and where it hangs, follows from where things were seen before it closed.

    Args:
        source: the cameras; None for those of the simulated world.
        cameras: names of those that are looked through. All measure depth.

    Raises:
        TaskError: the robot has not exactly one arm, at a table.
        UnknownObject, NoDepth: a camera is not there, or measures no depth.
    """

    tier: ClassVar[Tier] = "camera"

    def __init__(
        self, world: BulletWorld, source: PictureSource | None = None, cameras: Sequence[str] = CAMERAS
    ) -> None:
        super().__init__(world)
        if len(world.arms) != 1 or world.description.ground != "table":
            also = ", or with tier='low' without names of things" if world.base is not None else ""
            raise TaskError(
                f"the camera tier knows robots with one arm, at a table{also}; {world.description.title} is none"
            )
        self._source: PictureSource = Cameras(world) if source is None else source
        self._cameras = tuple(cameras)
        for name in self._cameras:
            self._source.require_depth(name)
        self._robot_boxes = RobotBoxes(world)
        self._tracks: list[_Track] = []
        self._grip: _Grip | None = None
        self._visible: tuple[str, ...] = ()
        self._looked: int | None = None

    def reset(self) -> None:
        self._tracks, self._grip, self._visible, self._looked = [], None, (), None

    def memory(self) -> _Memory:
        return _Memory(tuple(self._tracks), self._grip, self._visible, self._looked)

    def recall(self, memory: _Memory) -> None:
        self._tracks, self._grip = list(memory.tracks), memory.grip
        self._visible, self._looked = memory.visible, memory.looked

    def settle(self, seconds: float) -> None:
        super().settle(seconds)
        self._looked = None

    # Looking

    def known(self) -> Mapping[str, Seen]:
        self._look()
        self._carry()
        return {track.seen.name: track.seen for track in self._tracks if track.present}

    def visible(self) -> tuple[str, ...]:
        self._look()
        return self._visible

    def _look(self) -> None:
        steps = self.world.simulation.steps
        if self._looked is not None and 0 <= steps - self._looked < FRESH_S * RATE:
            return
        self._looked = steps
        self._feel()
        self._carry()
        seen = look([self._source.take(name, WIDTH, HEIGHT) for name in self._cameras], self._without())
        self._match(seen)

    def _without(self) -> Sequence[OrientedBox]:
        return self._robot_boxes.now()

    def _match(self, seen: Look) -> None:
        held = self._grip.name if self._grip else None
        left = [each for each in seen.detections if not self._in_hand(each)]
        free = [index for index, track in enumerate(self._tracks) if track.seen.name != held]
        pairs = sorted(
            (math.dist(each.position, self._tracks[index].seen.pose.position), number, index)
            for number, each in enumerate(left)
            for index in free
            if _alike(each, self._tracks[index].seen)
        )
        pairs += sorted(
            (distance, number, index)
            for number, each in enumerate(left)
            for index in free
            if self._tracks[index].present
            and (distance := math.dist(each.position, self._tracks[index].seen.pose.position)) < _SAME_PLACE
        )
        used: set[int] = set()
        updated: set[int] = set()
        for _, number, index in pairs:
            if number not in used and index not in updated:
                used.add(number)
                updated.add(index)
                self._tracks[index] = _followed(self._tracks[index], left[number])
        for number, each in enumerate(left):
            if number not in used and each.confidence >= _LEAST_CONFIDENCE:
                updated.add(len(self._tracks))
                self._tracks.append(_Track(_named(each, self._new_name(each)), each.confidence >= _WHOLE, True))
        for index in free:
            if index not in updated and self._tracks[index].present and _is_gone(self._tracks[index].seen, seen):
                self._tracks[index] = replace(self._tracks[index], present=False)
        self._visible = tuple(
            track.seen.name
            for index, track in enumerate(self._tracks)
            if track.present and (index in updated or track.seen.name == held)
        )

    def _in_hand(self, each: Detection) -> bool:
        """Whether a detection shows what the hand holds."""
        if self._grip is None:
            return False
        held = next(track.seen for track in self._tracks if track.seen.name == self._grip.name)
        return math.dist(each.position[:2], held.pose.position[:2]) < _HAND_REACH and (
            each.position[2] + each.size[2] / 2.0 > held.pose.position[2] - held.size[2] / 2.0
        )

    def _new_name(self, each: Detection) -> str:
        taken = {track.seen.name for track in self._tracks}
        name = f"{each.color} {noun(each)}"
        number = 2
        while name in taken:
            name = f"{each.color} {noun(each)} {number}"
            number += 1
        return name

    # The hand

    def held(self, arm: str | None = None) -> str | None:
        self._feel()
        return self._grip.name if self._grip else None

    def gripper_moved(self) -> None:
        self._feel()
        self._looked = None

    def _feel(self) -> None:
        """Notice that the hand holds something now, or no longer."""
        holds = self.arm.grasped() is not None
        if holds and self._grip is None:
            self._grip = self._taken()
        elif not holds and self._grip is not None:
            self._carry()
            self._grip = None

    def _tool(self) -> Array:
        pose: Array = self.controller.kinematics.forward(self.arm.positions())
        return pose

    def _taken(self) -> _Grip | None:
        """What stood between the fingers when they closed. They centre it between the pads."""
        tool = self._tool()
        near = [
            (math.dist(track.seen.pose.position, tool[:3, 3]), index)
            for index, track in enumerate(self._tracks)
            if track.present and track.seen.shape != "zone"
            if math.dist(track.seen.pose.position[:2], tool[:2, 3]) < _HAND_REACH
        ]
        if not near:
            return None
        thing = self._tracks[min(near)[1]].seen
        offset = np.linalg.inv(tool) @ _matrix(thing.pose)
        offset[1, 3] = 0.0
        if thing.shape == "box":
            yaw = math.atan2(offset[1, 0], offset[0, 0])
            offset[:3, :3] = _about_z(round(yaw / (math.pi / 2.0)) * math.pi / 2.0 - yaw) @ offset[:3, :3]
        return _Grip(thing.name, offset)

    def _carry(self) -> None:
        """Keep the pose of what the hand holds up to date."""
        if self._grip is None:
            return
        pose = _pose(self._tool() @ self._grip.offset)
        for index, track in enumerate(self._tracks):
            if track.seen.name == self._grip.name:
                self._tracks[index] = replace(track, seen=replace(track.seen, pose=pose), present=True)


def noun(each: Detection) -> str:
    """What a shape is called."""
    if each.shape == "box":
        return "block" if max(each.size) <= 0.06 else "box"
    if each.shape == "cylinder":
        return "plate" if each.size[2] <= 0.35 * each.size[0] else "cylinder"
    return each.shape


def _named(each: Detection, name: str) -> Seen:
    half = each.yaw / 2.0
    pose = Pose(each.position, (0.0, 0.0, math.sin(half), math.cos(half)))
    return Seen(name, each.shape, each.color, each.size, pose, each.confidence)


def _alike(each: Detection, seen: Seen) -> bool:
    return each.color == seen.color and each.shape == seen.shape


def _followed(track: _Track, each: Detection) -> _Track:
    """The track with what a new look adds: its size only from a look at the whole thing."""
    old = track.seen
    partly = each.confidence < _WHOLE
    if partly and track.sure and track.present and math.dist(each.position[:2], old.pose.position[:2]) < _SAME_PLACE:
        return replace(track, present=True)
    new = _named(each, old.name)
    if track.sure:
        top = each.position[2] + each.size[2] / 2.0
        x, y, _ = each.position
        height = old.size[2] if old.shape == each.shape else each.size[2]
        new = replace(new, shape=old.shape, color=old.color, size=old.size)
        new = replace(new, pose=replace(new.pose, position=(x, y, top - height / 2.0)))
    return _Track(new, track.sure or not partly, True)


def _is_gone(seen: Seen, now: Look) -> bool:
    x, y, z = seen.pose.position
    height = now.height(x, y)
    return height is not None and height < z + seen.size[2] / 2.0 - _GONE_BELOW


def _matrix(pose: Pose) -> Array:
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = rotation_matrix(pose.quaternion), pose.position
    return matrix


def _about_z(angle: float) -> Array:
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def _pose(matrix: Array) -> Pose:
    """An upright pose: things keep standing while they are carried."""
    x, y, z = matrix[:3, 3].tolist()
    half = math.atan2(matrix[1, 0], matrix[0, 0]) / 2.0
    return Pose((x, y, z), (0.0, 0.0, math.sin(half), math.cos(half)))
