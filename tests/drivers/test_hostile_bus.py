"""A bus on which anything may come in: no crash, no wait without end, an error that says what to do, motors at rest."""

from __future__ import annotations

import os
import random
import threading
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from so101_rig import CALIBRATION, HOME, patient

from codeact_envs.bullet.robots.description import load_arm
from codeact_envs.drivers import ConnectionLost, DriverError, JointFault
from codeact_envs.drivers.feetech import FeetechArm, frames, registers
from codeact_envs.drivers.feetech.bus import ServoBus
from codeact_envs.drivers.feetech.port import SerialPort
from codeact_envs.drivers.feetech.simulator import ServoSimulator

Answer = Callable[[bytes, random.Random], bytes]
TIMEOUT = 0.02  # seconds to wait for an answer
SLOWEST_S = 2.0  # of one call: dozens of questions, each asked three times, on a busy machine


def noise(request: bytes, chance: random.Random) -> bytes:
    return chance.randbytes(chance.randrange(1, 200))


def headers(request: bytes, chance: random.Random) -> bytes:
    return b"\xff\xff" * chance.randrange(1, 50) + chance.randbytes(3)


def zeros(request: bytes, chance: random.Random) -> bytes:
    return bytes(500)


def echo(request: bytes, chance: random.Random) -> bytes:
    return request


def statuses(request: bytes, chance: random.Random) -> list[bytes]:
    """What servos would say, with random registers; right in form."""
    asked = request[6] if request[4] in (frames.SYNC_READ, frames.READ) else 0
    ids = request[7:-1] if request[4] == frames.SYNC_READ else request[2:3]
    return [frames.packet(id, chance.randrange(256), chance.randbytes(min(asked, 100))) for id in ids]


def wrong_checksums(request: bytes, chance: random.Random) -> bytes:
    return b"".join(answer[:-1] + bytes((answer[-1] ^ 1,)) for answer in statuses(request, chance))


def partial(request: bytes, chance: random.Random) -> bytes:
    whole = b"".join(statuses(request, chance))
    return whole[: chance.randrange(len(whole))]


def lies(request: bytes, chance: random.Random) -> bytes:
    return b"".join(statuses(request, chance))


def strangers(request: bytes, chance: random.Random) -> bytes:
    return b"".join(frames.packet(chance.randrange(254), 0, chance.randbytes(8)) for _ in range(20))


def one_servo_on_and_on(request: bytes, chance: random.Random) -> bytes:
    return statuses(request, chance)[0] * 40


def silence(request: bytes, chance: random.Random) -> bytes:
    return b""


ANSWERS: list[Answer] = [
    noise,
    headers,
    zeros,
    echo,
    wrong_checksums,
    partial,
    lies,
    strangers,
    one_servo_on_and_on,
    silence,
]


@contextmanager
def hostile(answer: Answer, seed: int) -> Iterator[str]:
    """A port at whose other end `answer` sits."""
    chance, (host, end) = random.Random(seed), os.openpty()
    tty.setraw(end)
    os.set_blocking(host, False)
    going = True

    def serve() -> None:
        while going:
            try:
                request = os.read(host, 4096)
            except BlockingIOError:
                request = b""
            if not request:
                time.sleep(0.0005)
            elif len(request) > 6:
                try:
                    os.write(host, answer(request, chance))
                except BlockingIOError:
                    time.sleep(0.0005)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield os.ttyname(end)
    finally:
        going = False
        thread.join()
        os.close(host)
        os.close(end)


def outcomes(arm: FeetechArm) -> dict[str, BaseException | None]:
    """How each call of a driver ended; fails when one took too long."""
    row = HOME.copy()
    calls: dict[str, Callable[[], object]] = {
        "enable": arm.enable,
        "read": arm.read,
        "send": lambda: arm.send(row, 0.03, 4.0),
        "hold": arm.hold,
        "release": arm.release,
    }
    ended: dict[str, BaseException | None] = {}
    for name, call in calls.items():
        began = time.monotonic()
        try:
            call()
            ended[name] = None
        except DriverError as error:
            ended[name] = error
        assert time.monotonic() - began < SLOWEST_S, name
    return ended


