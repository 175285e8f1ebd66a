"""A conveyor behind Debian's mosquitto."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from other_ends import Broker, certify, wait_until
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from codeact.errors import ToolError
from codeact.sandbox import Sandbox
from codeact.tools import Toolbox
from codeact_adapters import DeviceLost, DeviceRefused, mqtt

MANIFEST: dict[str, Any] = {
    "device": "conveyor",
    "mqtt": {
        "host": "127.0.0.1",
        "timeout_s": 20.0,
        "keepalive_s": 60,
        "will": {"topic": "conveyor/set", "payload": '{"speed": 0}'},
        "available": {"topic": "conveyor/status"},
    },
    "points": {
        "speed": {
            "topic": "conveyor/state", "field": "/motor/speed", "set_topic": "conveyor/set", "set_field": "/speed",
            "type": "float", "unit": "m/s", "range": [0, 0.5], "access": "read-write", "effect": "physical",
            "confirm": True,
        },
        "light": {
            "topic": "conveyor/light", "set_topic": "conveyor/light/set", "type": "bool", "words": ["OFF", "ON"],
            "access": "read-write", "effect": "write", "retain": True,
        },
        "temperature": {"topic": "conveyor/temperature", "type": "float", "unit": "K", "max_age_s": 0.3},
        "crates": {"topic": "conveyor/crates", "type": "int"},
        "weights": {"topic": "conveyor/weights", "field": "", "type": "list[float]", "unit": "kg"},
    },
    "commands": {
        "home": {"topic": "conveyor/command", "payload": "HOME", "effect": "physical"},
        "shift": {
            "topic": "conveyor/command", "effect": "physical", "qos": 2,
            "arguments": {"by": {"type": "float", "range": [-1, 1], "unit": "m", "field": "/move/by"}},
        },
    },
    "stop": {"speed": 0},
}  # fmt: skip


class Conveyor:
    """The device: it does what it is told, and says what it does.

    Attributes:
        heard: what came, as (topic, payload).
        deaf: whether it does not do what it is told.
    """

    def __init__(self, port: int) -> None:
        self.heard: list[tuple[str, str]] = []
        self.deaf = False
        self.ready = False
        self.client: Any = Client(CallbackAPIVersion.VERSION2)
        self.client.will_set("conveyor/status", "offline", retain=True)
        self.client.on_message = self.on_message
        self.client.on_connect = self.on_connect
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        while not self.ready:
            time.sleep(0.005)

    def on_connect(self, client: Any, *_: object) -> None:
        client.subscribe([("conveyor/set", 1), ("conveyor/light/set", 1), ("conveyor/command", 2)])
        self.say("status", "online", retain=True)
        self.say("state", json.dumps({"motor": {"speed": 0.0}}), retain=True)
        self.ready = True

    def on_message(self, _client: Any, _data: object, message: Any) -> None:
        payload = message.payload.decode()
        self.heard.append((message.topic, payload))
        if message.topic == "conveyor/set" and not self.deaf:
            self.say("state", json.dumps({"motor": {"speed": json.loads(payload)["speed"]}}), retain=True)
        elif message.topic == "conveyor/light/set":
            self.say("light", payload, retain=True)

    def say(self, topic: str, payload: str, retain: bool = False) -> None:
        self.client.publish(f"conveyor/{topic}", payload, 1, retain)

    @contextlib.contextmanager
    def saying(self, topic: str, payload: str) -> Iterator[None]:
        """Says something again and again."""
        ended = threading.Event()

        def say() -> None:
            while not ended.wait(0.05):
                self.say(topic, payload)

        thread = threading.Thread(target=say)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def leave(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def conveyor(broker: Broker) -> Iterator[Conveyor]:
    device = Conveyor(broker.port)
    yield device
    device.leave()


@pytest.fixture
def box(broker: Broker, conveyor: Conveyor, timeout_s: float) -> Iterator[Toolbox]:
    made = mqtt(MANIFEST | {"mqtt": {**MANIFEST["mqtt"], "timeout_s": timeout_s}}, port=broker.port)
    yield made
    try:
        made.close()
    except ToolError:
        assert broker.process.poll() is not None  # the broker is gone, and so is the way to rest


def heard(conveyor: Conveyor, count: int) -> list[tuple[str, str]]:
    wait_until(lambda: len(conveyor.heard) >= count)
    return conveyor.heard


def until(run: Callable[[str], Any], program: str, wanted: Any) -> None:
    """Run a program until it gives what is wanted: the host may learn only later what has happened elsewhere."""
    said: list[Any] = []
    assert wait_until(lambda: said.append(run(program)) or said[-1] == wanted), said[-1]


def test_points_are_heard_and_set(run: Callable[[str], Any], conveyor: Conveyor) -> None:
    assert run("conveyor.speed()") == 0.0  # the broker kept it
    assert run("conveyor.set_speed(0.25)\nconveyor.speed()") == 0.25
    assert run("conveyor.set_light(True)\nconveyor.wait_for('light', True, timeout_s=30)\nconveyor.light()") is True
    assert heard(conveyor, 2) == [("conveyor/set", '{"speed": 0.25}'), ("conveyor/light/set", "ON")]
    conveyor.say("weights", "[1, 2.5]")
    assert run("conveyor.weights()") == [1.0, 2.5]


def test_commands(run: Callable[[str], Any], conveyor: Conveyor) -> None:
    assert run("conveyor.home()\nconveyor.shift(by=0.5)") is None
    assert heard(conveyor, 2) == [("conveyor/command", "HOME"), ("conveyor/command", '{"move": {"by": 0.5}}')]
    assert "expected a number from -1 to 1, got 2 (int)" in run("conveyor.shift(2)")


@pytest.mark.parametrize("timeout_s", [1.0])
def test_what_does_not_arrive_is_told(run: Callable[[str], Any], conveyor: Conveyor) -> None:
    conveyor.deaf = True
    assert run("conveyor.set_speed(0.3)") == (
        "DeviceError: conveyor.speed was set to 0.3 m/s, and conveyor.speed still is 0 m/s"
    )


@pytest.mark.parametrize("timeout_s", [1.0])
def test_the_age_of_a_value_and_the_next_one(run: Callable[[str], Any], conveyor: Conveyor) -> None:
    assert run("conveyor.temperature()") == "DeviceTimeout: no value of conveyor.temperature has come"
    assert "no new value of conveyor.crates came within 0.1 s" in run("conveyor.wait_for_next('crates', 0.1)")
    with conveyor.saying("temperature", "293.5"):
        assert run("conveyor.temperature(), 0 <= conveyor.age('temperature') < 10") == (293.5, True)
    time.sleep(0.4)
    assert re.match(r"DeviceTimeout: no value for [\d.]+ s of conveyor\.temp", run("conveyor.temperature()"))
    assert run("conveyor.age('crates')") == "DeviceError: no value of conveyor.crates has come yet"


@pytest.mark.parametrize(
    ("topic", "payload", "program", "problem"),
    [
        ("crates", "many", "crates()", "what came on conveyor/crates is 'many', not a whole number"),
        ("light", "on", "light()", "what came on conveyor/light is 'on', neither 'ON' nor 'OFF'"),
        ("state", "{speed", "speed()", "what came on conveyor/state is no JSON"),
        ("state", "{}", "speed()", "what came on conveyor/state has nothing at /motor/speed"),
        ("state", '{"motor": {"speed": "fast"}}', "speed()", "conveyor.speed is 'fast' (str), not a number"),
        ("state", '{"motor": {"speed": NaN}}', "speed()", "conveyor.speed is nan (float), not a number"),
        ("state", '{"motor": {"speed": true}}', "speed()", "conveyor.speed is True, not a number"),
        ("weights", '{"a": 1}', "weights()", "not a list"),
        ("weights", "[1, null]", "weights()", "conveyor.weights is None, not a number"),
    ],
)
def test_a_broken_payload(
    run: Callable[[str], Any], conveyor: Conveyor, topic: str, payload: str, program: str, problem: str
) -> None:
    conveyor.say(topic, payload)
    said: list[str] = []
    assert wait_until(lambda: said.append(str(run(f"conveyor.{program}"))) or problem in said[-1]), said[-1]
    assert said[-1].startswith("DeviceError: ")


def test_the_device_says_that_it_is_gone(run: Callable[[str], Any], conveyor: Conveyor) -> None:
    gone = "DeviceLost: conveyor says on conveyor/status that it is offline"
    conveyor.say("status", "offline", retain=True)
    until(run, "conveyor.speed()", gone)
    conveyor.heard.clear()
    assert run("conveyor.set_speed(0.1)") == gone
    assert set(heard(conveyor, 1)) == {("conveyor/set", '{"speed": 0.0}')}  # nothing but stops
    conveyor.say("status", "online", retain=True)
    until(run, "conveyor.speed()", 0.0)
    until(run, "conveyor.set_speed(0.1)", None)


def test_a_broker_that_dies_and_comes_back(run: Callable[[str], Any], broker: Broker, conveyor: Conveyor) -> None:
    assert run("conveyor.speed()") == 0.0
    broker.die()
    where = f"the broker of conveyor at 127.0.0.1:{broker.port} cannot be reached: Connection refused"
    until(run, "conveyor.speed()", f"DeviceLost: {where}")
    assert run("conveyor.set_light(True)") == f"DeviceLost: {where}"
    broker.start()
    assert run("conveyor.wait_for('speed', 0.0, timeout_s=30)\nconveyor.set_light(True)") is None
    assert heard(conveyor, 1) == [("conveyor/light/set", "ON")]  # and nothing of what had failed


@pytest.mark.parametrize("timeout_s", [1.5])
def test_a_broker_that_hangs(run: Callable[[str], Any], broker: Broker, conveyor: Conveyor) -> None:
    os.kill(broker.process.pid, signal.SIGSTOP)
    try:
        said = run("conveyor.set_light(True)")
    finally:
        os.kill(broker.process.pid, signal.SIGCONT)
    assert said == (
        f"DeviceTimeout: the broker of conveyor at 127.0.0.1:{broker.port} did not acknowledge within 1.5 s; "
        "whether the message arrived is not known"
    )
    assert run("conveyor.set_speed(0.2)\nconveyor.speed()") == 0.2


def test_a_broker_that_refuses(tmp_path: Path) -> None:
    broker = Broker(tmp_path, "allow_anonymous false")
    try:
        with pytest.raises(DeviceRefused, match="refused the connection: Not authorized"):
            mqtt(MANIFEST, port=broker.port, username="me", password="open-sesame")
    finally:
        broker.die()


def test_a_broker_behind_tls(tmp_path: Path) -> None:
    certificate, key = certify(tmp_path, "broker")
    other, _ = certify(tmp_path, "other")
    broker = Broker(tmp_path, f"allow_anonymous true\ncertfile {certificate}\nkeyfile {key}")
    points = {"light": {"set_topic": "light", "type": "bool", "access": "write", "effect": "write"}}
    where = {"host": "127.0.0.1", "port": broker.port}
    try:
        with mqtt({"device": "d", "mqtt": {**where, "ca_file": str(certificate)}, "points": points}) as box:
            box["d.set_light"].invoke({"value": True})
        for trusted in ({"ca_file": str(other)}, {"tls": True}):
            with pytest.raises(DeviceLost, match="certificate verify failed"):
                mqtt({"device": "d", "mqtt": {**where, **trusted}, "points": points})
        with pytest.raises(ToolError, match=r"mqtt\.ca_file: cannot be read: No such file"):
            mqtt({"device": "d", "mqtt": {**where, "ca_file": "/none"}, "points": points})
    finally:
        broker.die()


def test_no_broker_is_there(broker: Broker) -> None:
    broker.die()
    with pytest.raises(DeviceLost, match="cannot be reached"):
        mqtt(MANIFEST, port=broker.port)


@pytest.mark.parametrize("waits_in", ["while True: pass", "conveyor.wait_for_next('crates', timeout_s=60)"])
def test_a_stopped_program_means_a_stopped_device(
    box: Toolbox, conveyor: Conveyor, end_when: Callable[..., Any], waits_in: str
) -> None:
    with Sandbox(box) as sandbox:
        sandbox.run("")
        for act in (sandbox.interrupt, lambda: os.kill(sandbox._held[0].pid, signal.SIGKILL)):
            conveyor.heard.clear()
            program = f"conveyor.set_speed(0.4)\n{waits_in}"
            result, _ = end_when(sandbox, program, lambda: ("conveyor/set", '{"speed": 0.4}') in conveyor.heard, act)
            assert result.error is not None
            assert "conveyor stopped: speed 0 m/s" in result.error.text
            assert wait_until(lambda: conveyor.heard[-1] == ("conveyor/set", '{"speed": 0.0}')), conveyor.heard


def test_the_will_stops_it_when_the_host_is_lost(broker: Broker, conveyor: Conveyor) -> None:
    host = f"""
        from codeact_adapters import mqtt
        box = mqtt({MANIFEST!r}, port={broker.port})
        box["conveyor.set_speed"].invoke({{"value": 0.4}})
        print("running", flush=True)
        input()
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(host)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"running\n"
    process.kill()
    process.communicate()
    assert heard(conveyor, 2) == [("conveyor/set", '{"speed": 0.4}'), ("conveyor/set", '{"speed": 0}')]


@pytest.mark.parametrize(
    ("point", "problem"),
    [
        ({"topic": "a/+", "type": "int"}, "points.x.topic: expected a topic without wildcards, got 'a/+'"),
        ({"topic": "a", "field": "b", "type": "int"}, "points.x.field: expected a JSON pointer such as /motor/speed"),
        ({"topic": "a", "type": "list[int]"}, "points.x.type: a list cannot be plain text"),
        ({"topic": "a", "type": "bool", "words": ["on"]}, "points.x.words: expected a list of two different texts"),
        ({"topic": "a", "type": "float", "format": "x"}, "points.x.format: 'x' makes no number; .3f would"),
        ({"topic": "a", "type": "int", "access": "read-write", "effect": "write"}, "points.x: lacks the key 'set_t"),
        ({"set_topic": "a", "type": "int", "access": "write", "effect": "write", "qos": 3}, "points.x.qos: expected"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_manifest(point: dict[str, Any], problem: str) -> None:
    with pytest.raises(ToolError) as told:
        mqtt({"device": "d", "mqtt": {"host": "h"}, "points": {"x": point}})
    assert str(told.value).startswith(problem)
