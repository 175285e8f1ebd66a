"""An arm over its bus, as a program and its owner see it: motions, stops, faults, and a host that dies."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from so101_rig import CALIBRATION, HOME, PATIENCE, patient, stand_at_home

from codeact import CodeActAgent, Sandbox, load_model
from codeact_envs.bullet.errors import KeepOut, Stopped, TooStrong
from codeact_envs.bullet.robots.description import Volume, load_arm
from codeact_envs.bullet.tools.low_tier import ArmApi
from codeact_envs.drivers import (
    ArmReading,
    Blocked,
    ConnectionLost,
    DriverError,
    JointFault,
    RealArm,
    connect,
    real_arm,
)
from codeact_envs.drivers.feetech import FeetechArm, registers
from codeact_envs.drivers.feetech.simulator import ServoSimulator
from codeact_envs.drivers.simulated import SimulatedDriver

pytestmark = pytest.mark.real_time  # rows come at the rate of a bus, and who comes late is stopped

ASIDE = [0.6, *HOME[1:].tolist()]
PAN = 1  # the id of shoulder_pan's servo


def servo_positions(simulator: ServoSimulator) -> np.ndarray:
    servos = CALIBRATION.joints.values()
    return np.array([servo.radians(simulator.servos[servo.id].position) for servo in servos])


def servo_speed(simulator: ServoSimulator) -> float:
    """Of the fastest servo, radians per second."""
    return max(abs(servo.speed) for servo in simulator.servos.values()) * 2.0 * np.pi / registers.STEPS


def wait_for(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.002)


def test_connecting_moves_nothing(simulator: ServoSimulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(real_arm, "FeetechArm", partial(FeetechArm, timeout=1.0))  # machines are busy
    before = servo_positions(simulator)
    with connect(f"so101:{simulator.path}") as robot:
        assert servo_positions(simulator) == pytest.approx(before, abs=2e-3)
        assert robot.arm.commanded == pytest.approx(before, abs=2e-3)
        assert all(servo.get(registers.TORQUE) for servo in simulator.servos.values())


def test_a_program_moves_the_servos(simulator: ServoSimulator, robot: RealArm) -> None:
    with Sandbox(robot.toolbox()) as sandbox:
        result = sandbox.run(
            "there = arm.move_linear((0.2, 0.06, 0.05), speed=0.2)\n"
            "pose = arm.tool_pose()\n"
            "try:\n"
            "    arm.move_linear((0.6, 0.0, 0.1))\n"
            "except OutOfReach as refusal:\n"
            "    print('refused')\n"
            "(there, pose.position)"
        )
    assert result.ok, result.error
    there, position = result.value
    assert there
    assert result.stdout == "refused\n"
    assert position == pytest.approx((0.2, 0.06, 0.05), abs=2e-3)
    real = robot.world.controller.kinematics.forward(servo_positions(simulator))
    assert real[:3, 3] == pytest.approx((0.2, 0.06, 0.05), abs=2e-3)


def test_rows_come_at_the_rate_of_the_bus(robot: RealArm, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[float] = []
    send = robot.driver.send

    def count(positions: np.ndarray, opening: float, force: float) -> None:
        sent.append(time.monotonic())
        send(positions, opening, force)

    monkeypatch.setattr(robot.driver, "send", count)
    planned = robot.world.controller.move_joints(np.array(ASIDE)).duration
    assert len(sent) == pytest.approx(planned / robot.driver.period, abs=1)
    # A busy machine makes rows late, and never early.
    assert sent[-1] - sent[0] > (len(sent) - 1) * robot.driver.period - 0.01


def test_the_gripper_holds_what_is_between_its_jaws(simulator: ServoSimulator, robot: RealArm) -> None:
    arm = ArmApi(robot.world)
    assert not arm.is_holding()
    simulator.servos[6].wall = (CALIBRATION.gripper.steps(0.02), -1)
    assert arm.close_gripper(force=4.0)
    assert arm.is_holding()
    assert arm.gripper_width() == pytest.approx(0.02, abs=2e-3)
    assert simulator.servos[6].get(registers.TORQUE_LIMIT) == 500  # of 8 N
    simulator.servos[6].wall = None
    assert not arm.close_gripper()
    arm.open_gripper(0.05)
    assert arm.gripper_width() == pytest.approx(0.05, abs=2e-3)
    with pytest.raises(TooStrong):
        arm.close_gripper(force=80.0)


def test_a_stop_brings_the_servos_to_rest(simulator: ServoSimulator, robot: RealArm) -> None:
    failed: list[BaseException] = []

    def move() -> None:
        try:
            robot.world.controller.move_joints(np.array(ASIDE))
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=move)
    thread.start()
    wait_for(lambda: servo_speed(simulator) > 0.5)
    stopped = time.monotonic()
    robot.emergency_stop()
    wait_for(lambda: servo_speed(simulator) < 0.02)
    taken = time.monotonic() - stopped
    thread.join()
    assert taken < 0.5  # 0.06 s of braking, what the servos lag behind, and what a busy machine adds
    assert isinstance(failed[0], Stopped)
    with pytest.raises(Stopped):
        robot.world.controller.move_joints(HOME)
    robot.end_emergency()
    assert robot.world.controller.move_joints(HOME).reached


def test_an_interrupted_program_leaves_the_arm_at_rest(simulator: ServoSimulator, robot: RealArm) -> None:
    with Sandbox(robot.toolbox()) as sandbox:
        threading.Timer(0.3, sandbox.interrupt).start()
        result = sandbox.run("while True:\n    arm.move_joints([0.6, 0, 0, 1.57, -1.5])\n    arm.home()")
    assert not result.ok
    wait_for(lambda: servo_speed(simulator) < 0.02, 0.5)


def test_what_is_kept_out_is_kept_out_of_the_real_arm(simulator: ServoSimulator) -> None:
    fence = Volume("the fence", (0.05, -0.3, 0.0), (0.4, -0.08, 0.4))
    with patient(simulator.path, [fence]) as robot, pytest.raises(KeepOut, match="the fence"):
        ArmApi(robot.world).move_joints(ASIDE)
    assert servo_positions(simulator) == pytest.approx(HOME, abs=2e-3)


def test_a_branch_rehearses_in_the_model_alone(simulator: ServoSimulator, robot: RealArm) -> None:
    with robot.world.branch() as model:
        assert ArmApi(model).move_joints(ASIDE)
    assert servo_positions(simulator) == pytest.approx(HOME, abs=2e-3)


# Faults


def test_a_joint_that_cannot_follow_ends_the_motion(simulator: ServoSimulator, robot: RealArm) -> None:
    pan = simulator.servos[PAN]
    assert robot.world.controller.move_joints(HOME).reached
    pan.wall = (CALIBRATION.joints["shoulder_pan"].steps(0.15), 1)
    with pytest.raises(Blocked, match=r"shoulder_pan is .* behind"):
        robot.world.controller.move_joints(np.array(ASIDE))
    assert robot.world.controller.last is None, "not what the motion before came to"
    time.sleep(0.05)
    assert abs(pan.get(registers.GOAL) - pan.position) < 5  # it does not press on
    pan.wall = None
    assert robot.world.controller.move_joints(HOME).reached


def test_an_overloaded_servo_is_named(simulator: ServoSimulator, robot: RealArm) -> None:
    simulator.servos[3].errors = 1 << 5
    with pytest.raises(JointFault, match=r"elbow_flex \(servo 3\) reports overload"):
        robot.world.controller.move_joints(np.array(ASIDE))
    assert servo_speed(simulator) < 0.5
    simulator.servos[3].errors = 0
    assert robot.world.controller.move_joints(HOME).reached


def test_nothing_is_sent_to_an_arm_that_was_moved_meanwhile(simulator: ServoSimulator, robot: RealArm) -> None:
    pan = simulator.servos[PAN]
    pan.wall = (pan.position - 300, 1)  # it is pushed aside, and kept there
    wait_for(lambda: abs(servo_positions(simulator)[0]) > 0.4)
    with pytest.raises(DriverError, match=r"shoulder_pan is 0\.46 rad from where it was left"):
        robot.world.controller.move_joints(np.array(ASIDE))
    assert abs(pan.get(registers.GOAL) - pan.position) < 5
    pan.wall = None
    assert robot.world.controller.move_joints(HOME).reached


def test_between_motions_somebody_looks_and_says_what_is_wrong(simulator: ServoSimulator, robot: RealArm) -> None:
    assert robot.trouble is None
    simulator.servos[3].errors = 1 << 2
    wait_for(lambda: isinstance(robot.trouble, JointFault))
    assert "elbow_flex (servo 3) reports overheating" in str(robot.trouble)
    with pytest.raises(JointFault, match="overheating"):
        robot.wait(5.0)
    simulator.servos[3].errors = 0
    wait_for(lambda: robot.trouble is None)
    robot.wait(0.1)
    assert robot.world.controller.move_joints(np.array(ASIDE)).reached


def test_a_robot_hears_from_its_host_while_a_program_thinks() -> None:
    class Listening(SimulatedDriver):
        heard = 0

        def read(self) -> ArmReading:
            self.heard += 1
            return super().read()

    driver = Listening(load_arm("so101"))
    with RealArm(driver, "so101") as robot, Sandbox(robot.toolbox()) as sandbox:
        before, began = driver.heard, time.monotonic()
        assert sandbox.run("for _ in range(5_000_000):\n    pass").ok
        time.sleep(max(0.0, began + 1.0 - time.monotonic()))
        assert driver.heard - before >= 4
    before = driver.heard
    time.sleep(0.3)
    assert driver.heard == before


def test_an_agent_drives_it(simulator: ServoSimulator, robot: RealArm, tmp_path: Path) -> None:
    turns = tmp_path / "turns.json"
    turns.write_text(
        json.dumps(
            [
                "<execute>\nprint(arm.move_joints([0.3, 0, 0, 1.57, -1.52]))\n</execute>",
                "<execute>\nprint(round(arm.joint_positions()[0], 1))\n</execute>",
                "It stands at 0.3 rad.",
            ]
        )
    )
    CodeActAgent(load_model(f"scripted:{turns}")).chat("turn the arm to the left by 0.3 rad", tools=robot.toolbox())
    assert servo_positions(simulator)[0] == pytest.approx(0.3, abs=0.02)


def test_damaged_answers_are_asked_for_again(simulator: ServoSimulator, robot: RealArm) -> None:
    simulator.damage = 40
    assert robot.world.controller.move_joints(np.array(ASIDE)).reached
    assert servo_positions(simulator) == pytest.approx(ASIDE, abs=0.02)
    assert robot.driver.questions_lost > 0  # type: ignore[attr-defined]


def test_a_slow_bus_makes_a_slow_arm(simulator: ServoSimulator, robot: RealArm) -> None:
    began = time.monotonic()
    assert robot.world.controller.move_joints(np.array(ASIDE)).reached
    quick, began = time.monotonic() - began, time.monotonic()
    simulator.delay = 0.005  # 30 ms for six answers, where 17 ms are planned
    assert robot.world.controller.move_joints(HOME).reached
    assert time.monotonic() - began > 1.3 * quick
    assert robot.arm.late_s > 0.0
    assert servo_positions(simulator) == pytest.approx(HOME, abs=0.02)


def pull_when_moving(simulator: ServoSimulator) -> None:
    wait_for(lambda: servo_speed(simulator) > 0.2)
    simulator.pull_cable()


def test_a_pulled_cable_ends_the_motion_and_the_arm_can_come_back(simulator: ServoSimulator, tmp_path: Path) -> None:
    port = tmp_path / "port"
    port.symlink_to(simulator.path)
    with patient(str(port)) as robot:
        puller = threading.Thread(target=pull_when_moving, args=(simulator,))
        puller.start()
        with pytest.raises(ConnectionLost, match="is gone"):
            robot.world.controller.move_joints(np.array(ASIDE))
        puller.join()
        wait_for(lambda: servo_speed(simulator) < 0.02, 3.0)
        at = servo_positions(simulator)
        assert 0.01 < at[0] < 0.59
        with pytest.raises(ConnectionLost):
            robot.world.controller.move_joints(HOME)
        with ServoSimulator() as other:  # the same arm on another port
            for id, servo in simulator.servos.items():
                other.servos[id].position = servo.position
            port.unlink()
            port.symlink_to(other.path)
            robot.reconnect()
            assert robot.arm.commanded == pytest.approx(at, abs=2e-3)
            assert robot.world.controller.move_joints(HOME).reached
            assert servo_positions(other) == pytest.approx(HOME, abs=0.02)


HOST = """
import sys
import numpy as np
from codeact_envs.bullet.robots.description import load_arm
from codeact_envs.drivers import DriverError, RealArm
from codeact_envs.drivers.feetech import FeetechArm, so101_default
driver = FeetechArm(load_arm("so101"), so101_default(), sys.argv[1], timeout=1.0)
robot = RealArm(driver, "so101", patience=float(sys.argv[2]))
home = robot.world.arm.home
aside = home.copy()
aside[0] = 1.5
print("ready", flush=True)
try:
    while True:
        robot.world.controller.move_joints(aside)
        robot.world.controller.move_joints(home)
