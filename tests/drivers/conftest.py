"""An SO-101 of simulated servos, on a port of its own, in real time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from codeact_envs.bullet.robots.description import load_arm
from codeact_envs.drivers import RealArm
from codeact_envs.drivers.feetech import FeetechArm, so101_default
from codeact_envs.drivers.feetech.simulator import ServoSimulator

CALIBRATION = so101_default()
PATIENCE = 5.0  # seconds
HOME = np.array(load_arm("so101").joints.home)


def stand_at_home(simulator: ServoSimulator) -> None:
    for servo, radians in zip(CALIBRATION.joints.values(), HOME.tolist(), strict=True):
        simulator.servos[servo.id].position = servo.steps(radians)
    simulator.servos[6].position = CALIBRATION.gripper.steps(0.03)


@pytest.fixture
def simulator() -> Iterator[ServoSimulator]:
    with ServoSimulator() as simulator:
        stand_at_home(simulator)
        yield simulator


def patient(port: str) -> RealArm:
    """As `connect` does it, with more patience: machines that run tests have much else to do."""
    robot = load_arm("so101")
    return RealArm(FeetechArm(robot, CALIBRATION, port, timeout=1.0), "so101", patience=PATIENCE)


@pytest.fixture
def robot(simulator: ServoSimulator) -> Iterator[RealArm]:
    with patient(simulator.path) as robot:
        yield robot
