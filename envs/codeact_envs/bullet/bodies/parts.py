"""The space that a body takes, part by part: a hand finds its way into an open drawer or around a handle."""

from __future__ import annotations

from codeact_envs.bullet.bodies.articulation import compose, moved
from codeact_envs.bullet.bodies.assembly import Solid
from codeact_envs.bullet.bodies.body import BodySpec
from codeact_envs.bullet.bodies.clearance import Obstacle, obstacle
from codeact_envs.bullet.bodies.shapes import SHAPES
from codeact_envs.bullet.geometry.poses import Pose
from codeact_envs.bullet.geometry.rotations import from_roll_pitch_yaw

_WHOLE = ("box", "cylinder", "bowl", "zone")  # shapes that one obstacle describes best


def placed_solids(spec: BodySpec, pose: Pose, joint: float = 0.0) -> list[tuple[Solid, Pose]]:
    """The solids that a body at `pose` consists of, and where each is, world frame.

    Args:
        joint: position of its joint, metres or radians.
    """
    assembly = SHAPES[spec.shape].assembly(spec.size)
    placed = [(solid, Pose(solid.position, from_roll_pitch_yaw(solid.rotation))) for solid in assembly.solids]
    if assembly.joint is not None:
        for solid in assembly.moving:
            turned = Pose((0.0, 0.0, 0.0), from_roll_pitch_yaw(solid.rotation))
            placed.append((solid, compose(moved(assembly.joint, joint, solid.position), turned)))
    return [(solid, compose(pose, local)) for solid, local in placed if solid.touches]


def parts(name: str, spec: BodySpec, pose: Pose, joint: float = 0.0) -> list[Obstacle]:
    """The obstacles that a body at `pose` consists of, each with the body's name. `joint` as for `placed_solids`."""
    if spec.shape in _WHOLE:
        return [obstacle(name, spec, pose)]
    return [_part(name, solid, place) for solid, place in placed_solids(spec, pose, joint)]


def _part(name: str, solid: Solid, pose: Pose) -> Obstacle:
    shape = "cylinder" if solid.shape == "cylinder" else "box"
    return obstacle(name, BodySpec(name, shape, solid.size), pose)


def anchored(spec: BodySpec) -> bool:
    """Whether a body stands fast."""
    return SHAPES[spec.shape].assembly(spec.size).anchored
