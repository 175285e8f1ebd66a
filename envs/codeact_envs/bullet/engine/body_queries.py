"""What can be asked about the bodies of an episode: the public side of `WorldBodies`."""

from __future__ import annotations

from codeact_envs.bullet.bodies.articulation import Handle, JointState, Room, Space
from codeact_envs.bullet.bodies.body import BodySpec, Placement
from codeact_envs.bullet.bodies.clearance import Obstacle
from codeact_envs.bullet.bodies.parts import parts
from codeact_envs.bullet.engine.world_bodies import WorldBodies
from codeact_envs.bullet.geometry.poses import Pose, Vector3


class BodyQueries:
    """Where the bodies of this episode are, what they are, and what they are called. A base of `BulletWorld`."""

    _bodies: WorldBodies

    def names(self) -> tuple[str, ...]:
        """Names of the bodies of this episode, zones included, in the order of the layout."""
        return self._bodies.names()

    def layout(self) -> tuple[Placement, ...]:
        """The layout of this episode, as it began."""
        return self._bodies.layout()

    def body(self, name: str) -> int:
        """Bullet's number of a body.

        Raises:
            UnknownObject: no body has this name; the message suggests near ones.
        """
        return self._bodies.number(name)

    def name_of(self, body: int) -> str | None:
        """The name of the body with Bullet's number `body`; None for the table, the robot and unused bodies."""
        return self._bodies.name_of(body)

    def spec(self, name: str) -> BodySpec:
        """What a body is.

        Raises:
            UnknownObject: no body has this name.
        """
        return self._bodies.spec(name)

    def pose(self, name: str) -> Pose:
        """The body's true pose in the world frame, metres and quaternion (x, y, z, w)."""
        return self._bodies.pose(name)

    def size(self, name: str) -> Vector3:
        """Full extents (x, y, z) in metres, in the body's own frame."""
        return self.spec(name).size

    def color(self, name: str) -> str:
        """The body's colour in this episode, one of `COLORS`."""
        return self._bodies.color(name)

    def joint(self, name: str) -> JointState:
        """Where a body's joint is: how far a drawer or a door is open, a button pressed, a knob turned.

        Raises:
            UnknownObject: no body has this name.
            NotArticulated: it has no joint.
        """
        return self._bodies.joint(name)

    def handle(self, name: str) -> Handle:
        """Where a hand takes hold of what a body's joint moves, and which way that goes; as it stands now.

        Raises:
            UnknownObject, NotArticulated: as for `joint`.
        """
        return self._bodies.handle(name)

    def room(self, name: str) -> Room:
        """The room in a body into which things go, such as a drawer's or a basket's, as it stands now.

        Raises:
            UnknownObject: no body has this name.
            NotHollow: nothing can lie in it.
        """
        return self._bodies.room(name)

    def grips(self, name: str) -> tuple[Space, ...]:
        """Where a hand takes hold of a body as it stands now, the best place first; empty where no place is better than
        another. A hammer's handle, a tray's two bars, the head of a peg.

        Raises:
            UnknownObject: no body has this name.
        """
        return self._bodies.grips(name)

    def obstacles(self, name: str) -> list[Obstacle]:
        """The space that a body takes as it stands now, part by part: a drone may fly through a gate.

        Raises:
            UnknownObject: no body has this name.
        """
        joint = self.joint(name).position if self.spec(name).assembly.joint is not None else 0.0
        return parts(name, self.spec(name), self.pose(name), joint)

    def contacts(self, a: str, b: str) -> bool:
        """Whether two bodies touch each other now."""
        return self._bodies.touch(a, b)
