"""The scene of a task: drawn so that it leaves something to do, and as a snapshot before any physics."""

from __future__ import annotations

import math
from dataclasses import replace

from codeact_envs.scenes.drawing import DrawnScene, Placed, draw
from codeact_envs.scenes.random_numbers import RandomNumbers
from codeact_envs.tasks.conditions import Cast
from codeact_envs.tasks.selection import selected
from codeact_envs.tasks.snapshot import Body, Snapshot
from codeact_envs.tasks.specification import TaskSpec


def draw_scene(spec: TaskSpec, random: RandomNumbers, values: str) -> DrawnScene:
    """Draw attributes, colours and places.

    Raises:
        TaskError: no scene was found that meets the clearances, leaves something to do and makes clear what is meant;
            the region is too small.
    """

    def will_do(drawn: DrawnScene) -> bool:
        roles = _with_selected(spec, drawn)
        return roles is not None and _leaves_something_to_do(spec, Cast(roles, drawn.meanings), drawn.bodies)

    drawn = draw(spec.scene, spec.attributes, random, values, will_do, f"task {spec.title!r}", "scene.")
    roles = _with_selected(spec, drawn)
    assert roles is not None
    return replace(drawn, roles=roles)


def _with_selected(spec: TaskSpec, drawn: DrawnScene) -> dict[str, tuple[str, ...]] | None:
    """The roles of a scene and those that it decides; None when it leaves one unclear."""
    if not spec.select:
        return drawn.roles
    found = selected(spec.select, Cast(drawn.roles, drawn.meanings), as_snapshot(drawn.bodies))
    return None if found is None else {**drawn.roles, **found}


def _leaves_something_to_do(spec: TaskSpec, cast: Cast, bodies: tuple[Placed, ...]) -> bool:
    start = as_snapshot(bodies)
    kinds = {body.name: body.kind for body in bodies}
    for condition in spec.goal:
        if not condition.open_at(cast, start):
            return False
        wanted = condition.goal_point(cast, start)
        if wanted is None:
            continue
        name, (x, y, _) = wanted
        if not spec.scene.region.contains(x, y):
            return False
        for body in bodies:
            room = kinds[name].radius + body.kind.radius + spec.scene.clearance
            if body.name != name and math.hypot(x - body.position[0], y - body.position[1]) < room:
                return False
    return True


def as_snapshot(bodies: tuple[Placed, ...]) -> Snapshot:
    """The scene as drawn, before any physics, with the tool far above it, and what moves about at the origin."""
    return Snapshot(
        {
            body.name: Body(
                body.name,
                body.color,
                body.kind.shape,
                body.kind.extents,
                body.position,
                (0.0, 0.0, math.sin(body.yaw / 2.0), math.cos(body.yaw / 2.0)),
                body.joint_state,
                body.room,
            )
            for body in bodies
        },
        tool=(0.0, 0.0, 1.0),
        base=(0.0, 0.0, 0.0),
        drone=(0.0, 0.0, 0.0),
    )