@pytest.mark.parametrize("answer", ANSWERS)
def test_no_call_crashes_or_hangs(answer: Answer) -> None:
    with hostile(answer, seed=0) as path:
        arm = FeetechArm(load_arm("so101"), CALIBRATION, path, timeout=TIMEOUT)
        ended = outcomes(arm)
        assert ended["enable"] is not None
        assert ended["send"] is not None  # never enabled, so nothing is sent
        assert len(str(ended["enable"])) > 20
        arm.close()


@pytest.mark.parametrize("flood", [b"\x00", frames.packet(1, 0, b"\x00\x00")])
def test_a_flood_ends_no_wait_late(flood: bytes) -> None:
    """Noise, or one servo that answers on and on, from a port that always has more."""

    class Endless(SerialPort):
        def __init__(self) -> None: ...

        def write(self, data: bytes, timeout: float = 0.1) -> None: ...

        def discard(self) -> None: ...

        def read(self, timeout: float) -> bytes:
            return flood

    bus = ServoBus(Endless(), {}, timeout=0.02)
    with pytest.raises(ConnectionLost, match=r"no answer from .*servo 2"):
        bus.read_all([1, 2], registers.POSITION.address, 2)


def test_an_echo_is_no_answer() -> None:
    with hostile(echo, seed=0) as path:
        bus = ServoBus(SerialPort(path), {}, timeout=TIMEOUT)
        for ask in (lambda: bus.ping(1), lambda: bus.read(1, registers.MODEL), lambda: bus.write(1, registers.GOAL, 7)):
            with pytest.raises(ConnectionLost, match="no answer from servo 1: check the power"):
                ask()
        bus.close()


def test_answers_are_found_behind_an_echo(simulator: ServoSimulator) -> None:
    """As adapters with one data line have it: what is written comes back first."""
    simulator.echoes = True
    arm = FeetechArm(load_arm("so101"), CALIBRATION, simulator.path, timeout=1.0)
    arm.enable()
    assert arm.read().positions == pytest.approx(HOME, abs=2e-3)
    arm.close()


@pytest.mark.parametrize("answer", [noise, lies])
def test_a_bus_that_turns_hostile_in_mid_motion_leaves_the_motors_at_rest(
    answer: Answer, simulator: ServoSimulator
) -> None:
    chance = random.Random(1)

    def turn() -> None:
        while max(abs(servo.speed) for servo in simulator.servos.values()) < 100.0:
            time.sleep(0.002)
        simulator.instead = lambda request: answer(request, chance)
        bus._timeout = 0.05  # no need to wait long for what does not come

    with patient(simulator.path) as robot:
        bus = robot.driver._bus  # type: ignore[attr-defined]
        thread = threading.Thread(target=turn)
        thread.start()
        with pytest.raises((ConnectionLost, JointFault)):
            robot.world.controller.move_joints(np.array([1.2, *HOME[1:].tolist()]))
        thread.join()
        time.sleep(0.5)
        assert max(abs(servo.speed) for servo in simulator.servos.values()) < 10.0
        pan = CALIBRATION.joints["shoulder_pan"]
        at = simulator.servos[1].position
        assert abs(simulator.servos[1].get(registers.GOAL) - at) < 20
        assert -0.05 < pan.radians(at) < 1.2  # on its way, and no jump to what the bus made up
        simulator.instead, bus._timeout = None, 1.0
        robot.enable()
        assert robot.world.controller.move_joints(HOME).reached


def test_joints_that_hear_are_let_go_though_one_does_not(simulator: ServoSimulator) -> None:
    arm = FeetechArm(load_arm("so101"), CALIBRATION, simulator.path, timeout=0.2)
    arm.enable()
    simulator.servos[2].unplugged = True
    with pytest.raises(ConnectionLost, match=r"not all joints were let go: no answer from shoulder_lift"):
        arm.release()
    assert [id for id, servo in simulator.servos.items() if servo.get(registers.TORQUE)] == [2]
    arm.close()


def test_a_place_that_no_servo_can_have_is_refused(simulator: ServoSimulator) -> None:
    arm = FeetechArm(load_arm("so101"), CALIBRATION, simulator.path, timeout=0.2)
    simulator.instead = lambda request: b"".join(
        frames.packet(id, 0, b"\xff\x7f" + bytes(request[6] - 2)) for id in request[7:-1]
    )
    with pytest.raises(ConnectionLost, match=r"shoulder_pan \(servo 1\) says that it stands at 32767"):
        arm.read()
    arm.close()
