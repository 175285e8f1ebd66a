"""Devices and servers that lie: what they send is an error that says so, and the next call goes on."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import subprocess
import sys
import threading
import time
import tty
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from other_ends import Broker, Loop, wait_until
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from codeact.sandbox import Sandbox
from codeact.tools import Toolbox
from codeact_adapters import modbus, mqtt, opcua, ros, serial


def outcome(box: Toolbox, tool: str, **arguments: Any) -> Any:
    """What a tool returns, or the name of the error that a program would see, with its message."""
    with Sandbox(box) as sandbox:
        given = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
        result = sandbox.run(f"{tool}({given})")
        return result.value if result.error is None else f"{result.error.type}: {result.error.message}"


class Liar:
    """A server of Modbus TCP that answers each request as it is told to."""

    def __init__(self) -> None:
        self.answer: Callable[[bytes], bytes] = lambda request: b""
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def talk(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            while request := connection.recv(1_000):
                connection.sendall(self.answer(request))


@pytest.fixture
def liar() -> Iterator[Liar]:
    made = Liar()
    yield made
    made.listener.close()


def framed(request: bytes, body: bytes, transaction: int | None = None) -> bytes:
    """A body (function code and data) as the answer to a request, in the frame of MODBUS Messaging on TCP/IP V1.0b."""
    number = struct.unpack(">H", request[:2])[0] if transaction is None else transaction
    return struct.pack(">HHHB", number, 0, len(body) + 1, request[6]) + body


GOOD = bytes([3, 2, 0, 7])
LIES: dict[str, Callable[[bytes], bytes]] = {
    "no registers": lambda request: framed(request, bytes([3, 0])),
    "too many registers": lambda request: framed(request, bytes([3, 8]) + bytes(8)),
    "half a register": lambda request: framed(request, bytes([3, 1, 0])),
    "a count that is not there": lambda request: framed(request, bytes([3, 200, 0])),
    "another function": lambda request: framed(request, bytes([1, 1, 1])),
    "a function that is none": lambda request: framed(request, bytes([99, 1, 2, 3])),
    "an exception without a code": lambda request: framed(request, bytes([0x83])),
    "another transaction": lambda request: framed(request, GOOD, transaction=9999),
    "noise": lambda request: bytes(range(256)) * 4,
    "a length that lies": lambda request: request[:4] + b"\xff\xff" + request[6:7] + GOOD,
}


@pytest.mark.parametrize("lie", LIES)
def test_a_modbus_device_that_answers_nonsense(liar: Liar, lie: str) -> None:
    manifest = {
        "device": "d",
        "modbus": {"host": "127.0.0.1", "timeout_s": 0.3},
        "points": {
            "level": {"register": "holding 0", "type": "uint16"},
            "open": {"register": "coil 0", "type": "bool"},
        },
    }
    with modbus(manifest, port=liar.port) as box:
        liar.answer = LIES[lie]
        assert outcome(box, "d.level").startswith(("DeviceError: ", "DeviceTimeout: ", "DeviceLost: ")), lie
        if lie == "no registers":
            liar.answer = lambda request: framed(request, bytes([1, 0]))
            assert outcome(box, "d.open").startswith("DeviceError: ")
        liar.answer = lambda request: framed(request, GOOD)
        assert outcome(box, "d.level") == 7


def test_an_mqtt_device_that_sends_what_is_no_value(broker: Broker) -> None:
    manifest = {
        "device": "d",
        "mqtt": {"host": "127.0.0.1", "timeout_s": 20.0},
        "points": {
            "level": {"topic": "level", "field": "/value", "type": "float"},
            "scaled": {"topic": "level", "field": "/value", "type": "float", "scale": 1e10},
            "count": {"topic": "count", "type": "int"},
        },
    }
    device: Any = Client(CallbackAPIVersion.VERSION2)
    device.connect("127.0.0.1", broker.port)
    device.loop_start()
    try:
        with mqtt(manifest, port=broker.port) as box:
            said = {
                "level": [
                    '{"value": 1' + "0" * 400 + "}",
                    '{"value": 1e999}',
                    '{"value": {}}',
                    "[" * 100_000,
                    '"\\ud800"',
                ],
                "count": ["9" * 5_000, "1e5", "\x00", "{}", "1" * 1_000_001],
            }
            for topic, payloads in said.items():
                for payload in payloads:
                    device.publish(topic, "null" if topic == "level" else "no number", 1, retain=True)
                    device.publish(topic, payload, 1, retain=True).wait_for_publish(20)
                    before = "None" if topic == "level" else "no number"
                    assert wait_until(partial(_differs, box[f"d.{topic}"], before))
                    assert outcome(box, f"d.{topic}").startswith("DeviceError: "), payload[:40]
            device.publish("level", '{"value": 1e300}', 1, retain=True).wait_for_publish(20)
            assert wait_until(lambda: outcome(box, "d.level") == 1e300)
            assert outcome(box, "d.scaled").startswith("DeviceError: ")
    finally:
        device.disconnect()
        device.loop_stop()


def _differs(tool: Any, words: str) -> bool:
    try:
        tool.invoke({})
    except Exception as error:
        return words not in str(error)
    return True


ROSBRIDGE = """
import json, os, sys
from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from twisted.internet import reactor, task

