"""The check for drivers: both of ours pass it, and each rule that is broken is found."""

from __future__ import annotations

import math
import time

import pytest

from codeact_envs.bullet.robots.description import load_arm
from codeact_envs.drivers import check_driver
from codeact_envs.drivers.feetech import FeetechArm, so101_default
from codeact_envs.drivers.feetech.simulator import ServoSimulator
from codeact_envs.drivers.protocols import ArmDriver, Array, BaseDriver
from codeact_envs.drivers.simulated import SimulatedDriver

pytestmark = pytest.mark.real_time  # rows come at the rate of a bus, and who comes late is stopped


def checked(driver: ArmDriver) -> list[str]:
    """It is a check of times, on a machine that has much else to do: once in three it has to pass."""
    for _ in range(3):
        found = check_driver(driver)
        if not found:
            break
    return found


def test_the_driver_of_the_servo_bus(simulator: ServoSimulator) -> None:
    driver = FeetechArm(load_arm("so101"), so101_default(), simulator.path, timeout=1.0)
    assert checked(driver) == []
    driver.close()


def test_the_simulated_driver() -> None:
    assert checked(SimulatedDriver(load_arm("panda"))) == []


class Trusting(SimulatedDriver):
    """Sends whatever comes."""

    def send(self, positions: Array, opening: float, force: float) -> None:
        with self._lock:
            self._go_on()
            self._goal = positions.copy()


class Coasting(SimulatedDriver):
    """Goes on as it went when no row comes, as an arm that is sent velocities and has no watchdog; nothing holds it."""

    _rate: Array | float = 0.0
    _sent_s = math.inf

    def _go_on(self) -> None:
        silent = time.monotonic() - self._sent_s
        if silent > 0.1:
            self._goal = self._row + self._rate * silent / self.period
        super()._go_on()

    def send(self, positions: Array, opening: float, force: float) -> None:
        with self._lock:
            before = self._goal
            super().send(positions, opening, force)
            self._row, self._rate, self._sent_s = positions, positions - before, time.monotonic()

    def hold(self) -> None:
        with self._lock:
            super().hold()
            self._row, self._sent_s = self._goal, time.monotonic()


class Restless(SimulatedDriver):
    """Moves when it is enabled."""

    def enable(self) -> None:
        super().enable()
        self._goal = self._goal + 0.1


@pytest.mark.parametrize(
    ("kind", "findings"),
    [
        (
            Trusting,
            [
                "send(): ten times the force was not refused with UnsafeRow; what is worse was not tried",
                "reconnect(): send() must be refused with UnsafeRow until enable()",
            ],
        ),
        (Coasting, ["hold(): ", "a silent host: "]),
        (Restless, ["enable(): "]),
    ],
)
def test_broken_rules_are_found(kind: type[SimulatedDriver], findings: list[str]) -> None:
    found = check_driver(kind(load_arm("so101")))
    for finding in findings:
        assert [line for line in found if line.startswith(finding)], found


def test_the_simulated_base_is_a_driver() -> None:
    from codeact_envs.bullet import BulletWorld

    with BulletWorld([], robot="husky") as world:
        base: BaseDriver | None = world.base
        assert base is not None
        assert base.velocity() == pytest.approx((0.0, 0.0), abs=1e-6)
