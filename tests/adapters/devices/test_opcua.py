"""A conveyor behind asyncua's own server."""

from __future__ import annotations

import asyncio
import copy
import itertools
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from asyncua import Server, ua, uamethod
from asyncua.crypto.cert_gen import setup_self_signed_certificate
from cryptography.x509.oid import ExtendedKeyUsageOID
from other_ends import Loop, Relay, wait_until

from codeact.errors import ToolError
from codeact.sandbox import Sandbox
from codeact.tools import Toolbox
from codeact_adapters import DeviceError, DeviceLost, DeviceRefused, check_adapter, opcua

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
