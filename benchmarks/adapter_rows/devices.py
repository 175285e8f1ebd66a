"""Devices, by each protocol: one value asked for, or set with an acknowledgement."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from adapter_rows import Pair, Row, needs, process
from codeact_adapters import modbus, mqtt, opcua, ros, serial

ROSBRIDGE = Path(__file__).parents[2] / "tests" / "adapters" / "devices" / "rosbridge.py"
MOSQUITTO = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin")


def _manifest(protocol: str, settings: dict[str, Any], point: dict[str, Any]) -> dict[str, Any]:
    return {"device": "belt", protocol: settings, "points": {"speed": point}}


@contextmanager
def _modbus() -> Iterator[Pair]:
    from pymodbus.client import ModbusTcpClient

    with process("servers.py", "modbus") as port:
        client = ModbusTcpClient("127.0.0.1", port=int(port))
        client.connect()
        point = {"register": "holding 3", "type": "uint16", "scale": 0.001, "unit": "m/s"}
        with modbus(_manifest("modbus", {"host": "127.0.0.1", "port": int(port)}, point)) as box:
            yield Pair(box, "belt.speed()", lambda: client.read_holding_registers(3, count=1).registers[0] * 0.001)
        client.close()


@contextmanager
def _opcua() -> Iterator[Pair]:
    from asyncua.sync import Client

    with process("servers.py", "opcua") as port:
        url = f"opc.tcp://127.0.0.1:{port}/"
        with Client(url) as client:
            node = client.get_node("ns=2;s=Speed")
            with opcua(_manifest("opcua", {"url": url}, {"node": "ns=2;s=Speed", "type": "float"})) as box:
                yield Pair(box, "belt.speed()", node.read_value)


@contextmanager
def _serial() -> Iterator[Pair]:
    from serial import Serial

    asked = {"ask": "S?", "answer": "S={}", "type": "float"}
    with (
        process("servers.py", "serial") as one,
        process("servers.py", "serial") as other,
        Serial(one, timeout=1) as line,
    ):

        def bare() -> float:
            line.write(b"S?\r\n")
            return float(line.read_until(b"\r\n")[2:])

        with serial(_manifest("serial", {"port": other}, asked)) as box:
            yield Pair(box, "belt.speed()", bare)


@contextmanager
def _mqtt() -> Iterator[Pair]:
    from paho.mqtt.client import Client
    from paho.mqtt.enums import CallbackAPIVersion

    with tempfile.TemporaryDirectory() as folder, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        configuration = Path(folder) / "mosquitto.conf"
        configuration.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\n")
        assert MOSQUITTO is not None
        broker = subprocess.Popen([MOSQUITTO, "-c", str(configuration)], stderr=subprocess.DEVNULL)
        for _ in range(500):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.02)
        client = Client(CallbackAPIVersion.VERSION2)
        client.connect("127.0.0.1", port)
        client.loop_start()
        sets = {"set_topic": "belt/set", "type": "float", "access": "write", "effect": "write"}
        with mqtt(_manifest("mqtt", {"host": "127.0.0.1", "port": port}, sets)) as box:
            yield Pair(box, "belt.set_speed(0.2)", lambda: client.publish("belt/set", "0.2", 1).wait_for_publish(5))
        client.disconnect()
        client.loop_stop()
        broker.kill()
        broker.wait()


@contextmanager
def _ros() -> Iterator[Pair]:
    import roslibpy

    with process(str(ROSBRIDGE), "0") as port:
        client = roslibpy.Ros("127.0.0.1", int(port))
        client.run(5)
        service = roslibpy.Service(client, "/add_two_ints", "")
        whole = {"type": "int"}
        add = {"service": "/add_two_ints", "effect": "read", "arguments": {"a": whole, "b": whole}}
        manifest = {
            "device": "sums",
            "ros": {"host": "127.0.0.1", "port": int(port)},
            "commands": {"add": {**add, "returns": {**whole, "field": "/sum"}}},
        }
        with ros(manifest) as box:
            yield Pair(box, "sums.add(2, 3)", lambda: service.call(roslibpy.ServiceRequest({"a": 2, "b": 3}))["sum"])
        client.close()


def _needs_broker() -> str:
    return needs("paho")() or ("" if MOSQUITTO else "mosquitto is not installed")


ROWS = [
    Row("modbus, read a register", "pymodbus's server", _modbus, needs("pymodbus")),
    Row("mqtt, set with acknowledgement", "mosquitto", _mqtt, _needs_broker),
    Row("opcua, read a variable", "asyncua's server", _opcua, needs("asyncua")),
    Row("serial, ask a line", "a pseudo-terminal", _serial, needs("serial")),
    Row("ros, call a service", "a server of the rosbridge protocol", _ros, needs("roslibpy")),
]
