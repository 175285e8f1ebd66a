"""A conveyor behind asyncua's own server."""

from __future__ import annotations

import asyncio
import copy
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
from asyncua import Client, Server, ua, uamethod
from asyncua.crypto.cert_gen import setup_self_signed_certificate
from cryptography.x509.oid import ExtendedKeyUsageOID
from other_ends import Loop, Relay, wait_until
from structured import Structured, tip

from codeact.errors import ToolError
from codeact.sandbox import Sandbox
from codeact.tools import Toolbox
from codeact_adapters import DeviceError, DeviceLost, DeviceRefused, check_adapter, modbus, opcua

APPLICATION = "urn:example.org:conveyor"
URI = "http://example.org/conveyor"
MANIFEST: dict[str, Any] = {
    "device": "conveyor",
    "opcua": {"timeout_s": 20.0},
    "points": {
        "speed": {
            "node": f"nsu={URI};s=Speed", "type": "float", "unit": "m/s", "range": [0, 0.5], "access": "read-write",
            "effect": "physical", "confirm": True,
        },
        "running": {"node": "ns=2;s=Running", "type": "bool", "access": "read-write", "effect": "physical"},
        "mode": {
            "node": "ns=2;s=Mode", "type": "int", "values": {"idle": 0, "manual": 1}, "access": "read-write",
            "effect": "write",
        },
        "level": {"node": "ns=2;s=Mode", "type": "int", "access": "read-write", "effect": "write"},
        "crates": {"node": "ns=2;s=Crates", "type": "int", "subscribe": 0.02},
        "fixed": {"node": "ns=2;s=Crates", "type": "int", "access": "read-write", "effect": "write"},
        "label": {"node": "ns=2;s=Label", "type": "str", "access": "read-write", "effect": "write"},
    },
    "commands": {
        "shift": {
            "object": "ns=2;s=Conveyor", "method": "ns=2;s=Shift", "effect": "physical", "timeout_s": 20.0,
            "arguments": {"by": {"type": "float", "range": [-1, 1], "unit": "m"}, "times": {"type": "int"}},
            "returns": {"type": "float", "unit": "m"},
        },
    },
    "stop": {"speed": 0, "running": False},
}  # fmt: skip

TIP = {"fields": {"x": {"type": "float", "unit": "m", "range": [0, 1]}, "y": {"type": "float", "unit": "m"}}}
GRIPPER: dict[str, Any] = {
    "device": "gripper",
    "opcua": {"timeout_s": 20.0},
    "points": {
        "target": {
            "node": "ns=2;s=Target", "description": "Where it goes to.", "access": "read-write", "effect": "physical",
            "confirm": True,
            "fields": {
                "width": {"type": "float", "unit": "m", "range": [0, 0.1], "description": "Between its fingers."},
                "mode": {"type": "int", "values": {"soft": 0, "hard": 1}, "field": "Grip-Mode"},
                "label": {"type": "str"},
                "steps": {"type": "list[int]"},
                "tip": TIP,
            },
        },
        "seen": {"node": "ns=2;s=Target", "subscribe": 0.02, "fields": {"label": {"type": "str"}}},
        "path": {"node": "ns=2;s=Path", "type": "list[structure]", "access": "read-write", "effect": "write", **TIP},
        "state": {"node": "ns=2;s=State", "fields": {"force": {"type": "float"}, "count": {"type": "int"}}},
        "limits": {
            "node": "ns=2;s=Limits",
            "fields": {"low": {"type": "float", "field": "Low"}, "high": {"type": "float", "field": "High"}},
        },
    },
    "commands": {
        "mirror": {
            "object": "ns=2;s=Gripper", "method": "ns=2;s=Mirror", "effect": "write", "arguments": {"of": TIP},
            "returns": {"fields": {"x": {"type": "float"}, "y": {"type": "float"}}},
        },
    },
    "stop": {"target": {"width": 0, "mode": "soft", "label": "", "steps": [], "tip": {"x": 0, "y": 0}}},
}  # fmt: skip
TARGET = "GripperTarget(0.05, 'hard', 'ä', [1, 2], GripperTargetTip(0.5, -2.0))"


