"""Calibrations: made by hand, read from files, and wrong."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest
import yaml
from so101_rig import patient

from codeact.errors import CodeActError, TaskError
from codeact_envs.bullet.robots.description import load_arm
from codeact_envs.drivers import DriverError, JointFault, UnsafeRow, connect
from codeact_envs.drivers.feetech import Calibration, FeetechArm, registers, so101_default
from codeact_envs.drivers.feetech.calibrating import calibrate
from codeact_envs.drivers.feetech.simulator import ServoSimulator

ROBOT = load_arm("so101")


def test_a_file_comes_back_as_it_was(tmp_path: Path) -> None:
    made = so101_default()
    made.save(tmp_path / "arm.yaml")
    assert Calibration.load(tmp_path / "arm.yaml", ROBOT) == made


def test_angles_and_openings_come_back() -> None:
    made = so101_default()
    pan = made.joints["shoulder_pan"]
    assert pan.steps(0.0) == 2048
    assert pan.radians(pan.steps(1.0)) == pytest.approx(1.0, abs=2e-3)
    assert made.gripper.metres(made.gripper.steps(0.03)) == pytest.approx(0.03, abs=1e-4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"joints": {}}, "joints: SO-101 follower arm has shoulder_pan, shoulder_lift"),
        ({"gripper": {"id": 6, "closed": 5, "open": 5, "opening": 0.06}}, "gripper.*closed and open must differ"),
        ({"gripper": {"id": 1, "closed": 0, "open": 5, "opening": 0.06}}, "two servos share an id"),
        ({"gripper": {"id": 6, "closed": 0, "opening": 0.06}}, r"gripper\.open: Field required"),
        ({"griper": {}}, "griper: "),
    ],
)
def test_what_is_wrong_with_a_file_is_named(tmp_path: Path, change: dict[str, object], message: str) -> None:
    file = tmp_path / "arm.yaml"
    so101_default().save(file)
    data = {**yaml.safe_load(file.read_text()), **change}
    file.write_text(yaml.safe_dump(data))
    with pytest.raises(TaskError, match=message):
        Calibration.load(file, ROBOT)


def test_a_calibration_of_lerobot(tmp_path: Path) -> None:
    motors = {
        name: {"id": number, "drive_mode": 0, "homing_offset": 12, "range_min": 800 + number, "range_max": 3300}
        for number, name in enumerate([*ROBOT.joints.names, "gripper"], 1)
    }
    file = tmp_path / "my_arm.json"
    file.write_text(json.dumps(motors))
    found = Calibration.load(file, ROBOT)
    pan = found.joints["shoulder_pan"]
    assert (pan.id, pan.zero, pan.direction, pan.lowest, pan.highest) == (1, 2050, 1, 801, 3300)
    assert found.gripper.closed == 806
    assert found.gripper.metres(806) == 0.0
    del motors["elbow_flex"]
    file.write_text(json.dumps(motors))
    with pytest.raises(TaskError, match="'elbow_flex' is missing"):
        Calibration.load(file, ROBOT)


def test_an_arm_is_calibrated_by_hand(simulator: ServoSimulator) -> None:
    middles = {1: 300, 2: 4000, 3: 2048, 4: 1000, 5: 60, 6: 3900}  # readings jump from 4095 to 0 inside some ranges
    questions = []

    def move(question: str) -> None:
        questions.append(question)
        servos = simulator.servos
        if len(questions) == 1:
            for id, at in middles.items():
                servos[id].position = at
        elif len(questions) == 2:
            for away in (-1000, 1100, 0):
                for id, at in middles.items():
                    servos[id].position = at + away
                time.sleep(0.2)
        else:
            servos[6].position = middles[6] + 650
        time.sleep(0.05)

    made = calibrate(simulator.path, move)
    assert len(questions) == 3
    for name in ("shoulder_pan", "shoulder_lift", "elbow_flex", "wrist_flex"):
        servo = made.joints[name]
        assert (servo.lowest, servo.highest, servo.zero) == (1048, 3148, 2098), name
    assert (made.gripper.closed, made.gripper.open) == (2048, 2698)
    assert not any(servo.get(registers.TORQUE) for servo in simulator.servos.values())
    with pytest.raises(CodeActError, match="shoulder_pan was moved by 0 steps only"):
        calibrate(simulator.path, lambda question: None)


# Taking hold of an arm


def test_a_limp_arm_takes_no_rows(simulator: ServoSimulator) -> None:
    arm = FeetechArm(ROBOT, so101_default(), simulator.path, timeout=0.5)
    with pytest.raises(UnsafeRow, match="limp"):
        arm.send(np.array(ROBOT.joints.home), 0.0, 1.0)
    assert not any(servo.get(registers.TORQUE) for servo in simulator.servos.values())
    arm.close()


def test_the_servos_themselves_are_kept_to_the_joints_speed(simulator: ServoSimulator) -> None:
    simulator.servos[2].put(registers.PHASE, 0)  # its unit of speed is 50 steps/s
    arm = FeetechArm(ROBOT, so101_default(), simulator.path, timeout=0.5)
    arm.enable()
    fastest = 4.7 * registers.STEPS / (2.0 * np.pi)
    assert simulator.servos[1].get(registers.SPEED) == round(fastest)
    assert simulator.servos[2].get(registers.SPEED) == round(fastest / 50)
    arm.close()


@pytest.mark.parametrize(
    ("register", "value", "message"),
    [
        (registers.MODEL, 1284, "elbow_flex .* of model 1284"),
        (registers.MODE, 1, "elbow_flex .* not in position mode"),
    ],
)
def test_a_servo_that_does_not_fit_is_named(
    simulator: ServoSimulator, register: registers.Register, value: int, message: str
) -> None:
    simulator.servos[3].put(register, value)
    with pytest.raises(DriverError, match=message):
        patient(simulator.path)
    assert not simulator.servos[3].get(registers.TORQUE)


def test_an_arm_that_stands_outside_is_not_enabled(simulator: ServoSimulator) -> None:
    simulator.servos[1].position = 2048 + 1500
    with pytest.raises(DriverError, match=r"shoulder_pan stands at 2\.30 rad, outside -1\.92 to 1\.92"):
        patient(simulator.path)


def test_an_arm_with_a_fault_is_not_enabled(simulator: ServoSimulator) -> None:
    simulator.servos[4].errors = 1 << 2
    with pytest.raises(JointFault, match=r"wrist_flex .* overheating.* not enabled"):
        patient(simulator.path)


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("so101", "give a way and a place"),
        ("so101:", "give a way and a place"),
        ("so102:/dev/ttyACM0", "no way 'so102' to a robot"),
        ("so102:dry-run", "no robot 'so102'"),
        ("ros:localhost:9090", "which arm it is"),
    ],
)
def test_an_address_that_says_nothing_is_refused(address: str, message: str) -> None:
    with pytest.raises(TaskError, match=message):
        connect(address)
