"""What stands in a scene: bodies as data."""

from __future__ import annotations

from dataclasses import dataclass

from codeact.errors import TaskError
from codeact_envs.bullet.bodies.assembly import Assembly
from codeact_envs.bullet.bodies.colors import require_color
from codeact_envs.bullet.bodies.shapes import SHAPES
from codeact_envs.bullet.geometry.poses import Vector3


@dataclass(frozen=True)
class BodySpec:
    """A body that a world loads once.

    Attributes:
        key: its slot; a layout says what it is called and where it stands in an episode.
        shape: a key of `codeact_envs.bullet.bodies.shapes.SHAPES`: `box`, `cylinder` (upright), `bowl` (open above),
            `zone` (flat, drawn only, touches nothing), `drawer`, ...
        size: full extents (x, y, z) in metres; for round shapes x = y is the outer diameter. Of what has a joint: while
            that is at 0.
        mass: kilograms, of the moving part where the rest stands fast; None takes the shape's usual one. Ignored for a
            zone.
        color: default colour, one of `COLORS`.

    Raises:
        TaskError: something is not as above.
    """

    key: str
    shape: str
    size: Vector3
    mass: float | None = None
    color: str = "gray"

    def __post_init__(self) -> None:
        kind = SHAPES.get(self.shape)
        if kind is None:
            raise TaskError(f"body {self.key!r}: shape {self.shape!r} is unknown; known are {', '.join(SHAPES)}")
        problem = kind.problem(self.shape, self.size)
        if problem is not None:
            raise TaskError(f"body {self.key!r}: {problem}")
        if self.mass is not None and kind.solid and self.mass <= 0.0:
            raise TaskError(f"body {self.key!r}: mass must be positive, not {self.mass!r}")
        require_color(self.color)

    @property
    def assembly(self) -> Assembly:
        """What it is made of."""
        return SHAPES[self.shape].assembly(self.size)


@dataclass(frozen=True)
class Placement:
    """Where a body stands in an episode, and what it is called there.

    `position` is the body's centre in metres, world frame; `yaw` its rotation about z in radians; `color` None keeps
    the body's own. A zone's z is ignored: it lies on the table. `joint` is where its joint begins, as a share of its
    travel in [0, 1]; it says nothing of a body without one.
    """

    key: str
    name: str
    position: Vector3
    yaw: float = 0.0
    color: str | None = None
    joint: float = 0.0