class UaDevice:
    """The server; `delay_s` is how long the method takes, and `relay` what the client connects to.

    A method that is called with more than 99 times takes a minute. `shifts` is how often the method was called.
    """

    relay: Relay
    url: str

    def __init__(self, loop: Loop, folder: Path) -> None:
        self.loop, self.folder = loop, folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.delay_s = 0.0
        self.shifts = 0
        self.closing = False
        self.loop.run(self.start())

    async def start(self) -> None:
        self.server = Server()
        await self.server.init()
        self.server.set_endpoint(f"opc.tcp://127.0.0.1:{self.port}/")
        policies = [ua.SecurityPolicyType.NoSecurity, ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt]
        self.server.set_security_policy(policies)
        await self.server.set_application_uri(APPLICATION)
        await self.certify("server", APPLICATION, ExtendedKeyUsageOID.SERVER_AUTH)
        await self.server.load_certificate(self.folder / "server.der")
        await self.server.load_private_key(self.folder / "server.pem")
        await self.server.register_namespace(URI)
        node = await self.server.nodes.objects.add_object("ns=2;s=Conveyor", "Conveyor")
        self.speed = await node.add_variable("ns=2;s=Speed", "Speed", 0.0, ua.VariantType.Float)
        self.running = await node.add_variable("ns=2;s=Running", "Running", False)
        self.mode = await node.add_variable("ns=2;s=Mode", "Mode", 0, ua.VariantType.Int16)
        self.crates = await node.add_variable("ns=2;s=Crates", "Crates", 7, ua.VariantType.UInt32)
        label = await node.add_variable("ns=2;s=Label", "Label", "")
        for variable in (self.speed, self.running, self.mode, label):
            await variable.set_writable()

        @uamethod
        async def shift(_parent: Any, by: float, times: int) -> float:
            self.shifts += 1
            began = time.monotonic()
            while time.monotonic() - began < (60.0 if times > 99 else self.delay_s) and not self.closing:
                await asyncio.sleep(0.01)
            if times < 0:
                raise ua.UaStatusCodeError(ua.StatusCodes.BadOutOfRange)
            return by * times

        takes = [ua.VariantType.Double, ua.VariantType.Int32]
        await node.add_method("ns=2;s=Shift", "Shift", shift, takes, [ua.VariantType.Double])
        self.structured = Structured(self.server)
        await self.structured.add()
        await self.server.start()

    async def rest(self) -> None:
        self.delay_s, self.shifts = 0.0, 0
        await self.speed.write_value(0.0, ua.VariantType.Float)
        await self.running.write_value(False)
        await self.mode.write_value(0, ua.VariantType.Int16)
        await self.crates.write_value(7, ua.VariantType.UInt32)

    async def certify(self, name: str, application: str, use: Any) -> None:
        files = (self.folder / f"{name}.pem", self.folder / f"{name}.der")
        await setup_self_signed_certificate(*files, application, "localhost", [use], {"commonName": name})

    def value(self, node: Any) -> Any:
        return self.loop.run(node.read_value())

    def write(self, name: str, value: Any) -> None:
        self.loop.run(self.structured.nodes[name].write_value(value))

    def body(self, name: str) -> bytes:
        value = self.value(self.structured.nodes[name])
        assert value.TypeId == self.structured.types[name]
        return bytes(value.Body)


