"""What stands still: the floor, and the table where there is one."""

from __future__ import annotations

from typing import Any

from codeact_envs.bullet.engine.simulation import Simulation
from codeact_envs.bullet.robots.description import Ground

FLOOR = -0.6  # metres, of a scene with a table, whose top is z = 0; without one the floor itself is z = 0
_ROOM = 12.0  # metres from the middle of a floor to its sides
GROUND_FRICTION = 0.8  # of table and floor; what lies on them brings its own as a factor
_TABLE_X, _TABLE_HALF_X, _TABLE_HALF_Y, _TABLE_THICKNESS = 0.42, 0.62, 0.72, 0.04
_TOP_COLOR = (0.62, 0.64, 0.67, 1.0)
_LEG_COLOR = (0.30, 0.31, 0.34, 1.0)
_FLOOR_COLOR = (0.80, 0.83, 0.86, 1.0)


def build_scene(simulation: Simulation, ground: Ground = "table") -> int:
    """Load what stands still; returns Bullet's number of what things stand on, the table or the floor: z = 0."""
    bullet, on = simulation.bullet, {"physicsClientId": simulation.client}

    def box(
        center: tuple[float, float, float], half: tuple[float, float, float], color: Any, solid: bool = True
    ) -> int:
        collision = bullet.createCollisionShape(bullet.GEOM_BOX, halfExtents=half, **on) if solid else -1
        visual = bullet.createVisualShape(
            bullet.GEOM_BOX, halfExtents=half, rgbaColor=color, specularColor=[0.05] * 3, **on
        )
        # What never moves can be a rigid body: its contacts are cheaper to solve than those of a multi-body. What moves
        # cannot: Bullet saves no rigid body's inertia in world axes, so a restored state would differ in the last bits.
        body: int = bullet.createMultiBody(0.0, collision, visual, center, useMaximalCoordinates=True, **on)
        # Asleep, so that what sleeps on it takes no part in the search for contacts.
        bullet.changeDynamics(body, -1, activationState=bullet.ACTIVATION_STATE_SLEEP, **on)
        simulation.still[body] = half if solid else None
        return body

    if ground == "floor":
        floor = box((0.0, 0.0, -0.05), (_ROOM, _ROOM, 0.05), _FLOOR_COLOR)
        bullet.changeDynamics(floor, -1, lateralFriction=GROUND_FRICTION, **on)
        return floor
    floor = box((0.4, 0.0, FLOOR - 0.05), (4.0, 4.0, 0.05), _FLOOR_COLOR)
    x, y, hx, hy, thickness = _TABLE_X, 0.0, _TABLE_HALF_X, _TABLE_HALF_Y, _TABLE_THICKNESS
    table = box((x, y, -thickness / 2.0), (hx, hy, thickness / 2.0), _TOP_COLOR)
    bullet.changeDynamics(table, -1, lateralFriction=GROUND_FRICTION, **on)
    bullet.changeDynamics(floor, -1, lateralFriction=GROUND_FRICTION, **on)
    leg = (-FLOOR - thickness) / 2.0
    for side_x in (-1, 1):
        for side_y in (-1, 1):
            corner = (x + side_x * (hx - 0.06), y + side_y * (hy - 0.06), -thickness - leg)
            box(corner, (0.03, 0.03, leg), _LEG_COLOR, solid=False)
    return table
