"""Perturbations of a robot's task, by name: drawn after the scene, so that a seed keeps its scene and its words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from codeact.errors import TaskError
from codeact_envs.bullet.bodies.shapes import SHAPES
from codeact_envs.bullet.engine.perturbing import UNPERTURBED, Dynamics, Perturbation, Push
from codeact_envs.bullet.engine.simulation import RATE
from codeact_envs.scenes.drawing import Placed
from codeact_envs.scenes.random_numbers import RandomNumbers

PERTURBATIONS = ("push", "dynamics", "failed_grasp", "camera_noise")
"""In the order in which they are drawn."""

_MASS, _FRICTION = (0.5, 2.0), (0.6, 1.4)  # factors
_WHEN = (1.0, 4.0)  # simulated seconds after the beginning
_SHIFT = (0.02, 0.04)  # metres: less than what a bystander may be moved in any task
_FAILING_GRASPS = 2  # as often as `pick` tries: so a program is told of it
_SEEDS = 2**32


def read_perturbations(given: str | Sequence[str]) -> tuple[str, ...]:
    """Names, or text such as `push,dynamics`.

    Raises:
        TaskError: one is unknown.
    """
    names = [name.strip() for name in given.split(",")] if isinstance(given, str) else list(given)
    for name in names:
        if name not in PERTURBATIONS:
            raise TaskError(f"perturb must name some of {', '.join(map(repr, PERTURBATIONS))}, not {name!r}")
    return tuple(name for name in PERTURBATIONS if name in names)


def draw_perturbation(names: Iterable[str], bodies: Sequence[Placed], random: RandomNumbers, what: str) -> Perturbation:
    """What happens to an episode with these bodies.

    Raises:
        TaskError: nothing in it can be pushed, or has a mass and a friction of its own; `what` names the task.
    """
    names = tuple(names)
    if not names:
        return UNPERTURBED
    free = [body.slot for body in bodies if SHAPES[body.kind.shape].solid and not body.kind.assembly.anchored]
    if not free and ("push" in names or "dynamics" in names):
        raise TaskError(f"{what}: nothing in it is free to move; perturb it without push and dynamics")
    push = _draw_push(free, random) if "push" in names else None
    dynamics = tuple(_draw_dynamics(slot, random) for slot in free) if "dynamics" in names else ()
    noise = random.below(_SEEDS) if "camera_noise" in names else None
    return Perturbation(dynamics, push, _FAILING_GRASPS if "failed_grasp" in names else 0, noise)


def _draw_push(free: Sequence[str], random: RandomNumbers) -> Push:
    slot = free[random.below(len(free))]
    step = round(random.uniform(*_WHEN) * RATE)
    distance, bearing = random.uniform(*_SHIFT), random.uniform(-math.pi, math.pi)
    return Push(slot, step, (distance * math.cos(bearing), distance * math.sin(bearing)))


def _draw_dynamics(slot: str, random: RandomNumbers) -> Dynamics:
    """Mass as likely halved as doubled."""
    mass = math.exp(random.uniform(math.log(_MASS[0]), math.log(_MASS[1])))
    return Dynamics(slot, mass, random.uniform(*_FRICTION))
