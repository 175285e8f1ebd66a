"""Calibrate an SO-101 by hand: a person moves the limp arm, and the readings are written down.

    python -m codeact_envs.drivers.feetech.calibrating /dev/ttyACM0 my_arm.yaml

The middle of each joint's range is written into the servos (`OFFSET`), so that no reading jumps from 4095 to 0 inside
it.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from dataclasses import replace

from codeact.errors import CodeActError
from codeact_envs.drivers.feetech import frames, registers
from codeact_envs.drivers.feetech.bus import ServoBus
from codeact_envs.drivers.feetech.calibration import Calibration, GripperCalibration, so101_default
from codeact_envs.drivers.feetech.port import SerialPort
from codeact_envs.drivers.feetech.registers import STEPS

_MIDDLE = STEPS // 2
_LARGEST_OFFSET = 2047
_FULL_TURN = "wrist_roll"  # has no stops that could be felt
_LEAST_RANGE = 200  # steps that every joint must have been moved
_OPENING = 0.06  # metres


def calibrate(path: str, ask: Callable[[str], object] = input) -> Calibration:
    """Calibrate the arm on a port. It goes limp, so somebody has to hold it.

    Args:
        path: of the port.
        ask: shows what to do, and returns when it is done.

    Raises:
        ConnectionLost: the port or a servo does not answer.
        CodeActError: a joint was not moved far enough, or the gripper was not opened.
    """
    plan = so101_default()
    names = {servo.id: name for name, servo in plan.joints.items()} | {plan.gripper.id: "the gripper"}
    bus = ServoBus(SerialPort(path), names)
    try:
        for id in names:
            bus.write(id, registers.TORQUE, 0)
        ask("Bring every joint to the middle of its range, and close the jaws. Then press Enter.")
        for id in names:
            _centre(bus, id)
        lowest, highest = _ranges(bus, plan, ask)
        joints = {}
        for name, servo in plan.joints.items():
            if name == _FULL_TURN:
                joints[name] = servo
                continue
            low, high = lowest[servo.id], highest[servo.id]
            if high - low < _LEAST_RANGE:
                raise CodeActError(
                    f"{name} was moved by {high - low} steps only: begin again, and move it to both ends"
                )
            # The model's zero is the middle of the range that the joint really has.
            joints[name] = replace(servo, zero=round((low + high) / 2), lowest=low, highest=high)
        ask(f"Open the jaws until their tips are {_OPENING * 100:g} cm apart. Then press Enter.")
        opened = _reading(bus, plan.gripper.id)
        if abs(opened - _MIDDLE) < _LEAST_RANGE:
            raise CodeActError("the gripper was not opened: begin again")
        return Calibration(joints, GripperCalibration(plan.gripper.id, _MIDDLE, opened, _OPENING))
    finally:
        bus.close()


def _reading(bus: ServoBus, id: int) -> int:
    return frames.signed(bus.read(id, registers.POSITION), 15)


def _centre(bus: ServoBus, id: int) -> None:
    """Make the servo read 2048 where it is."""
    before = frames.signed(bus.read(id, registers.OFFSET), 11)
    offset = (before + _reading(bus, id)) % STEPS - _MIDDLE
    offset = min(max(offset, -_LARGEST_OFFSET), _LARGEST_OFFSET)
    bus.write(id, registers.LOCK, 0)
    bus.write(id, registers.OFFSET, frames.with_sign(offset, 11))
    bus.write(id, registers.LOCK, 1)


def _ranges(bus: ServoBus, plan: Calibration, ask: Callable[[str], object]) -> tuple[dict[int, int], dict[int, int]]:
    """The lowest and the highest reading of each joint while a person moves them."""
    ids = [servo.id for servo in plan.joints.values()]
    lowest, highest = dict.fromkeys(ids, STEPS), dict.fromkeys(ids, -1)
    done = threading.Event()
    failures: list[Exception] = []

    def record() -> None:
        try:
            while True:
                answers = bus.read_all(ids, registers.POSITION.address, 2)
                for id in ids:
                    at = frames.signed(int.from_bytes(answers[id].parameters, "little"), 15)
                    lowest[id], highest[id] = min(lowest[id], at), max(highest[id], at)
                if done.wait(0.02):
                    return
        except CodeActError as error:
            failures.append(error)

    recorder = threading.Thread(target=record)
    recorder.start()
    try:
        ask(f"Move every joint but {_FULL_TURN} slowly to both ends of its range. Then press Enter.")
    finally:
        done.set()
        recorder.join()
    if failures:
        raise failures[0]
    return lowest, highest


def main(arguments: list[str]) -> int:
    """The command line: a port and the file to write."""
    if len(arguments) != 2:
        print("usage: python -m codeact_envs.drivers.feetech.calibrating PORT FILE.yaml", file=sys.stderr)
        return 2
    try:
        calibrate(arguments[0]).save(arguments[1])
    except CodeActError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"wrote {arguments[1]}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
