"""Does a driver do what every driver must do? It is tried with the arm itself."""

from __future__ import annotations

import math
import threading
import time

import numpy as np

from codeact_envs.drivers.camera_conformance import check_camera
from codeact_envs.drivers.errors import ConnectionLost, DriverError, UnsafeRow
from codeact_envs.drivers.protocols import ArmDriver, Array, Camera

_SWING = 0.15  # radians that the first joint turns, and back
_SWING_S = 0.7  # seconds for one swing
_STILL = 0.01  # radians by which an arm may seem to move that is told to stay
_THERE = 0.03  # radians between where it was sent and where it comes to rest
_AT_REST = 0.05  # radians per second
_OPENING = 0.005  # metres
_SILENCE_S = 0.4  # seconds after the last row in which the arm must have come to rest


def check_driver(driver: ArmDriver | Camera) -> list[str]:
    """Hold a driver, or a camera, against what every one must do.

    An arm moves: its joints by up to 0.15 rad, away from their nearer limits, and back. Nothing may be in the way, and
    somebody should have a hand on its power switch. In the end it holds where it was found, connected and enabled.
    A camera takes a few pictures, and is connected in the end.

    Returns:
        What is wrong, one sentence each; empty when nothing is.
    """
    if isinstance(driver, Camera):
        return check_camera(driver)
    check = _Check(driver)
    try:
        check.run()
    except DriverError as error:
        check.found.append(f"the check ended early: {type(error).__name__}: {error}")
    return check.found


