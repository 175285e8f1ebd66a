"""The SO-101: five joints, and a hand that points down all the same."""

from __future__ import annotations

import numpy as np
import pytest

from codeact_envs.bullet import BodySpec, BulletWorld, Placement, TabletopApi
from codeact_envs.bullet.errors import OutOfReach
from codeact_envs.bullet.motion.kinematics import Kinematics
from codeact_envs.bullet.robots.description import load_arm
from codeact_envs.bullet.tools.low_tier import ArmApi

CUBE = (0.03, 0.03, 0.03)


@pytest.mark.parametrize(
    ("joints", "point", "out", "across"),
    [
        (
            [0.5, -0.4, 0.3, 0.9, -1.1],
            [0.2641, -0.1234, 0.1355],
            [0.6114, -0.3340, -0.7174],
            [-0.1794, -0.9415, 0.2854],
        ),
        (
            [-1.2, 0.6, -0.8, 1.2, 0.7],
            [0.1603, 0.3115, 0.0917],
            [0.1958, 0.5036, -0.8415],
            [-0.3226, 0.8434, 0.4297],
        ),
    ],
)
def test_kinematics_are_those_of_the_published_model(
    joints: list[float], point: list[float], out: list[float], across: list[float]
) -> None:
    """Computed from so101_new_calib.urdf: a point on the roll axis, the hand's direction, and where its jaw opens."""
    pose = Kinematics(load_arm("so101")).forward(np.array(joints))
    assert pose[:3, 3] == pytest.approx(point, abs=5e-4)
    assert pose[:3, 2] == pytest.approx(out, abs=1e-3)
    assert pose[:3, 1] == pytest.approx(across, abs=1e-3)


def test_it_picks_and_stacks() -> None:
    bodies = [BodySpec("a", "box", CUBE, 0.02, "red"), BodySpec("b", "box", CUBE, 0.02, "green")]
    with BulletWorld(bodies, robot="so101") as world:
        world.reset(
            [Placement("a", "red cube", (0.22, 0.05, 0.015)), Placement("b", "green cube", (0.2, -0.08, 0.015))]
        )
        arm = TabletopApi(world)
        assert arm.pick("red cube")
        assert arm.place_on("green cube")
        assert world.violations == ()


def test_it_has_too_few_joints_to_yield_in_every_direction() -> None:
    with BulletWorld([], robot="so101") as world:
        with pytest.raises(OutOfReach, match="5 joints"):
            ArmApi(world).hold_compliant(0.5, (0.0, 0.0, 0.0), (0.0, 0.0, 0.0))
        assert world.simulation.steps == 0
