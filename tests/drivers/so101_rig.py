"""What the tests of an SO-101 of simulated servos share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from codeact_envs.bullet.robots.description import Volume, load_arm
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


def patient(port: str, keep_out: Sequence[Volume] = ()) -> RealArm:
    """As `connect` does it, with more patience: machines that run tests have much else to do."""
    robot = load_arm("so101")
    driver = FeetechArm(robot, CALIBRATION, port, timeout=1.0)
    try:
        return RealArm(driver, "so101", keep_out, PATIENCE)
    except BaseException:
        driver.close()
        raise
