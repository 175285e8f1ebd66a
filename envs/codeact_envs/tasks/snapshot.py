"""The state of a scene as plain data, and the geometry that is read from it. Nothing here needs a simulator."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from codeact_envs.bullet.bodies.articulation import JointState, Room

Vector3 = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]

ROBOT, TABLE, FLOOR = "the robot", "the table", "the floor"  # in `Snapshot.contacts`, beside the names of bodies


@dataclass(frozen=True)
class Body:
    """A body in a scene.

    Attributes:
        name: as programs call it, such as `red cube`.
        color: its colour's name.
        shape: a key of `codeact_envs.bullet.bodies.shapes.SHAPES`.
        size: full extents (x, y, z) in metres, in its own frame.
        position: of its centre, metres, world frame (x forward, y left, z up; the table top is z = 0).
        quaternion: (x, y, z, w).
        joint: where its joint is, if it has one.
        room: the room in it into which things go, if there is any.
    """

    name: str
    color: str
    shape: str
    size: Vector3
    position: Vector3
    quaternion: Quaternion = (0.0, 0.0, 0.0, 1.0)
    joint: JointState | None = None
    room: Room | None = None

    @property
    def underside(self) -> float:
        """Height of its lowest point, metres; a tilted round body counts as the box around it."""
        x, y, z, w = self.quaternion
        down = (2.0 * (x * z - w * y), 2.0 * (y * z + w * x), 1.0 - 2.0 * (x * x + y * y))
        reach = sum(abs(share) * extent / 2.0 for share, extent in zip(down, self.size, strict=True))
        return self.position[2] - reach


@dataclass(frozen=True)
class Snapshot:
    """A scene at one moment.

    Attributes:
        bodies: by name, in the order of the scene.
        tool: the tool centre point of the first arm, metres, world frame; None without an arm.
        held: name of the body in the gripper, or None; in the first that holds anything, where there are more.
        contacts: pairs of names that touch, each pair sorted; `ROBOT`, `TABLE` and `FLOOR` stand for themselves.
        force: the greatest normal force at one point with which the robot, or what it holds, presses on anything else,
            newtons.
        base: (x, y, yaw) of a wheeled base, metres and radians, world frame; None without one.
        drone: the middle of a drone, metres, world frame; None without one.
        tools: the tool centre point of each arm, by the arm's name, metres, world frame.
        holding: what each arm's gripper holds, by the arm's name.
        time_s: simulated seconds since the episode began.
        remembered: what the conditions that follow the episode remember of it, by their place in the task's file.
        memory: of these, what is the condition's that reads this snapshot.
        answer: what `finish` was given; None before.
    """

    bodies: Mapping[str, Body]
    tool: Vector3 | None = (0.0, 0.0, 0.0)
    held: str | None = None
    contacts: frozenset[tuple[str, str]] = field(default_factory=frozenset)
    force: float = 0.0
    base: Vector3 | None = None
    drone: Vector3 | None = None
    tools: Mapping[str, Vector3] = field(default_factory=dict)
    holding: Mapping[str, str | None] = field(default_factory=dict)
    time_s: float = 0.0
    remembered: Mapping[str, Any] = field(default_factory=dict)
    memory: Any = None
    answer: Any = None

    def touch(self, a: str, b: str) -> bool:
        return ((a, b) if a <= b else (b, a)) in self.contacts


def distance(a: Vector3, b: Vector3) -> float:
    """Between two points, metres."""
    return math.dist(a, b)


def horizontal_distance(a: Vector3, b: Vector3) -> float:
    """Between two points seen from above, metres."""
    return math.hypot(a[0] - b[0], a[1] - b[1])