class Bridge(WebSocketServerProtocol):
    def onMessage(self, payload, isBinary):
        message = json.loads(payload)
        if message["op"] == "call_service":
            how = message["service"]
            answer = {"op": "service_response", "id": message["id"], "service": how, "result": True}
            if how == "/bomb":
                self.sendMessage(b'{"op": "publish", "topic": "/a", "msg": {"data": "' + b"x" * 11_000_000 + b'"}}')
            elif how == "/deep":
                self.sendMessage(b"[" * 200_000)
            elif how == "/text":
                self.sendMessage(json.dumps({**answer, "values": "text"}).encode())
            elif how == "/foreign":
                self.sendMessage(json.dumps({**answer, "id": "another", "values": {"sum": 1}}).encode())
            elif how == "/binary":
                self.sendMessage(b"\\x00\\xff", isBinary=True)
            elif how == "/good":
                self.sendMessage(json.dumps({**answer, "values": {"sum": 3}}).encode())

factory = WebSocketServerFactory()
factory.protocol = Bridge
parent = os.getppid()
task.LoopingCall(lambda: os.getppid() == parent or reactor.stop()).start(0.5)
print(reactor.listenTCP(0, factory, interface="127.0.0.1").getHost().port, flush=True)
reactor.run()
"""


def test_a_rosbridge_server_that_sends_bombs(tmp_path: Path) -> None:
    script = tmp_path / "bridge.py"
    script.write_text(ROSBRIDGE)
    commands = {
        name: {"service": f"/{name}", "effect": "read", "timeout_s": 1.0, "returns": {"type": "int", "field": "/sum"}}
        for name in ("bomb", "deep", "text", "foreign", "binary")
    }
    commands["bomb"]["timeout_s"] = 60.0  # the server takes its time to make it
    commands["good"] = {**commands["bomb"], "service": "/good", "timeout_s": 20.0}
    manifest = {"device": "cart", "ros": {"host": "127.0.0.1", "timeout_s": 20.0}, "commands": commands}
    process = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        with ros(manifest, port=int(process.stdout.readline())) as box:
            for name in ("bomb", "deep", "text", "foreign", "binary"):
                said = outcome(box, f"cart.{name}")
                assert str(said).startswith(("DeviceLost: ", "DeviceTimeout: ", "DeviceError: ")), (name, said)
                assert wait_until(lambda: outcome(box, "cart.good") == 3), name
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def test_a_serial_device_that_floods() -> None:
    controller, terminal = os.openpty()
    tty.setraw(terminal)
    manifest = {
        "device": "pump",
        "serial": {"port": os.ttyname(terminal), "timeout_s": 0.5},
        "points": {"flow": {"ask": "F?", "answer": "F={}", "type": "float"}},
    }
    ended = threading.Event()

    def flood() -> None:
        os.set_blocking(controller, False)
        while not ended.wait(0.001):
            with contextlib.suppress(OSError):
                os.write(controller, b"\x00\xffF=1" * 100)
        os.set_blocking(controller, True)

    def answer() -> None:
        with contextlib.suppress(OSError):
            while os.read(controller, 100):
                os.write(controller, b"F=2.5\r\n")

    try:
        with serial(manifest) as box:
            flooding = threading.Thread(target=flood)
            flooding.start()
            began = time.monotonic()
            assert outcome(box, "pump.flow").startswith("DeviceTimeout: ")
            assert time.monotonic() - began < 60
            ended.set()
            flooding.join()
            threading.Thread(target=answer, daemon=True).start()
            assert wait_until(lambda: outcome(box, "pump.flow") == 2.5)
    finally:
        ended.set()
        os.close(terminal)
        os.close(controller)


def test_an_opcua_server_that_lies_about_types(loop: Loop) -> None:
    from asyncua import Server, ua, uamethod

    def lie(server: Any, node: Any, value: Any) -> None:
        server.iserver.aspace._nodes[node].attributes[ua.AttributeIds.Value].value = ua.DataValue(value)

    async def start() -> tuple[Any, str]:
        server = Server()
        await server.init()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            url = f"opc.tcp://127.0.0.1:{free.getsockname()[1]}/"
        server.set_endpoint(url)
        node = await server.nodes.objects.add_object("ns=1;s=Thing", "Thing")
        for name, value in LIARS.items():
            variable = await node.add_variable(f"ns=1;s={name}", name, 0, ua.VariantType.Int32)
            # Past what the server itself looks at: a value of another type than that of its variable.
            lie(server, variable.nodeid, value())

        @uamethod
        async def act(_parent: Any, *_: Any) -> Any:
            return "text"

        method = await node.add_method("ns=1;s=Act", "Act", act, [ua.VariantType.Double], [ua.VariantType.Int32])
        inputs = await method.get_child("0:InputArguments")
        lie(server, inputs.nodeid, ua.Variant([1, 2], ua.VariantType.Int32))
        await server.start()
        return server, url

    LIARS: dict[str, Callable[[], Any]] = {
        "text": lambda: ua.Variant("7", ua.VariantType.String),
        "many": lambda: ua.Variant([7, 8], ua.VariantType.Int32),
        "nothing": lambda: ua.Variant(None, ua.VariantType.Null),
        "node": lambda: ua.Variant(ua.NodeId(1, 1), ua.VariantType.NodeId),
        "fraction": lambda: ua.Variant(float("nan"), ua.VariantType.Double),
        "good": lambda: ua.Variant(7, ua.VariantType.Int32),
    }
    server, url = loop.run(start())
    try:
        manifest = {
            "device": "thing",
            "opcua": {"timeout_s": 20.0},
            "points": {name: {"node": f"ns=1;s={name}", "type": "int"} for name in LIARS},
            "commands": {
                "act": {
                    "object": "ns=1;s=Thing", "method": "ns=1;s=Act", "effect": "write", "timeout_s": 20.0,
                    "arguments": {"by": {"type": "float"}}, "returns": {"type": "int"},
                }
            },
        }  # fmt: skip
        with opcua(manifest, url=url) as box:
            for name in LIARS:
                said = outcome(box, f"thing.{name}")
                assert said == 7 if name == "good" else str(said).startswith("DeviceError: "), (name, said)
            assert outcome(box, "thing.act", by=1.0).startswith("DeviceError: ")
            assert outcome(box, "thing.good") == 7
    finally:
        loop.run(server.stop())
