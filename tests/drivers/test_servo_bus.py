"""The wire format of the servos, held against the maker's own SDK and against a simulator by somebody else."""

from __future__ import annotations

import os
import select
import threading
import tty
from collections.abc import Iterator

import pytest

from codeact_envs.drivers.errors import ConnectionLost
from codeact_envs.drivers.feetech import frames, registers
from codeact_envs.drivers.feetech.bus import ServoBus
from codeact_envs.drivers.feetech.port import SerialPort
from codeact_envs.drivers.feetech.simulator import ServoSimulator

scservo_sdk = pytest.importorskip("scservo_sdk")  # ftservo-python-sdk: Feetech's
foreign = pytest.importorskip("feetech_cli.simulator")  # feetech-cli: neither Feetech's nor ours


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


class ForeignBus:
    """The simulator of feetech-cli, which is one of memory, behind a pseudo-terminal."""

    def __init__(self) -> None:
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