class _Check:
    def __init__(self, driver: ArmDriver) -> None:
        self._driver = driver
        self.found: list[str] = []
        self._names = driver.robot.joints.names

    def run(self) -> None:
        self._look()
        if self.found:
            return
        self._enable()
        for part in (self._refusals, self._swings, self._hold, self._silence, self._end):
            part()

    def _look(self) -> None:
        reading, count = self._driver.read(), len(self._names)
        for name, values in (("positions", reading.positions), ("velocities", reading.velocities)):
            if values.shape != (count,) or not np.isfinite(values).all():
                self.found.append(f"read().{name}: {count} finite numbers are due, not {values.tolist()}")
        if not -_OPENING <= reading.opening <= self._driver.robot.gripper.opening + _OPENING:
            self.found.append(
                f"read().opening: {reading.opening:g} m, where the gripper opens from 0 to "
                f"{self._driver.robot.gripper.opening:g} m: is it calibrated?"
            )
        if abs(reading.time_s - time.monotonic()) > 0.5:
            self.found.append("read().time_s: it must be the moment of measuring, by time.monotonic()")

    def _enable(self) -> None:
        before = self._driver.read().positions
        self._driver.enable()
        time.sleep(0.2)
        moved = np.abs(self._driver.read().positions - before)
        if float(moved.max()) > _STILL:
            self.found.append(
                f"enable(): {self._names[int(moved.argmax())]} moved by {moved.max():.3f} rad; nothing may move"
            )
        reading = self._driver.read()
        self._begin, self._opening = reading.positions, self._near_opening(reading.opening)
        middle = (np.array(self._driver.robot.joints.lower) + np.array(self._driver.robot.joints.upper)) / 2.0
        self._away = np.where(self._begin < middle, _SWING, -_SWING)

    def _near_opening(self, opening: float) -> float:
        return min(max(opening, 0.0), self._driver.robot.gripper.opening)

    def _send(self, positions: Array) -> None:
        self._driver.send(positions, self._opening, self._driver.robot.gripper.force)

    def _refusals(self) -> None:
        """Rows that must not be sent. The worst come last, and only when those before were refused."""
        driver, robot = self._driver, self._driver.robot
        force, velocity = robot.gripper.force, np.array(robot.joints.velocity)
        outside, broken = self._begin.copy(), self._begin.copy()
        outside[0], broken[0] = robot.joints.lower[0] - 0.5, math.nan
        wrong: list[tuple[str, Array, float, float]] = [
            ("ten times the force", self._begin, self._opening, 10.0 * force),
            ("an opening of 1 m", self._begin, 1.0, force),
            ("a joint at nan", broken, self._opening, force),
            (
                "a row at twice the fastest velocity",
                self._begin + np.sign(self._away) * velocity * 2.0 * driver.period,
                self._opening,
                force,
            ),
            ("a joint outside its limits", outside, self._opening, force),
        ]
        for what, positions, opening, strength in wrong:
            try:
                driver.send(positions, opening, strength)
            except UnsafeRow:
                continue
            self.found.append(f"send(): {what} was not refused with UnsafeRow; what is worse was not tried")
            break
        time.sleep(0.1)
        if float(np.abs(driver.read().positions - self._begin).max()) > _STILL:
            self.found.append("send(): the arm moved although every row should have been refused")
            self._return()

    def _stream(self, start: Array, goal: Array, share: float = 1.0) -> tuple[Array, Array, float]:
        """Rows of a smooth swing, or its first `share`: the last row, the most that each joint was behind the row
        before, and how long sending and reading took in the middle of all times."""
        driver = self._driver
        due, last, behind = time.monotonic(), start, np.zeros(len(start))
        taken = []
        count = math.ceil(_SWING_S / driver.period)
        for index in range(1, round(share * count) + 1):
            time.sleep(max(0.0, due - time.monotonic()))
            row = start + (goal - start) * (1.0 - math.cos(math.pi * index / count)) / 2.0
            began = time.monotonic()
            self._send(row)
            behind = np.maximum(behind, np.abs(driver.read().positions - last))
            taken.append(time.monotonic() - began)
            last = row
            due += driver.period
        return last, behind, float(np.median(taken))

    def _swings(self) -> None:
        """All joints at once, each by a little less than the one before."""
        away = self._away * np.linspace(1.0, 0.6, len(self._names))
        times = []
        for start, end in ((self._begin, self._begin + away), (self._begin + away, self._begin)):
            last, behind, taken = self._stream(start, end)
            times.append(taken)
            for name, by in zip(self._names, behind.tolist(), strict=True):
                if by > self._driver.lag:
                    self.found.append(f"{name}: {by:.3f} rad behind its rows; `lag` says {self._driver.lag:g}")
            time.sleep(_SILENCE_S)
            errors = np.abs(self._driver.read().positions - last)
            for name, error in zip(self._names, errors.tolist(), strict=True):
                if error > _THERE:
                    self.found.append(f"{name}: came to rest {error:.3f} rad from where it was sent")
        if min(times) > self._driver.period:
            self.found.append(
                f"period: sending and reading took {min(times):.3f} s, longer than {self._driver.period:.3f} s"
            )

    def _hold(self) -> None:
        """In mid-motion, from another thread."""
        driver = self._driver
        self._stream(self._begin, self._begin + self._away, share=0.5)
        at = driver.read().positions
        thread = threading.Thread(target=driver.hold)
        thread.start()
        thread.join()
        for seconds in (driver.robot.motion.stop_time, _SILENCE_S):  # at rest in time, and for good
            time.sleep(seconds)
            reading = driver.read()
            self._judge_rest("hold()", reading.positions - at, driver.lag, reading.velocities)
        self._return()

    def _silence(self) -> None:
        """The host says nothing more."""
        last, _, _ = self._stream(self._begin, self._begin + self._away, share=0.5)
        time.sleep(_SILENCE_S)
        reading = self._driver.read()
        self._judge_rest("a silent host", reading.positions - last, _THERE, reading.velocities)
        self._return()

    def _judge_rest(self, what: str, moved: Array, allowed: float, velocities: Array) -> None:
        if float(np.abs(velocities).max()) > _AT_REST:
            name = self._names[int(np.abs(velocities).argmax())]
            self.found.append(f"{what}: {name} still moves at {np.abs(velocities).max():.2f} rad/s")
        if float(np.abs(moved).max()) > allowed:
            name = self._names[int(np.abs(moved).argmax())]
            self.found.append(f"{what}: {name} came to rest {np.abs(moved).max():.3f} rad from where it should")

    def _return(self) -> None:
        """Back to where the arm was found."""
        self._driver.hold()
        self._stream(self._driver.read().positions, self._begin)
        time.sleep(_SILENCE_S)

    def _end(self) -> None:
        driver = self._driver
        for _ in range(2):
            driver.close()
        try:
            driver.read()
            self.found.append("close(): read() must raise ConnectionLost afterwards")
        except ConnectionLost:
            pass
        driver.reconnect()
        try:
            self._send(self._begin)
            self.found.append("reconnect(): send() must be refused with UnsafeRow until enable()")
        except UnsafeRow:
            pass
        driver.enable()
        if float(np.abs(driver.read().positions - self._begin).max()) > _THERE:
            self.found.append("close() and reconnect(): the arm did not stay where it was")
