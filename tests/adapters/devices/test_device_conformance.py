"""Devices do what every adapter must do, each against its real counterpart."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import test_mqtt
import test_ros
import test_serial
from other_ends import Broker, ModbusDevice

from codeact.errors import ToolError
from codeact_adapters import check_adapter, modbus, mqtt, ros, serial


def test_modbus(modbus_device: ModbusDevice) -> None:
    manifest = {
        "device": "belt",
        "modbus": {"host": "127.0.0.1"},
        "points": {
            "speed": {
                "register": "holding 3", "type": "uint16", "scale": 0.001, "unit": "m/s", "range": [0, 0.5],
                "access": "read-write", "effect": "physical",
            }
        },
        "stop": {"speed": 0},
    }  # fmt: skip
    assert (
        check_adapter(
            lambda: modbus(manifest, port=modbus_device.port),
            examples=["belt.set_speed(0.1)\nbelt.wait_for('speed', 0.1)\nbelt.speed()", "belt.stop()"],
            failing={"belt.set_speed(1)": "from 0 to 0.5"},
            slow="belt.wait_for('speed', 0.4, timeout_s=20)",
            types=False,
        )
        == []
    )
    with pytest.raises(ToolError, match="cannot be the name of a toolbox"):
        modbus(manifest, port=modbus_device.port, name="class")
    assert modbus_device.written[-1] == (3, [0])  # it was brought to rest, and let go


def test_mqtt_too(broker: Broker) -> None:
    conveyor = test_mqtt.Conveyor(broker.port)
    for topic, payload in (("light", "OFF"), ("temperature", "293.5"), ("crates", "3"), ("weights", "[1.0]")):
        conveyor.say(topic, payload, retain=True)
    examples = [f"conveyor.{point}()" for point in ("light", "crates", "weights", "speed")]
    examples += ["conveyor.set_speed(0.1)\nconveyor.wait_for('speed', 0.1)\nconveyor.age('speed')"]
    examples += ["conveyor.set_light(True)\nconveyor.home()\nconveyor.shift(0.1)", "conveyor.wait_for_next('weights')"]
    examples += ["conveyor.stop()", "try:\n    conveyor.temperature()\nexcept DeviceTimeout:\n    pass"]
    settings = {**test_mqtt.MANIFEST["mqtt"], "timeout_s": 2.0}
    with conveyor.saying("weights", "[1.0]"):
        found = check_adapter(
            lambda: mqtt(
                test_mqtt.MANIFEST | {"mqtt": settings}, port=broker.port, username="me", password="open-sesame"
            ),
            examples=examples,
            failing={"conveyor.set_speed(1)": "from 0 to 0.5"},
            slow="conveyor.wait_for_next('crates', timeout_s=20)",
            secrets=["open-sesame"],
            types=False,
        )
    assert found == []
    conveyor.leave()


def test_serial_too(tmp_path: Path) -> None:
    pump = test_serial.Pump(tmp_path / "ttyPump")
    pump.answers["D 9.0 9"] = None
    examples = [
        "pump.flow(), pump.on(), pump.pressure(), pump.values(['flow', 'on'])",
        "pump.set_flow(1)\npump.set_on(True)\npump.wait_for('on', True)",
    ]
    assert (
        check_adapter(
            lambda: serial(test_serial.MANIFEST, port=str(pump.path)),
            examples=[*examples, "pump.set_label('a')\npump.dose(1, times=2)", "pump.stop()"],
            failing={"pump.set_flow(9)": "from 0 to 5"},
            slow="pump.dose(9, times=9)",
            types=False,
        )
        == []
    )
    pump.pull_out()


def test_ros_too() -> None:
    server = test_ros.Server()
    with ros(test_ros.MANIFEST, port=server.port):
        pass  # the thread of roslibpy's event loop starts with the first connection, and stays
    examples = [
        "cart.set_speed(0.1)\ncart.wait_for('speed', 0.1)\ncart.speed()",
        "cart.drive(0.1, 0)",
        "cart.add(1, 2)",
    ]
    examples += ["cart.wait_for_next('speed')\ncart.heard()\ncart.age('speed')", "cart.stop()"]
    tried = "try:\n    cart.{}()\nexcept DeviceError:\n    pass"
    examples += [tried.format(name) for name in ("broken", "slow", "never", "sum_of_nothing", "missing")]
    manifest = copy.deepcopy(test_ros.MANIFEST)
    manifest["commands"]["never"]["timeout_s"] = 0.3
    found = check_adapter(
        lambda: ros(manifest, port=server.port),
        examples=examples,
        failing={"cart.set_speed(2)": "from -1 to 1"},
        slow="cart.wait_for('speed', 0.9, timeout_s=20)",
        reads=["cart.add"],
        types=False,
    )
    server.kill()
    assert found == []
