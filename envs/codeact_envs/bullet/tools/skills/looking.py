"""Looking: what there is, and where."""

from __future__ import annotations

from codeact.tools import tool
from codeact_envs.bullet.geometry.poses import Pose
from codeact_envs.bullet.perception.view import Perception


class Looking:
    """Tools that ask what is perceived. They need no arm."""

    def __init__(self, perception: Perception) -> None:
        self._perception = perception

    @tool(effect="read")
    def objects(self) -> list[str]:
        """Names of all objects, flat zones included."""
        return list(self._perception.names())

    @tool(effect="read")
    def position(self, name: str) -> tuple[float, float, float]:
        """Centre (x, y, z) of an object, metres, world frame: x forward, y left, z up from the table or floor."""
        return self._perception.pose(self._perception.resolve(name)).position

    @tool(effect="read")
    def pose(self, name: str) -> Pose:
        """Pose of an object in the world frame: position (x, y, z) in metres, quaternion (x, y, z, w)."""
        return self._perception.pose(self._perception.resolve(name))

    @tool(effect="read")
    def size(self, name: str) -> tuple[float, float, float]:
        """Full extents (x, y, z) of an object in metres, in its own frame."""
        return self._perception.size(self._perception.resolve(name))

    @tool(effect="read")
    def color(self, name: str) -> str:
        """Colour of an object, such as "red"."""
        return self._perception.color(self._perception.resolve(name))

    @tool(effect="read")
    def find(self, query: str) -> str:
        """Name of the one object that a description fits, such as "the second largest red block left of the bowl".

        Words: colours; block, bowl, cylinder, plate, zone, object, words of names; largest, tallest, leftmost, nearest,
        first, "third from the left"; then clauses: left of, right of, in front of, behind, on, in, under, near,
        nearest to, farthest from, between ... and ...; "and" joins clauses about the first noun. Seen from the robot:
        left is +y, the front is nearest to the robot.

        Raises UnknownObject, Ambiguous (fits several), NotUnderstood.
        """
        return self._perception.find(query)

    @tool(effect="read")
    def find_all(self, query: str) -> list[str]:
        """Names of all objects that a description, in the words of `find`, fits; maybe none.

        Raises UnknownObject, Ambiguous (for what the description refers to), NotUnderstood.
        """
        return self._perception.find_all(query)

    @tool(effect="read")
    def opened(self, name: str) -> float:
        """How far a drawer or a door is open, a button pressed or a knob turned, as a share of its travel in [0, 1].

        Raises UnknownObject, NotArticulated (it has no such part, or none that is seen).
        """
        return self._perception.opened(self._perception.resolve(name))
