"""An SO-101 of simulated servos, on a port of its own, in real time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from so101_rig import patient, stand_at_home

from codeact_envs.drivers import RealArm
from codeact_envs.drivers.feetech.simulator import ServoSimulator


@pytest.fixture
def simulator() -> Iterator[ServoSimulator]:
    with ServoSimulator() as simulator:
        stand_at_home(simulator)
        yield simulator


@pytest.fixture
def robot(simulator: ServoSimulator) -> Iterator[RealArm]:
    with patient(simulator.path) as robot:
        yield robot
