"""What the tests of an SO-101 of simulated servos share."""

from __future__ import annotations

import os
import select
import threading
import tty
from collections.abc import Sequence

import numpy as np
import pytest

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


class ForeignBus:
    """The simulator of feetech-cli, which is one of memory, behind a pseudo-terminal."""

    def __init__(self) -> None:
        foreign = pytest.importorskip("feetech_cli.simulator")  # feetech-cli: neither Feetech's nor ours
        self.bus = foreign.build_demo_bus(servo_ids=tuple(range(1, 7)))
        self._host, self._end = os.openpty()
        tty.setraw(self._end)
        self.path = os.ttyname(self._end)
        self._going = True
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        data = b""
        while self._going:
            if not select.select([self._host], [], [], 0.01)[0]:
                continue
            data += os.read(self._host, 4096)
            while len(data) > 3 and len(data) >= 4 + data[3]:
                whole, data = data[: 4 + data[3]], data[4 + data[3] :]
                self.bus.write(whole)
                os.write(self._host, self.bus.read(4096))

    def close(self) -> None:
        self._going = False
        self._thread.join()
        os.close(self._host)
        os.close(self._end)