except DriverError as error:
    print(error, flush=True)
"""


def start_host(simulator: ServoSimulator, patience: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", HOST, simulator.path, str(patience)]
    host = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert host.stdout is not None
    assert host.stdout.readline() == "ready\n"
    wait_for(lambda: servo_speed(simulator) > 0.8, 20.0)
    return host


def test_a_killed_host_leaves_the_arm_at_rest(simulator: ServoSimulator) -> None:
    with start_host(simulator, PATIENCE) as host:
        at = servo_positions(simulator)[0]
        host.send_signal(signal.SIGKILL)
        host.wait()
        killed = time.monotonic()
        wait_for(lambda: servo_speed(simulator) < 0.02)
    assert time.monotonic() - killed < 0.5
    rest = servo_positions(simulator)[0]
    assert abs(rest - at) < 0.15
    time.sleep(0.2)
    assert servo_positions(simulator)[0] == pytest.approx(rest, abs=5e-3)
    assert all(servo.get(registers.TORQUE) for servo in simulator.servos.values())
    # Another host finds the port free, and the arm where it is.
    with patient(simulator.path) as robot:
        assert robot.world.controller.move_joints(HOME).reached


def test_a_host_that_slept_does_not_catch_up(simulator: ServoSimulator) -> None:
    with start_host(simulator, 0.5) as host:
        os.kill(host.pid, signal.SIGSTOP)
        wait_for(lambda: servo_speed(simulator) < 0.02, 0.5)
        rest = servo_positions(simulator)[0]
        time.sleep(0.8)
        os.kill(host.pid, signal.SIGCONT)
        assert host.stdout is not None
        assert "s late in mid-motion" in host.stdout.readline()
        assert servo_positions(simulator)[0] == pytest.approx(rest, abs=0.03)  # a row that was on its way


def test_letting_go_and_taking_hold_again(simulator: ServoSimulator, robot: RealArm) -> None:
    robot.release()
    assert not any(servo.get(registers.TORQUE) for servo in simulator.servos.values())
    with pytest.raises(DriverError, match="enable"):
        robot.world.controller.move_joints(np.array(ASIDE))
    for servo, radians in zip(CALIBRATION.joints.values(), [-0.3, *HOME[1:].tolist()], strict=True):
        simulator.servos[servo.id].position = servo.steps(radians)
    robot.enable()
    assert robot.arm.commanded[0] == pytest.approx(-0.3, abs=2e-3)
    assert robot.world.controller.move_joints(HOME).reached
    stand_at_home(simulator)
