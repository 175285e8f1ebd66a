"""A conveyor behind pymodbus's own server."""

from __future__ import annotations

import ast
import itertools
import os
import signal
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from other_ends import ModbusDevice, wait_until
from pymodbus.constants import ExcCodes

from codeact.errors import ToolError
from codeact.sandbox import Sandbox
from codeact.tools import Toolbox
from codeact_adapters import DeviceLost, make_toolbox, modbus

CONVEYOR = """
device: conveyor
description: The belt behind the table.
modbus: {host: 127.0.0.1, unit: 1, timeout_s: 20}
points:
  speed:
    description: Speed of the belt.
    register: holding 3
    type: uint16
    scale: 0.001
    unit: m/s
    range: [0, 0.5]
    access: read-write
    effect: physical
    confirm: true
  target: {register: holding 20, type: float32, unit: m, access: read-write, effect: physical, rate: 2}
  offset: {register: holding 22, type: int32, words: low first, access: read-write, effect: write}
  mode: {register: holding 4, type: uint16, values: {idle: 0, manual: 1}, access: read-write, effect: write}
  running: {register: coil 0, type: bool, access: read-write, effect: physical}
  crate_seen: {register: discrete 2, type: bool}
  counted: {register: input 5, type: uint16, unit: crates}
  overload: {register: input 5, type: bool, bit: 1}
  slow: {register: holding 60, type: int16, access: read-write, effect: write}
stop: {speed: 0, running: false}
"""


@pytest.fixture
def manifest(tmp_path: Path, timeout_s: float) -> Path:
    path = tmp_path / "conveyor.yaml"
    path.write_text(CONVEYOR.replace("timeout_s: 20", f"timeout_s: {timeout_s}"))
    return path


@pytest.fixture
def box(manifest: Path, modbus_device: ModbusDevice) -> Iterator[Toolbox]:
    with modbus(manifest, port=modbus_device.port) as made:
        yield made


def test_points_become_functions_with_units_ranges_and_effects(box: Toolbox) -> None:
    stubs = box.stubs()
    ast.parse(stubs)
    assert '"""Speed of the belt, in m/s."""' in stubs
    assert "value: in m/s; a number from 0 to 0.5" in stubs
    assert "def mode() -> Literal['idle', 'manual']:" in stubs
    assert "value: a whole number from -2147483648 to 2147483647" in stubs
    effects = {name.removeprefix("conveyor."): member.effect for name, member in box.tools.items()}
    assert [name for name, effect in effects.items() if effect == "physical"] == [
        "set_speed", "set_target", "set_running", "stop",
    ]  # fmt: skip
    assert [name for name, effect in effects.items() if effect == "write"] == ["set_offset", "set_mode", "set_slow"]
    assert "conveyor.set_counted" not in box.tools


def test_values_go_out_and_come_back(run: Callable[[str], Any], modbus_device: ModbusDevice) -> None:
    assert run("conveyor.set_speed(0.123)\nconveyor.speed()") == 0.123
    assert run("conveyor.set_mode('manual')\nconveyor.mode()") == "manual"
    assert run("conveyor.set_running(True)\nconveyor.running()") is True
    assert run("conveyor.set_offset(-3)\nconveyor.offset()") == -3
    assert modbus_device.written == [(3, [123]), (4, [1]), (0, [True]), (22, [0xFFFD, 0xFFFF])]
    assert run("conveyor.counted(), conveyor.overload(), conveyor.crate_seen()") == (7, True, False)


def test_limits_hold_before_anything_is_sent(run: Callable[[str], Any], modbus_device: ModbusDevice) -> None:
    assert run("conveyor.set_speed(0.7)") == (
        "ArgumentError: conveyor.set_speed() argument 'value': expected a number from 0 to 0.5, got 0.7 (float)"
    )
    assert "expected True or False, got 1 (int)" in run("conveyor.set_running(1)")
    assert "expected one of 'idle', 'manual', got 1 (int)" in run("conveyor.set_mode(1)")
    assert [written for written in modbus_device.written if written not in ((3, [0]), (0, [False]))] == []


