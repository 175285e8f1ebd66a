"""Asking for the parts of the table that have names, and for directions on it."""

from __future__ import annotations

from codeact.tools import tool
from codeact_envs.bullet.errors import NotUnderstood
from codeact_envs.bullet.geometry import directions
from codeact_envs.bullet.geometry.work_area import AREAS, Area


class Areas:
    """Tools that say where the corners and sides of the work area are, and where a direction points. They look at
    nothing."""

    @tool(effect="read")
    def areas(self) -> list[str]:
        """Names of the parts of the work area on the table, such as "front left corner", "back side" and "middle".

        Seen from the robot: left is +y, and the front is nearest to the robot.
        """
        return list(AREAS)

    @tool(effect="read")
    def area(self, name: str) -> Area:
        """The rectangle on the table that has this name, such as "front left corner": center (x, y), x and y from
        lowest to highest, metres, world frame. A side has the corners at its two ends.

        Raises NotUnderstood.
        """
        found = AREAS.get(" ".join(name.lower().split()))
        if found is None:
            raise NotUnderstood(f"no part of the work area is called {name!r}; there are {', '.join(AREAS)}")
        return found

    @tool(effect="read")
    def direction_vector(self, words: str) -> tuple[float, float]:
        """Unit vector (x, y) of a direction in words, such as "left of", "in front of", "front left" or "from the front
        left to the back right"; world frame, seen from the robot.

        Raises NotUnderstood.
        """
        try:
            return directions.direction_vector(words)
        except ValueError as error:
            raise NotUnderstood(str(error)) from None
