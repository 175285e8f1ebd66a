"""The wire format of the servos, held against the maker's own SDK and against a simulator by somebody else."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from so101_rig import CALIBRATION, HOME, ForeignBus, patient

from codeact_envs.drivers.errors import ConnectionLost
from codeact_envs.drivers.feetech import frames, registers
from codeact_envs.drivers.feetech.bus import ServoBus
from codeact_envs.drivers.feetech.calibrating import calibrate
from codeact_envs.drivers.feetech.port import SerialPort
from codeact_envs.drivers.feetech.simulator import ServoSimulator

scservo_sdk = pytest.importorskip("scservo_sdk")  # ftservo-python-sdk: Feetech's


class Wire:
    """Stands in for the SDK's port: keeps what it writes."""

    is_using = False

    def __init__(self) -> None:
        self.written = b""

    def clearPort(self) -> None: ...

    def writePort(self, data: list[int]) -> int:
        self.written = bytes(data)
        return len(data)

    def setPacketTimeout(self, length: int) -> None: ...

    def isPacketTimeout(self) -> bool:
        return True

    def readPort(self, length: int) -> bytes:
        return b""


@pytest.fixture
def simulator() -> Iterator[ServoSimulator]:
    with ServoSimulator() as simulator:
        yield simulator


@pytest.fixture
def bus(simulator: ServoSimulator) -> Iterator[ServoBus]:
    bus = ServoBus(SerialPort(simulator.path), {3: "elbow_flex"}, timeout=0.5)
    yield bus
    bus.close()


def test_instructions_are_those_of_the_makers_sdk() -> None:
    wire = Wire()
    sdk = scservo_sdk.sms_sts(wire)
    sdk.ping(3)
    assert wire.written == frames.packet(3, frames.PING)
    sdk.read2ByteTxRx(3, 56)
    assert wire.written == frames.packet(3, frames.READ, bytes((56, 2)))
    sdk.write2ByteTxRx(5, 42, 3000)
    assert wire.written == frames.packet(5, frames.WRITE, bytes((42,)) + frames.word(3000))
    sdk.syncReadTx(56, 8, [1, 2, 6], 3)
    assert wire.written == frames.sync_read(56, 8, [1, 2, 6])
    group = scservo_sdk.GroupSyncWrite(sdk, 42, 2)
    for id, goal in ((1, 100), (2, 4095)):
        group.addParam(id, list(frames.word(goal)))
    wire.is_using = False  # it waits for an answer still
    group.txPacket()
    assert wire.written == frames.sync_write(42, {1: frames.word(100), 2: frames.word(4095)})


@pytest.mark.parametrize("value", [0, 1, -1, 1234, -2047])
def test_signs_are_those_of_the_makers_sdk(value: int) -> None:
    sdk = scservo_sdk.sms_sts(Wire())
    assert frames.with_sign(value, 15) == sdk.scs_toscs(value, 15)
    assert frames.signed(sdk.scs_toscs(value, 15), 15) == value


def test_the_simulator_answers_the_makers_sdk(simulator: ServoSimulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scservo_sdk.port_handler, "LATENCY_TIMER", 2000.0)  # milliseconds: machines are busy
    simulator.servos[2].position = 1500.0
    port = scservo_sdk.PortHandler(simulator.path)
    assert port.openPort()
    try:
        sdk = scservo_sdk.sms_sts(port)
        assert sdk.ping(2) == (777, 0, 0)  # the model, no error of the bus, none of the servo
        assert sdk.ReadPos(2)[:2] == (1500, 0)
        assert sdk.WritePosEx(4, 2200, 2400, 50) == (0, 0)
        group = scservo_sdk.GroupSyncRead(sdk, 42, 2)
        for id in simulator.servos:
            assert group.addParam(id)
        assert group.txRxPacket() == 0
        assert group.isAvailable(4, 42, 2)[0]
        assert group.getData(4, 42, 2) == 2200
        assert sdk.ping(9)[1] != 0
    finally:
        port.closePort()