def test_a_rate_makes_a_ramp(run: Callable[[str], Any], modbus_device: ModbusDevice) -> None:
    began = time.monotonic()
    assert run("conveyor.set_target(0.6)\nconveyor.target()") == pytest.approx(0.6)
    assert time.monotonic() - began > 0.25
    assert len([address for address, _ in modbus_device.written if address == 20]) > 3


def test_a_ramp_does_not_jump_after_a_pause(run: Callable[[str], Any], modbus_device: ModbusDevice) -> None:
    modbus_device.delay_s[20] = 0.3  # in which the rate alone would allow 0.6 m
    assert run("conveyor.set_target(0.6)\nconveyor.target()") == pytest.approx(0.6)
    sent = [struct.unpack(">f", struct.pack(">2H", *v))[0] for address, v in modbus_device.written if address == 20]
    assert max(after - before for before, after in itertools.pairwise([0.0, *sent])) <= 0.2 + 1e-6


def test_waiting_for_a_value(run: Callable[[str], Any], modbus_device: ModbusDevice) -> None:
    assert run("conveyor.set_running(True)\nconveyor.wait_for('running', True, timeout_s=30)") is None
    assert run("conveyor.wait_for('counted', 5, how='at least')") is None
    assert run("conveyor.wait_for('counted', 8, timeout_s=0.1)") == (
        "DeviceTimeout: conveyor.counted did not become 8 crates within 0.1 s: it is 7 crates"
    )
    assert "is one of 'idle', 'manual', not 'fast' (str)" in run("conveyor.wait_for('mode', 'fast')")
    assert "takes a value of type bool" in run("conveyor.wait_for('running', 1)")


def test_the_device_refuses(run: Callable[[str], Any], modbus_device: ModbusDevice) -> None:
    modbus_device.refused[4] = ExcCodes.ILLEGAL_VALUE
    message = f"conveyor at 127.0.0.1:{modbus_device.port} refused: illegal data value"
    assert run("conveyor.set_mode('manual')") == f"DeviceRefused: {message}"
    assert run("try:\n    conveyor.set_mode('manual')\nexcept DeviceError as error:\n    print(error)") is None


def test_a_value_that_is_none_of_the_names(
    run: Callable[[str], Any], box: Toolbox, modbus_device: ModbusDevice
) -> None:
    from pymodbus.client import ModbusTcpClient

    other = ModbusTcpClient("127.0.0.1", port=modbus_device.port)
    other.connect()
    other.write_register(4, 9, device_id=1)
    other.close()
    assert run("conveyor.mode()") == "DeviceError: conveyor.mode is 9 (int), which is none of 0 (idle) and 1 (manual)"


@pytest.mark.parametrize("timeout_s", [0.8])
def test_a_slow_answer_is_a_timeout_and_no_later_one(run: Callable[[str], Any], modbus_device: ModbusDevice) -> None:
    modbus_device.delay_s[60] = 60.0
    where = f"conveyor at 127.0.0.1:{modbus_device.port} did not answer within 0.8 s"
    assert run("conveyor.set_slow(4)") == f"DeviceTimeout: {where}; whether it took the value is not known"
    assert run("conveyor.slow()") == f"DeviceTimeout: {where}"
    assert run("try:\n    conveyor.slow()\nexcept TimeoutError:\n    kept = 'late'\nkept") == "late"
    assert run("conveyor.counted()") == 7
    modbus_device.delay_s.clear()
    assert wait_until(lambda: (60, [4]) in modbus_device.written)
    assert run("conveyor.slow()") == 4


