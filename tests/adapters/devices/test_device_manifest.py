"""What is wrong in a device's manifest is told with its place and what would be right."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from codeact.errors import ToolError
from codeact_adapters import modbus
from codeact_adapters._devices.link import Link
from codeact_adapters._devices.manifest import read_manifest
from codeact_adapters._devices.modbus import ModbusLink
from codeact_adapters._devices.mqtt import MqttLink
from codeact_adapters._devices.opcua import OpcUaLink
from codeact_adapters._devices.ros import RosLink
from codeact_adapters._devices.serial_lines import SerialLink

GOOD = """device: conveyor
modbus: {host: 127.0.0.1}
points:
  speed:
    register: holding 3
    type: uint16
    scale: 0.001
    range: [0, 0.5]
    access: read-write
    effect: physical
  mode: {register: holding 4, type: uint16, values: {idle: 0}}
stop: {speed: 0}
"""


@pytest.mark.parametrize(
    ("before", "after", "line", "problem"),
    [
        ("range:", "rnage:", 8, "points.speed.rnage: unknown key; did you mean 'range'?"),
        (
            "    effect: physical",
            "    tolerance: -1\n    effect: physical",
            10,
            "points.speed.tolerance: expected a number of at least 0, got -1",
        ),
        ("    effect: physical", "    max_age_s: 1\n    effect: physical", 10, "only what comes by itself has an age"),
        ("scale: 0.001", "scale: fast", 7, "points.speed.scale: expected a number, got 'fast' (str)"),
        ("scale: 0.001", "scale: .nan", 7, "points.speed.scale: expected a number, got nan (float)"),
        ("scale: 0.001", "scale: 0", 7, "points.speed.scale: must not be 0"),
        ("uint16\n", "unit16\n", 6, "'unit16' (str); did you mean 'uint16'?"),
        ("uint16\n", "bool\n", 4, "only numbers without names can have a scale"),
        ("[0, 0.5]", "[0.5, 0]", 8, "begins with 0.5, which is above its end, 0"),
        ("[0, 0.5]", "[0, 100]", 8, "uint16 with this scale holds 0 to 65.535, not 100"),
        ("[0, 0.5]", "0.5", 8, "points.speed.range: expected a list, got 0.5 (float)"),
        ("holding 3", "holdings 3", 5, "such as `holding 3`; the tables are coil, discrete, holding and input"),
        ("holding 3", "input 3", 9, "can only be read"),
        ("holding 3", "coil 3", 6, "coils, discrete inputs and bits are of type bool"),
        ("    effect: physical\n", "", 4, "lacks the key 'effect': physical if writing it can move something"),
        ("read-write", "readwrite", 9, "did you mean 'read-write'?"),
        (
            "    effect: physical",
            "    effect: physical\n    confirm: sped",
            11,
            "there is no point 'sped' that can be read",
        ),
        ("    effect: physical", "    effect: physical\n    confirm: mode", 11, "mode is of another type"),
        ("  speed:", "  class:", 4, "'class' cannot be the name of a point"),
        ("{idle: 0}", "{idle: 0, halt: 0}", 11, "points.mode.values.halt: 0 (int) has two names"),
        ("{idle: 0}", "{idle: zero}", 11, "expected a whole number, got 'zero' (str)"),
        ("{idle: 0}", "{1: 0}", 11, "the key 1 (int) is no text; put it into quotes"),
        ("stop: {speed: 0}", "", 1, "points.speed is physical, and nothing says how it comes to rest"),
        ("stop: {speed: 0}", "stop: {sped: 0}", 12, "no command 'sped'; did you mean 'speed'?"),
        ("stop: {speed: 0}", "stop: {speed: 70}", 12, "stop.speed: 70 does not fit uint16"),
        (
            "stop: {speed: 0}",
            "stop: {mode: idle}",
            12,
            "there is no point to write and no command 'mode'; there are speed",
        ),
        ("  mode:", "  set_speed:", 4, "set_speed() would be made twice: it is made of points.set_speed already"),
        ("  mode:", "  wait_for:", 11, "it is a function of every device already"),
        ("host: 127", "hots: 127", 2, "modbus.hots: unknown key; did you mean 'host'?"),
        ("points:", "piont:", 3, "piont: unknown key; did you mean 'points'?"),
        ("    effect:", "    efect:", 10, "points.speed.efect: unknown key; did you mean 'effect'?"),
        (
            "register: holding 3",
            "regsiter: holding 3",
            5,
            "points.speed.regsiter: unknown key; did you mean 'register'?",
        ),
        ("host: 127.0.0.1", "host: a, port: 70000", 2, "modbus.port: expected a whole number from 1 to 65535"),
        ("device: conveyor", "device: my belt", 1, "'my belt' cannot be the name of a device"),
        ("stop: {speed: 0}", "stop: {speed: 0}\ncommands: {go: {effect: write}}", 13, "modbus has no commands"),
        ("stop: {speed: 0}", "stop: {speed: 0}\nheartbeat: {point: mode}", 13, "expected a point that is written"),
    ],
)
def test_a_mistake_is_told(tmp_path: Path, before: str, after: str, line: int, problem: str) -> None:
    assert before in GOOD
    path = tmp_path / "conveyor.yaml"
    path.write_text(GOOD.replace(before, after, 1))
    with pytest.raises(ToolError, match=re.escape(problem)) as told:
        modbus(path)
    assert re.match(rf"{re.escape(str(path))}:{line}:\d+: ", str(told.value)), told.value


LINKS: list[type[Link]] = [ModbusLink, MqttLink, OpcUaLink, SerialLink, RosLink]


@pytest.mark.parametrize("link", LINKS, ids=lambda link: link.protocol)
def test_the_manifests_of_the_documentation_are_right(tmp_path: Path, link: type[Link]) -> None:
    page = (Path(__file__).parents[3] / "docs" / "devices.md").read_text()
    shown = [
        *re.findall(r"```yaml\n(.*?)```", page, re.DOTALL),
        *re.findall(r'write_text\("""(.*?)"""', page, re.DOTALL),
    ]
    ours = [text for text in shown if f"\n{link.protocol}:" in text]
    assert len(ours) == 1
    path = tmp_path / "device.yaml"
    path.write_text(ours[0])
    assert read_manifest(path, link, {}).points


def test_a_mapping_has_no_lines() -> None:
    with pytest.raises(ToolError, match=r"^points\.speed: lacks the key 'type'$"):
        modbus({"device": "belt", "modbus": {"host": "x"}, "points": {"speed": {"register": "holding 3"}}})
    with pytest.raises(ToolError, match=r"^the manifest: lacks the key 'device'$"):
        modbus({})