def test_the_bus_understands_a_simulator_by_somebody_else() -> None:
    other = ForeignBus()
    bus = ServoBus(SerialPort(other.path), {}, timeout=0.5)
    try:
        assert bus.ping(3).errors == 0
        assert bus.read(3, registers.MODEL) == registers.STS3215
        bus.write(3, registers.ACCELERATION, 254)
        bus.write_all(registers.GOAL, {1: 1000, 2: 2000, 6: 3000})
        answers = bus.read_all(range(1, 7), registers.POSITION.address, 2)
        places = [int.from_bytes(answers[id].parameters, "little") for id in range(1, 7)]
        assert places == [1000, 2000, 2048, 2048, 2048, 3000]
        with pytest.raises(ConnectionLost, match="no answer from servo 9"):
            bus.ping(9)
    finally:
        bus.close()
        other.close()


def test_the_arm_drives_a_simulator_by_somebody_else() -> None:
    other = ForeignBus()
    try:
        with patient(other.path) as robot:
            assert robot.world.controller.move_joints(robot.arm.home).reached
            robot.world.controller.open(0.04)
        servos = {servo.servo_id: servo for servo in other.bus.servos}
        for name, at in zip(CALIBRATION.joints, HOME.tolist(), strict=True):
            joint = CALIBRATION.joints[name]
            assert servos[joint.id].get("present_position") == joint.steps(at), name
        assert servos[6].get("present_position") == CALIBRATION.gripper.steps(0.04)
        assert all(servo.get("torque_enable") for servo in servos.values())
        assert not any(servo.rejected_writes for servo in servos.values())
    finally:
        other.close()


def test_calibrating_moves_the_zero_of_a_simulator_by_somebody_else() -> None:
    """Its offsets and its lock are as they were measured at a real STS3215."""
    other = ForeignBus()
    try:
        servos = other.bus.servos

        def move(to: int, servo: Any) -> None:
            servo.raw_position = to
            servo._settle()

        def ask(question: str) -> None:
            for servo in servos:
                if "middle" in question:
                    move(100, servo)
                elif "both ends" in question:
                    for to in (4096 - 700, 1000):
                        move(to, servo)
                        time.sleep(0.05)
                elif servo.servo_id == 6:
                    move(800, servo)
            time.sleep(0.1)

        made = calibrate(other.path, ask)
        assert made.joints["elbow_flex"].lowest == 2048 - 800
        assert made.joints["elbow_flex"].highest == 2048 + 900
        assert made.gripper.open == 2048 + 700
        assert all(servo.locked for servo in servos)
        assert not any(servo.rejected_writes for servo in servos)
    finally:
        other.close()


def test_packets_are_found_between_noise() -> None:
    reader = frames.Reader()
    good = frames.packet(1, 0, b"\x12\x34")
    bad = good[:-1] + bytes((good[-1] ^ 1,))
    for byte in b"\x00\xff" + bad + b"\xff\xff\xff" + good + b"\xff" + good:
        reader.feed(bytes((byte,)))
    first, second, third = reader.next(), reader.next(), reader.next()
    assert first == second == frames.Status(1, 0, b"\x12\x34")
    assert third is None
    assert reader.damaged == 1


def test_a_damaged_or_lost_answer_is_asked_for_again(simulator: ServoSimulator, bus: ServoBus) -> None:
    simulator.damage = 3
    simulator.deafness = 4
    for _ in range(8):
        assert bus.read(3, registers.POSITION) == 2048
    assert bus.lost > 0


def test_errors_say_who_and_what_to_do(simulator: ServoSimulator, bus: ServoBus) -> None:
    simulator.servos[3].unplugged = True
    with pytest.raises(ConnectionLost, match=r"no answer from elbow_flex \(servo 3\); others on the bus answer"):
        bus.read_all([2, 3], registers.POSITION.address, 2)
    simulator.servos[3].unplugged = False
    simulator.damage = 1
    with pytest.raises(ConnectionLost, match="come in damaged"):
        bus.ping(3)


def test_a_pulled_cable_is_told_from_silence(simulator: ServoSimulator, bus: ServoBus) -> None:
    bus.ping(1)
    simulator.pull_cable()
    with pytest.raises(ConnectionLost, match=r"is gone.*reconnect"):
        bus.ping(1)
    with pytest.raises(ConnectionLost, match="is closed; reconnect"):
        bus.ping(1)


def test_a_port_belongs_to_one_program(simulator: ServoSimulator) -> None:
    port = SerialPort(simulator.path)
    with pytest.raises(ConnectionLost, match="belongs to another program"):
        SerialPort(simulator.path)
    port.close()
    SerialPort(simulator.path).close()
    with pytest.raises(ConnectionLost, match="there is no /dev/no-such-port"):
        SerialPort("/dev/no-such-port")