def test_a_connection_that_is_lost_comes_back(run: Callable[[str], Any], modbus_device: ModbusDevice) -> None:
    assert run("conveyor.counted()") == 7
    modbus_device.die()
    assert run("conveyor.counted()") == f"DeviceLost: conveyor at 127.0.0.1:{modbus_device.port} cannot be reached"
    assert "DeviceLost" in run("conveyor.set_mode('manual')")
    assert run(
        "try:\n    conveyor.counted()\nexcept ConnectionError as error:\n    kept = str(error)\nkept"
    ).startswith("conveyor at ")
    modbus_device.start()
    assert run("conveyor.set_mode('manual')\nconveyor.mode()") == "manual"


def test_a_read_is_asked_again_where_the_connection_broke(
    run: Callable[[str], Any], modbus_device: ModbusDevice
) -> None:
    assert run("conveyor.counted()") == 7
    modbus_device.die()
    modbus_device.start()
    assert run("conveyor.counted()") == 7


def test_no_device_is_there(manifest: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(DeviceLost, match=f"conveyor at 127.0.0.1:{port} cannot be reached"):
        modbus(manifest, port=port)


def test_a_stopped_program_means_a_stopped_device(
    box: Toolbox, modbus_device: ModbusDevice, end_when: Callable[..., Any]
) -> None:
    with Sandbox(box) as sandbox:
        sandbox.run("")
        goes = "conveyor.set_speed(0.4)\n"
        modbus_device.delay_s[60] = 60.0
        for waits_in in ("while True: pass", "conveyor.wait_for('counted', 0, timeout_s=60)", "conveyor.slow()"):
            for act in (sandbox.interrupt, lambda: os.kill(sandbox._held[0].pid, signal.SIGKILL)):
                modbus_device.written.clear()
                result, _ = end_when(sandbox, goes + waits_in, lambda: len(modbus_device.written), act)
                assert result.error is not None
                assert result.error.type in ("Interrupted", "WorkerLost")
                assert "conveyor stopped: speed 0 m/s, running False" in result.error.text
                assert modbus_device.written[-2:] == [(3, [0]), (0, [False])]


def test_a_stop_breaks_off_what_waits_for_an_answer(box: Toolbox, modbus_device: ModbusDevice) -> None:
    modbus_device.delay_s[60] = 60.0
    failed: list[Exception] = []

    def ask() -> None:
        try:
            box["conveyor.slow"].invoke({})
        except Exception as problem:
            failed.append(problem)

    thread = threading.Thread(target=ask)
    thread.start()
    assert wait_until(lambda: 60 in modbus_device.asked)
    began = time.monotonic()
    box.stop()
    assert time.monotonic() - began < 10  # sooner than the answer's time of 20 s
    thread.join()
    assert type(failed[0]).__name__ == "DeviceStopped"
    assert modbus_device.written == [(3, [0]), (0, [False])]


def test_a_second_stop_does_not_break_off_the_first(box: Toolbox, modbus_device: ModbusDevice) -> None:
    modbus_device.delay_s[3] = 0.5  # longer than a stop waits before it breaks off what goes on
    stops = [threading.Thread(target=box.stop) for _ in range(2)]
    for stop in stops:
        stop.start()
    for stop in stops:
        stop.join()
    assert modbus_device.written == [(3, [0]), (0, [False])] * 2


def test_closing_brings_it_to_rest(manifest: Path, modbus_device: ModbusDevice) -> None:
    with modbus(manifest, port=modbus_device.port) as box:
        box["conveyor.set_speed"].invoke({"value": 0.3})
    assert modbus_device.written == [(3, [300]), (3, [0]), (0, [False])]
    with pytest.raises(ToolError, match="its toolbox is closed"):
        box["conveyor.speed"].invoke({})


def test_a_heartbeat_beats_until_it_is_closed(manifest: Path, modbus_device: ModbusDevice) -> None:
    alive = "  alive: {register: holding 90, type: uint16, access: write, effect: write}\nstop"
    manifest.write_text(CONVEYOR.replace("stop", alive, 1) + "heartbeat: {point: alive, period_s: 0.02}\n")
    with modbus(manifest, port=modbus_device.port):
        while len(modbus_device.written) < 5:
            time.sleep(0.01)
    beats = [values[0] for address, values in modbus_device.written if address == 90]
    assert beats == list(range(1, len(beats) + 1))
    count = len(modbus_device.written)
    time.sleep(0.1)
    assert len(modbus_device.written) == count


def test_it_is_an_adapter_with_options(manifest: Path, modbus_device: ModbusDevice) -> None:
    made = make_toolbox(modbus, {"manifest": manifest.name, "port": modbus_device.port}, folder=manifest.parent)
    with made:
        assert "conveyor.speed" in made
    with make_toolbox(modbus, {"manifest": str(manifest), "port": modbus_device.port}, name="belt") as made:
        assert "belt.speed" in made


LINE = {
    "device": "line",
    "modbus": {"host": "127.0.0.1", "timeout_s": 20.0},
    "points": {
        "label": {"register": "holding 30", "type": "str", "length": 7, "access": "read-write", "effect": "write"},
        "speed": {"register": "holding 34", "type": "uint16", "access": "read-write", "effect": "write"},
        "count": {"register": "holding 35", "type": "uint32", "access": "read-write", "effect": "write"},
        "level": {"register": "holding 36", "type": "uint16"},
        "far": {"register": "holding 90", "type": "uint16"},
        "open": {"register": "coil 0", "type": "bool"},
        "shut": {"register": "coil 1", "type": "bool"},
    },
}


@pytest.fixture
def line(modbus_device: ModbusDevice) -> Iterator[Toolbox]:
    with modbus(LINE, port=modbus_device.port) as made:
        yield made


def test_texts_lie_in_registers(line: Toolbox, modbus_device: ModbusDevice) -> None:
    with Sandbox(line) as sandbox:
        assert sandbox.run("line.set_label('Bolt 7')\nline.label()").value == "Bolt 7"
        assert modbus_device.written[-1] == (30, [0x426F, 0x6C74, 0x2037, 0])
        assert sandbox.run("line.set_label('')\nline.label()").value == ""
        assert "at most 7" in sandbox.run("line.set_label('Bolt 789')").error.message
        assert sandbox.run("line.set_label('\u00e9\u00e9\u00e9\u00e9')").error.message == (
            "'\u00e9\u00e9\u00e9\u00e9' has 8 bytes, and label holds 7"
        )
    assert "value: a string of at most 7 characters" in line["line.set_label"].stub()


def test_points_are_read_together_in_as_few_requests_as_can_be(line: Toolbox, modbus_device: ModbusDevice) -> None:
    with Sandbox(line) as sandbox:
        assert sandbox.run("line.set_label('gear')\nline.set_speed(5)\nline.set_count(70_000)").ok
        modbus_device.asked.clear()
        assert sandbox.run("line.values()").value == {
            "label": "gear", "speed": 5, "count": 70_000, "level": 4_464, "far": 0, "open": False, "shut": False,
        }  # fmt: skip
        assert sorted(modbus_device.asked) == [0, 30, 90]
        modbus_device.asked.clear()
        assert list(sandbox.run("line.values(['speed', 'label', 'speed'])").value) == ["speed", "label"]
        assert modbus_device.asked == [30]
        assert "expected one of" in sandbox.run("line.values(['sped'])").error.message


def test_a_text_needs_a_length_and_room() -> None:
    for point, said in (
        ({"register": "holding 1", "type": "str"}, "points.x: lacks the key 'length'"),
        ({"register": "holding 65535", "type": "str", "length": 4}, "takes 2 registers, and the last address is 65535"),
        ({"register": "coil 1", "type": "str", "length": 4}, "coils, discrete inputs and bits are of type bool"),
    ):
        with pytest.raises(ToolError, match=said):
            modbus({**LINE, "points": {"x": point}})