@pytest.fixture(scope="module")
def server(loop: Loop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[UaDevice]:
    made = UaDevice(loop, tmp_path_factory.mktemp("opcua"))
    yield made
    made.closing = True
    loop.run(made.server.stop())


@pytest.fixture
def device(server: UaDevice, loop: Loop) -> Iterator[UaDevice]:
    loop.run(server.rest())
    server.relay = Relay(loop, server.port)
    server.url = f"opc.tcp://127.0.0.1:{server.relay.port}/"
    yield server
    server.relay.cut()


@pytest.fixture
def box(device: UaDevice, timeout_s: float) -> Iterator[Toolbox]:
    manifest = copy.deepcopy(MANIFEST)
    manifest["opcua"]["timeout_s"] = manifest["commands"]["shift"]["timeout_s"] = timeout_s
    with opcua(manifest, url=device.url) as made:
        yield made


def test_values_go_out_and_come_back(run: Callable[[str], Any], device: UaDevice) -> None:
    assert run("conveyor.set_speed(0.3)\nconveyor.speed()") == pytest.approx(0.3)
    assert run("conveyor.set_mode('manual')\nconveyor.mode()") == "manual"
    assert run("conveyor.set_running(True)\nconveyor.set_label('ä')\nconveyor.label(), conveyor.running()") == (
        "ä",
        True,
    )
    assert device.value(device.mode) == 1
    assert "expected a number from 0 to 0.5, got 3 (int)" in run("conveyor.set_speed(3)")
    assert run("conveyor.set_level(40000)") == "DeviceError: 40000 does not fit Int16 of level"


def test_a_value_is_heard(run: Callable[[str], Any], device: UaDevice) -> None:
    assert run("conveyor.crates()") == 7
    ended = threading.Event()

    def count() -> None:
        for crates in itertools.count(8):
            device.loop.run(device.crates.write_value(crates, ua.VariantType.UInt32))
            if ended.wait(0.05):
                return

    thread = threading.Thread(target=count)
    thread.start()
    crates, young = run("conveyor.wait_for_next('crates', timeout_s=30), 0 <= conveyor.age('crates') < 10")
    ended.set()
    thread.join()
    assert crates >= 8
    assert young
    bad = ua.DataValue(StatusCode=ua.StatusCode(ua.StatusCodes.BadSensorFailure))
    device.loop.run(device.server.write_attribute_value(device.crates.nodeid, bad))
    assert wait_until(lambda: run("conveyor.crates()") == "DeviceError: its value is BadSensorFailure")


def test_fewer_values_than_were_asked_for(
    run: Callable[[str], Any], device: UaDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def one(_client: Client, _nodes: list[Any]) -> list[Any]:
        return [0.0]

    monkeypatch.setattr(Client, "read_values", one)
    expected = f"DeviceError: conveyor at {device.url} sent 1 values, not 2"
    assert run("conveyor.values(['speed', 'label'])") == expected


def test_signed_and_encrypted(device: UaDevice) -> None:
    ours = "urn:example.org:FreeOpcUa:opcua-asyncio"  # what asyncua's client calls itself
    device.loop.run(device.certify("client", ours, ExtendedKeyUsageOID.CLIENT_AUTH))
    files = f"{device.folder}/client.der,{device.folder}/client.pem"
    manifest = copy.deepcopy(MANIFEST)
    manifest["opcua"]["security"] = f"Basic256Sha256,SignAndEncrypt,{files}"
    with opcua(manifest, url=device.url) as box:
        box["conveyor.set_mode"].invoke({"value": "manual"})
        assert box["conveyor.mode"].invoke({}) == "manual"
    manifest["opcua"]["security"] = f"Basic256Sha256,Sign,{files}"  # which the server does not offer
    with pytest.raises(DeviceError):
        opcua(manifest, url=device.url)
    manifest["opcua"]["security"] = "Basic256,Sign"
    with pytest.raises(ToolError, match=r"opcua\.security: expected policy,mode,certificate,key"):
        opcua(manifest, url=device.url)


@pytest.mark.parametrize("timeout_s", [1.0])
def test_methods(run: Callable[[str], Any], device: UaDevice) -> None:
    assert run("conveyor.shift(0.5, times=3)") == 1.5
    assert "DeviceRefused" in run("conveyor.shift(0.5, times=-1)")
    device.delay_s = 60.0
    assert run("conveyor.shift(0.5, times=3)") == (
        f"DeviceTimeout: conveyor at {device.url} did not answer within 1 s; whether it was done is not known"
    )
    assert run("conveyor.crates()") == 7


def test_the_server_refuses(run: Callable[[str], Any], device: UaDevice) -> None:
    said = run("conveyor.set_fixed(1)")
    assert said.startswith(f"DeviceRefused: conveyor at {device.url} refused: ")
    assert "BadUserAccessDenied" in said or "BadNotWritable" in said


def test_a_connection_that_breaks_in_a_call_and_comes_back(run: Callable[[str], Any], device: UaDevice) -> None:
    device.delay_s = 60.0
    cut = threading.Thread(target=lambda: wait_until(lambda: device.shifts) and device.relay.cut())
    cut.start()
    said = run("conveyor.shift(0.5, times=3)")
    cut.join()
    assert said.startswith("DeviceLost: ")
    assert "whether it was done is not known" in said
    assert run("conveyor.set_mode('manual')").startswith(f"DeviceLost: conveyor at {device.url} cannot be reached")
    assert run("conveyor.crates()").startswith("DeviceLost: ")
    device.relay.mend()
    assert run("conveyor.set_mode('manual')\nconveyor.mode(), conveyor.crates()") == ("manual", 7)


def test_what_the_server_does_not_have() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"opc.tcp://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(DeviceLost, match=f"conveyor at {url} cannot be reached"):
        opcua(MANIFEST, url=url)


@pytest.mark.parametrize(
    ("point", "changes", "error", "problem"),
    [
        ("mode", {"node": "ns=2;s=Nothing"}, DeviceRefused, "refused ns=2;s=Nothing of mode: .*BadNodeIdUnknown"),
        ("mode", {"node": "nsu=http://nowhere;s=Mode"}, DeviceError, "has no namespace http://nowhere"),
        ("label", {"type": "int"}, DeviceError, "label is a whole number in the manifest, and of type String in"),
        ("mode", {"node": "Mode"}, ToolError, "points.mode.node: expected a node such as ns=2;s=Conveyor.Speed"),
    ],
)
def test_a_manifest_that_does_not_fit(
    device: UaDevice, point: str, changes: dict[str, Any], error: type[Exception], problem: str
) -> None:
    manifest = copy.deepcopy(MANIFEST)
    manifest["points"][point].update(changes)
    with pytest.raises(error, match=problem):
        opcua(manifest, url=device.url)


@pytest.mark.parametrize("waits_in", ["while True: pass", "conveyor.shift(0.1, times=1)"])
def test_a_stopped_program_means_a_stopped_device(
    box: Toolbox, device: UaDevice, end_when: Callable[..., Any], waits_in: str
) -> None:
    device.delay_s = 60.0
    with Sandbox(box) as sandbox:
        sandbox.run("")
        for act in (sandbox.interrupt, lambda: os.kill(sandbox._held[0].pid, signal.SIGKILL)):
            program = f"conveyor.set_speed(0.4)\nconveyor.set_running(True)\n{waits_in}"
            result, _ = end_when(sandbox, program, lambda: device.value(device.running), act)
            assert result.error is not None
            assert "conveyor stopped: speed 0 m/s, running False" in result.error.text
            assert (device.value(device.speed), device.value(device.running)) == (0.0, False)


def test_it_does_what_every_adapter_must_do(device: UaDevice) -> None:
    tried = "try:\n    conveyor.set_fixed(1)\nexcept DeviceRefused:\n    pass"
    examples = ["conveyor.set_speed(0.1)\nconveyor.wait_for('speed', 0.1)\nconveyor.speed()", "conveyor.stop()", tried]
    examples += [
        "conveyor.set_mode('manual')\nconveyor.set_level(0)\nconveyor.mode(), conveyor.level(), conveyor.fixed()"
    ]
    examples += ["conveyor.set_running(True)\nconveyor.running()", "conveyor.set_label('a')\nconveyor.label()"]
    examples += ["conveyor.crates(), conveyor.age('crates')", "conveyor.shift(0.1, 1)"]
    examples += [
        "conveyor.set_speed(0.25)\nassert conveyor.values(['crates', 'speed']) == {'crates': 7, 'speed': 0.25}"
    ]
    waits = "try:\n    conveyor.wait_for_next('crates', timeout_s=0.1)\nexcept DeviceTimeout:\n    pass"
    assert (
        check_adapter(
            lambda: opcua(MANIFEST, url=device.url),
            examples=[*examples, waits],
            failing={"conveyor.set_speed(1)": "from 0 to 0.5"},
            slow="conveyor.shift(0.1, 100)",
            types=False,
        )
        == []
    )


@pytest.fixture
def gripper(device: UaDevice) -> UaDevice:
    made = device.structured
    device.write("Target", made.target(0.03))
    device.write("Path", [made.of("Tip", tip(0.5, 1.0)), made.of("Tip", tip(0.75, 2.0))])
    device.write("State", made.state(1))
    return device


@pytest.fixture
def ask(gripper: UaDevice) -> Iterator[Callable[[str], Any]]:
    """Runs a program with the gripper: its value, or its error as `Type: message`."""
    with opcua(GRIPPER, url=gripper.url) as box, Sandbox(box) as sandbox:

        def value(program: str) -> Any:
            result = sandbox.run(program)
            return result.value if result.error is None else f"{result.error.type}: {result.error.message}"

        yield value


def test_fields_are_read(ask: Callable[[str], Any]) -> None:
    read = "t = gripper.target()\nround(t.width, 6), t.mode, t.label, t.steps"
    assert ask(read) == (0.03, "hard", "", [3, 4])
    assert ask("t.tip == GripperTargetTip(0.25, -1.5), t.tip.x") == (True, 0.25)
    assert ask("[(p.x, p.y) for p in gripper.path()]") == [(0.5, 1.0), (0.75, 2.0)]
    assert ask("s = gripper.state()\ns.force, s.count") == (2.5, 9)
    assert ask("r = gripper.limits()\nr.low, r.high") == (1.0, 2.0)
    together = "v = gripper.values(['path', 'state'])\nv['path'][1].y, v['state'].count"
    assert ask(together) == (2.0, 9)


def test_fields_are_written_whole_within_their_limits(ask: Callable[[str], Any], device: UaDevice) -> None:
    assert ask(f"gripper.set_target({TARGET})\ngripper.target().tip.y") == -2.0
    steps = struct.pack("<i2h", 2, 1, 2)
    assert device.body("Target") == struct.pack("<fii", 0.05, 1, 2) + "ä".encode() + steps + tip(0.5, -2.0)
    assert ask("gripper.set_path([{'x': 1.0, 'y': 7.5}])\ngripper.path()[0].y") == 7.5
    assert ask("gripper.set_path([])\ngripper.path()") == []
    assert "from 0 to 0.1" in ask(f"gripper.set_target({TARGET.replace('0.05', '0.5')})")
    assert "from 0 to 1" in ask(f"gripper.set_target({TARGET.replace('0.5,', '1.5,')})")
    assert "'soft'" in ask(f"gripper.set_target({TARGET.replace('hard', 'harder')})")
    assert ask(f"gripper.set_target({TARGET.replace('[1,', '[40000,')})") == (
        "DeviceError: 40000 does not fit Int16 of field steps"
    )
    assert device.body("Target") == struct.pack("<fiii", 0, 0, 0, 0) + tip(0, 0)  # the errors stopped it


def test_fields_are_heard(ask: Callable[[str], Any], device: UaDevice) -> None:
    assert wait_until(lambda: ask("gripper.seen().label") == "")
    ask(f"gripper.set_target({TARGET})")
    assert wait_until(lambda: ask("gripper.seen().label") == "ä")


def test_a_method_takes_and_gives_them(ask: Callable[[str], Any]) -> None:
    assert ask("m = gripper.mirror(GripperMirrorOf(0.25, 5.0))\nm.x, m.y") == (5.0, 0.25)
    assert "from 0 to 1" in ask("gripper.mirror(GripperMirrorOf(2.0, 5.0))")


def test_it_stops_with_a_structure(ask: Callable[[str], Any], device: UaDevice) -> None:
    assert "gripper stopped: target GripperTarget(width=0.0, mode='soft'" in ask("gripper.stop()")
    assert device.body("Target") == struct.pack("<fiii", 0, 0, 0, 0) + tip(0, 0)


def test_the_stubs_show_the_fields(gripper: UaDevice) -> None:
    with opcua(GRIPPER, url=gripper.url) as box:
        stubs = box.stubs()
    assert "class GripperTarget:" in stubs
    assert "Where it goes to." in stubs
    assert "width: Between its fingers, in m; a number from 0 to 0.1" in stubs
    assert "mode: Literal['soft', 'hard']" in stubs
    assert "tip: GripperTargetTip" in stubs
    assert "def set_path(value: list[GripperPath])" in stubs


def test_what_comes_is_not_as_its_type_says(ask: Callable[[str], Any], device: UaDevice) -> None:
    good = bytes(device.structured.target(0.03).Body)
    for body, problem in (
        (good[:-1], "cannot be read: Not enough data"),
        (good + b"\0", "came with 1 bytes more"),
        (b"", "cannot be read"),
        (struct.pack("<fiii", 0, 0, -1, 2**31 - 1) + tip(0, 0), "says that it holds 2,147,483,647 times steps"),
        (struct.pack("<fii", float("nan"), 1, -1) + struct.pack("<i", -1) + tip(0, 0), "is nan (float), not a number"),
        (struct.pack("<fii", 0, 5, -1) + struct.pack("<i", -1) + tip(0, 0), "field mode, is 5 (int), which is none of"),
        (struct.pack("<fii", 0, 1, 2) + b"\xff\xfe" + struct.pack("<i", -1) + tip(0, 0), "not valid Unicode"),
    ):
        device.write("Target", device.structured.of("Target", body))
        assert problem in ask("gripper.target()")
    device.write("Target", device.structured.of("Tip", good))
    assert "DeviceError: target: what came is no structure" in ask("gripper.target()")
    device.write("State", device.structured.state(0))
    assert ask("gripper.state()") == "DeviceError: gripper.state lacks the field force"
    device.write("Path", device.structured.of("Tip", tip(0, 0)))
    assert "not a list" in ask("gripper.path()")
    device.write("Target", device.structured.target(0.03))
    assert ask("gripper.target().mode") == "hard"


@pytest.mark.parametrize(
    ("point", "changes", "error", "problem"),
    [
        ("path", {"fields": {"x": {"type": "float"}}}, DeviceError, "path can only be written whole: .* lacks .* y"),
        (
            "state",
            {"fields": {"weight": {"type": "float"}}},
            DeviceError,
            "no field weight; in the server it has .* and count",
        ),
        ("state", {"fields": {"force": {"type": "int"}}}, DeviceError, "whole number in the manifest, .* Double"),
        ("state", {"fields": {"force": TIP}}, DeviceError, "is of type Double in the server"),
        ("state", {"fields": {"force": {"type": "list[float]"}}}, DeviceError, "is one value in the server"),
        ("state", {"node": "ns=2;s=Strange"}, DeviceError, "anything .* is of type Variant, which is not read"),
        ("state", {"fields": {}}, ToolError, r"points\.state\.fields: expected at least one field"),
        ("state", {"fields": {"for": {"type": "int"}}}, ToolError, r"points\.state\.fields\.for: 'for' cannot be"),
        ("state", {"fields": {"a": {"type": "int"}, "b": {"type": "int", "field": "a"}}}, ToolError, "same field as a"),
        ("state", {"type": "float"}, ToolError, r"points\.state\.type: expected one of structure and"),
        ("state", {"fields": None, "type": "float"}, DeviceError, "ExtensionObject.*; describe its fields"),
    ],
)
def test_a_manifest_that_does_not_fit_a_structure(
    device: UaDevice, point: str, changes: dict[str, Any], error: type[Exception], problem: str
) -> None:
    manifest = copy.deepcopy(GRIPPER)
    manifest["points"][point].update(changes)
    with pytest.raises(error, match=problem):
        opcua(manifest, url=device.url)


def test_a_stop_names_all_fields() -> None:
    manifest = copy.deepcopy(GRIPPER)
    del manifest["stop"]["target"]["tip"]["y"]
    with pytest.raises(ToolError, match=r"stop\.target\.tip: lacks the field 'y'"):
        opcua(manifest, url="opc.tcp://127.0.0.1:1/")


def test_other_protocols_have_no_structures() -> None:
    manifest = {"device": "belt", "modbus": {"host": "localhost"}, "points": {"a": {"register": "holding 1", **TIP}}}
    with pytest.raises(ToolError, match=r"points\.a\.fields: this protocol has no structures"):
        modbus(manifest)


def test_structures_do_what_every_adapter_must_do(device: UaDevice) -> None:
    examples = [f"gripper.set_target({TARGET})\ngripper.target()", "gripper.set_path(gripper.path())", "gripper.stop()"]
    examples += ["gripper.mirror({'x': 0.5, 'y': 1.0})", "gripper.seen(), gripper.age('seen'), gripper.state()"]
    examples += ["gripper.limits()\ngripper.values(['limits'])"]
    waits = "try:\n    gripper.wait_for_next('seen', timeout_s=0.1)\nexcept DeviceTimeout:\n    pass"
    failing = {"gripper.set_path([{'x': 2.0, 'y': 0.0}])": "from 0 to 1"}
    device.write("State", device.structured.state(1))
    device.write("Path", [device.structured.of("Tip", tip(0.5, 1.0))])
    assert (
        check_adapter(lambda: opcua(GRIPPER, url=device.url), examples=[*examples, waits], failing=failing, types=False)
        == []
    )
