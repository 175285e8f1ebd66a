"""What is told of a body's joint, of its handle and of the room in it; all in the world frame."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from codeact_envs.bullet.bodies.assembly import Assembly, Joint
from codeact_envs.bullet.geometry.poses import Pose, Quaternion, Vector3
from codeact_envs.bullet.geometry.rotations import rotation_matrix

_UNTURNED = (0.0, 0.0, 0.0, 1.0)


@dataclass(frozen=True)
class JointState:
    """A joint of a body: a drawer, a door, a button, a knob.

    Attributes:
        kind: `prismatic` (metres) or `revolute` (radians).
        position: 0 where the part rests: a closed drawer or door, a button that nobody presses, a knob turned back.
        velocity: per second.
        lower, upper: its ends.
        presses: where it is a button, how often it was pressed since the reset: moved nearly to its end, and let go
            before the next time. It comes back, so its position tells of this moment only.
    """

    kind: Literal["prismatic", "revolute"]
    position: float
    velocity: float
    lower: float
    upper: float
    presses: int = 0

    @property
    def fraction(self) -> float:
        """The share of its travel, from 0 at rest to 1 at its end."""
        return min(1.0, max(0.0, (self.position - self.lower) / (self.upper - self.lower)))


@dataclass(frozen=True)
class Handle:
    """Where a hand takes hold of what a joint moves, as it stands now.

    Attributes:
        pose: of the grip's centre. Its frame is the body's, turned with the part: at yaw 0 furniture faces -x, so the
            grip is free on the side of its own -x; a button's or a knob's on the side of its +z.
        size: full extents of the grip in its own frame, metres.
        kind: `prismatic` or `revolute`.
        axis: unit vector, world frame. The grip slides along it, or turns about it by the right-hand rule, as the
            joint's position grows.
        origin: a point on that axis; the grip's centre where it slides.
        joint: where the joint is.
    """

    pose: Pose
    size: Vector3
    kind: Literal["prismatic", "revolute"]
    axis: Vector3
    origin: Vector3
    joint: JointState


@dataclass(frozen=True)
class Space:
    """A box in the world: the pose of its centre, and its full extents in its own frame, metres."""

    pose: Pose
    size: Vector3


@dataclass(frozen=True)
class Room(Space):
    """The room in a body into which things go; an upright cylinder where it is `round`."""

    round: bool = False

    def contains(self, point: Vector3) -> bool:
        """Whether a point, world frame, lies in it."""
        turn = rotation_matrix(self.pose.quaternion)
        away = [a - b for a, b in zip(point, self.pose.position, strict=True)]
        x, y, z = (abs(sum(turn[row][axis] * away[row] for row in range(3))) for axis in range(3))
        if self.round and math.hypot(x, y) > self.size[0] / 2.0:
            return False
        return x <= self.size[0] / 2.0 and y <= self.size[1] / 2.0 and z <= self.size[2] / 2.0


def handle(assembly: Assembly, joint: Joint, body: Pose, state: JointState) -> Handle:
    """Where a hand takes hold of what the joint of a body at pose `body` moves."""
    grip = assembly.grips[0]
    pose = compose(body, moved(joint, state.position, grip.position))
    turns = joint.kind == "revolute"
    origin = compose(body, Pose(joint.origin, _UNTURNED)).position if turns else pose.position
    return Handle(pose, grip.size, joint.kind, rotated(body.quaternion, joint.axis), origin, state)


def grips(assembly: Assembly, body: Pose, position: float) -> tuple[Space, ...]:
    """Where a hand takes hold of a body at pose `body` with its joint at `position`, the best place first."""
    joint = assembly.joint
    places = (
        moved(joint, position, grip.position) if joint else Pose(grip.position, _UNTURNED) for grip in assembly.grips
    )
    return tuple(Space(compose(body, place), grip.size) for place, grip in zip(places, assembly.grips, strict=True))


def room(assembly: Assembly, body: Pose, position: float) -> Room | None:
    """The room in a body at pose `body` with its joint at `position`; None where it has none."""
    hollow, joint = assembly.hollow, assembly.joint
    if hollow is None:
        return None
    local = Pose(hollow.position, _UNTURNED)
    if hollow.moves and joint is not None:
        local = moved(joint, position, hollow.position)
    return Room(compose(body, local), hollow.size, hollow.round)


def moved(joint: Joint, position: float, point: Vector3) -> Pose:
    """Where a point of the moving part, given at joint position 0, comes to; in the body's frame, as is its turn."""
    place = joint.carried(position, point)
    if joint.kind == "prismatic":
        return Pose(place, _UNTURNED)
    s, c = math.sin(position / 2.0), math.cos(position / 2.0)
    return Pose(place, (s * joint.axis[0], s * joint.axis[1], s * joint.axis[2], c))


def compose(frame: Pose, local: Pose) -> Pose:
    """A pose that is given in a frame, in the frame in which that one is given."""
    x, y, z = rotated(frame.quaternion, local.position)
    px, py, pz = frame.position
    ax, ay, az, aw = frame.quaternion
    bx, by, bz, bw = local.quaternion
    quaternion = (
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
        aw * bw - ax * bx - ay * by - az * bz,
    )
    return Pose((px + x, py + y, pz + z), quaternion)


def rotated(quaternion: Quaternion, vector: Vector3) -> Vector3:
    """A vector turned by a quaternion (x, y, z, w)."""
    x, y, z = (
        sum(part * value for part, value in zip(row, vector, strict=True)) for row in rotation_matrix(quaternion)
    )
    return (x, y, z)
